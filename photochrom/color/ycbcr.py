"""Combine luma with chroma so that the luma of the result is exact.

Where a colour does not fit the gamut at its luma, its chroma shrinks towards grey; channels are
never clipped. Y, Cb and Cr follow ITU-R BT.601: Y in [0, 1], Cb and Cr in [-0.5, 0.5].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import cv2
import numpy as np

from photochrom.color.bands import in_bands
from photochrom.color.levels import BT601, Matrix
from photochrom.color.spaces import (
    SPACES,
    FloatArray,
    IntArray,
    Samples,
    grey_level,
    rgb_to_lab,
    ycbcr_to_rgb,
)

__all__ = [
    "SCRATCH_BUFFERS",
    "ab_to_cbcr",
    "chroma_planes",
    "compose_rgb",
    "compress_to_gamut",
    "downscale",
    "merge",
    "pad_to_multiple",
    "to_cbcr",
]

_EPSILON: Final = np.float32(1e-6)  # avoids division by zero in black and white
# Pictures are halved while they are at least this many times the size; at such sizes the odd row
# and column that halving drops make no difference.
_HALVE_ABOVE: Final = 4
_ONE: Final = np.float32(1)
_MAX_CHROMA: Final = 1e6  # larger values would overflow; the gamut is far smaller anyway
_AB_ROUNDS: Final = 4  # iterations of `ab_to_cbcr`
SCRATCH_BUFFERS: Final = 4  # arrays that `compress_to_gamut` and `compose_rgb` work in


def downscale(picture: Samples, size: tuple[int, int], *, quick: bool = False) -> Samples:
    """Return a smaller copy, in which each pixel is the mean of the pixels that it covers.

    Args:
        picture: (H, W) or (H, W, C), uint8 or uint16.
        size: width and height of the copy.
        quick: whether it may be interpolated from a copy of less than twice the size, which is
            quicker, but mixes fewer pixels.
    """
    # Halving first is quicker than one resize by a large factor.
    small: IntArray = picture
    halve_above = 2 if quick else _HALVE_ABOVE
    while min(small.shape[1] / size[0], small.shape[0] / size[1]) >= halve_above:
        height, width = small.shape[0] // 2, small.shape[1] // 2
        even = small[: 2 * height, : 2 * width]
        halved = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        small = cast("IntArray", halved)
    interpolation = cv2.INTER_LINEAR if quick else cv2.INTER_AREA
    return cast("Samples", cv2.resize(small, size, interpolation=interpolation))


def pad_to_multiple(plane: Samples, step: tuple[int, int] = (2, 2)) -> Samples:
    """Repeat the last row and column until the sides are multiples of a step.

    Args:
        plane: (H, W) uint8 or uint16.
        step: the factors of height and width.
    """
    missing = [(0, -side % factor) for side, factor in zip(plane.shape, step, strict=True)]
    if not any(count for _, count in missing):
        return plane
    return cast("Samples", np.pad(plane, missing, mode="edge"))


# --- the merge ------------------------------------------------------------------------------


def merge(grey: Samples, chroma: FloatArray, name: str = "lab") -> Samples:
    """Combine a grey photograph with chroma, without changing its luma.

    Where a colour does not fit the gamut at its luma, its chroma shrinks towards grey; channels
    are never clipped. So the luma of the result is within one level of `grey`.

    Args:
        grey: luma, (H, W), uint8 or uint16.
        chroma: (H, W, 2) float32, the last two channels of the space `name`.
        name: a key of `SPACES`.

    Returns:
        RGB, (H, W, 3), of the dtype of `grey`.

    Raises:
        ValueError: the shapes of `grey` and `chroma` differ.
    """
    if chroma.shape != (*grey.shape, 2):
        raise ValueError(f"expected chroma of shape {(*grey.shape, 2)}; received {chroma.shape}")
    result = np.empty((*grey.shape, 3), grey.dtype)

    def band(rows: slice, y: FloatArray, *scratch: FloatArray) -> None:
        np.divide(grey[rows], np.iinfo(grey.dtype).max, out=y, dtype=np.float32)
        planes = to_cbcr(grey_level(grey[rows], name), chroma[rows], name)
        compose_rgb(y, *planes, result[rows], scratch)

    in_bands(band, grey.shape, 1 + SCRATCH_BUFFERS)
    return cast("Samples", result)


def to_cbcr(
    level: FloatArray, chroma: FloatArray, name: str, matrix: Matrix = BT601
) -> tuple[FloatArray, FloatArray]:
    """Convert chroma of any space to Cb and Cr, without a limit to the gamut.

    Args:
        level: the first channel of the space `name`, (...) float32.
        chroma: its other two channels, (..., 2) float32.
        name: a key of `SPACES`.
        matrix: the matrix that defines Cb and Cr.

    Returns:
        Cb and Cr, (...) float32 each.
    """
    finite = np.clip(np.nan_to_num(chroma), -_MAX_CHROMA, _MAX_CHROMA)
    rgb = SPACES[name].to_rgb(np.concatenate([level[..., None], finite], -1))
    y = rgb @ matrix.weights
    cb, cr = (rgb[..., 2] - y) / matrix.blue_cb, (rgb[..., 0] - y) / matrix.red_cr
    return np.asarray(cb, np.float32), np.asarray(cr, np.float32)


def compress_to_gamut(
    cb: FloatArray,
    cr: FloatArray,
    darkest: FloatArray,
    lightest: FloatArray,
    scratch: Sequence[FloatArray],
    matrix: Matrix = BT601,
) -> None:
    """Shrink chroma towards grey, in place, by as little as makes it fit the gamut.

    All arrays are (H, W) float32. Chroma of a block of pixels has to fit the darkest and the
    lightest of them; for single pixels both are the same.

    Args:
        cb: Cb, in [-0.5, 0.5].
        cr: Cr, in [-0.5, 0.5].
        darkest: the lowest luma in [0, 1] that the chroma has to fit.
        lightest: the highest luma that it has to fit.
        scratch: `SCRATCH_BUFFERS` arrays that are overwritten.
        matrix: the matrix that defines Cb and Cr.
    """
    # Luma + d must lie in [0, 1] for the differences d of red, green and blue. So chroma is
    # divided by the largest of d / (1 - luma) and d / -luma, if that is above 1.
    red, green, blue, divisor = scratch
    _color_differences(cb, cr, (red, green, blue), divisor, matrix)
    # Results go into arrays that are not needed any more: allocating would take longer.
    highest, lower = np.maximum(red, blue, out=divisor), np.minimum(red, blue, out=red)
    np.maximum(highest, green, out=highest)
    lowest = np.minimum(lower, green, out=green)
    highest /= np.subtract(1 + _EPSILON, lightest, out=blue)
    lowest /= np.subtract(-_EPSILON, darkest, out=blue)
    np.maximum(highest, lowest, out=divisor)
    np.maximum(divisor, _ONE, out=divisor)
    cb /= divisor
    cr /= divisor


def _color_differences(
    cb: FloatArray, cr: FloatArray, rgb: Sequence[FloatArray], scratch: FloatArray, matrix: Matrix
) -> None:
    """Write the differences R' - Y', G' - Y' and B' - Y' into three arrays."""
    red, green, blue = rgb
    np.multiply(cr, matrix.red_cr, out=red)
    np.multiply(cb, matrix.blue_cb, out=blue)
    np.multiply(cb, matrix.green_cb, out=green)
    np.multiply(cr, matrix.green_cr, out=scratch)
    green += scratch


def compose_rgb(
    y: FloatArray, cb: FloatArray, cr: FloatArray, rgb: IntArray, scratch: Sequence[FloatArray]
) -> None:
    """Combine luma with chroma to RGB, within the gamut.

    Args:
        y: luma in [0, 1], (H, W) float32.
        cb: Cb in [-0.5, 0.5], (H, W) float32; overwritten.
        cr: Cr in [-0.5, 0.5], (H, W) float32; overwritten.
        rgb: receives the result, (H, W, 3) uint8 or uint16.
        scratch: `SCRATCH_BUFFERS` arrays, (H, W) float32, that are overwritten.
    """
    compress_to_gamut(cb, cr, y, y, scratch)
    top = np.float32(np.iinfo(rgb.dtype).max)
    *planes, free = scratch
    _color_differences(cb, cr, planes, free, BT601)
    for channel, plane in enumerate(planes):
        plane += y
        plane *= top
        np.rint(plane, out=rgb[..., channel], casting="unsafe")


def chroma_planes(rgb: IntArray) -> tuple[IntArray, IntArray]:
    """Return Cb and Cr as an 8-bit JPEG file stores them: BT.601, full range, around 128.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Two planes, (H, W) uint8.
    """
    _, cr, cb = cv2.split(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2YCrCb))
    return np.asarray(cb, np.uint8), np.asarray(cr, np.uint8)


def ab_to_cbcr(wanted: FloatArray, levels: IntArray) -> FloatArray:
    """Return the Cb and Cr that show given a and b of Lab at a luma, as far as the gamut allows.

    Luma is not lightness: colours of the same luma differ in L, and so a little in a and b. An
    iteration corrects for that; the best of its rounds is returned.

    Args:
        wanted: a and b, (m, 2) float32.
        levels: luma, (m,) uint8 or uint16.

    Returns:
        (m, 2) float32.
    """
    y = np.divide(levels, np.iinfo(levels.dtype).max, dtype=np.float32)
    grey = grey_level(levels, "lab")
    target, best = wanted, np.zeros_like(wanted)
    least_error = np.full(len(wanted), np.inf, np.float32)
    for _ in range(_AB_ROUNDS):
        planes = _in_gamut(y, *to_cbcr(grey, target, "lab"))
        missing = wanted - rgb_to_lab(ycbcr_to_rgb(np.stack([y, *planes], -1)))[:, 1:]
        error = np.hypot(*missing.T)
        better = error < least_error
        best[better], least_error[better] = np.stack(planes, -1)[better], error[better]
        target = target + missing
    return best


def _in_gamut(y: FloatArray, cb: FloatArray, cr: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Cb and Cr, (m,) each, shrunk to fit the gamut at their luma."""
    cb, cr = cb[None].copy(), cr[None].copy()
    compress_to_gamut(cb, cr, y[None], y[None], [np.empty_like(cb) for _ in range(SCRATCH_BUFFERS)])
    return cb[0], cr[0]
