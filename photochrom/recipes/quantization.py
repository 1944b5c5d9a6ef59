"""The ab plane cut into bins, for recipes that answer with a distribution over colour.

R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016: a grid of step 10, colours
soft-encoded over their 5 nearest bins with a Gaussian of σ = 5.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from photochrom import color
from photochrom.color import FloatArray

__all__ = ["AB_LIMIT", "ab_bins", "soft_codes", "table_index"]

AB_LIMIT: Final = 110  # no colour of sRGB has an a or b beyond
_TABLE_STEP: Final = 2  # ab units between the entries of the table of codes
_TABLE_SIDE: Final = 2 * AB_LIMIT // _TABLE_STEP + 1
_NEIGHBOURS: Final = 5
_SIGMA: Final = 5.0


@lru_cache(maxsize=4)
def ab_bins(step: int = 10) -> FloatArray:
    """The points of a grid that sRGB can show at one lightness at least, (Q, 2); 227 at step 10."""
    side = np.arange(-AB_LIMIT, AB_LIMIT + 1, step, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 1, 2)
    lightness = np.arange(1, 100, dtype=np.float32)
    lab = np.empty((len(grid), len(lightness), 3), np.float32)
    lab[..., 0] = lightness
    lab[..., 1:] = grid
    rgb = color.lab_to_rgb(lab)
    shown = ((rgb >= -1e-3) & (rgb <= 1 + 1e-3)).all(-1).any(-1)
    bins: FloatArray = grid[shown, 0]
    bins.flags.writeable = False
    return bins


@lru_cache(maxsize=4)
def soft_codes(step: int = 10) -> FloatArray:
    """The soft code of every colour on a fine grid, to be looked up at `table_index`.

    Returns:
        (n, Q) float32; each row sums to 1.
    """
    bins = ab_bins(step)
    side = np.linspace(-AB_LIMIT, AB_LIMIT, _TABLE_SIDE, dtype=np.float32)
    colors = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 1, 2)
    squares = ((colors - bins) ** 2).sum(-1)
    nearest = np.argpartition(squares, _NEIGHBOURS, axis=-1)[:, :_NEIGHBOURS]
    distances = np.take_along_axis(squares, nearest, -1)
    weights = np.exp((distances.min(-1, keepdims=True) - distances) / (2 * _SIGMA**2))
    codes = np.zeros(squares.shape, np.float32)
    np.put_along_axis(codes, nearest, weights / weights.sum(-1, keepdims=True), -1)
    codes.flags.writeable = False
    return codes


def table_index(ab: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Where in `soft_codes` a colour's code stands, (..., 2) → (...) int32."""
    cell = np.rint((np.clip(ab, -AB_LIMIT, AB_LIMIT) + AB_LIMIT) / _TABLE_STEP)
    return (cell[..., 0] * _TABLE_SIDE + cell[..., 1]).astype(np.int32)
