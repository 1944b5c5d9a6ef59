"""A photograph in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray
from photochrom.errors import ConfigTypeError
from photochrom.photo.metadata import Metadata
from photochrom.photo.pixels import EncodedLuma
from photochrom.photo.tint import Tint

__all__ = ["Photo", "Picture", "eight_bits"]

Sample = TypeVar("Sample", bound=np.generic)


class Picture(ABC):
    """Something with an RGB picture, which NumPy and other libraries take as an array.

    `np.asarray(it)` is (H, W, 3) in the picture's own depth, uint8 or uint16, and may share its
    memory. With a dtype, it is what `to_array` returns.
    """

    @abstractmethod
    def _rgb(self) -> IntArray:
        """Return the picture in sRGB, (H, W, 3) uint8 or uint16."""

    @overload
    def to_array(self, dtype: None = None) -> IntArray: ...
    @overload
    def to_array(self, dtype: type[Sample] | np.dtype[Sample]) -> npt.NDArray[Sample]: ...
    @overload
    def to_array(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]: ...
    def to_array(self, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
        """Return the picture in sRGB as a new array, (H, W, 3), without alpha.

        Args:
            dtype: uint8, uint16, or float16, float32 or float64 for values in [0, 1]; None for the
                picture's own depth. White is the greatest value in each of them.

        Raises:
            ConfigTypeError: the dtype is another one.
        """
        rgb = self._rgb()
        converted = rgb if dtype is None else _converted(rgb, _dtype(dtype))
        return converted.copy() if converted is rgb else converted

    @overload
    def __array__(self, dtype: None = None, copy: bool | None = None) -> IntArray: ...
    @overload
    def __array__(
        self, dtype: np.dtype[Sample], copy: bool | None = None
    ) -> npt.NDArray[Sample]: ...
    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return the picture for NumPy, without copying it where that is possible.

        Raises:
            ConfigTypeError: as in `to_array`.
            ValueError: `copy` is False, and the picture has another dtype.
        """
        rgb = self._rgb()
        if dtype is None or dtype == rgb.dtype:
            return rgb.copy() if copy else rgb
        if copy is False:
            raise ValueError(f"expected dtype {rgb.dtype} or a copy; received {dtype}")
        return self.to_array(dtype)


@dataclass(frozen=True, eq=False)
class Photo(Picture):
    """A photograph, upright and in sRGB.

    Attributes:
        luma: BT.601 Y', (H, W) uint8 or uint16; for a grey photograph the stored grey, unchanged.
        color: RGB, (H, W, 3) of the same dtype; None for a grey photograph.
        alpha: (H, W) of the same dtype, or None.
        tint: "grey", "tinted" (monochrome in another tone: sepia, cyanotype, faded) or "colour".
            An album page is "tinted" if only the paper between its photographs has a colour.
        metadata: metadata for the result.
        format: format of the file, or the one that results get if that format is not written;
            "PNG" for arrays and images in memory.
        name: the photograph's name in messages.
        icc: the profile of the scan's colours, which have been converted to sRGB; None without one.
        repaired: what `photochrom.restoration` has repaired, for people; "" for nothing.
        encoded: the grey file that luma was decoded from, if its compressed luma can be kept.
    """

    luma: IntArray
    color: IntArray | None
    alpha: IntArray | None
    tint: Tint
    metadata: Metadata
    format: str
    name: str
    icc: bytes | None = None
    repaired: str = ""
    encoded: EncodedLuma | None = None

    @property
    def rgb(self) -> IntArray:
        """RGB, (H, W, 3); for a grey photograph a read-only view of its luma."""
        if self.color is not None:
            return self.color
        repeated: Any = np.broadcast_to(self.luma[..., None], (*self.luma.shape, 3))
        return cast("IntArray", repeated)

    def _rgb(self) -> IntArray:
        return self.rgb

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.luma.shape[1], self.luma.shape[0]

    def inverted(self) -> Photo:
        """Return the positive of a negative: grey, with every level of luma inverted.

        Colours are dropped, since those of a negative are those of its film.
        """
        top = np.iinfo(self.luma.dtype).max
        return replace(self, luma=top - self.luma, color=None, tint="grey")

    @property
    def is_monochrome(self) -> bool:
        """Whether the photograph is grey or tinted, for example sepia."""
        return self.tint != "colour"


def eight_bits(samples: IntArray) -> npt.NDArray[np.uint8]:
    """Round uint16 samples to uint8, so that 65,535 becomes 255; uint8 samples are unchanged."""
    if samples.dtype == np.uint8:
        return cast("npt.NDArray[np.uint8]", samples)
    # In integers: the same as rounding samples / 257, without a float copy of the picture.
    rounded = samples // np.uint16(257)
    rounded += samples % np.uint16(257) > 128
    return rounded.astype(np.uint8)


def _dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return a dtype that a picture can have."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    name = getattr(dtype, "__name__", dtype)
    if kind not in (np.uint8, np.uint16, np.float16, np.float32, np.float64):
        raise ConfigTypeError(
            f"expected uint8, uint16, float16, float32 or float64; received {name}"
        )
    return kind


def _converted(rgb: IntArray, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return samples in another dtype, in which white is 255, 65,535 or 1.0."""
    if dtype == rgb.dtype:
        return rgb
    if dtype == np.uint8:
        return eight_bits(rgb)
    if dtype == np.uint16:
        return rgb.astype(np.uint16) * np.uint16(257)
    return np.divide(rgb, np.iinfo(rgb.dtype).max, dtype=np.result_type(dtype, np.float32)).astype(
        dtype, copy=False
    )
