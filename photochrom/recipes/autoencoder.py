"""The convolutional autoencoder of Wast & Kanwar, "Coloring Black and White Images using Keras".

It derives from E. Wallner's *beta* network ("Colorize B&W photos with a 100-line neural network",
2017). The network maps CIE Lab lightness to ab / 128 through tanh and minimizes the mean squared
error with Adamax.

The default is figure 5 of the report: 13 convolutions, 3 up-samplings, 6,219,410 parameters at
256 × 256 with 3 × 3 kernels. The report's other settings (kernels of 5 and 7, "valid" padding,
strides of 1, Adam and RMSprop) are options.

Differences from the report: training uses batches, not one batch of the whole set. The input is the
lightness of the photograph's luma, which is what a grey file holds, not the lightness of its
colours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Literal

import keras
from pydantic import Field

from photochrom.errors import RecipeError
from photochrom.recipes.base import Options, Recipe

__all__ = ["Autoencoder", "AutoencoderOptions"]

# Each encoder convolution: its filters, and whether it uses the option `strides`.
_ENCODER: Final = (
    (64, True),
    (128, False),
    (128, True),
    (256, False),
    (256, True),
    (512, False),
    (512, False),
    (256, False),
    (128, False),
)
# Filters of the decoder, in groups. The size doubles before each group and after the last one.
_DECODER: Final = ((64,), (32, 16))
_UPSAMPLINGS: Final = 3

_OPTIMIZERS: Final[dict[str, Callable[[float], keras.optimizers.Optimizer]]] = {
    "adamax": keras.optimizers.Adamax,
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
}


class AutoencoderOptions(Options):
    """The settings that the report varied, its learning rate and its input scale."""

    kernel_size: Literal[3, 5, 7] = Field(default=3, description="side of the kernels")
    padding: Literal["same", "valid"] = Field(default="same", description="of the convolutions")
    strides: Literal[1, 2] = Field(
        default=2, description="of the first, the third and the fifth convolution"
    )
    optimizer: Literal["adamax", "adam", "rmsprop"] = Field(
        default="adamax", description="optimizer, with Keras's defaults"
    )
    learning_rate: float = Field(default=1e-3, gt=0, description="learning rate")
    input_scale: float = Field(
        default=1.0, gt=0, description="factor on lightness; 1 keeps it in 0 to 100, as the report"
    )


class Autoencoder(Recipe[AutoencoderOptions]):
    """A network from lightness to ab / 128, both at full size."""

    name = "autoencoder"
    title = "Wast and Kanwar: a convolutional autoencoder"
    paper = "S. Wast, M. Kanwar: Coloring Black and White Images using Keras (project report)"
    Options = AutoencoderOptions
    output_scale = 128.0
    size_multiple: ClassVar[int] = 2**_UPSAMPLINGS

    @property
    def input_scale(self) -> float:
        """The factor on lightness that the option `input_scale` sets."""
        return self.options.input_scale

    def build(self, size: int | None) -> keras.Model:
        """Build the network of figure 5 of the report."""
        self._check_shapes(size or self.working_size)

        # Layers
        options = self.options

        def conv(filters: int, strides: int = 1, activation: str = "relu") -> keras.layers.Layer:
            kernel, padding = options.kernel_size, options.padding
            return keras.layers.Conv2D(
                filters, kernel, strides=strides, padding=padding, activation=activation
            )

        layers = [conv(f, options.strides if strided else 1) for f, strided in _ENCODER]
        for group in _DECODER:
            layers += [keras.layers.UpSampling2D(), *(conv(filters) for filters in group)]
        layers += [conv(2, activation="tanh"), keras.layers.UpSampling2D(dtype="float32")]

        # Functional model
        lightness = x = keras.Input((size, size, 1), name="lightness")
        for layer in layers:
            x = layer(x)
        return keras.Model(lightness, x, name=self.name)

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the mean squared error and the optimizer of the options."""
        network.compile(
            optimizer=_OPTIMIZERS[self.options.optimizer](self.options.learning_rate),
            loss="mean_squared_error",
            # With two output channels, Keras's categorical accuracy compares only which of a and b
            # is larger. The report counts it, so the log has it too.
            metrics=[keras.metrics.CategoricalAccuracy(name="ab_argmax_accuracy")],
        )

    def _check_shapes(self, size: int) -> None:
        """Raise RecipeError if the output would not have the input's size."""
        trace = _trace(size, self.options)
        if trace[-1][1] == size:
            return
        steps = " → ".join(f"{stage} {side}" for stage, side in trace)
        raise RecipeError(
            f"recipe {self.name}: expected an output of {size} × {size} pixels; "
            f"strides={self.options.strides}, padding={self.options.padding!r} and "
            f"kernel_size={self.options.kernel_size} at size {size} end at {trace[-1][1]}: "
            f"{steps}. Use strides=2, padding='same' and a size that is a multiple of "
            f"{self.size_multiple}."
        )


def _trace(size: int, options: AutoencoderOptions) -> list[tuple[str, int]]:
    """Return the side of the feature maps after each stage of the network."""
    valid = options.padding == "valid"

    def conv(side: int, strides: int = 1) -> int:
        return -(-(side - (options.kernel_size - 1 if valid else 0)) // strides)

    side, trace = size, [("input", size)]
    for _, strided in _ENCODER:
        side = conv(side, options.strides if strided else 1)
    trace.append(("encoder", side))
    # The last group is followed by the ab convolution (+ 1) and a final up-sampling (0).
    for convolutions in (*(len(group) for group in _DECODER[:-1]), len(_DECODER[-1]) + 1, 0):
        side *= 2
        for _ in range(convolutions):
            side = conv(side)
        trace.append(("up", side))
    return trace
