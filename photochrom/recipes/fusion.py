"""E. Wallner's three networks: "Colorize B&W photos with a 100-line neural network", 2017.

`alpha` learns one picture by heart. `beta` is a plain autoencoder (the report's network grew from
it). `full` lays what a classifier sees in the whole picture beside every place of the bottleneck
(after S. Iizuka et al.: Let there be Color!, SIGGRAPH 2016, and F. Baldassarre et al.: Deep
Koalarization, 2017). All take lightness, give ab / 128 through tanh, and learn by mean squared
error with RMSprop.

Deviations: `full` learnt by Adam there (`optimizer="adam"`), from pictures that were sheared,
zoomed and turned. The classifier is EfficientNet-Lite0, not Inception-ResNet-v2; as his, it is
frozen, and its 1000 shares are what is fused. It looks at the same picture as the encoder, not at
one of its own size. Lightness comes from 0 to 1 for `full`, whose classifier wants pixels; as it
is, from 0 to 100, for the others.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import keras
from keras import layers, ops
from pydantic import Field

from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.efficientnet import PREFIX, classify, load_classifier

__all__ = ["Fusion", "FusionOptions", "Version"]

Version = Literal["alpha", "beta", "full"]

# filters and strides of the encoder; then the decoder's filters, "up" doubling the size
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
_FUSED: Final = 256  # filters of the 1 × 1 convolution that fuses


class FusionOptions(Options):
    """Which of the three, and how it learns."""

    version: Version = "full"
    pretrained: bool = True  # the classifier of `full`
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"
    learning_rate: float = Field(default=1e-3, gt=0)  # Keras's own for both


class Fusion(Recipe[FusionOptions]):
    """Lightness → ab / 128, both at full size."""

    name = "fusion"
    title = "Wallner 2017: alpha, beta, and full with a classifier"
    paper = "E. Wallner: Colorize B&W photos with a 100-line neural network, 2017"
    Options = FusionOptions
    output_scale = 128.0
    size_multiple: ClassVar[int] = 32

    @property
    def input_scale(self) -> float:
        """Lightness comes as it is, but for the classifier's sake in [0, 1] to `full`."""
        return 0.01 if self.options.version == "full" else 1.0

    def build(self, size: int | None) -> keras.Model:
        """As listed in the article; `alpha` ends, `beta` and `full` go on, with a last doubling."""
        version = self.options.version

        # Layers
        def conv(x: Any, filters: int, strides: int = 1) -> Any:
            return layers.Conv2D(filters, 3, strides, padding="same", activation="relu")(x)

        # Functional model
        lightness = x = keras.Input((size, size, 1), name="lightness")
        for filters, strides in _ENCODERS[version]:
            x = conv(x, filters, strides)
        if version == "full":
            _, classes = classify(_pixels(lightness))
            shares = layers.Softmax(dtype="float32", name="shares")(classes)
            x = layers.Conv2D(_FUSED, 1, activation="relu", name="fusion")(_beside(x, shares))
        for step in _DECODERS[version]:
            x = layers.UpSampling2D()(x) if step == "up" else conv(x, int(step))
        x = layers.Conv2D(2, 3, padding="same", activation="tanh", name="ab")(x)
        if version != "alpha":
            x = layers.UpSampling2D(dtype="float32")(x)
        network = keras.Model(lightness, x, name=self.name)
        self._freeze(network)
        return network

    def _freeze(self, network: keras.Model) -> None:
        if self.options.version != "full":
            return
        if self.options.pretrained:
            load_classifier(network)
        for layer in network.layers:
            if layer.name.startswith(PREFIX):
                layer.trainable = False

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Mean squared error; RMSprop unless the options say otherwise."""
        rmsprop = self.options.optimizer == "rmsprop"
        optimizer = keras.optimizers.RMSprop if rmsprop else keras.optimizers.Adam
        network.compile(
            optimizer=optimizer(self.options.learning_rate),
            loss="mean_squared_error",
            metrics=[keras.metrics.CategoricalAccuracy(name="ab_argmax_accuracy")],
        )


def _pixels(lightness: Any) -> Any:
    """Grey as the classifier's pixels were, in [-1, 1], three times."""
    grey = layers.Rescaling(255 / 128, -127 / 128, name="pixels")(lightness)
    return layers.Concatenate(name="rgb")([grey, grey, grey])


def _beside(x: Any, seen: Any) -> Any:
    """A map, (B, h, w, C), and beside each of its places the same vector, (B, F)."""
    spread = seen[:, None, None, :] + ops.zeros_like(x[..., :1])
    return layers.Concatenate(name="beside")([x, spread])
