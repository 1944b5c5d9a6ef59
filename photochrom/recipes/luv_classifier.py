"""J. Hwang, Y. Zhou: Image Colorization with Deep Convolutional Neural Networks (CS231n, 2016).

A classifier computes features of the grey picture at 224 × 224. A decoder brings them back to full
size in steps and adds the finer features at each step (after R. Dahl's residual encoder). Each
pixel gets two softmaxes over 50 bins, one for CIELUV's u and one for its v. They are decoded as
annealed means. The report compares this with regression of u and v by squared or Huber loss; that
is an option.

Differences from the report: the features are VGG16's if its ImageNet weights are available (the
option `vgg16_weights` names the file; Keras's cache is searched, too) and EfficientNet-Lite0's
otherwise. The option `features` on the card says which. The report does not give the decoder's
widths: here they are those of the finer features. Batch normalization precedes every new
non-linearity, but is not added within the classifier, whose weights were trained without it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, Final, Literal

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from pydantic import Field

from photochrom import color
from photochrom.color import FloatArray
from photochrom.errors import RecipeError
from photochrom.recipes.base import Batch, Options, Recipe
from photochrom.recipes.blocks import efficientnet, vgg
from photochrom.recipes.blocks.optimizers import cosine
from photochrom.recipes.blocks.tensors import Shape, Tensor
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["LuvClassifier", "LuvClassifierOptions"]

_BINS: Final = 50
_MIN_FILTERS: Final = 32  # in the decoder
# Centres of the bins of u and of v, (2, 50): they span the range of sRGB.
_CENTRES: Final[FloatArray] = np.stack(
    [np.linspace(-83, 175, _BINS), np.linspace(-134, 107, _BINS)]
).astype(np.float32)


class LuvClassifierOptions(Options):
    """The settings that the report varied, and the source of the features."""

    objective: Literal["classification", "l2", "huber"] = Field(
        default="classification", description="what is learnt: bins of u and v, or u and v"
    )
    features: Literal["auto", "vgg16", "efficientnet"] = Field(
        default="auto", description="the classifier; auto takes VGG16 if its weights are there"
    )
    vgg16_weights: str = Field(
        default="", description="path of Keras's file of VGG16 without its top"
    )
    pretrained: bool = Field(default=True, description="whether to start from ImageNet's weights")
    block: int = Field(
        default=4, ge=2, le=5, description="last block of the classifier that is used"
    )
    temperature: float = Field(
        default=0.38, gt=0, le=1, description="temperature of the annealed mean"
    )
    learning_rate: float = Field(default=1e-3, gt=0, description="highest learning rate")


class LuvClassifier(Recipe[LuvClassifierOptions]):
    """A network from lightness to logits over bins of u and of v at full size.

    The exported network outputs their annealed means.
    """

    name = "luv_classifier"
    title = "Hwang and Zhou 2016: classes of u and of v"
    paper = "J. Hwang, Y. Zhou: Image Colorization with Deep Convolutional Neural Networks, 2016"
    Options = LuvClassifierOptions
    color_space = "luv"
    output_scale = 100.0
    working_size: ClassVar[int] = 224
    size_multiple: ClassVar[int] = 32

    @property
    def _uses_vgg16(self) -> bool:
        """True if the features are VGG16's, False if they are EfficientNet-Lite0's."""
        return self.options.features == "vgg16"

    @property
    def input_scale(self) -> float:
        """0.01: the input is lightness in [0, 1]."""
        return 0.01

    def options_from_data(self, photos: npt.NDArray[np.uint8]) -> dict[str, object]:
        """Choose the classifier by the weights that are available; ignores the photographs.

        The card must state the choice, or a later build could use the other classifier.
        """
        features = "vgg16" if self._vgg16_file() else "efficientnet"
        return {"features": features} if self.options.features == "auto" else {}

    def _vgg16_file(self) -> Path | None:
        """Return VGG16's weights file, or None if there is none and none was requested."""
        requested = self.options.vgg16_weights
        keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        file = Path(requested) if requested else keras_home / "models" / vgg.FILE
        if requested and not file.is_file():
            raise RecipeError(f"recipe {self.name}: expected VGG16's weights; no such file: {file}")
        return file if file.is_file() else None

    def build(self, size: int | None) -> keras.Model:
        """Build the classifier's features and the decoder."""
        lightness = keras.Input((size, size, 1), name="lightness")
        if self._uses_vgg16:
            features = vgg.encode(lightness, self.options.block)
        else:
            pixels = layers.Rescaling(255 / 128, -127 / 128, name="pixels")(lightness)
            # EfficientNet has no map at stride 1; the lightness takes its place.
            features = [lightness, *efficientnet.encode(pixels)[: self.options.block]]

        # Layers
        def norm(x: Tensor) -> Tensor:
            return layers.BatchNormalization(momentum=0.9)(x)

        def conv(x: Tensor, filters: int) -> Tensor:
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            return layers.ReLU()(norm(x))

        # Functional model
        *finer, x = features
        x = norm(x)
        for feature in reversed(finer):
            x = Upsample2x()(conv(x, max(_MIN_FILTERS, feature.shape[-1])))
            # Maps of other widths, such as the lightness, cannot be added.
            if feature.shape[-1] == x.shape[-1]:
                x = layers.Add()([x, norm(feature)])
        x = conv(x, _MIN_FILTERS)
        channels = 2 if self._is_regression else 2 * _BINS
        output = layers.Conv2D(channels, 1, dtype="float32", name="answer")(x)
        network = keras.Model(lightness, output, name=self.name)
        if self.options.pretrained:
            self._load(network)
        return network

    def _load(self, network: keras.Model) -> None:
        """Load the classifier's ImageNet weights.

        Raises:
            RecipeError: VGG16's weights are not available.
        """
        if not self._uses_vgg16:
            efficientnet.load_imagenet(network)
        elif file := self._vgg16_file():
            vgg.load_imagenet(network, file)
        else:
            raise RecipeError(
                f"recipe {self.name}: expected VGG16's weights ({vgg.FILE}) in Keras's cache or "
                "in the option vgg16_weights; found no such file"
            )

    @property
    def _is_regression(self) -> bool:
        """True if the network predicts u and v themselves, not bins of them."""
        return self.options.objective != "classification"

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use two cross-entropies, or squared or Huber loss, and Adam with a cosine schedule."""
        rate = self.options.learning_rate
        losses = {"classification": TwoCrossEntropies(), "l2": "mse", "huber": "huber"}
        network.compile(
            optimizer=keras.optimizers.Adam(cosine(rate, steps) if steps else rate),
            loss=losses[self.options.objective],
        )

    def runtime(self, network: keras.Model) -> keras.Model:
        """Return the network with the annealed means at its end."""
        if self._is_regression:
            return network
        mean = AnnealedMean(self.options.temperature, name="mean")(network.output)
        return keras.Model(network.input, mean / self.output_scale, name=self.name)

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> Batch:
        """Convert photographs into lightness and bin numbers of u and v, (B, H, W, 2) int32.

        For regression the target is chroma, as in `Recipe.encode`.
        """
        if self._is_regression:
            return super().encode(rgb, grey, rng)
        targets = np.empty((*rgb.shape[:3], 2), np.int32)
        first, steps = _CENTRES[:, 0], _CENTRES[:, 1] - _CENTRES[:, 0]
        for number, each in enumerate(rgb):
            luv = color.rgb_to_luv(np.divide(each, 255, dtype=np.float32))
            targets[number] = np.clip(np.rint((luv[..., 1:] - first) / steps), 0, _BINS - 1)
        return self.encode_input(rgb, grey), targets


@keras.saving.register_keras_serializable("photochrom")
class TwoCrossEntropies(keras.losses.Loss):  # type: ignore[misc]
    """The sum of the cross-entropies of u and of v.

    The targets are bin numbers, (B, H, W, 2); the predictions are 50 logits for u, then 50 for v.
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each pixel, (B, H, W), of logits (B, H, W, 100)."""
        parts = zip(ops.split(y_true, 2, axis=-1), ops.split(y_pred, 2, axis=-1), strict=True)
        return sum(
            ops.sparse_categorical_crossentropy(true[..., 0], logits, from_logits=True)
            for true, logits in parts
        )


@keras.saving.register_keras_serializable("photochrom")
class AnnealedMean(layers.Layer):  # type: ignore[misc]
    """Decodes logits over bins of u and of v, (B, H, W, 100), to u and v, (B, H, W, 2).

    The annealed mean is the mean of a sharpened distribution (R. Zhang et al.: Colorful Image
    Colorization, ECCV 2016).
    """

    def __init__(self, temperature: float, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.temperature = temperature

    def call(self, logits: Tensor) -> Tensor:
        """Return the annealed means."""
        parts = ops.split(logits / self.temperature, 2, axis=-1)
        means = [
            ops.sum(ops.softmax(part, axis=-1) * centres, axis=-1, keepdims=True)
            for part, centres in zip(parts, _CENTRES, strict=True)
        ]
        return ops.concatenate(means, axis=-1)

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the shape (B, H, W, 2)."""
        return (*shape[:-1], 2)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "temperature": self.temperature}
