"""Optical flow between two pictures, its reliability, and the detection of cuts between shots.

Pictures are luma, (h, w) uint8. A flow is (h, w, 2) float32: (dx, dy) in pixels, such that the
point (x, y) of one picture is found at (x + dx, y + dy) in the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "FLASH_FRAMES",
    "compose",
    "detect_shots",
    "flow",
    "flow_consistency",
    "resize_flow",
    "signature",
    "warp",
]

FloatArray = npt.NDArray[np.float32]
Luma = npt.NDArray[np.uint8]

T = TypeVar("T")

# A flow and its reverse agree if |sum|² < relative · (|flow|² + |reverse|²) + absolute. Sundaram et
# al. use 0.01 and 0.5.
_RELATIVE_TOLERANCE: Final = 0.01
_ABSOLUTE_TOLERANCE: Final = 2.0  # pixels, squared

_BLOCKS: Final = 4  # blocks of a signature, along a side
_BINS: Final = 32
_BIN_WIDTH: Final = 256 // _BINS
# Histograms are smoothed, so that a slight change of light does not move all pixels to other bins.
_SMOOTHING: Final = np.array([1, 2, 3, 2, 1], np.float32) / np.float32(9)
_IDENTITY: Final = np.ones(1, np.float32)
_CUT_CHANGE: Final = 0.33  # share of the pixels that must change their bin at a cut
_PEAK_RATIO: Final = 2.0  # how many times larger than the neighbouring changes a cut must be
FLASH_FRAMES: Final = 3
"""The longest flash that is not taken for a cut, in frames; detecting a cut reads as many more."""


def flow(one: Luma, other: Luma, *, fine: bool = False) -> FloatArray:
    """Find where each pixel of a picture is in another one, by dense inverse search.

    T. Kroeger et al.: Fast Optical Flow using Dense Inverse Search, ECCV 2016.

    Args:
        one: (h, w) uint8.
        other: (h, w) uint8, of the same shape.
        fine: use the more accurate preset, which takes about four times as long.

    Returns:
        The flow from `one` to `other`, (h, w, 2) float32, in pixels.
    """
    medium, fast = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, cv2.DISOPTICAL_FLOW_PRESET_FAST
    search = cv2.DISOpticalFlow.create(medium if fine else fast)
    return np.asarray(search.calc(one, other, None), np.float32)  # type: ignore[call-overload]


def warp(values: FloatArray, motion: FloatArray) -> FloatArray:
    """Sample values where a flow points: the result at p is `values` at p + motion(p).

    Args:
        values: (h, w) or (h, w, C) float32, of the picture that the flow leads to.
        motion: (h, w, 2) float32: the flow from the picture that the result belongs to.

    Returns:
        float32, of the same shape as `values`. Outside the picture its border is repeated.
    """
    points = np.asarray(motion + _coordinates(*motion.shape[:2]), np.float32)
    warped = cv2.remap(  # type: ignore[call-overload]
        values, points, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.float32)


def compose(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the flow that results from following `first` and then `second`.

    Args:
        first: from picture A to picture B, (h, w, 2) float32, in pixels.
        second: from picture B to picture C, of the same shape.

    Returns:
        The flow from A to C, (h, w, 2) float32.
    """
    return first + warp(second, first)


def flow_consistency(there: FloatArray, back: FloatArray) -> FloatArray:
    """Mark the points where a flow agrees with its reverse and stays within the picture.

    N. Sundaram et al.: Dense Point Trajectories by GPU-Accelerated Large Displacement Optical
    Flow, ECCV 2010.

    Args:
        there: (h, w, 2) float32, in pixels.
        back: the flow in the opposite direction, of the same shape.

    Returns:
        (h, w) float32: 1 where the flow is consistent, 0 elsewhere.
    """
    height, width = there.shape[:2]
    returning = warp(back, there)
    deviation = _squared_length(there + returning)
    lengths = _squared_length(there) + _squared_length(returning)
    agrees = deviation < _RELATIVE_TOLERANCE * lengths + _ABSOLUTE_TOLERANCE
    x, y = np.moveaxis(there + _coordinates(height, width), -1, 0)
    # Up to one pixel outside, interpolation still finds a pixel of the picture.
    inside = (x > -1) & (y > -1) & (x < width) & (y < height)
    return np.asarray(agrees & inside, np.float32)


