"""VGG16 without its top, from lightness, with ImageNet weights.

K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR
2015.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import keras
from keras import layers

from photochrom.errors import RecipeError
from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["FILE", "encode", "load_imagenet"]

FILE: Final = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"  # Keras's name for it
_PREFIX: Final = "vgg16_"
_BLOCKS: Final = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, convolutions
_MEANS: Final = (103.939, 116.779, 123.68)  # means of blue, green and red in ImageNet


def encode(lightness: Tensor, blocks: int = 5) -> list[Tensor]:
    """Build the encoder and return its feature maps before each pooling.

    Args:
        lightness: a Keras tensor, (B, H, W, 1), in [0, 1].
        blocks: number of blocks, 1 to 5.

    Returns:
        Keras tensors at strides 1, 2, 4, 8 and 16, as many as there are blocks.
    """
    grey = layers.Concatenate(name="bgr")([lightness] * 3)
    x = layers.Normalization(mean=_MEANS, variance=(1.0,) * 3, name="pixels")(grey * 255.0)
    maps: list[Tensor] = []
    for number, (filters, convolutions) in enumerate(_BLOCKS[:blocks], 1):
        x = layers.MaxPooling2D(name=f"{_PREFIX}block{number}_pool")(x) if maps else x
        for repeat in range(1, convolutions + 1):
            name = f"{_PREFIX}block{number}_conv{repeat}"
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        maps.append(x)
    return maps


def load_imagenet(network: keras.Model, file: Path) -> None:
    """Load the weights in a file into the encoder within a network.

    Raises:
        RecipeError: `file` does not hold VGG16's weights.
    """
    try:
        source = keras.applications.VGG16(include_top=False, weights=None)
        source.load_weights(file)
    except (OSError, ValueError, KeyError) as error:
        raise RecipeError(
            f"expected a Keras file of VGG16's weights; cannot read {file}: {error}"
        ) from error
    for layer in network.layers:
        if layer.name.startswith(_PREFIX) and layer.weights:
            layer.set_weights(source.get_layer(layer.name.removeprefix(_PREFIX)).get_weights())
