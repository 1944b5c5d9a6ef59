"""The default network: f(lightness, known ab, mask) → a distribution over ab, at stride 4.

It has an EfficientNet-Lite encoder with ImageNet weights, transformer blocks at stride 32 for
global consistency, a U-Net decoder (O. Ronneberger et al., 2015) up to stride 4, and logits over
the ab bins of R. Zhang et al. (ECCV 2016). Training has no class rebalancing, so that the output is
a calibrated distribution. How vivid the result is gets decided afterwards, with the class weights
on the card (logit adjustment: A. K. Menon et al., ICLR 2021).

Known colour (R. Zhang et al.: Real-Time User-Guided Image Colorization, SIGGRAPH 2017) enters three
times: in the first convolution; at its own position, directly in the logits; and, through attention
at stride 8, at all similar-looking positions. The last two start as a Gaussian around the known
colour: a colour c adds β (c · q - |q|² / 2) to the logit of bin q.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from pydantic import Field, model_validator

from photochrom import color
from photochrom.color import FloatArray
from photochrom.model.card import OutputKind
from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.attention import KnownColor, NonLocalMeans, transformer
from photochrom.recipes.blocks.efficientnet import PREFIX, LiteSize, encode, load_imagenet
from photochrom.recipes.blocks.known import sample_hints
from photochrom.recipes.blocks.losses import SoftCrossEntropy
from photochrom.recipes.blocks.optimizers import ScaledAdamW, cosine
from photochrom.recipes.blocks.quantization import AB_LIMIT, ab_bins, bin_targets
from photochrom.recipes.blocks.tensors import Tensor
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["Photochrom", "PhotochromOptions"]

_HINT_SHARPNESS: Final = 60.0  # β for chroma divided by AB_LIMIT, a Gaussian with σ 14 in ab units
_FEATURE_LAYER: Final = "decoder8_add"
_MASK_SOFTNESS: Final = 1 / 16  # the known share of a cell at which its confidence is one half


class PhotochromOptions(Options):
    """Sizes of the network and settings of the optimizer."""

    encoder: LiteSize = Field(
        default=0, description="size of EfficientNet-Lite, the encoder; the bundled network has 2"
    )
    pretrained: bool = Field(default=True, description="whether to start from ImageNet's weights")
    width: int = Field(default=96, ge=16, multiple_of=16, description="channels at stride 4")
    blocks: int = Field(default=2, ge=0, description="number of transformer blocks at stride 32")
    heads: int = Field(default=4, ge=1, description="number of heads of each attention layer")
    learning_rate: float = Field(default=2e-3, gt=0, description="highest learning rate")
    encoder_rate: float = Field(
        default=0.3, ge=0, description="learning rate of the encoder, relative to the rest"
    )
    weight_decay: float = Field(default=0.01, ge=0, description="weight decay of AdamW")

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if 2 * self.width % self.heads:
            raise ValueError(f"heads must divide twice the width, {2 * self.width}")
        return self


class Photochrom(Recipe[PhotochromOptions]):
    """A network from lightness, known ab and mask to logits over ab bins at stride 4."""

    name = "photochrom"
    title = "The default network: known colour in, a distribution over colour out"
    paper = "Photochrom's own; photochrom/recipes/photochrom.py names what it draws on"
    Options = PhotochromOptions
    output_kind: ClassVar[OutputKind] = "distribution"
    output_scale = 1.0
    size_multiple: ClassVar[int] = 32
    stride: ClassVar[int] = 4

    @property
    def input_scale(self) -> float:
        """0.01: lightness is in [0, 1]."""
        return 0.01

    @property
    def known_scale(self) -> float:
        """1 / 110: known chroma is in [-1, 1]."""
        return 1 / AB_LIMIT

    @property
    def bins(self) -> FloatArray:
        """The ab of each output channel, (Q, 2) float32."""
        return ab_bins()

    def build(self, size: int | None) -> keras.Model:
        """Build the encoder, the transformer, the decoder and the logits."""
        options = self.options

        # Layers
        def conv(x: Tensor, filters: int, name: str, kernel: int = 3) -> Tensor:
            x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(x)
            x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_norm")(x)
            return layers.ReLU(name=f"{name}_relu")(x)

        def up(x: Tensor, skip: Tensor, filters: int, name: str) -> Tensor:
            x = Upsample2x(name=f"{name}_up")(x)
            x = layers.Concatenate(name=f"{name}_skip")([x, skip])
            x = conv(x, filters, f"{name}_conv1")
            return layers.Add(name=f"{name}_add")([x, conv(x, filters, f"{name}_conv2")])

        # Functional model. Layer names such as "told" stay: saved networks and the tools use them.
        inputs = keras.Input((size, size, 4), name="lightness_known_mask")
        known = _masked_known(inputs)
        _, at4, at8, at16, x = encode(_encoder_input(inputs), options.encoder)
        x = conv(x, 2 * options.width, "bottom", 1)
        for number in range(options.blocks):
            x = transformer(x, heads=options.heads, expansion=3, name=f"transformer{number}")
        x = up(x, at16, options.width * 3 // 2, "decoder16")
        x = features = up(x, at8, options.width, "decoder8")
        propagated = KnownColor(options.heads, name="known_color")([features, _pooled(known, 8)])
        known_term = layers.Dense(options.width, name="told")(propagated)
        x = up(layers.Add(name="telling")([x, known_term]), at4, options.width, "decoder4")
        logits = layers.Dense(len(self.bins), name="head")(x)
        propagated = Upsample2x(dtype="float32", name="carried")(propagated)
        known4 = _known_at_stride_4(known)
        hints = layers.Concatenate(dtype="float32", name="hints")([propagated, known4])
        hint_logits = layers.Dense(
            len(self.bins), use_bias=False, dtype="float32", name="pull",
            kernel_initializer=_HintKernel(options.heads),
        )(hints)  # fmt: skip
        logits = layers.Add(dtype="float32", name="logits")([logits, hint_logits])
        network = keras.Model(inputs, logits, name=self.name)
        if options.pretrained:
            load_imagenet(network, options.encoder)
        return network

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the cross-entropy to soft codes, and AdamW with a cosine schedule.

        The pretrained encoder has a lower learning rate than the rest.
        """
        options = self.options
        network.compile(
            optimizer=ScaledAdamW(
                cosine(options.learning_rate, steps) if steps else options.learning_rate,
                weight_decay=options.weight_decay,
                global_clipnorm=1.0,
                slow_path=PREFIX,
                slow_ratio=options.encoder_rate,
            ),
            loss=SoftCrossEntropy(),
        )

    def runtime(self, network: keras.Model) -> keras.Model:
        """Return a network with two outputs: smoothed logits and features.

        The logits are averaged between similar-looking positions. The features measure that
        similarity; the runtime also uses them to match a reference photograph.
        """
        decoder_map = network.get_layer(_FEATURE_LAYER).output
        features = layers.UnitNormalization(axis=-1, dtype="float32", name="features")(decoder_map)
        known = _confidence(network.get_layer("known8").output)[..., 2:]
        # The two layers that make the logits are linear. So the means of their inputs, which have
        # half as many channels, give the means of the logits.
        head, hint_head = network.get_layer("head"), network.get_layer("pull")
        maps = layers.Concatenate(dtype="float32", name="maps")([head.input, hint_head.input])
        means = NonLocalMeans(name="agreement")([maps, features, known])
        width = head.input.shape[-1]
        logits = layers.Add(dtype="float32", name="mean_logits")(
            [head(means[..., :width]), hint_head(means[..., width:])]
        )
        return keras.Model(network.inputs, [logits, features], name=self.name)

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Convert photographs into a batch of network inputs and targets.

        Args:
            rgb: RGB, (B, H, W, 3) uint8.
            grey: grey versions to colour, (B, H, W) uint8; by default the photographs' luma.
            rng: chooses the known colours; without it no colour is known.

        Returns:
            Input (B, H, W, 4) float32 and target (B, H/4, W/4) int32: rows of `soft_codes`.
        """
        inputs = np.zeros((*rgb.shape[:3], 4), np.float32)
        for number, each in enumerate(rgb):
            luma = color.luma(each) if grey is None else grey[number]
            inputs[number, ..., 0] = color.grey_level(luma, self.color_space) * self.input_scale
            if rng is not None:
                ab = color.rgb_to_lab(np.divide(each, 255, dtype=np.float32))[..., 1:]
                inputs[number, ..., 1:] = sample_hints(ab, rng)
        inputs[..., 1:3] *= self.known_scale
        return inputs, bin_targets(rgb, self.stride)


def _encoder_input(inputs: Tensor) -> Tensor:
    """Return lightness in the encoder's range, [-1, 1], followed by the known colour."""
    # The encoder was trained on (pixel - 127) / 128.
    scale, offset = [255 / 128, 1, 1, 1], [-127 / 128, 0, 0, 0]
    return layers.Rescaling(scale, offset, name="pixels")(inputs)


