"""From the chroma of a small picture to that of every pixel of the photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np

from photochrom import color

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray, Samples

__all__ = ["LinearChroma"]

_RADIUS: Final = 2  # how far a window reaches, in places of the small chroma
_BYTE: Final = np.float32(255)
_GREY: Final = np.float32(128)
_EPSILON: Final = 1e-3  # luma variance below which a window counts as flat


@dataclass(frozen=True, eq=False)
class LinearChroma:
    """Cb and Cr as a linear function of luma, place by place.

    The fast guided filter (K. He, J. Sun: Fast Guided Filter, arXiv:1505.00996, 2015): in every
    window of a small picture chroma is a linear function of luma; the functions are enlarged, not
    the chroma, and so colours end where luma does.

    Attributes:
        model: (h, w, 4) float32: slope of Cb, slope of Cr, offset of Cb, offset of Cr, for luma in
            [0, 1] and chroma in [-0.5, 0.5].
    """

    model: FloatArray

    @classmethod
    def fit(cls, chroma: FloatArray, luma: IntArray, space: str) -> LinearChroma:
        """Find the functions.

        Args:
            chroma: (h, w, 2) float32, in the units of the space.
            luma: of the photograph, (H, W) uint8 or uint16.
            space: a key of `color.SPACES`.
        """
        small = color.reduced(luma, chroma.shape[1::-1])
        guide = np.divide(small, np.iinfo(luma.dtype).max, dtype=np.float32)
        planes = color.to_cbcr(color.grey_level(small, space), chroma, space)
        fits = [_linear(guide, plane) for plane in planes]
        return cls(np.dstack([*(slope for slope, _ in fits), *(offset for _, offset in fits)]))

    def over(self, luma: Samples) -> Samples:
        """RGB, (H, W, 3), of a photograph's luma, (H, W) uint8 or uint16; luma stays as it is."""
        top = np.float32(np.iinfo(luma.dtype).max)
        result = cast("Samples", np.empty((*luma.shape, 3), luma.dtype))

        def band(rows: slice) -> None:
            part = luma[rows]
            scaled = np.divide(part, top, dtype=np.float32)
            result[rows] = color.lay(part, *self._cbcr(scaled, luma.shape, rows.start))

        color.in_bands(band, luma.shape)
        return result

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Cb and Cr as an 8-bit JPEG stores them.

        Args:
            luma: (H, W) uint8.
            halved: at half its size ("4:2:0"), fit for the darkest and the lightest of each four
                pixels.

        Returns:
            Two planes, (H, W) or (⌈H/2⌉, ⌈W/2⌉) uint8.
        """
        step = 2 if halved else 1
        shape = tuple(-(-side // step) for side in luma.shape)
        cb, cr = np.empty(shape, np.uint8), np.empty(shape, np.uint8)

        def band(rows: slice) -> None:
            mean, darkest, lightest = _blocks(luma[rows.start * step : rows.stop * step], step)
            planes = self._cbcr(mean, shape, rows.start)
            color.shrink(*planes, darkest, lightest)
            for plane, bytes_ in zip(planes, (cb, cr), strict=True):
                plane *= _BYTE
                plane += _GREY
                np.rint(plane, out=bytes_[rows], casting="unsafe")

        color.in_bands(band, shape)
        return cb, cr

    def _cbcr(
        self, luma: FloatArray, shape: tuple[int, ...], top: int
    ) -> tuple[FloatArray, FloatArray]:
        """Cb and Cr of the rows from `top` on of a picture of that shape."""
        model = self.model
        across, down = model.shape[1] / shape[1], model.shape[0] / shape[0]
        place = np.array(
            [[across, 0, across / 2 - 0.5], [0, down, (top + 0.5) * down - 0.5]], np.float64
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        here = cv2.warpAffine(
            model, place, luma.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        planes = [np.asarray(plane, np.float32) for plane in cv2.split(here)]
        for slope, offset in ((planes[0], planes[2]), (planes[1], planes[3])):
            slope *= luma
            slope += offset
        return planes[0], planes[1]


def _linear(guide: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and offset of values ≈ slope · guide + offset around every pixel."""

    def mean(x: FloatArray) -> FloatArray:
        side = 2 * _RADIUS + 1
        return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE))

    mean_guide, mean_values = mean(guide), mean(values)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(guide * values) - mean_guide * mean_values) / (variance + _EPSILON)
    offset = mean_values - slope * mean_guide
    return mean(slope), mean(offset)


def _blocks(luma: IntArray, step: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, least and greatest luma, in [0, 1], of blocks of step × step pixels."""
    if step == 1:
        y = np.divide(luma, 255, dtype=np.float32)
        return y, y, y
    even = color.evened(luma)
    pairs = even[::2], even[1::2]
    least, most = np.minimum(*pairs), np.maximum(*pairs)
    darkest = np.minimum(least[:, ::2], least[:, 1::2])
    lightest = np.maximum(most[:, ::2], most[:, 1::2])
    mean = cv2.resize(even, darkest.shape[::-1], interpolation=cv2.INTER_AREA)
    scaled = (np.divide(plane, 255, dtype=np.float32) for plane in (mean, darkest, lightest))
    return cast("tuple[FloatArray, FloatArray, FloatArray]", tuple(scaled))
