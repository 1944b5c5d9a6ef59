"""Optical flow, what it carries along and where it can be trusted; and cuts between shots.

Pictures are luma, (h, w) uint8. A flow is (h, w, 2) float32: (dx, dy) in pixels, such that place
(x, y) of one picture is seen at (x + dx, y + dy) in the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["composed", "flow", "flow_consistency", "reduced_flow", "shots", "signature", "warp"]

FloatArray = npt.NDArray[np.float32]
Luma = npt.NDArray[np.uint8]

T = TypeVar("T")

_TOLERANCE: Final = 0.01  # of the square of a motion, by which there and back may differ …
_SLACK: Final = 2.0  # … and in pixels, squared

_BLOCKS: Final = 4  # along a side
_BINS: Final = 32
_BIN: Final = 256 // _BINS
# histograms are smoothed by this, against small changes of light
_SOFT: Final = np.array([1, 2, 3, 2, 1], np.float32) / np.float32(9)
_ONE: Final = np.ones(1, np.float32)
_CUT: Final = 0.33  # share of pixels that must change their bins
_PEAK: Final = 2.0  # times as much as between the frames around
_FLASH: Final = 3  # frames that a flash may last


def flow(one: Luma, other: Luma, *, fine: bool = False) -> FloatArray:
    """Where each place of one picture is seen in the other.

    Dense inverse search (T. Kroeger et al.: Fast Optical Flow using Dense Inverse Search, ECCV
    2016).

    Args:
        one: (h, w) uint8.
        other: of the same shape.
        fine: four times as dear, and nearer the truth.
    """
    medium, fast = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, cv2.DISOPTICAL_FLOW_PRESET_FAST
    search = cv2.DISOpticalFlow.create(medium if fine else fast)
    return np.asarray(search.calc(one, other, None), np.float32)  # type: ignore[call-overload]


def warp(values: FloatArray, motion: FloatArray) -> FloatArray:
    """What lies, in another picture's values, where the motion points.

    Args:
        values: (h, w) or (h, w, C) float32, of the picture that the motion points into.
        motion: (h, w, 2), from the picture that is asked about.
    """
    places = np.asarray(motion + _places(*motion.shape[:2]), np.float32)
    found = cv2.remap(  # type: ignore[call-overload]
        values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32)


def composed(first: FloatArray, second: FloatArray) -> FloatArray:
    """Two motions, one after the other, (h, w, 2) float32 in pixels."""
    return first + warp(second, first)


def flow_consistency(there: FloatArray, back: FloatArray) -> FloatArray:
    """1 where two motions agree and stay within the picture, 0 where not: (h, w) float32.

    As in N. Sundaram et al.: Dense Point Trajectories by GPU-Accelerated Large Displacement Optical
    Flow, ECCV 2010.
    """
    height, width = there.shape[:2]
    home = warp(back, there)
    astray = _squares(there + home)
    near = astray < _TOLERANCE * (_squares(there) + _squares(home)) + _SLACK
    x, y = np.moveaxis(there + _places(height, width), -1, 0)
    inside = (x > -1) & (y > -1) & (x < width) & (y < height)
    return np.asarray(near & inside, np.float32)


def reduced_flow(motion: FloatArray, size: tuple[int, int]) -> FloatArray:
    """The same motion, for pictures of another size (width, height)."""
    height, width = motion.shape[:2]
    small = cv2.resize(motion, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small * np.array([size[0] / width, size[1] / height], np.float32))


def _squares(motion: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ijk,ijk->ij", motion, motion))


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> FloatArray:
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    places = np.dstack([across, down]).astype(np.float32)
    places.flags.writeable = False
    return places


# --- cuts -----------------------------------------------------------------------------------


def signature(picture: Luma) -> FloatArray:
    """Histograms of the luma of 4 × 4 blocks, (16, 32) float32, each of sum 1 and smoothed."""
    rows = np.array_split(picture, _BLOCKS)
    blocks = [block for row in rows for block in np.array_split(row, _BLOCKS, axis=1)]
    counts = [np.bincount(b.ravel() // _BIN, minlength=_BINS) / max(1, b.size) for b in blocks]
    soft = cv2.sepFilter2D(
        np.array(counts, np.float32), -1, _SOFT, _ONE, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(soft, np.float32)


def _change(one: FloatArray, other: FloatArray) -> float:
    """Share of the pixels, 0 to 1, that are of another luma than before."""
    return float(np.abs(one - other).sum(-1).mean() / 2)


def shots(frames: Iterable[tuple[T, FloatArray]]) -> Iterator[tuple[T, bool]]:
    """Tell where shots begin.

    A cut is a sudden change of the histograms of luma that is greater than those around it and that
    is not undone within three frames, as a flash is. A fade or a dissolve has no such peak.

    Args:
        frames: anything, with the `signature` of its picture.

    Yields:
        The same things in the same order, three later, and whether a shot begins with each.
    """
    window: deque[tuple[T, FloatArray]] = deque()
    before: list[FloatArray] = []  # signatures of the frames of this shot that came last
    for frame in frames:
        window.append(frame)
        if len(window) > _FLASH:
            yield _told(window, before)
    while window:
        yield _told(window, before)


def _told(window: deque[tuple[T, FloatArray]], before: list[FloatArray]) -> tuple[T, bool]:
    now, mine = window.popleft()
    begins = not before or _is_cut(before, mine, [other for _, other in window])
    before[:] = [mine] if begins else [*before[-_FLASH:], mine]
    return now, begins


def _is_cut(before: list[FloatArray], mine: FloatArray, after: list[FloatArray]) -> bool:
    change = _change(before[-1], mine)
    if change < _CUT or any(_change(before[-1], other) < _CUT for other in after):
        return False
    if any(_change(earlier, mine) < _CUT for earlier in before[:-1]):
        return False  # a flash is over
    around = [_change(*before[-2:])] if len(before) > 1 else []
    around += [_change(mine, other) for other in after[:1]]
    return change > _PEAK * max(around, default=0.0)
