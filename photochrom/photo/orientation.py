"""Turn stored pictures upright, by the eight orientations of EXIF."""

from __future__ import annotations

from typing import Any

import numpy as np

from photochrom.color import IntArray

__all__ = ["swaps_sides", "upright"]


def swaps_sides(orientation: int) -> bool:
    """Whether turning a picture of this EXIF orientation upright swaps width and height."""
    return orientation in (5, 6, 7, 8)


def upright(samples: IntArray, orientation: int) -> IntArray:
    """Turn stored samples upright.

    Args:
        samples: (H, W) or (H, W, C).
        orientation: EXIF tag 274, 1 to 8; anything else counts as 1.

    Returns:
        A contiguous array; (W, H, ...) for orientations 5 to 8.
    """
    turned: Any = samples
    if swaps_sides(orientation):
        turned = turned.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    contiguous: IntArray = np.ascontiguousarray(turned)
    return contiguous
