"""E. Wallner's three networks: "Colorize B&W photos with a 100-line neural network", 2017.

`alpha` memorizes a single picture. `beta` is a plain autoencoder, from which the recipe
`autoencoder` derives. `full` appends a classifier's output for the whole picture to every position
of the bottleneck (after S. Iizuka et al.: Let there be Color!, SIGGRAPH 2016, and F. Baldassarre et
al.: Deep Koalarization, 2017). All map lightness to ab / 128 through tanh and minimize the mean
squared error with RMSprop.

Differences from the report: Wallner trained `full` with Adam (`optimizer="adam"`) on sheared,
zoomed and rotated pictures. The classifier is EfficientNet-Lite0 instead of Inception-ResNet-v2. As
in the original it is frozen, and its 1000 class probabilities are fused. It reads the same picture
as the encoder, not one of its own size. The input of `full` is lightness in [0, 1], as its
classifier needs; the others read lightness in [0, 100].
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import keras
from keras import layers, ops
from pydantic import Field

from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.efficientnet import PREFIX, classify, load_classifier
from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["Fusion", "FusionOptions", "Version"]

Version = Literal["alpha", "beta", "full"]

# Encoder: filters and strides. Decoder: filters, where "up" doubles the size.
_ENCODERS: Final[dict[Version, tuple[tuple[int, int], ...]]] = {
    "alpha": ((8, 2), (8, 1), (16, 1), (16, 2), (32, 1), (32, 2)),
    "beta": (
        (64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (256, 1), (128, 1),
    ),
    "full": ((64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 1), (256, 1)),
}  # fmt: skip
_DECODERS: Final[dict[Version, tuple[int | str, ...]]] = {
    "alpha": ("up", 32, "up", 16, "up"),
    "beta": ("up", 64, "up", 32),
    "full": (128, "up", 64, "up", 32, 16),
}
_FUSION_FILTERS: Final = 256  # filters of the 1 × 1 convolution after concatenation


class FusionOptions(Options):
    """Which of the three networks to build, and the optimizer's settings."""

    version: Version = Field(default="full", description="the network of the article")
    pretrained: bool = Field(
        default=True, description="whether the classifier of full has ImageNet's weights"
    )
    optimizer: Literal["rmsprop", "adam"] = Field(default="rmsprop", description="optimizer")
    learning_rate: float = Field(default=1e-3, gt=0, description="learning rate")


class Fusion(Recipe[FusionOptions]):
    """A network from lightness to ab / 128, both at full size."""

    name = "fusion"
    title = "Wallner 2017: alpha, beta, and full with a classifier"
    paper = "E. Wallner: Colorize B&W photos with a 100-line neural network, 2017"
    Options = FusionOptions
    output_scale = 128.0
    size_multiple: ClassVar[int] = 32

    @property
    def input_scale(self) -> float:
        """0.01 for `full`, whose classifier needs lightness in [0, 1]; otherwise 1."""
        return 0.01 if self.options.version == "full" else 1.0

    def build(self, size: int | None) -> keras.Model:
        """Build the network as the article lists it; all but `alpha` end with an up-sampling."""
        version = self.options.version

        # Layers
        def conv(x: Tensor, filters: int, strides: int = 1) -> Tensor:
            return layers.Conv2D(filters, 3, strides, padding="same", activation="relu")(x)

        # Functional model
        lightness = x = keras.Input((size, size, 1), name="lightness")
        for filters, strides in _ENCODERS[version]:
            x = conv(x, filters, strides)
        if version == "full":
            _, classes = classify(_pixels(lightness))
            probabilities = layers.Softmax(dtype="float32", name="shares")(classes)
            x = _append_vector(x, probabilities)
            x = layers.Conv2D(_FUSION_FILTERS, 1, activation="relu", name="fusion")(x)
        for step in _DECODERS[version]:
            x = layers.UpSampling2D()(x) if step == "up" else conv(x, int(step))
        x = layers.Conv2D(2, 3, padding="same", activation="tanh", name="ab")(x)
        if version != "alpha":
            x = layers.UpSampling2D(dtype="float32")(x)
        network = keras.Model(lightness, x, name=self.name)
        self._freeze(network)
        return network

    def _freeze(self, network: keras.Model) -> None:
        """Load the classifier's weights and keep training from changing them."""
        if self.options.version != "full":
            return
        if self.options.pretrained:
            load_classifier(network)
        for layer in network.layers:
            if layer.name.startswith(PREFIX):
                layer.trainable = False

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the mean squared error and the optimizer of the options."""
        rmsprop = self.options.optimizer == "rmsprop"
        optimizer = keras.optimizers.RMSprop if rmsprop else keras.optimizers.Adam
        network.compile(
            optimizer=optimizer(self.options.learning_rate),
            loss="mean_squared_error",
            # Two channels: this counts only which of a and b is larger, as in the report.
            metrics=[keras.metrics.CategoricalAccuracy(name="ab_argmax_accuracy")],
        )


def _pixels(lightness: Tensor) -> Tensor:
    """Return three equal channels in [-1, 1], the classifier's input range."""
    grey = layers.Rescaling(255 / 128, -127 / 128, name="pixels")(lightness)
    return layers.Concatenate(name="rgb")([grey, grey, grey])


def _append_vector(x: Tensor, vector: Tensor) -> Tensor:
    """Append a vector, (B, F), to every position of a map, (B, h, w, C)."""
    tiled = vector[:, None, None, :] + ops.zeros_like(x[..., :1])
    return layers.Concatenate(name="beside")([x, tiled])
