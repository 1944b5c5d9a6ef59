"""Find damage in a scan with a small network, which was trained on damage that was drawn.

`tools/train_damage_detector.py` trains it.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.model.engine import make_engine

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model.engine import Engine

__all__ = ["MAX_PIXELS", "damage_probability", "working_size"]

MAX_PIXELS: Final = 1_000_000
"""A larger scan is looked at in this size: its damage is larger, too."""

_MIN_PIXELS: Final = 400_000  # a smaller scan is enlarged, so that its damage is no dot
_MAX_ENLARGEMENT: Final = 2.0
_NETWORK: Final = Path(__file__).with_name("detector.onnx")
_SMALLER: Final = (2, 4)  # factors of the smaller sizes
_SMALLEST: Final = 200  # pixels of the shorter side of the smallest size
_STRIDE: Final = 8  # the network's sides are multiples of this
_TILE: Final = 928  # pixels; bounds memory
_MARGIN: Final = 48  # pixels around a tile that the network sees, too


@cache
def _engine() -> Engine:
    return make_engine(_NETWORK.read_bytes(), "the damage detector")


def working_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height in which a scan is looked at."""
    pixels = width * height
    scale = math.sqrt(min(max(pixels, _MIN_PIXELS), MAX_PIXELS) / pixels)
    scale = min(scale, _MAX_ENLARGEMENT)
    return max(1, round(width * scale)), max(1, round(height * scale))


def damage_probability(luma: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the probability that each pixel is damaged.

    The scan is also looked at in smaller sizes, in which wide and soft cracks are narrow and sharp.

    Args:
        luma: (H, W) uint8, in its `working_size`.

    Returns:
        (H, W) float32 in [0, 1].
    """
    height, width = luma.shape
    result = _in_one_size(luma)
    for factor in _SMALLER:
        size = round(width / factor), round(height / factor)
        if min(size) < _SMALLEST:
            break
        small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = cv2.resize(_in_one_size(small), (width, height), interpolation=cv2.INTER_LINEAR)
        np.maximum(result, found, out=result)
    return result


def _in_one_size(luma: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the probability of damage by one look at luma, (H, W) uint8."""
    height, width = luma.shape
    # Reflected at the edges, so that every tile has its margin and fits the network's stride.
    below, right = (-length % _STRIDE + _MARGIN for length in luma.shape)
    around = cv2.copyMakeBorder(luma, _MARGIN, below, _MARGIN, right, cv2.BORDER_REFLECT_101)
    result = np.empty((height, width), np.float32)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            tile = around[top : top + _TILE + 2 * _MARGIN, left : left + _TILE + 2 * _MARGIN]
            inputs = np.divide(tile, 255, dtype=np.float32)[None, ..., None]
            found = _engine().run(inputs)[0][0, _MARGIN:, _MARGIN:, 0]
            part = result[top : top + _TILE, left : left + _TILE]
            part[:] = found[: part.shape[0], : part.shape[1]]
    return result
