"""Combine luma with chroma so that the luma of the result is exact.

Where a colour does not fit the gamut at its luma, its chroma shrinks towards grey; channels are
never clipped. Y, Cb and Cr follow ITU-R BT.601: Y in [0, 1], Cb and Cr in [-0.5, 0.5].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

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
)

__all__ = [
    "SCRATCH_BUFFERS",
    "chroma_planes",
    "compose_rgb",
    "compress_to_gamut",
    "downscale",
    "merge",
    "pad_to_multiple",
    "to_cbcr",
]

_HAIR: Final = np.float32(1e-6)
_HALVE_ABOVE: Final = 4  # times the size; so the odd row that halving drops is not missed
_ONE: Final = np.float32(1)
_WILDEST: Final = 1e6  # chroma beyond this would overflow; it shrinks into the gamut anyway
SCRATCH_BUFFERS: Final = 4  # arrays that `shrink` and `lay` need to work in


def downscale(grey: Samples, size: tuple[int, int]) -> Samples:
    """A smaller copy, each pixel the mean of those it covers; halved, which is quick, and resized.

    Args:
        grey: (H, W) uint8 or uint16.
        size: width and height.
    """
    small: Any = grey
    while min(small.shape[1] / size[0], small.shape[0] / size[1]) >= _HALVE_ABOVE:
        height, width = small.shape[0] // 2, small.shape[1] // 2
        even = small[: 2 * height, : 2 * width]
        small = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return cast("Samples", cv2.resize(small, size, interpolation=cv2.INTER_AREA))


def pad_to_multiple(plane: Samples, step: tuple[int, int] = (2, 2)) -> Samples:
    """(H, W), with its last row and column repeated until the sides are multiples of a step."""
    missing = [(0, -side % each) for side, each in zip(plane.shape, step, strict=True)]
    padded: Any = np.pad(plane, missing, mode="edge") if any(n for _, n in missing) else plane
    return cast("Samples", padded)


# --- the merge ------------------------------------------------------------------------------


def merge(grey: Samples, chroma: FloatArray, name: str = "lab") -> Samples:
    """Lay colour over a grey photograph without touching its luma.

    Where a colour does not fit the gamut at that luma, its chroma shrinks towards grey;
    channels are never clipped. So the luma of the result is within one level of `grey`.

    Args:
        grey: luma, (H, W), uint8 or uint16.
        chroma: (H, W, 2) float32, the last two channels of the space `name`.
        name: a key of `SPACES`.

    Returns:
        RGB, (H, W, 3), of the dtype of `grey`.

    Raises:
        ValueError: the shapes differ.
    """
    if chroma.shape != (*grey.shape, 2):
        raise ValueError(f"expected chroma of shape {(*grey.shape, 2)}; received {chroma.shape}")
    result = np.empty((*grey.shape, 3), grey.dtype)

    def band(rows: slice, y: FloatArray, *spares: FloatArray) -> None:
        np.divide(grey[rows], np.iinfo(grey.dtype).max, out=y, dtype=np.float32)
        planes = to_cbcr(grey_level(grey[rows], name), chroma[rows], name)
        compose_rgb(y, *planes, result[rows], spares)

    in_bands(band, grey.shape, 1 + SCRATCH_BUFFERS)
    return cast("Samples", result)


def to_cbcr(
    level: FloatArray, chroma: FloatArray, name: str, matrix: Matrix = BT601
) -> tuple[FloatArray, FloatArray]:
    """Chroma of any space at a lightness → Cb and Cr, (...) each, out of gamut or not.

    Args:
        level: the first channel of the space `name`, (...).
        chroma: its other two, (..., 2).
        name: a key of `SPACES`.
        matrix: of Cb and Cr.
    """
    known = np.clip(np.nan_to_num(chroma), -_WILDEST, _WILDEST)
    guess = SPACES[name].to_rgb(np.concatenate([level[..., None], known], -1))
    y = guess @ matrix.weights
    cb, cr = (guess[..., 2] - y) / matrix.blue_cb, (guess[..., 0] - y) / matrix.red_cr
    return np.asarray(cb, np.float32), np.asarray(cr, np.float32)


def compress_to_gamut(
    cb: FloatArray,
    cr: FloatArray,
    darkest: FloatArray,
    lightest: FloatArray,
    spares: Sequence[FloatArray],
    matrix: Matrix = BT601,
) -> None:
    """Make chroma fit the gamut, in place: shorter, towards grey, by as little as will do.

    Args:
        cb: Cb in [-0.5, 0.5], (H, W) float32, like the others.
        cr: Cr in [-0.5, 0.5].
        darkest: the least luma that goes with it, in [0, 1].
        lightest: the greatest.
        spares: `SPARES` arrays to write over.
        matrix: of Cb and Cr.
    """
    red, green, blue, longest = spares
    _primaries(cb, cr, (red, green, blue), longest, matrix)
    above, room = np.maximum(red, blue, out=longest), np.minimum(red, blue, out=red)
    np.maximum(above, green, out=above)
    below = np.minimum(room, green, out=green)
    above /= np.subtract(1 + _HAIR, lightest, out=blue)
    below /= np.subtract(-_HAIR, darkest, out=blue)
    np.maximum(above, below, out=longest)
    np.maximum(longest, _ONE, out=longest)
    cb /= longest
    cr /= longest


def _primaries(
    cb: FloatArray, cr: FloatArray, rgb: Sequence[FloatArray], spare: FloatArray, matrix: Matrix
) -> None:
    """Write by how much red, green and blue differ from luma."""
    red, green, blue = rgb
    np.multiply(cr, matrix.red_cr, out=red)
    np.multiply(cb, matrix.blue_cb, out=blue)
    np.multiply(cb, matrix.green_cb, out=green)
    np.multiply(cr, matrix.green_cr, out=spare)
    green += spare


def compose_rgb(
    y: FloatArray, cb: FloatArray, cr: FloatArray, rgb: IntArray, spares: Sequence[FloatArray]
) -> None:
    """Chroma over luma, within the gamut.

    Args:
        y: luma in [0, 1], (H, W) float32.
        cb: Cb in [-0.5, 0.5], (H, W) float32; overwritten.
        cr: Cr, likewise.
        rgb: where the result goes, (H, W, 3) uint8 or uint16.
        spares: `SPARES` arrays, (H, W) float32, to write over.
    """
    compress_to_gamut(cb, cr, y, y, spares)
    top = np.float32(np.iinfo(rgb.dtype).max)
    *tints, spare = spares
    _primaries(cb, cr, tints, spare, BT601)
    for channel, tint in enumerate(tints):
        tint += y
        tint *= top
        np.rint(tint, out=rgb[..., channel], casting="unsafe")


def chroma_planes(rgb: IntArray) -> tuple[IntArray, IntArray]:
    """Cb and Cr as an 8-bit JPEG file stores them: BT.601 full range around 128.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Two planes, (H, W) uint8.
    """
    _, cr, cb = cv2.split(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2YCrCb))
    return np.asarray(cb, np.uint8), np.asarray(cr, np.uint8)
