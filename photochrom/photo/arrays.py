"""Photographs that come as arrays, or as tensors of other libraries."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray
from photochrom.errors import PhotochromWarning, PhotoTypeError, PhotoValueError
from photochrom.photo.container import check_size
from photochrom.photo.pixels import Pixels

__all__ = ["ArraySource", "array_of", "array_pixels"]

_CHANNELS: Final = (1, 3, 4)  # grey, RGB, RGBA
_DTYPES: Final = "uint8, uint16, bool, or floats in [0, 1]"
_SHAPES: Final = "an array (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels"


@runtime_checkable
class SupportsArray(Protocol):
    """An object that gives itself as a NumPy array, for example a tensor of torch."""

    def __array__(self) -> npt.NDArray[Any]: ...


@runtime_checkable
class SupportsDLPack(Protocol):
    """An object that shares its samples through DLPack."""

    def __dlpack__(self, *, stream: None = None) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


ArraySource: TypeAlias = npt.NDArray[Any] | SupportsArray | SupportsDLPack
"""An array of NumPy, or an array or a tensor in main memory of another library."""


def array_of(source: object, name: str) -> npt.NDArray[Any] | None:
    """Return an array or a tensor as a NumPy array; None if the source is neither.

    Args:
        source: what may be an array or a tensor.
        name: its name in messages.

    Raises:
        PhotoTypeError: it is a tensor that NumPy cannot read, for example one in a GPU's memory.
    """
    if isinstance(source, np.ndarray):
        return source
    try:
        if isinstance(source, SupportsArray):
            return np.asarray(source)
        if isinstance(source, SupportsDLPack):
            return np.from_dlpack(source)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise PhotoTypeError(f"NumPy cannot read {name}: {error}") from error
    return None


def array_pixels(array: npt.NDArray[Any], name: str, max_pixels: int) -> Pixels:
    """Return the samples of an array, which share no memory with it.

    Args:
        array: (H, W), (H, W, C) or (C, H, W) with C of 1, 3 (RGB) or 4 (RGBA); uint8, uint16, bool,
            or floats in [0, 1], which become 16 bits.
        name: its name in messages.
        max_pixels: the largest number of pixels.

    Raises:
        PhotoValueError: the shape is not that of one picture, or floats are out of range.
        PhotoTypeError: the dtype is another one.
        PhotoTooLarge: there are more than `max_pixels` pixels.
    """
    array = _channels_last(array, name)
    check_size((array.shape[1], array.shape[0]), name, max_pixels)
    samples = np.ascontiguousarray(_as_integers(array, name))
    _warn_of_eight_bits(samples, name)
    return Pixels.split(samples.copy() if np.may_share_memory(samples, array) else samples)


def _channels_last(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return an array as (H, W) or (H, W, C): the channels are the axis of length 1, 3 or 4.

    Where the first and the last axis have such a length, the last one counts.
    """
    shape = array.shape
    if array.ndim == 2:
        return array
    first, last = (array.ndim == 3 and shape[axis] in _CHANNELS for axis in (0, -1))
    if not first and not last:
        advice = "; pass the pictures of a batch one at a time" if array.ndim == 4 else ""
        raise PhotoValueError(f"expected {_SHAPES}; received shape {shape} from {name}{advice}")
    return array if last else np.moveaxis(array, 0, -1)


def _as_integers(array: npt.NDArray[Any], name: str) -> IntArray:
    """Convert an array to uint8 or uint16 samples; floats become 16 bits."""
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind != "f":
        raise PhotoTypeError(f"expected {_DTYPES}; received {array.dtype} from {name}")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # also true for NaN
        received = "NaN" if np.isnan(low) else f"values from {low:g} to {high:g}"
        raise PhotoValueError(f"expected floats in [0, 1]; received {received} from {name}")
    return np.rint(array.astype(np.float64) * 65535).astype(np.uint16)


def _warn_of_eight_bits(samples: npt.NDArray[Any], name: str) -> None:
    """Warn of 16-bit samples that are all below 256, which are nearly black."""
    if samples.dtype == np.uint16 and 0 < int(samples.max()) <= 255:
        warnings.warn(
            f"expected levels up to 65,535 in uint16; {name} has none above 255 and is nearly "
            "black. Convert it to uint8 if its levels end at 255",
            PhotochromWarning,
            stacklevel=_callers_level(),
        )


def _callers_level() -> int:
    """Return the stack level, for a warning, of the line that called this package."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001
    package = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level
