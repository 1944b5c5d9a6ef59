"""How light each place of a grey photograph is, and which places belong together.

A *guide*, as of a guided filter, is the picture that another one is filtered by.
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

_STEEP: Final = 0.025  # change of lightness a pixel from which on it is an edge
_UNLIKE: Final = 0.2  # 1 less the cosine of two neighbours' features from which on it is an edge
_SMALLEST: Final = 4  # pixels in which a segment can begin
_BLUR: Final = 1.0  # standard deviation, in pixels


@dataclass(frozen=True, eq=False)
class Guide:
    """A grey photograph at the size of a network's answer.

    Attributes:
        lightness: (h, w) float32, from 0, black, to 1, white.
        segments: (h, w) int32: the number of each place's segment, from 0 on without gaps.
    """

    lightness: FloatArray
    segments: IndexArray

    @classmethod
    def of(
        cls, lightness: FloatArray, space: str, grid: tuple[int, int], features: FloatArray | None
    ) -> Guide:
        """Make one from what a network sees.

        Args:
            lightness: (H, W) float32, in the units of the space's first channel.
            space: a key of `color.SPACES`.
            grid: height and width of the network's answer.
            features: what it makes of the photograph's places, (h', w', F) float32, each of length
                1; or None if it does not tell.
        """
        white = float(color.grey_level(np.array([[255]], np.uint8), space)[0, 0])
        size = (2 * grid[1], 2 * grid[0])  # edges are found at twice the size
        fine = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA) / np.float32(white)
        small = cv2.resize(fine, grid[::-1], interpolation=cv2.INTER_AREA)
        return cls(np.asarray(small), find_segments(np.asarray(fine), grid, features))


def find_segments(
    lightness: FloatArray, grid: tuple[int, int], features: FloatArray | None = None
) -> IndexArray:
    """Split a photograph at its edges.

    Regions without an edge are the markers of a watershed (F. Meyer: Color Image Segmentation,
    1992), which shares out what lies between them.

    Args:
        lightness: (H, W) float32 in [0, 1].
        grid: height and width of what is returned.
        features: of the photograph's places, (h', w', F) float32, each of length 1. Where they
            change there is an edge, however alike it is in grey.

    Returns:
        (h, w) int32: the number of each place's segment, from 0 on without gaps.
    """
    soft = np.asarray(cv2.GaussianBlur(lightness, (0, 0), _BLUR), np.float32)
    flat = _steepness(soft) < _STEEP
    if features is not None:
        size = lightness.shape[1::-1]
        flat &= cv2.resize(_unlikeness(features), size, interpolation=cv2.INTER_LINEAR) < _UNLIKE
    count, regions, sizes, _ = cv2.connectedComponentsWithStats(
        flat.astype(np.uint8), connectivity=4
    )
    begins = sizes[:, cv2.CC_STAT_AREA] >= _SMALLEST
    begins[0] = False  # region 0 is the edges
    if not begins.any():
        return np.arange(grid[0] * grid[1], dtype=np.int32).reshape(grid)  # nothing is alike
    markers = np.where(begins, np.arange(count), 0).astype(np.int32)[regions]
    picture = cv2.cvtColor(cv2.convertScaleAbs(soft, alpha=255), cv2.COLOR_GRAY2BGR)
    # OpenCV leaves the frame of the picture out, hence one more pixel on each side
    wide, framed = (
        cv2.copyMakeBorder(each, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for each in (picture, markers)
    )
    found = cv2.watershed(wide, framed.astype(np.int32))[1:-1, 1:-1]
    # OpenCV marks the lines between segments with -1: they go to a neighbour
    grown = cv2.dilate(found.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    whole = np.where(found < 1, grown, found)
    small = cv2.resize(whole, grid[::-1], interpolation=cv2.INTER_NEAREST)
    return np.unique(small, return_inverse=True)[1].reshape(grid).astype(np.int32)


def segment_means(values: FloatArray, segments: IndexArray) -> FloatArray:
    """The mean of places' values over each segment.

    Args:
        values: (h, w, n) float32.
        segments: (h, w) int32, numbered from 0 on without gaps.

    Returns:
        (segments, n) float32.
    """
    labels = segments.reshape(-1)
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    sums = np.add.reduceat(values.reshape(len(labels), -1)[order], np.cumsum(counts) - counts)
    return np.asarray(sums / counts[:, None], np.float32)


def _steepness(lightness: FloatArray) -> FloatArray:
    """The length of the gradient, a pixel, (H, W) float32."""
    across = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, down))


def _unlikeness(features: FloatArray) -> FloatArray:
    """How unlike the least alike of its four neighbours each place is, (h, w) float32 in [0, 2]."""
    found = np.zeros(features.shape[:2], np.float32)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        apart = 1 - (features[one] * features[other]).sum(-1)
        np.maximum(found[one], apart, out=found[one])
        np.maximum(found[other], apart, out=found[other])
    return found
