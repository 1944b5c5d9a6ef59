"""The network of R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016.

S. Kotala (Automatic Colorization of Black and White Images and Videos, 2019) took it for pictures
and, frame by frame, for films: a VGG-like network without pooling, blocks 5 and 6 dilated, that
answers at stride 4 with a distribution over ab bins of a 10-grid. Colours are soft-encoded over 5
neighbours (σ 5); places count as much as their colour is rare (λ 0.5); the answer is read as an
annealed mean, temperature 0.38.

Deviations: how common colours are is counted on the photographs to learn from, not on ImageNet.
There are 307 bins, those within one step of a colour of sRGB in a and in b; the paper has 313 and
does not say by which rule. Adam at 3e-4 falls along a cosine, for runs of hours; theirs, of weeks,
began at 3e-5.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

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
from photochrom.recipes.blocks.quantization import ab_bins, binned, class_weights, color_prior

__all__ = ["Rebalanced", "RebalancedOptions"]

_MARGIN: Final = 10  # ab units
_SMOOTHING: Final = 5.0  # σ of the prior's, in ab units
# filters, convolutions, the last one's stride, dilation
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
    """Sizes, rates, and what is known of the photographs."""

    width: float = Field(default=1.0, gt=0, le=1)  # of the paper's filters
    learning_rate: float = Field(default=3e-4, gt=0)
    weight_decay: float = Field(default=1e-3, ge=0)
    mixed: float = Field(default=0.5, ge=0, le=1)  # λ: the share of a uniform prior
    temperature: float = Field(default=0.38, gt=0, le=1)
    prior: list[float] | None = None  # of the bins; counted before training


class Rebalanced(Recipe[RebalancedOptions]):
    """Lightness → logits over ab bins at stride 4."""

    name = "rebalanced"
    paper = "R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016"
    Options = RebalancedOptions
    output_kind: ClassVar[OutputKind] = "distribution"
    output_scale = 1.0
    size_multiple: ClassVar[int] = 8
    stride: ClassVar[int] = 4

    @property
    def input_scale(self) -> float:
        """Lightness comes in [0, 1]."""
        return 0.01

    @property
    def bins(self) -> FloatArray:
        """What the channels of the answer stand for: (Q, 2), ab of Lab."""
        return ab_bins(margin=_MARGIN)

    @property
    def bin_weights(self) -> FloatArray | None:
        """(Q,): from the prior, once it is known."""
        if self.options.prior is None:
            return None
        return class_weights(np.array(self.options.prior, np.float32), self.options.mixed)

    @property
    def readings(self) -> tuple[DecodingParams, DecodingParams]:
        """The annealed mean; faithfully, with the rebalancing undone."""
        temperature = self.options.temperature
        return DecodingParams(rebalancing=-1, temperature=temperature), DecodingParams(
            temperature=temperature
        )

    def surveyed(self, photos: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """How common each bin is, smoothed."""
        squares = ((self.bins[:, None] - self.bins) ** 2).sum(-1)
        near = np.exp(squares / (-2 * _SMOOTHING**2))
        prior = color_prior(photos, self.bins, self.color_space) @ (near / near.sum(0)).T
        return {"prior": (prior / prior.sum()).tolist()}

    def build(self, size: int | None) -> keras.Model:
        """Table 4 of the paper."""

        # Layers
        def conv(x: Any, filters: int, strides: int = 1, dilation: int = 1) -> Any:
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
        """Cross-entropy to the soft codes, rebalanced; Adam with β 0.9 and 0.99.

        Raises:
            RecipeError: nobody counted how common colours are.
        """
        options = self.options
        if self.bin_weights is None or len(self.bin_weights) != len(self.bins):
            raise RecipeError(
                f"recipe {self.name}: expected a prior over {len(self.bins)} bins, as `surveyed` "
                f"counts it; received {options.prior and len(options.prior)}"
            )
        rate = cosine(options.learning_rate, steps) if steps else options.learning_rate
        network.compile(
            optimizer=keras.optimizers.AdamW(
                rate, beta_2=0.99, weight_decay=options.weight_decay, global_clipnorm=5.0
            ),
            loss=SoftCrossEntropy(_MARGIN, self.bin_weights.tolist()),
        )

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Photographs to learn from → lightness, and rows of `soft_codes`, (B, H/4, W/4) int32."""
        return self.seen(rgb, grey), binned(rgb, self.stride)
