"""Simulate the known colours that the network gets in training: hints, references, films.

Half of the photographs have no known colour. The others simulate what the network gets in use:
points and strokes of a person (R. Zhang et al.: Real-Time User-Guided Image Colorization, SIGGRAPH
2017); positions matched in a reference photograph, some of them wrongly; or the previous frame of a
film, which is nearly complete but shifted, blurred, noisy and with holes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from photochrom.color import FloatArray

__all__ = ["NO_HINT_PROBABILITY", "sample_hints"]

NO_HINT_PROBABILITY: Final = 0.5  # share of photographs without hints
_MAX_POINTS: Final = 40
_MAX_POINT_SIZE: Final = 1 / 16  # relative to the shorter side
_MAX_SHIFT: Final = 1 / 32  # relative to the shorter side
_CELLS: Final = 16  # cells along a side of the grid of matched colours


def sample_hints(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Simulate known colours for a photograph.

    Args:
        ab: chroma of the photograph, (H, W, 2) float32, ab of CIE Lab.
        rng: source of all random choices.

    Returns:
        (H, W, 3) float32: a and b where known and 0 elsewhere, and the mask, 0 or 1.
    """
    if rng.random() < NO_HINT_PROBABILITY:
        return np.zeros((*ab.shape[:2], 3), np.float32)
    samplers: tuple[Callable[[FloatArray, np.random.Generator], FloatArray], ...]
    # Points are listed twice: they are the most frequent kind of hint in use.
    samplers = (_points, _points, _matched, _last_frame)
    return samplers[rng.integers(len(samplers))](ab, rng)


def _points(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return squares with the mean colour of their area."""
    height, width = ab.shape[:2]
    known = np.zeros((height, width, 3), np.float32)
    max_side = max(2, min(height, width) * _MAX_POINT_SIZE)
    # A log-uniform count: users give few hints more often than many.
    for _ in range(int(np.exp(rng.uniform(0, np.log(_MAX_POINTS + 1))))):
        side = int(rng.uniform(1, max_side + 1))
        top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        square = np.s_[top : top + side, left : left + side]
        known[square] = (*ab[square].mean((0, 1)), 1)
    return known


def _matched(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return cells of a grid with about the right colour, some with that of another cell."""
    height, width = ab.shape[:2]
    cells = cv2.resize(ab, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    known = np.zeros((_CELLS, _CELLS, 3), np.float32)
    known[..., :2] = cells + rng.normal(0, rng.uniform(0, 8), cells.shape)
    wrong = rng.random((_CELLS, _CELLS)) < rng.uniform(0, 0.15)
    # Matching in a reference photograph errs; the network must learn to distrust such cells.
    known[wrong, :2] = rng.permutation(cells.reshape(-1, 2))[: wrong.sum()]
    known[..., 2] = 1
    known[rng.random((_CELLS, _CELLS)) < rng.uniform(0.3, 0.98)] = 0
    return np.asarray(cv2.resize(known, (width, height), interpolation=cv2.INTER_NEAREST))


def _last_frame(ab: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return most of the picture: shifted, blurred, scaled, noisy and with holes."""
    height, width = ab.shape[:2]
    max_shift = min(height, width) * _MAX_SHIFT
    right, down = rng.uniform(-max_shift, max_shift, 2)
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    frame = cv2.warpAffine(ab, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    frame = cv2.GaussianBlur(frame, (0, 0), rng.uniform(0.3, 3))
    frame = frame * rng.uniform(0.85, 1.15) + rng.normal(0, rng.uniform(0, 3), ab.shape)
    mask = (_blobs(height, width, rng) > rng.uniform(-1.6, 0.8)).astype(np.float32)
    return np.dstack([frame * mask[..., None], mask]).astype(np.float32)


def _blobs(height: int, width: int, rng: np.random.Generator) -> FloatArray:
    """Return smooth noise, (H, W), with mean 0 and standard deviation about 1."""
    side = int(rng.integers(4, 13))
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