def _masked_known(inputs: Tensor) -> Tensor:
    """Return known ab times mask, and mask, (B, H, W, 3)."""
    mask = inputs[..., 3:]
    return layers.Concatenate(dtype="float32", name="known")([inputs[..., 1:3] * mask, mask])


def _pooled(known: Tensor, factor: int) -> Tensor:
    """Average the known colour over cells of factor × factor pixels."""
    return layers.AveragePooling2D(factor, dtype="float32", name=f"known{factor}")(known)


def _known_at_stride_4(known: Tensor) -> Tensor:
    """Return confidence times chroma, and confidence, at stride 4."""
    return _confidence(_pooled(known, 4))


def _confidence(pooled: Tensor) -> Tensor:
    """Return confidence times chroma, and confidence, (B, h, w, 3).

    Confidence rises from 0 to nearly 1 with the known share of a cell.
    """
    return pooled / (pooled[..., 2:] + _MASK_SOFTNESS)


# Registered under its old name, so that saved networks load.
@keras.saving.register_keras_serializable("photochrom", name="_Pull")
class _HintKernel(keras.initializers.Initializer):  # type: ignore[misc]
    """Initializes the layer that turns known colour into logits.

    The layer's input is (confidence · a, confidence · b, confidence), once from each attention head
    and once from the position itself.
    """

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Tensor:
        bins = ab_bins().T / AB_LIMIT
        # A row each for c_a, c_b and the constant: β (c · q - |q|² / 2), a Gaussian around c.
        kernel = _HINT_SHARPNESS * np.vstack([bins, -(bins**2).sum(0) / 2])
        per_head = np.tile(kernel / self.heads, (self.heads, 1))
        return ops.convert_to_tensor(np.vstack([per_head, kernel]), dtype=dtype)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {"heads": self.heads}
