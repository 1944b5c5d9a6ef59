"""Small copies of a film's frames, with the motion between them.

The network and the optical flow work on these copies; only the final colours are computed at the
size of the film.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import cv2
import numpy as np

from photochrom.film import optical_flow

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray

__all__ = ["GRID_STEP", "Motion", "SmallFrame", "small_frames"]

T = TypeVar("T")

GRID_STEP: Final = 4
"""Side, in pixels of a small frame, of a grid cell. Each cell has one motion and one colour."""


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion from a frame to another one, for every cell of the grid.

    Attributes:
        flow: (h, w, 2) float32: (dx, dy) in grid cells.
        confidence: (h, w) float32, from 0 (unreliable) to 1 (reliable).
    """

    flow: FloatArray
    confidence: FloatArray

    def compose(self, other: Motion) -> Motion:
        """Return this motion followed by `other`, which starts at the frame where this one ends."""
        confidence = self.confidence * optical_flow.warp(other.confidence, self.flow)
        return Motion(optical_flow.compose(self.flow, other.flow), confidence)

    def warp(self, values: FloatArray) -> FloatArray:
        """Return the values of the other frame, moved to where this frame shows the same things.

        Args:
            values: (h, w) or (h, w, C) float32, on the other frame's grid.

        Returns:
            float32 of the same shape, on this frame's grid.
        """
        return optical_flow.warp(values, self.flow)


@dataclass(frozen=True, eq=False)
class SmallFrame:
    """A small copy of a frame.

    Attributes:
        luma: (h, w) uint8, from 0 (black) to 255 (white). Both sides are multiples of `GRID_STEP`.
        backward: the motion from this frame to the previous one. None for the first of a shot.
        forward: the motion from the previous frame to this one. None for the first of a shot.
    """

    luma: npt.NDArray[np.uint8]
    backward: Motion | None = None
    forward: Motion | None = None

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the grid, in cells."""
        return self.luma.shape[0] // GRID_STEP, self.luma.shape[1] // GRID_STEP


def small_frames(
    frames: Iterable[tuple[T, npt.NDArray[np.uint8]]],
) -> Iterator[tuple[T, SmallFrame]]:
    """Detect the shots of a film, and compute the motion between the frames of each shot.

    Args:
        frames: pairs of any item and the small luma of its frame, (h, w) uint8.

    Yields:
        The same items in the same order, each with its small frame. The cut detection holds back
        the last three frames.
    """
    signed = (((item, luma), optical_flow.signature(luma)) for item, luma in frames)
    previous = None
    for (item, luma), is_first in optical_flow.detect_shots(signed):
        if is_first or previous is None:
            yield item, SmallFrame(luma)
        else:
            yield item, SmallFrame(luma, *_motions(luma, previous))
        previous = luma


def _motions(luma: npt.NDArray[np.uint8], previous: npt.NDArray[np.uint8]) -> tuple[Motion, Motion]:
    """Return the backward and the forward motion between a frame and the previous one."""
    backward = optical_flow.flow(luma, previous)
    forward = optical_flow.flow(previous, luma)
    return _on_grid(backward, forward), _on_grid(forward, backward)


def _on_grid(flow: FloatArray, reverse: FloatArray) -> Motion:
    """Reduce a flow, (h, w, 2) in pixels, to the grid; `reverse` is used to check it."""
    size = (flow.shape[1] // GRID_STEP, flow.shape[0] // GRID_STEP)
    confidence = cv2.resize(
        optical_flow.flow_consistency(flow, reverse), size, interpolation=cv2.INTER_AREA
    )
    return Motion(optical_flow.resize_flow(flow, size), np.asarray(confidence, np.float32))