def resize_flow(motion: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Return a flow for smaller versions of its pictures.

    Args:
        motion: (H, W, 2) float32, in pixels.
        size: width and height of the smaller pictures.

    Returns:
        (height, width, 2) float32, in pixels of the smaller pictures.
    """
    height, width = motion.shape[:2]
    small = cv2.resize(motion, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small * np.array([size[0] / width, size[1] / height], np.float32))


def _squared_length(motion: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ijk,ijk->ij", motion, motion))


@lru_cache(maxsize=4)
def _coordinates(height: int, width: int) -> FloatArray:
    """Return the (x, y) of every pixel, (h, w, 2) float32, read-only because it is shared."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    coordinates = np.dstack([x, y]).astype(np.float32)
    coordinates.flags.writeable = False
    return coordinates


# --- cuts -----------------------------------------------------------------------------------


def signature(picture: Luma) -> FloatArray:
    """Return smoothed luma histograms of 4 × 4 blocks of a picture, for `detect_shots`.

    Args:
        picture: (h, w) uint8.

    Returns:
        (16, 32) float32. The histogram of each block sums to 1.
    """
    rows = np.array_split(picture, _BLOCKS)
    blocks = [block for row in rows for block in np.array_split(row, _BLOCKS, axis=1)]
    counts = [
        np.bincount(b.ravel() // _BIN_WIDTH, minlength=_BINS) / max(1, b.size) for b in blocks
    ]
    smoothed = cv2.sepFilter2D(
        np.array(counts, np.float32), -1, _SMOOTHING, _IDENTITY, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(smoothed, np.float32)


def _change(one: FloatArray, other: FloatArray) -> float:
    """Return the share of the pixels, 0 to 1, that differ in luma between two signatures."""
    return float(np.abs(one - other).sum(-1).mean() / 2)


def detect_shots(frames: Iterable[tuple[T, FloatArray]]) -> Iterator[tuple[T, bool]]:
    """Detect where shots begin.

    A cut is a sudden change of the luma histograms. It must be larger than the changes around it,
    which excludes fades and dissolves, and the old picture must not return within three frames,
    which excludes flashes.

    Args:
        frames: pairs of any item and the `signature` of its picture.

    Yields:
        The same items in the same order, each with whether a shot begins there. An item is yielded
        once the three after it have been read.
    """
    window: deque[tuple[T, FloatArray]] = deque()
    previous: list[FloatArray] = []  # signatures of this shot's latest frames
    for frame in frames:
        window.append(frame)
        if len(window) > FLASH_FRAMES:
            yield _next_frame(window, previous)
    while window:
        yield _next_frame(window, previous)


def _next_frame(window: deque[tuple[T, FloatArray]], previous: list[FloatArray]) -> tuple[T, bool]:
    """Take the first frame out of the window, and update `previous` in place."""
    item, current = window.popleft()
    is_first = not previous or _is_cut(previous, current, [following for _, following in window])
    previous[:] = [current] if is_first else [*previous[-FLASH_FRAMES:], current]
    return item, is_first


def _is_cut(previous: list[FloatArray], current: FloatArray, following: list[FloatArray]) -> bool:
    change = _change(previous[-1], current)
    # A flash begins: one of the next frames looks like the last one again.
    if change < _CUT_CHANGE or any(_change(previous[-1], s) < _CUT_CHANGE for s in following):
        return False
    # A flash ends: this frame looks like one from before the flash.
    if any(_change(earlier, current) < _CUT_CHANGE for earlier in previous[:-1]):
        return False
    # Fades, dissolves and fast motion change every frame; a cut stands out from its neighbours.
    neighbors = [_change(*previous[-2:])] if len(previous) > 1 else []
    neighbors += [_change(current, s) for s in following[:1]]
    return change > _PEAK_RATIO * max(neighbors, default=0.0)
