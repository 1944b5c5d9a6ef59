"""How clean the colours of a photograph are: casts, tinted shadows and lights, restless colour.

Pictures are CIE Lab (D65), (H, W, 3) float32 as `photochrom.scoring.to_lab` gives it. Each measure
is of one photograph by itself, so the truth has one too: a prediction should come near that, not
near zero.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["DARK", "LIGHT", "block_spread", "cast", "chroma_dark", "chroma_light"]

DARK: Final = 12
"""Below this lightness L of the true photograph a place is dark."""
LIGHT: Final = 90
"""Above this lightness L of the true photograph a place is light."""

FloatArray = npt.NDArray[np.float32]

_BLOCK: Final = 16  # pixels, the side of a block


def cast(lab: FloatArray) -> float:
    """The length of the mean (a, b) of a photograph: how far all of it leans to one colour.

    Args:
        lab: CIE Lab, (H, W, 3) float32.

    Returns:
        In units of Lab; 0 where the colours cancel out, or where there is none.
    """
    return float(np.hypot(*lab[..., 1:].mean((0, 1), dtype=np.float64)))


def chroma_dark(lab: FloatArray, true_lab: FloatArray) -> float:
    """The mean chroma, in units of Lab, where the true photograph is nearly black (L below 12).

    Args:
        lab: CIE Lab of the photograph to measure, (H, W, 3) float32.
        true_lab: that of the true photograph, of the same shape.

    Returns:
        Of sqrt(a² + b²); nan where no place is that dark.
    """
    return _mean_chroma(lab, true_lab[..., 0] < DARK)


def chroma_light(lab: FloatArray, true_lab: FloatArray) -> float:
    """The mean chroma, in units of Lab, where the true photograph is nearly white (L above 90).

    Args:
        lab: CIE Lab of the photograph to measure, (H, W, 3) float32.
        true_lab: that of the true photograph, of the same shape.

    Returns:
        Of sqrt(a² + b²); nan where no place is that light.
    """
    return _mean_chroma(lab, true_lab[..., 0] > LIGHT)


def block_spread(lab: FloatArray) -> float:
    """How much the colour varies within small blocks: the mean of sqrt(var a + var b).

    The blocks are of 16 x 16 pixels; what is left over at the right and at the bottom is not
    counted, unless the photograph is smaller than a block.

    Args:
        lab: CIE Lab, (H, W, 3) float32.

    Returns:
        In units of Lab; 0 where each block is of one colour.
    """
    height, width = lab.shape[:2]
    tall, wide = min(_BLOCK, height), min(_BLOCK, width)
    rows, columns = height // tall, width // wide
    blocks = lab[: rows * tall, : columns * wide, 1:].reshape(rows, tall, columns, wide, 2)
    variance = blocks.var((1, 3), dtype=np.float64).sum(-1)
    return float(np.sqrt(variance).mean())


def _mean_chroma(lab: FloatArray, where: npt.NDArray[np.bool_]) -> float:
    a, b = lab[where, 1], lab[where, 2]
    return float(np.hypot(a, b).mean(dtype=np.float64)) if a.size else math.nan
