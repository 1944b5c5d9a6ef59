"""The colour difference CIEDE2000.

Sharma, Wu, Dalal (2005), «The CIEDE2000 color-difference formula: implementation notes,
supplementary test data, and mathematical observations», with kL = kC = kH = 1. The names are the
paper's: primed chroma and hue are those after a* has been stretched by 1 + G.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["delta_e_2000"]

Floats = npt.NDArray[np.floating[Any]]

_25_TO_7: Final = 25.0**7
_PI: Final = float(np.pi)
_TAU: Final = 2 * _PI


def delta_e_2000(lab1: Floats, lab2: Floats) -> Floats:
    """CIEDE2000, pixel by pixel.

    Args:
        lab1: CIE Lab, (..., 3) float32 (or float64: the work is done in the dtype given).
        lab2: of the same shape.

    Returns:
        ΔE00, (...); 1 is about the least difference that is seen.
    """
    stretch = 1 + 0.5 * (1 - _chroma_gate((_chroma(lab1) + _chroma(lab2)) / 2))
    a1, b1 = lab1[..., 1] * stretch, lab1[..., 2]
    a2, b2 = lab2[..., 1] * stretch, lab2[..., 2]
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    hue1, hue2 = _hue(a1, b1), _hue(a2, b2)
    coloured = c1 * c2 > 0
    turn = np.where(coloured, hue2 - hue1, 0)
    around = np.abs(turn) > _PI  # the short way passes through hue 0
    hue = hue1 + hue2
    hue = np.where(coloured, hue / 2 + np.where(around, np.copysign(_PI, _TAU - hue), 0), hue)

    lightness, chroma = (lab1[..., 0] + lab2[..., 0]) / 2, (c1 + c2) / 2
    squared = (lightness - 50) ** 2
    d_l = (lab2[..., 0] - lab1[..., 0]) / (1 + 0.015 * squared / np.sqrt(20 + squared))
    d_c = (c2 - c1) / (1 + 0.045 * chroma)
    half_turn = turn / 2 - np.where(around, np.copysign(_PI, turn), 0)
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(half_turn) / (1 + 0.015 * chroma * _hue_weight(hue))
    rotation = -2 * _chroma_gate(chroma) * np.sin(2 * _tilt(hue))
    total = d_l * d_l + d_c * d_c + d_h * d_h + rotation * d_c * d_h
    difference: Floats = np.sqrt(np.maximum(total, 0))
    return difference


def _chroma(lab: Floats) -> Floats:
    chroma: Floats = np.hypot(lab[..., 1], lab[..., 2])
    return chroma


def _hue(a: Floats, b: Floats) -> Floats:
    """In [0, 2π)."""
    angle = np.arctan2(b, a)
    return angle + np.where(angle < 0, angle.dtype.type(_TAU), 0)


def _chroma_gate(chroma: Floats) -> Floats:
    """sqrt(C⁷ / (C⁷ + 25⁷)): 0 for greys, 1 for vivid colours."""
    cubed = chroma * chroma * chroma
    seventh = cubed * cubed * chroma
    gate: Floats = np.sqrt(seventh / (seventh + _25_TO_7))
    return gate


def _hue_weight(hue: Floats) -> Floats:
    """T of the paper, from multiples of the angle without a cosine for each."""
    cos1, sin1 = np.cos(hue), np.sin(hue)
    cos2, sin2 = cos1 * cos1 - sin1 * sin1, 2 * sin1 * cos1
    cos3, sin3 = cos2 * cos1 - sin2 * sin1, sin2 * cos1 + cos2 * sin1
    cos4, sin4 = cos2 * cos2 - sin2 * sin2, 2 * sin2 * cos2
    slow = 0.24 * cos2 - 0.17 * _shifted(cos1, sin1, -30)
    weight: Floats = 1 + slow + 0.32 * _shifted(cos3, sin3, 6) - 0.2 * _shifted(cos4, sin4, -63)
    return weight


def _shifted(cos: Floats, sin: Floats, degrees: float) -> Floats:
    """cos(x + degrees) from cos x and sin x."""
    shift = np.deg2rad(degrees)
    moved: Floats = cos * float(np.cos(shift)) - sin * float(np.sin(shift))
    return moved


def _tilt(hue: Floats) -> Floats:
    """Δθ of the paper, in radians: where blue's ellipses lean."""
    distance = (hue - float(np.deg2rad(275))) / float(np.deg2rad(25))
    tilt: Floats = float(np.deg2rad(30)) * np.exp(-distance * distance)
    return tilt
