"""A small recipe of your own: the complete example of docs/how-to/write-a-recipe.md."""

from __future__ import annotations

import keras
from keras import layers
from pydantic import Field

from photochrom.recipes.base import Options, Recipe


class MyOptions(Options):
    """The settings that --set options.NAME=VALUE can change."""

    width: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)


class MyRecipe(Recipe[MyOptions]):
    """Lightness in; a and b of Lab out, at full size."""

    name = "my_recipe"
    title = "A small network of convolutions"
    Options = MyOptions
    color_space = "lab"  # the network reads L and returns a and b
    output_scale = 128.0  # the network's output times this is a and b
    size_multiple = 4  # two halvings: both sides must be multiples of 4

    @property
    def input_scale(self) -> float:
        """Scale lightness from 0 to 100 down to 0 to 1."""
        return 0.01

    def build(self, size: int | None) -> keras.Model:
        """Build the network for squares of `size` pixels; for any size if None."""
        width = self.options.width

        # Layers
        down = [layers.Conv2D(width * n, 3, 2, padding="same", activation="relu") for n in (1, 2)]
        up = [layers.Conv2D(width * n, 3, padding="same", activation="relu") for n in (2, 1)]
        chroma = layers.Conv2D(2, 3, padding="same", activation="tanh", dtype="float32")

        # Functional model
        lightness = x = keras.Input((size, size, 1), name="lightness")
        for layer in down:
            x = layer(x)
        for layer in up:
            x = layers.UpSampling2D()(layer(x))
        return keras.Model(lightness, chroma(x), name=self.name)

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Set mean squared error and Adam."""
        network.compile(keras.optimizers.Adam(self.options.learning_rate), "mean_squared_error")
