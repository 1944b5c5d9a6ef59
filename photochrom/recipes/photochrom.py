"""The default network: f(lightness, known ab, mask) → a distribution over ab, at stride 4.

An EfficientNet-Lite encoder with ImageNet weights, transformer blocks at stride 32 for agreement
over the whole picture, a U-Net decoder (O. Ronneberger et al., 2015) up to stride 4, and logits
over the ab bins of R. Zhang et al. (ECCV 2016). It learns without class rebalancing, so that what
it gives is a calibrated distribution; how vivid a reading of it is to be is decided afterwards
(logit adjustment: A. K. Menon et al., ICLR 2021), with the class weights on the card.

Known colour (R. Zhang et al.: Real-Time User-Guided Image Colorization, SIGGRAPH 2017) enters three
times: in the first convolution; at the place where it is known, straight into the logits; and,
through attention at stride 8, at all places that look alike. The last two speak the logits' own
language from the first step on: a colour c adds β (c · q - |q|² / 2) to the logit of bin q, which
is a Gaussian around c.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Self

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
from photochrom.recipes.blocks.quantization import AB_LIMIT, ab_bins, binned
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["Photochrom", "PhotochromOptions"]

_SHARPNESS: Final = 60.0  # β, for chroma divided by AB_LIMIT: a Gaussian of σ 14
_FEATURES: Final = "decoder8_add"
_FIRST_MASK: Final = 1 / 16  # the share of a cell of 4 × 4 pixels from which on it counts as known


class PhotochromOptions(Options):
    """Sizes and rates."""

    encoder: LiteSize = 0
    pretrained: bool = True
    width: int = Field(default=96, ge=16, multiple_of=16)  # channels at stride 4
    blocks: int = Field(default=2, ge=0)  # transformer blocks at stride 32
    heads: int = Field(default=4, ge=1)  # of every attention
    learning_rate: float = Field(default=2e-3, gt=0)
    encoder_rate: float = Field(default=0.3, ge=0)  # of the encoder, over the others'
    weight_decay: float = Field(default=0.01, ge=0)

    @model_validator(mode="after")
    def _heads_share(self) -> Self:
        if 2 * self.width % self.heads:
            raise ValueError(f"heads must divide twice the width, {2 * self.width}")
        return self


class Photochrom(Recipe[PhotochromOptions]):
    """Lightness, known ab and mask → logits over ab bins at stride 4."""

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
        """Lightness comes in [0, 1]."""
        return 0.01

    @property
    def known_scale(self) -> float:
        """Known chroma comes in [-1, 1]."""
        return 1 / AB_LIMIT

    @property
    def bins(self) -> FloatArray:
        """What the channels of the answer stand for: (Q, 2), ab of Lab."""
        return ab_bins()

    def build(self, size: int | None) -> keras.Model:
        """Encoder, transformer, decoder, head."""
        options = self.options

        # Layers
        def conv(x: Any, filters: int, name: str, kernel: int = 3) -> Any:
            x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(x)
            x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_norm")(x)
            return layers.ReLU(name=f"{name}_relu")(x)

        def up(x: Any, skip: Any, filters: int, name: str) -> Any:
            x = Upsample2x(name=f"{name}_up")(x)
            x = layers.Concatenate(name=f"{name}_skip")([x, skip])
            x = conv(x, filters, f"{name}_conv1")
            return layers.Add(name=f"{name}_add")([x, conv(x, filters, f"{name}_conv2")])

        # Functional model
        inputs = keras.Input((size, size, 4), name="lightness_known_mask")
        known = _premultiplied(inputs)
        _, at4, at8, at16, x = encode(_centred(inputs), options.encoder)
        x = conv(x, 2 * options.width, "bottom", 1)
        for number in range(options.blocks):
            x = transformer(x, heads=options.heads, expansion=3, name=f"transformer{number}")
        x = up(x, at16, options.width * 3 // 2, "decoder16")
        x = features = up(x, at8, options.width, "decoder8")
        carried = KnownColor(options.heads, name="known_color")([features, _pooled(known, 8)])
        told = layers.Dense(options.width, name="told")(carried)
        x = up(layers.Add(name="telling")([x, told]), at4, options.width, "decoder4")
        logits = layers.Dense(len(self.bins), name="head")(x)
        carried = Upsample2x(dtype="float32", name="carried")(carried)
        hints = layers.Concatenate(dtype="float32", name="hints")([carried, _here(known)])
        pull = layers.Dense(
            len(self.bins), use_bias=False, dtype="float32", name="pull",
            kernel_initializer=_Pull(options.heads),
        )(hints)  # fmt: skip
        logits = layers.Add(dtype="float32", name="logits")([logits, pull])
        network = keras.Model(inputs, logits, name=self.name)
        if options.pretrained:
            load_imagenet(network, options.encoder)
        return network

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Cross-entropy to the soft codes; AdamW, the encoder more slowly, along a cosine."""
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
        """Logits on which places that look alike agree, and the features that tell their likeness.

        By these features places of two photographs are matched, too.
        """
        seen = network.get_layer(_FEATURES).output
        features = layers.UnitNormalization(axis=-1, dtype="float32", name="features")(seen)
        known = _trust(network.get_layer("known8").output)[..., 2:]
        logits = NonLocalMeans(name="agreement")([network.output, features, known])
        return keras.Model(network.inputs, [logits, features], name=self.name)

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Photographs to learn from → input and target.

        Args:
            rgb: (B, H, W, 3) uint8.
            grey: (B, H, W) uint8, as a camera saw them; by default their luma.
            rng: decides what is known; nothing is without it.

        Returns:
            Input (B, H, W, 4) float32 and target (B, H/4, W/4) int32: rows of `soft_codes`.
        """
        inputs = np.zeros((*rgb.shape[:3], 4), np.float32)
        for number, each in enumerate(rgb):
            seen = color.luma(each) if grey is None else grey[number]
            inputs[number, ..., 0] = color.grey_level(seen, self.color_space) * self.input_scale
            if rng is not None:
                ab = color.rgb_to_lab(np.divide(each, 255, dtype=np.float32))[..., 1:]
                inputs[number, ..., 1:] = sample_hints(ab, rng)
        inputs[..., 1:3] *= self.known_scale
        return inputs, binned(rgb, self.stride)


def _centred(inputs: Any) -> Any:
    """Lightness as the encoder's pixels were, in [-1, 1]; what is known as it came."""
    lightness = layers.Rescaling(255 / 128, -127 / 128, name="pixels")(inputs[..., :1])
    return layers.Concatenate(name="pixels_known")([lightness, inputs[..., 1:]])


def _premultiplied(inputs: Any) -> Any:
    mask = inputs[..., 3:]
    return layers.Concatenate(dtype="float32", name="known")([inputs[..., 1:3] * mask, mask])


def _pooled(known: Any, factor: int) -> Any:
    return layers.AveragePooling2D(factor, dtype="float32", name=f"known{factor}")(known)


def _here(known: Any) -> Any:
    return _trust(_pooled(known, 4))


def _trust(pooled: Any) -> Any:
    """Trust times chroma, and trust, which rises from 0 to 1 with the share that is known."""
    return pooled / (pooled[..., 2:] + _FIRST_MASK)


@keras.saving.register_keras_serializable("photochrom")
class _Pull(keras.initializers.Initializer):  # type: ignore[misc]
    """What (trust · a, trust · b, trust), from several sources, add to each bin's logit."""

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        bins = ab_bins().T / AB_LIMIT
        pull = _SHARPNESS * np.vstack([bins, -(bins**2).sum(0) / 2])
        carried = np.tile(pull / self.heads, (self.heads, 1))
        return ops.convert_to_tensor(np.vstack([carried, pull]), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {"heads": self.heads}
