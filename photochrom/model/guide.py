"""Lightness and segments of a photograph, which guide how its colours are decoded.

As with a guided filter, the *guide* is a picture by which another picture is filtered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["Guide", "find_segments", "segment_means"]

IndexArray = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

_EDGE_GRADIENT: Final = 0.025  # change of lightness per pixel that counts as an edge
_EDGE_DISSIMILARITY: Final = 0.2  # 1 - cosine of two neighbours' features that counts as an edge
_MIN_MARKER_PIXELS: Final = 4  # smaller flat regions do not become segments
_BLUR: Final = 1.0  # standard deviation, in pixels


@dataclass(frozen=True, eq=False)
class Guide:
    """Lightness and segments of a photograph, at the size of a network's output.

    Attributes:
        lightness: (h, w) float32, from 0 (black) to 1 (white).
        segments: (h, w) int32, the number of each pixel's segment, from 0 without gaps.
    """

    lightness: FloatArray
    segments: IndexArray

    @classmethod
    def of(
        cls, lightness: FloatArray, space: str, grid: tuple[int, int], features: FloatArray | None
    ) -> Guide:
        """Make a guide from a network's input.

        Args:
            lightness: the input, (H, W) float32, in the units of the space's first channel.
            space: a key of `color.SPACES`.
            grid: height and width of the network's output.
            features: the network's features, (h', w', F) float32, unit vectors; None if it gives
                none.
        """
        white = float(color.grey_level(np.array([[255]], np.uint8), space)[0, 0])
        size = (2 * grid[1], 2 * grid[0])  # edges are found at twice the size
        fine = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA) / np.float32(white)
        small = cv2.resize(fine, grid[::-1], interpolation=cv2.INTER_AREA)
        return cls(np.asarray(small), find_segments(np.asarray(fine), grid, features))


def find_segments(
    lightness: FloatArray, grid: tuple[int, int], features: FloatArray | None = None
) -> IndexArray:
    """Split a photograph into segments at its edges.

    Regions without an edge are the markers of a watershed (F. Meyer: Color Image Segmentation,
    1992), which assigns the pixels between them.

    Args:
        lightness: (H, W) float32 in [0, 1].
        grid: height and width of the result.
        features: a network's features, (h', w', F) float32, unit vectors, or None. There is an
            edge where they change, even if the grey does not.

    Returns:
        (h, w) int32, the number of each pixel's segment, from 0 without gaps.
    """
    soft = np.asarray(cv2.GaussianBlur(lightness, (0, 0), _BLUR), np.float32)
    flat = _gradient(soft) < _EDGE_GRADIENT
    if features is not None:
        size = lightness.shape[1::-1]
        flat &= (
            cv2.resize(_dissimilarity(features), size, interpolation=cv2.INTER_LINEAR)
            < _EDGE_DISSIMILARITY
        )
    count, regions, sizes, _ = cv2.connectedComponentsWithStats(
        flat.astype(np.uint8), connectivity=4
    )
    is_marker = sizes[:, cv2.CC_STAT_AREA] >= _MIN_MARKER_PIXELS
    is_marker[0] = False  # region 0 is the edges
    if not is_marker.any():  # edges everywhere: each pixel is a segment of its own
        return np.arange(grid[0] * grid[1], dtype=np.int32).reshape(grid)
    markers = np.where(is_marker, np.arange(count), 0).astype(np.int32)[regions]
    picture = cv2.cvtColor(cv2.convertScaleAbs(soft, alpha=255), cv2.COLOR_GRAY2BGR)
    # OpenCV does not segment the outermost pixels, so one more pixel is added on each side.
    padded_picture, padded_markers = (
        cv2.copyMakeBorder(plane, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for plane in (picture, markers)
    )
    segments = cv2.watershed(padded_picture, padded_markers.astype(np.int32))[1:-1, 1:-1]
    # OpenCV marks the lines between segments with -1; they are assigned to a neighbour.
    grown = cv2.dilate(segments.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    filled = np.where(segments < 1, grown, segments)
    small = cv2.resize(filled, grid[::-1], interpolation=cv2.INTER_NEAREST)
    return np.unique(small, return_inverse=True)[1].reshape(grid).astype(np.int32)


def segment_means(values: FloatArray, segments: IndexArray) -> FloatArray:
    """Return the mean of pixels' values over each segment.

    Args:
        values: (h, w, n) float32.
        segments: (h, w) int32, numbered from 0 without gaps.

    Returns:
        (segments, n) float32.
    """
    # Summing runs of sorted pixels is quicker than `np.add.at`.
    labels = segments.reshape(-1)
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    sums = np.add.reduceat(values.reshape(len(labels), -1)[order], np.cumsum(counts) - counts)
    return np.asarray(sums / counts[:, None], np.float32)


def _gradient(lightness: FloatArray) -> FloatArray:
    """Return the change of lightness per pixel: the length of the gradient, (H, W) float32."""
    across = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, down))


def _dissimilarity(features: FloatArray) -> FloatArray:
    """Return each pixel's greatest dissimilarity to a neighbour, (h, w) float32 in [0, 2]."""
    greatest = np.zeros(features.shape[:2], np.float32)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        dissimilarity = 1 - (features[one] * features[other]).sum(-1)
        np.maximum(greatest[one], dissimilarity, out=greatest[one])
        np.maximum(greatest[other], dissimilarity, out=greatest[other])
    return greatest
