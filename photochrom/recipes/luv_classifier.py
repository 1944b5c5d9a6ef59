"""J. Hwang, Y. Zhou: Image Colorization with Deep Convolutional Neural Networks (CS231n, 2016).

A classifier's features of the grey picture, at 224 × 224, are brought back to full size step by
step, each step adding the finer features (after R. Dahl's residual encoder). Every place answers
with two softmaxes over 50 bins, one of CIELUV's u and one of its v, read as annealed means. The
regression that they compare with, squared or Huber loss on u and v themselves, is an option.

Deviations: the features are VGG16's where its ImageNet weights can be had (an option names the
file; Keras's own cache is looked at, too) and EfficientNet-Lite0's otherwise; the option `features`
on the card says which. The report does not give the widths on the way back: here they are those of
the finer features. Batch normalization stands before every new non-linearity, not within the
classifier, whose weights were learnt without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from pydantic import Field

from photochrom import color
from photochrom.color import FloatArray
from photochrom.errors import RecipeError
from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks import efficientnet, vgg
from photochrom.recipes.blocks.optimizers import cosine
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["LuvClassifier", "LuvClassifierOptions"]

_BINS: Final = 50
_NARROWEST: Final = 32  # filters on the way back
# the nearest and farthest that sRGB goes, in u and in v
_CENTRES: Final[FloatArray] = np.stack(
    [np.linspace(-83, 175, _BINS), np.linspace(-134, 107, _BINS)]
).astype(np.float32)


class LuvClassifierOptions(Options):
    """What the report varied."""

    objective: Literal["classification", "l2", "huber"] = "classification"
    features: Literal["auto", "vgg16", "efficientnet"] = "auto"
    vgg16_weights: str = ""  # a file, as Keras keeps it, without the top
    pretrained: bool = True
    block: int = Field(default=4, ge=2, le=5)  # of the classifier, up to which it is used
    temperature: float = Field(default=0.38, gt=0, le=1)  # of the annealed mean
    learning_rate: float = Field(default=1e-3, gt=0)


class LuvClassifier(Recipe[LuvClassifierOptions]):
    """Lightness → logits over bins of u and of v at full size; exported, their annealed means."""

    name = "luv_classifier"
    title = "Hwang and Zhou 2016: classes of u and of v"
    paper = "J. Hwang, Y. Zhou: Image Colorization with Deep Convolutional Neural Networks, 2016"
    Options = LuvClassifierOptions
    color_space = "luv"
    output_scale = 100.0
    working_size: ClassVar[int] = 224
    size_multiple: ClassVar[int] = 32

    @property
    def _vgg16(self) -> bool:
        return self.options.features == "vgg16"

    @property
    def input_scale(self) -> float:
        """Lightness comes in [0, 1]."""
        return 0.01

    def surveyed(self, photos: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Not the photographs: which classifier's weights can be had here."""
        found = "vgg16" if self._vgg16_file() else "efficientnet"
        return {"features": found} if self.options.features == "auto" else {}

    def _vgg16_file(self) -> Path | None:
        named = self.options.vgg16_weights
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        file = Path(named) if named else home / "models" / vgg.FILE
        if named and not file.is_file():
            raise RecipeError(f"recipe {self.name}: expected VGG16's weights; no file at {file}")
        return file if file.is_file() else None

    def build(self, size: int | None) -> keras.Model:
        """Features, and the way back to full size."""
        lightness = keras.Input((size, size, 1), name="lightness")
        if self._vgg16:
            features = vgg.encode(lightness, self.options.block)
        else:
            pixels = layers.Rescaling(255 / 128, -127 / 128, name="pixels")(lightness)
            features = [lightness, *efficientnet.encode(pixels)[: self.options.block]]

        # Layers
        def norm(x: Any) -> Any:
            return layers.BatchNormalization(momentum=0.9)(x)

        def conv(x: Any, filters: int) -> Any:
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            return layers.ReLU()(norm(x))

        # Functional model
        *finer, x = features
        x = norm(x)
        for feature in reversed(finer):
            x = Upsample2x()(conv(x, max(_NARROWEST, feature.shape[-1])))
            if feature.shape[-1] == x.shape[-1]:
                x = layers.Add()([x, norm(feature)])
        x = conv(x, _NARROWEST)
        channels = 2 if self._regresses else 2 * _BINS
        answer = layers.Conv2D(channels, 1, dtype="float32", name="answer")(x)
        network = keras.Model(lightness, answer, name=self.name)
        if self.options.pretrained:
            self._load(network)
        return network

    def _load(self, network: keras.Model) -> None:
        if not self._vgg16:
            efficientnet.load_imagenet(network)
        elif file := self._vgg16_file():
            vgg.load_imagenet(network, file)
        else:
            raise RecipeError(
                f"recipe {self.name}: expected VGG16's weights ({vgg.FILE}) in Keras's cache or "
                "named by the option vgg16_weights; there are none"
            )

    @property
    def _regresses(self) -> bool:
        return self.options.objective != "classification"

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Two cross-entropies, or squared or Huber loss; Adam along a cosine."""
        rate = self.options.learning_rate
        losses = {"classification": TwoCrossEntropies(), "l2": "mse", "huber": "huber"}
        network.compile(
            optimizer=keras.optimizers.Adam(cosine(rate, steps) if steps else rate),
            loss=losses[self.options.objective],
        )

    def runtime(self, network: keras.Model) -> keras.Model:
        """Of the two distributions, the annealed means."""
        if self._regresses:
            return network
        mean = AnnealedMean(self.options.temperature, name="mean")(network.output)
        return keras.Model(network.input, mean / self.output_scale, name=self.name)

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[Any]]:
        """Photographs to learn from → lightness, and the bins of u and v, (B, H, W, 2) int32."""
        if self._regresses:
            return super().encode(rgb, grey, rng)
        targets = np.empty((*rgb.shape[:3], 2), np.int32)
        first, steps = _CENTRES[:, 0], _CENTRES[:, 1] - _CENTRES[:, 0]
        for number, each in enumerate(rgb):
            luv = color.rgb_to_luv(np.divide(each, 255, dtype=np.float32))
            targets[number] = np.clip(np.rint((luv[..., 1:] - first) / steps), 0, _BINS - 1)
        return self.seen(rgb, grey), targets


@keras.saving.register_keras_serializable("photochrom")
class TwoCrossEntropies(keras.losses.Loss):  # type: ignore[misc]
    """Between bins of two quantities, and logits over 50 bins of each, one after the other."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(B, H, W, 2) and (B, H, W, 100) → (B, H, W)."""
        parts = zip(ops.split(y_true, 2, axis=-1), ops.split(y_pred, 2, axis=-1), strict=True)
        return sum(
            ops.sparse_categorical_crossentropy(true[..., 0], logits, from_logits=True)
            for true, logits in parts
        )


@keras.saving.register_keras_serializable("photochrom")
class AnnealedMean(layers.Layer):  # type: ignore[misc]
    """Logits over bins of u and of v, (B, H, W, 100) → u and v, (B, H, W, 2).

    R. Zhang et al.: Colorful Image Colorization, ECCV 2016: the mean of a sharpened distribution.
    """

    def __init__(self, temperature: float, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.temperature = temperature

    def call(self, logits: Any) -> Any:
        """Sharpen, and take the mean."""
        parts = ops.split(logits / self.temperature, 2, axis=-1)
        means = [
            ops.sum(ops.softmax(part, axis=-1) * centres, axis=-1, keepdims=True)
            for part, centres in zip(parts, _CENTRES, strict=True)
        ]
        return ops.concatenate(means, axis=-1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Two channels."""
        return (*shape[:-1], 2)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "temperature": self.temperature}
