"""The network of R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016.

S. Kotala (Automatic Colorization of Black and White Images and Videos, 2019) used it for pictures
and, frame by frame, for films. It is a VGG-like network without pooling, with dilated blocks 5 and
6. At stride 4 it outputs a distribution over ab bins of a grid of step 10. Target colours are
soft-encoded over 5 neighbours (σ 5). Rare colours have more weight in the loss (λ 0.5). The
distribution is decoded as an annealed mean with temperature 0.38.

Differences from the paper: colour frequencies are counted on the training photographs, not on
ImageNet. There are 307 bins, those within one grid step of an sRGB colour in a and in b; the paper
has 313 and does not give its rule. Adam starts at 3e-4 and follows a cosine, for runs of hours; the
authors' runs took weeks and started at 3e-5.
"""

from __future__ import annotations

from typing import ClassVar, Final

import keras
import numpy as np
import numpy.typing as npt
from keras import layers
from pydantic import Field

from photochrom.color import FloatArray
from photochrom.errors import RecipeError
from photochrom.model.card import DecodingParams, OutputKind
from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.losses import SoftCrossEntropy
from photochrom.recipes.blocks.optimizers import cosine
from photochrom.recipes.blocks.quantization import ab_bins, bin_targets, class_weights, color_prior
from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["Rebalanced", "RebalancedOptions"]

_GAMUT_MARGIN: Final = 10  # ab units: bins up to this far outside sRGB are kept
_PRIOR_SIGMA: Final = 5.0  # smoothing of the prior, in ab units
# Filters, number of convolutions, stride of the last one, dilation.
_BLOCKS: Final = (
    (64, 2, 2, 1),
    (128, 2, 2, 1),
    (256, 3, 2, 1),
    (512, 3, 1, 1),
    (512, 3, 1, 2),
    (512, 3, 1, 2),
    (512, 3, 1, 1),
)


class RebalancedOptions(Options):
    """Network width, optimizer, decoding temperature and the colour prior."""

    width: float = Field(
        default=1.0, gt=0, le=1, description="number of filters, relative to the paper's"
    )
    learning_rate: float = Field(default=3e-4, gt=0, description="highest learning rate")
    weight_decay: float = Field(default=1e-3, ge=0, description="weight decay of AdamW")
    mixed: float = Field(
        default=0.5, ge=0, le=1, description="share of a uniform prior in the class weights"
    )
    temperature: float = Field(
        default=0.38, gt=0, le=1, description="temperature of the annealed mean"
    )
    prior: list[float] | None = Field(
        default=None, description="share of each bin; counted before training"
    )


class Rebalanced(Recipe[RebalancedOptions]):
    """A network from lightness to logits over ab bins at stride 4."""

    name = "rebalanced"
    title = "Zhang, Isola and Efros 2016, Kotala 2019: rare colours count more"
    paper = "R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016"
    Options = RebalancedOptions
    output_kind: ClassVar[OutputKind] = "distribution"
    output_scale = 1.0
    size_multiple: ClassVar[int] = 8
    stride: ClassVar[int] = 4

    @property
    def input_scale(self) -> float:
        """0.01: the input is lightness in [0, 1]."""
        return 0.01

    @property
    def bins(self) -> FloatArray:
        """The ab of each output channel, (Q, 2) float32."""
        return ab_bins(margin=_GAMUT_MARGIN)

    @property
    def bin_weights(self) -> FloatArray | None:
        """Class weights from the prior, (Q,) float32; None while there is no prior."""
        if self.options.prior is None:
            return None
        return class_weights(np.array(self.options.prior, np.float32), self.options.mixed)

    @property
    def decoding_params(self) -> tuple[DecodingParams, DecodingParams]:
        """Faithful parameters, which undo the rebalancing, and the annealed mean."""
        temperature = self.options.temperature
        return DecodingParams(rebalancing=-1, temperature=temperature), DecodingParams(
            temperature=temperature
        )

    def options_from_data(self, photos: npt.NDArray[np.uint8]) -> dict[str, object]:
        """Count how common each bin is, and smooth the frequencies."""
        square_distances = ((self.bins[:, None] - self.bins) ** 2).sum(-1)
        kernel = np.exp(square_distances / (-2 * _PRIOR_SIGMA**2))
        prior = color_prior(photos, self.bins, self.color_space) @ (kernel / kernel.sum(0)).T
        return {"prior": (prior / prior.sum()).tolist()}

    def build(self, size: int | None) -> keras.Model:
        """Build the network of table 4 of the paper."""

        # Layers
        def conv(x: Tensor, filters: int, strides: int = 1, dilation: int = 1) -> Tensor:
            return layers.Conv2D(
                round(filters * self.options.width), 3, strides,
                padding="same", dilation_rate=dilation, activation="relu",
            )(x)  # fmt: skip

        # Functional model
        lightness = keras.Input((size, size, 1), name="lightness")
        x = layers.Rescaling(1.0, -0.5, name="centred")(lightness)
        for filters, convolutions, strides, dilation in _BLOCKS:
            for number in range(convolutions):
                last = number == convolutions - 1
                x = conv(x, filters, strides if last else 1, dilation)
            x = layers.BatchNormalization(momentum=0.9)(x)
        filters = round(256 * self.options.width)
        x = layers.Conv2DTranspose(filters, 4, 2, padding="same", activation="relu")(x)
        x = conv(conv(x, 256), 256)
        logits = layers.Conv2D(len(self.bins), 1, dtype="float32", name="logits")(x)
        return keras.Model(lightness, logits, name=self.name)

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the class-rebalanced cross-entropy and Adam with β 0.9 and 0.99.

        Raises:
            RecipeError: the options have no prior with a value for each bin.
        """
        options = self.options
        if self.bin_weights is None or len(self.bin_weights) != len(self.bins):
            raise RecipeError(
                f"recipe {self.name}: expected a prior over {len(self.bins)} bins, as "
                f"`options_from_data` counts it; received {len(options.prior or [])} values"
            )
        rate = cosine(options.learning_rate, steps) if steps else options.learning_rate
        network.compile(
            optimizer=keras.optimizers.AdamW(
                rate, beta_2=0.99, weight_decay=options.weight_decay, global_clipnorm=5.0
            ),
            loss=SoftCrossEntropy(_GAMUT_MARGIN, self.bin_weights.tolist()),
        )

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Convert photographs into lightness and rows of `soft_codes`, (B, H/4, W/4) int32."""
        return self.encode_input(rgb, grey), bin_targets(rgb, self.stride)
