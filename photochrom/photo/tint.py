"""Tell whether a picture is grey, tinted (sepia, cyanotype, faded) or in colour.

In a tinted picture, chroma depends on lightness alone: apart from noise, all pixels lie on one
curve through Lab. In a colour photograph they do not.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray, rgb_to_lab

__all__ = ["Tint", "is_exactly_grey", "tint_of"]

Tint: TypeAlias = Literal["grey", "tinted", "colour"]

# The picture is reduced to this side, where grain and the noise of JPEG average out, and at least
# by this factor, where the artefacts of halved chroma do.
_SIDE: Final = 64
_REDUCTION: Final = 4
_NODES: Final = 32  # nodes of the curve along lightness
_GREY_CHROMA: Final = 2.0  # Lab units; less looks grey
_IGNORED_SHARE: Final = 0.002  # share of the most extreme pixels, which do not count
_MAX_SPREAD: Final = 2.2  # Lab units: root mean square distance from the curve in a tinted picture
# A print that is tinted unevenly: of 1,017 photographs in colour, none is so.
_WEAKEST_SHARE: Final = 0.01
_MIN_TINT: Final = 12.0  # Lab units: chroma along the mean hue of the pixels with least of it
_MAX_ACROSS: Final = 1.85  # Lab units: root mean square chroma across the mean hue
_MAX_DISTANCE: Final = 15.0  # Lab units: largest distance from the curve in a tinted picture


def is_exactly_grey(rgb: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bool:
    """Whether the three channels of a picture, (H, W, 3), agree in every pixel."""
    # In bands: most colour photographs differ in the first one, and the rest is not looked at.
    rows = max(1, (1 << 20) // max(1, rgb.shape[1]))
    # OpenCV separates channels several times as quickly as NumPy compares them where they lie.
    bands = (cv2.split(rgb[top : top + rows]) for top in range(0, rgb.shape[0], rows))
    return all(
        np.array_equal(red, green) and np.array_equal(green, blue) for red, green, blue in bands
    )


def tint_of(rgb: npt.NDArray[np.uint8]) -> Tint:
    """Tell whether a picture is grey, tinted or in colour.

    Args:
        rgb: sRGB, (H, W, 3) uint8.
    """
    lab = _small_lab(rgb).reshape(-1, 3)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if np.quantile(chroma, 1 - _IGNORED_SHARE) < _GREY_CHROMA:
        return "grey"
    distance = _distance_from_curve(lab)
    spread = np.sqrt(np.square(distance).mean())
    farthest = np.quantile(distance, 1 - _IGNORED_SHARE)
    if spread < _MAX_SPREAD and farthest < _MAX_DISTANCE:
        return "tinted"
    return "tinted" if _has_one_strong_hue(lab[:, 1:]) else "colour"


def _has_one_strong_hue(ab: FloatArray) -> bool:
    """Return whether all pixels, (N, 2), have one hue, and none is without colour.

    A sepia print with stains and torn edges is tinted unevenly, but nothing in it is grey.
    """
    mean = ab.mean(0)
    along = mean / max(float(np.linalg.norm(mean)), 1e-6)
    across = ab @ np.array([-along[1], along[0]], np.float32)
    weakest = np.quantile(ab @ along, _WEAKEST_SHARE)
    return bool(weakest > _MIN_TINT and np.sqrt(np.square(across).mean()) < _MAX_ACROSS)


def _small_lab(rgb: npt.NDArray[np.uint8]) -> FloatArray:
    """Return a small copy of a picture in Lab."""
    height, width = rgb.shape[:2]
    scale = min(_SIDE / max(height, width), 1 / _REDUCTION)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: npt.NDArray[np.uint8] = np.asarray(
        cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA), np.uint8
    )
    return rgb_to_lab(small.astype(np.float32) / np.float32(255))


def _distance_from_curve(lab: FloatArray) -> FloatArray:
    """Return each pixel's distance in (a, b) from the mean of its lightness, (N,) float32."""
    position = lab[:, 0] / 100 * (_NODES - 1)
    low = np.clip(position.astype(int), 0, _NODES - 2)
    share = position - low
    curve = np.empty_like(lab[:, 1:])
    for channel in (0, 1):
        values = lab[:, 1 + channel]
        nodes = _smooth_nodes(low, share, values)
        curve[:, channel] = nodes[low] * (1 - share) + nodes[low + 1] * share
    return np.asarray(np.linalg.norm(lab[:, 1:] - curve, axis=1), np.float32)


def _smooth_nodes(
    low: npt.NDArray[np.int64], share: FloatArray, values: FloatArray
) -> npt.NDArray[np.float64]:
    """Return a channel of the curve at its nodes, smoothed over neighbours, (32,)."""
    weight = np.bincount(low, 1 - share, _NODES) + np.bincount(low + 1, share, _NODES)
    total = np.bincount(low, (1 - share) * values, _NODES) + np.bincount(
        low + 1, share * values, _NODES
    )
    kernel = np.array([1, 2, 1]) / 4
    return np.asarray(
        np.convolve(total, kernel, "same") / (np.convolve(weight, kernel, "same") + 1e-6)
    )
