"""Fill in what damage hides, from what surrounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray

__all__ = ["fill_in"]

_TILE: Final = 512  # pixels
_MARGIN: Final = 64  # pixels around a tile that are looked at, too
_RADIUS: Final = 4  # pixels around a point that it is filled in from
_GRAIN: Final = 1.2  # sigma in pixels: what is finer counts as grain
_GRAIN_WINDOW: Final = 33  # pixels within which grain is alike
_GRAIN_SHIFTS: Final = (17, 29, 43)  # pixels from which grain is copied
_GRAIN_LIMIT: Final = 2.0  # standard deviations: more is no grain but a detail


def fill_in(luma: IntArray, mask: npt.NDArray[np.bool_]) -> IntArray:
    """Return luma with the pixels under a mask filled in, and with grain like that around them.

    All other pixels are unchanged.

    Args:
        luma: (H, W) uint8 or uint16.
        mask: (H, W).

    Returns:
        (H, W) of the same dtype.

    Source:
        A. Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
    """
    result = luma.copy()
    height, width = luma.shape
    for top in range(0, height, _TILE):  # by tiles, so that little memory is needed
        for left in range(0, width, _TILE):
            tile = slice(top, top + _TILE), slice(left, left + _TILE)
            if mask[tile].any():
                first = max(0, top - _MARGIN), max(0, left - _MARGIN)
                around = (
                    slice(first[0], top + _TILE + _MARGIN),
                    slice(first[1], left + _TILE + _MARGIN),
                )
                filled = _filled(luma[around], mask[around])
                inner = filled[top - first[0] :, left - first[1] :][:_TILE, :_TILE]
                np.copyto(result[tile], inner, where=mask[tile])
    return result


def _filled(luma: IntArray, mask: npt.NDArray[np.bool_]) -> IntArray:
    """Return a small piece of luma with the pixels under a mask filled in."""
    smooth = cv2.inpaint(luma, mask.astype(np.uint8), _RADIUS, cv2.INPAINT_TELEA)
    top = np.iinfo(luma.dtype).max
    filled = np.clip(smooth.astype(np.float32) + _grain(luma, mask), 0, top)
    return cast("IntArray", np.rint(filled).astype(luma.dtype))


def _grain(luma: IntArray, mask: npt.NDArray[np.bool_]) -> FloatArray:
    """Return grain for the pixels under a mask, copied from their neighbourhood; 0 elsewhere."""
    # Without the marks, whose edges are no grain.
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    samples = luma.astype(np.float32)
    fine = samples - cv2.GaussianBlur(samples, (0, 0), _GRAIN)
    fine[near] = 0
    window = (_GRAIN_WINDOW, _GRAIN_WINDOW)
    known = cv2.blur((~near).astype(np.float32), window)
    power = np.maximum(cv2.blur(fine**2, window), 0)  # rounding makes zeros negative
    deviation = np.sqrt(power / np.maximum(known, 1e-3))
    result, missing = np.zeros_like(fine), mask.copy()
    for shift in _GRAIN_SHIFTS:
        for offset in ((0, shift), (shift, 0), (0, -shift), (-shift, 0)):
            usable = missing & ~np.roll(near, offset, (0, 1))
            result[usable] = np.roll(fine, offset, (0, 1))[usable]
            missing &= ~usable
    limit = _GRAIN_LIMIT * deviation
    return cast("FloatArray", np.clip(result, -limit, limit))
