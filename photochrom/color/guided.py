"""Enlarge the chroma of a small picture to every pixel of the photograph.

A network predicts chroma at a low resolution. A guided filter enlarges it along the edges of the
photograph's luma, which has the full resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np

from photochrom import color
from photochrom.color.levels import BT601, JPEG, Levels, Matrix

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.color.spaces import Samples

__all__ = ["LinearChroma", "fit_to_luma", "limit_chroma", "mean_chroma"]

_RADIUS: Final = 2  # half the side of the filter's window, in pixels of the small picture
_TINY: Final = 1e-6  # avoids division by zero
_EPSILON: Final = 1e-3  # variance of luma below which a window counts as flat


@dataclass(frozen=True, eq=False)
class LinearChroma:
    """Cb and Cr as linear functions of luma, one for every pixel of a small picture.

    This is the fast guided filter (K. He, J. Sun: Fast Guided Filter, arXiv:1505.00996, 2015). In
    every window of a small picture, chroma is fitted as a linear function of luma. The functions
    are enlarged, not the chroma, so colours end at the edges of the luma.

    Attributes:
        coefficients: (4, h, w) float32: slope of Cb, slope of Cr, offset of Cb and offset of Cr,
            for luma in [0, 1] and chroma in [-0.5, 0.5].
        matrix: the matrix that defines Cb and Cr.
    """

    coefficients: FloatArray
    matrix: Matrix = BT601

    @classmethod
    def fit(
        cls, chroma: FloatArray, luma: IntArray, space: str, matrix: Matrix = BT601
    ) -> LinearChroma:
        """Fit the functions to a small picture's chroma and the photograph's luma.

        Args:
            chroma: (h, w, 2) float32, in the units of the space.
            luma: luma of the photograph, (H, W) uint8 or uint16, full range.
            space: a key of `color.SPACES`.
            matrix: the matrix that defines Cb and Cr.
        """
        small, guide = _small_luma(luma, chroma.shape[:2])
        planes = color.to_cbcr(color.grey_level(small, space), chroma, space, matrix)
        coefficients = np.concatenate(_fit_linear(guide, np.stack(planes, -1)), -1)
        return cls(np.ascontiguousarray(coefficients.transpose(2, 0, 1)), matrix)

    def rgb(self, luma: Samples) -> Samples:
        """Return RGB for the luma of the photograph, which stays as it is.

        Only for functions that were fitted with the BT.601 matrix.

        Args:
            luma: (H, W) uint8 or uint16.

        Returns:
            RGB, (H, W, 3), of the same dtype.
        """
        top = np.float32(np.iinfo(luma.dtype).max)
        result = np.empty((*luma.shape, 3), luma.dtype)
        coefficients = self._coefficients_for_rows(len(luma))

        def band(rows: slice, y: FloatArray, *work: FloatArray) -> None:
            cb, cr, *scratch = work
            np.divide(luma[rows], top, out=y, dtype=np.float32)
            _evaluate(coefficients[:, rows], y, cb, cr, scratch[0])
            color.compose_rgb(y, cb, cr, result[rows], scratch)

        color.in_bands(band, luma.shape, 3 + color.SCRATCH_BUFFERS)
        return cast("Samples", result)

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr as an 8-bit JPEG file stores them.

        Args:
            luma: (H, W) uint8.
            halved: whether chroma has half the height and width of luma ("4:2:0").

        Returns:
            Two planes, (H, W) or (⌈H/2⌉, ⌈W/2⌉) uint8.
        """
        return self.subsampled_planes(luma, (2, 2) if halved else (1, 1), JPEG)

    def subsampled_planes(
        self, luma: IntArray, step: tuple[int, int], levels: Levels
    ) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr as an image file or a film stores them.

        Args:
            luma: (H, W), of the type and range of `levels`.
            step: the rows and columns of luma that share one sample of chroma, 1, 2 or 4 each;
                (2, 2) is "4:2:0". The chroma fits the gamut at the darkest and at the lightest
                of these pixels.
            levels: the integer levels of luma and chroma.

        Returns:
            Two planes, (⌈H / step[0]⌉, ⌈W / step[1]⌉), of the type of `levels`.
        """
        shape = tuple(-(-side // factor) for side, factor in zip(luma.shape, step, strict=True))
        result = np.empty(shape, levels.dtype), np.empty(shape, levels.dtype)
        coefficients = self._coefficients_for_rows(shape[0])

        def band(rows: slice, mean: FloatArray, *work: FloatArray) -> None:
            darkest, lightest, cb, cr, *scratch = work
            part = luma[rows.start * step[0] : rows.stop * step[0]]
            _block_statistics(part, step, levels, (mean, darkest, lightest))
            _evaluate(coefficients[:, rows], mean, cb, cr, scratch[0])
            color.compress_to_gamut(cb, cr, darkest, lightest, scratch, self.matrix)
            for plane, samples in zip((cb, cr), result, strict=True):
                _write_levels(plane, levels, samples[rows])

        color.in_bands(band, shape, 5 + color.SCRATCH_BUFFERS)
        return result

    def _coefficients_for_rows(self, height: int) -> FloatArray:
        """Return the functions for every row of the photograph, (4, height, w)."""
        # Only the height is enlarged here, so that bands do not need their neighbours' rows. The
        # width is enlarged band by band, which keeps the arrays small.
        size = (self.coefficients.shape[2], height)
        resized = [
            cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in self.coefficients
        ]
        return np.asarray(np.stack(resized), np.float32)


def limit_chroma(chroma: FloatArray, limit: FloatArray | float) -> FloatArray:
    """Return chroma with its strength limited, by shrinking it towards grey.

    Args:
        chroma: (h, w, 2) float32, in the units of any space.
        limit: the largest length of chroma, in the same units; one number or (h, w) float32.

    Returns:
        (h, w, 2) float32.
    """
    length = np.linalg.norm(chroma, axis=-1)
    share = np.minimum(1, limit / np.maximum(length, _TINY))
    return np.asarray(chroma * share[..., None], np.float32)


def fit_to_luma(values: FloatArray, luma: IntArray) -> tuple[FloatArray, FloatArray]:
    """Fit any values of a small picture as linear functions of luma, like `LinearChroma`.

    Args:
        values: (h, w, n) float32.
        luma: luma of the photograph, (H, W) uint8 or uint16.

    Returns:
        Slopes and offsets, (h, w, n) float32 each, for luma in [0, 1].
    """
    return _fit_linear(_small_luma(luma, values.shape[:2])[1], values)


def mean_chroma(chroma: FloatArray, lightness: FloatArray, space: str) -> float:
    """Return the mean chroma of a small picture in Lab, whatever the network's colour space.

    Args:
        chroma: (h, w, 2) float32, in the units of the space.
        lightness: the network's input, (h', w') float32, in the units of the space.
        space: a key of `color.SPACES`.

    Returns:
        The mean distance from grey, in Lab units, within the gamut.
    """
    level = cv2.resize(lightness, chroma.shape[1::-1], interpolation=cv2.INTER_AREA)
    grey = np.dstack([level, np.zeros_like(chroma)])
    rgb = np.clip(color.SPACES[space].to_rgb(grey), 0, 1)
    luma = color.luma(np.rint(rgb * 255).astype("u1"))
    merged = color.merge(luma, chroma, space)
    lab = color.rgb_to_lab(np.divide(merged, 255, dtype=np.float32))
    return float(np.linalg.norm(lab[..., 1:], axis=-1).mean())


def _evaluate(
    coefficients: FloatArray, luma: FloatArray, cb: FloatArray, cr: FloatArray, scratch: FloatArray
) -> None:
    """Write Cb and Cr for a band of rows, (h, W), from their functions, (4, h, w)."""
    size = luma.shape[::-1]
    for plane, slope, offset in zip((cb, cr), coefficients[:2], coefficients[2:], strict=True):
        cv2.resize(slope, size, dst=plane, interpolation=cv2.INTER_LINEAR)
        cv2.resize(offset, size, dst=scratch, interpolation=cv2.INTER_LINEAR)
        plane *= luma
        plane += scratch


def _small_luma(luma: IntArray, size: tuple[int, int]) -> tuple[IntArray, FloatArray]:
    """Return a photograph's luma at the size (h, w): as integers, and as float32 in [0, 1]."""
    small = color.downscale(luma, size[::-1])
    return small, np.divide(small, np.iinfo(luma.dtype).max, dtype=np.float32)


