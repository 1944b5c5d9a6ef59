"""Is a picture grey, grey under a tint (sepia, cyanotype, faded), or truly in colour?

A tinted picture's chroma is a function of its lightness alone: one curve through Lab, along which
every pixel lies but for noise. A colour photograph leaves the curve.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray, rgb_to_lab

__all__ = ["Tint", "is_exactly_grey", "tint_of"]

Tint: TypeAlias = Literal["grey", "tinted", "colour"]

_SIDE: Final = 64  # the picture is judged at this size, where grain and JPEG's noise have gone ...
_REDUCTION: Final = 4  # ... and at a quarter of its own at most, where halved chroma has too
_BINS: Final = 32
_GREY_CHROMA: Final = 2.0  # Lab chroma that an eye takes for grey
_RARE: Final = 0.002  # the share of pixels that is left out of account
_SPREAD: Final = 2.2  # root mean square distance from the curve
_OUTLIER: Final = 15.0  # a distance that no tint explains


def is_exactly_grey(rgb: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bool:
    """Whether the channels of (H, W, 3) agree in every pixel."""
    rows = max(1, (1 << 20) // max(1, rgb.shape[1]))
    bands = (rgb[top : top + rows] for top in range(0, rgb.shape[0], rows))
    return all(
        np.array_equal(band[..., 0], band[..., 1]) and np.array_equal(band[..., 1], band[..., 2])
        for band in bands
    )


def tint_of(rgb: npt.NDArray[np.uint8]) -> Tint:
    """Judge sRGB, (H, W, 3) uint8."""
    lab = _small_lab(rgb).reshape(-1, 3)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if np.quantile(chroma, 1 - _RARE) < _GREY_CHROMA:
        return "grey"
    distance = _distance_from_curve(lab)
    spread = np.sqrt(np.square(distance).mean())
    farthest = np.quantile(distance, 1 - _RARE)
    return "tinted" if spread < _SPREAD and farthest < _OUTLIER else "colour"


def _small_lab(rgb: npt.NDArray[np.uint8]) -> FloatArray:
    height, width = rgb.shape[:2]
    scale = min(_SIDE / max(height, width), 1 / _REDUCTION)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: npt.NDArray[np.uint8] = np.asarray(
        cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA), np.uint8
    )
    return rgb_to_lab(small.astype(np.float32) / np.float32(255))


def _distance_from_curve(lab: FloatArray) -> FloatArray:
    """How far each pixel's (a, b) lies from the mean (a, b) of its lightness; (N,)."""
    place = lab[:, 0] / 100 * (_BINS - 1)
    low = np.clip(place.astype(int), 0, _BINS - 2)
    share = place - low
    curve = np.empty_like(lab[:, 1:])
    for channel in (0, 1):
        values = lab[:, 1 + channel]
        nodes = _smooth_nodes(low, share, values)
        curve[:, channel] = nodes[low] * (1 - share) + nodes[low + 1] * share
    return np.asarray(np.linalg.norm(lab[:, 1:] - curve, axis=1), np.float32)


def _smooth_nodes(
    low: npt.NDArray[np.int64], share: FloatArray, values: FloatArray
) -> npt.NDArray[np.float64]:
    weight = np.bincount(low, 1 - share, _BINS) + np.bincount(low + 1, share, _BINS)
    total = np.bincount(low, (1 - share) * values, _BINS) + np.bincount(
        low + 1, share * values, _BINS
    )
    kernel = np.array([1, 2, 1]) / 4
    return np.asarray(
        np.convolve(total, kernel, "same") / (np.convolve(weight, kernel, "same") + 1e-6)
    )
