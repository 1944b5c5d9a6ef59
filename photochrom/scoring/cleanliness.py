"""Measures of clean colours: colour casts, tinted shadows and highlights, noisy colour.

Pictures are CIE Lab (D65), (H, W, 3) float32, as `photochrom.scoring.to_lab` returns them. Each
measure describes one photograph by itself. The true photograph has a value, too, and a prediction
should come near that value, not near zero.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["DARK", "LIGHT", "block_spread", "cast", "chroma_dark", "chroma_light"]

DARK: Final = 12
"""Pixels are dark where the lightness L of the true photograph is below this."""
LIGHT: Final = 90
"""Pixels are light where the lightness L of the true photograph is above this."""

FloatArray = npt.NDArray[np.float32]

_BLOCK: Final = 16  # side of a block, in pixels


def cast(lab: FloatArray) -> float:
    """Return the colour cast of a photograph: the length of its mean (a, b).

    Args:
        lab: CIE Lab, (H, W, 3) float32.

    Returns:
        The length in Lab units; 0 where there is no colour, or where the colours cancel out.
    """
    return float(np.hypot(*lab[..., 1:].mean((0, 1), dtype=np.float64)))


def chroma_dark(lab: FloatArray, true_lab: FloatArray) -> float:
    """Return the mean chroma where the true photograph is nearly black (L below 12).

    Args:
        lab: CIE Lab of the photograph to measure, (H, W, 3) float32.
        true_lab: CIE Lab of the true photograph, of the same shape.

    Returns:
        The mean of sqrt(a² + b²), in Lab units; nan where no pixel is that dark.
    """
    return _mean_chroma(lab, true_lab[..., 0] < DARK)


def chroma_light(lab: FloatArray, true_lab: FloatArray) -> float:
    """Return the mean chroma where the true photograph is nearly white (L above 90).

    Args:
        lab: CIE Lab of the photograph to measure, (H, W, 3) float32.
        true_lab: CIE Lab of the true photograph, of the same shape.

    Returns:
        The mean of sqrt(a² + b²), in Lab units; nan where no pixel is that light.
    """
    return _mean_chroma(lab, true_lab[..., 0] > LIGHT)


def block_spread(lab: FloatArray) -> float:
    """Return how much colour varies within small blocks: the mean of sqrt(var a + var b).

    Blocks have 16 x 16 pixels. Pixels left over at the right and at the bottom are ignored, unless
    the photograph is smaller than a block.

    Args:
        lab: CIE Lab, (H, W, 3) float32.

    Returns:
        The mean in Lab units; 0 where each block has a single colour.
    """
    height, width = lab.shape[:2]
    block_height, block_width = min(_BLOCK, height), min(_BLOCK, width)
    rows, columns = height // block_height, width // block_width
    ab = lab[: rows * block_height, : columns * block_width, 1:]
    blocks = ab.reshape(rows, block_height, columns, block_width, 2)
    variance = blocks.var((1, 3), dtype=np.float64).sum(-1)
    return float(np.sqrt(variance).mean())


def _mean_chroma(lab: FloatArray, mask: npt.NDArray[np.bool_]) -> float:
    a, b = lab[mask, 1], lab[mask, 2]
    return float(np.hypot(a, b).mean(dtype=np.float64)) if a.size else math.nan