def _fit_linear(guide: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit values ≈ slope · guide + offset in a window around every pixel.

    Args:
        guide: (h, w) float32.
        values: (h, w, n) float32.

    Returns:
        Slopes and offsets, (h, w, n) float32 each: the means over all windows with the pixel.
    """

    def mean(x: FloatArray) -> FloatArray:
        return color.in_channel_groups(_window_mean, x)

    guide = guide[..., None]
    mean_guide, mean_values = mean(guide), mean(values)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(guide * values) - mean_guide * mean_values) / (variance + _EPSILON)
    offset = mean_values - slope * mean_guide
    return mean(slope), mean(offset)


def _window_mean(x: FloatArray) -> FloatArray:
    side = 2 * _RADIUS + 1
    return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)


def _block_statistics(
    luma: IntArray, step: tuple[int, int], levels: Levels, planes: Sequence[FloatArray]
) -> None:
    """Write the mean, least and greatest luma, in [0, 1], of blocks of pixels to three planes."""
    if step == (1, 1):
        statistics: Sequence[IntArray] = (luma,) * 3
    else:
        padded = color.pad_to_multiple(luma, step)
        size = (padded.shape[1] // step[1], padded.shape[0] // step[0])
        mean = cast("IntArray", cv2.resize(padded, size, interpolation=cv2.INTER_AREA))
        extremes = (_block_extremes(padded, step, extreme) for extreme in (np.minimum, np.maximum))
        statistics = (mean, *extremes)
    scale = np.float32(1 / levels.luma_range)
    for samples, plane in zip(statistics, planes, strict=True):
        np.multiply(samples, scale, out=plane, dtype=np.float32)
        if levels.black:
            plane -= np.float32(levels.black) * scale
            np.clip(plane, 0, 1, out=plane)  # limited range allows levels beyond black and white


def _block_extremes(luma: IntArray, step: tuple[int, int], extreme: np.ufunc) -> IntArray:
    """Return the least or the greatest luma of every block, as `extreme` says."""
    # Whole slices are compared: NumPy is slow at reductions over axes as short as these.
    rows = [luma[first :: step[0]] for first in range(step[0])]
    down = reduce(extreme, rows)
    columns = [down[:, first :: step[1]] for first in range(step[1])]
    return reduce(extreme, columns)


def _write_levels(plane: FloatArray, levels: Levels, samples: IntArray) -> None:
    """Write chroma in [-0.5, 0.5] as integer levels; `plane` may be overwritten."""
    if levels.depth == 8:  # one call of OpenCV scales, rounds and clips
        cv2.convertScaleAbs(plane, dst=samples, alpha=levels.chroma_range, beta=levels.grey)
        return
    plane *= np.float32(levels.chroma_range)
    plane += np.float32(levels.grey)
    np.clip(plane, 0, levels.top, out=plane)
    np.rint(plane, out=samples, casting="unsafe")
