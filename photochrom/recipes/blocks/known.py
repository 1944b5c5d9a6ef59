"""What is known of a photograph's colours while learning: nothing, points, patches, nearly all.

Half of the time nothing is known. Otherwise it is what will be known later: a person's points and
strokes (R. Zhang et al.: Real-Time User-Guided Image Colorization, SIGGRAPH 2017), places matched
in a reference photograph, some of them wrongly, or a film's last frame: nearly everything, but
shifted, blurred, noisy and with holes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from photochrom.color import FloatArray

__all__ = ["NOTHING", "sample_hints"]

NOTHING: Final = 0.5  # the share of photographs of which nothing is known
_MOST_POINTS: Final = 40
_LARGEST_POINT: Final = 1 / 16  # of the shorter side
_FARTHEST_SHIFT: Final = 1 / 32
_CELLS: Final = 16  # of the matched places, along a side


def sample_hints(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """What a photograph's chroma lets be known, at random.

    Args:
        ab: (H, W, 2) float32.
        rng: decides.

    Returns:
        (H, W, 3) float32: a and b where known, 0 elsewhere; and the mask, 0 or 1.
    """
    if rng.random() < NOTHING:
        return np.zeros((*ab.shape[:2], 3), np.float32)
    ways: tuple[Callable[[FloatArray, np.random.Generator], FloatArray], ...]
    ways = (_points, _points, _matched, _last_frame)
    return ways[rng.integers(len(ways))](ab, rng)


def _points(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A few squares, each of the mean colour of its place; fewer more often than many."""
    height, width = ab.shape[:2]
    known = np.zeros((height, width, 3), np.float32)
    largest = max(2, min(height, width) * _LARGEST_POINT)
    for _ in range(int(np.exp(rng.uniform(0, np.log(_MOST_POINTS + 1))))):
        side = int(rng.uniform(1, largest + 1))
        top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        place = np.s_[top : top + side, left : left + side]
        known[place] = (*ab[place].mean((0, 1)), 1)
    return known


def _matched(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Cells of a grid, of about the right colour, some of them of that of another place."""
    height, width = ab.shape[:2]
    cells = cv2.resize(ab, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    known = np.zeros((_CELLS, _CELLS, 3), np.float32)
    known[..., :2] = cells + rng.normal(0, rng.uniform(0, 8), cells.shape)
    wrong = rng.random((_CELLS, _CELLS)) < rng.uniform(0, 0.15)
    known[wrong, :2] = rng.permutation(cells.reshape(-1, 2))[: wrong.sum()]
    known[..., 2] = 1
    known[rng.random((_CELLS, _CELLS)) < rng.uniform(0.3, 0.98)] = 0
    return np.asarray(cv2.resize(known, (width, height), interpolation=cv2.INTER_NEAREST))


def _last_frame(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Nearly everything: shifted, blurred, faded or overdone, noisy, with holes."""
    height, width = ab.shape[:2]
    reach = min(height, width) * _FARTHEST_SHIFT
    right, down = rng.uniform(-reach, reach, 2)
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    frame = cv2.warpAffine(ab, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    frame = cv2.GaussianBlur(frame, (0, 0), rng.uniform(0.3, 3))
    frame = frame * rng.uniform(0.85, 1.15) + rng.normal(0, rng.uniform(0, 3), ab.shape)
    mask = (_blobs(height, width, rng) > rng.uniform(-1.6, 0.8)).astype(np.float32)
    return np.dstack([frame * mask[..., None], mask]).astype(np.float32)


def _blobs(height: int, width: int, rng: np.random.Generator) -> FloatArray:
    """Smooth noise of mean 0 and deviation about 1."""
    side = int(rng.integers(4, 13))
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
