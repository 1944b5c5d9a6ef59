"""Frames as the network and the optical flow see them: small, with their optical_flow."""

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

__all__ = ["GRID", "Motion", "Still", "stills"]

T = TypeVar("T")

GRID: Final = 4  # pixels of a still, along a side, that share one motion and one colour


@dataclass(frozen=True, eq=False)
class Motion:
    """From one frame to another, place by place of the grid.

    Attributes:
        flow: (h, w, 2) float32, in places of the grid.
        trust: (h, w) float32, from 0 to 1: how far it can be believed.
    """

    flow: FloatArray
    trust: FloatArray

    def then(self, other: Motion) -> Motion:
        """And on to a third frame."""
        trusted = self.trust * optical_flow.warp(other.trust, self.flow)
        return Motion(optical_flow.composed(self.flow, other.flow), trusted)

    def carry(self, values: FloatArray) -> FloatArray:
        """What the other frame's values are for the places of the one; (h, w) or (h, w, C)."""
        return optical_flow.warp(values, self.flow)


@dataclass(frozen=True, eq=False)
class Still:
    """A frame, small.

    Attributes:
        luma: (h, w) uint8, 0 black to 255 white; both sides are multiples of `GRID`.
        back: the motion to the frame before; None where a shot begins.
        ahead: the motion from the frame before to this one; None where a shot begins.
    """

    luma: npt.NDArray[np.uint8]
    back: Motion | None = None
    ahead: Motion | None = None

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the grid."""
        return self.luma.shape[0] // GRID, self.luma.shape[1] // GRID


def stills(frames: Iterable[tuple[T, npt.NDArray[np.uint8]]]) -> Iterator[tuple[T, Still]]:
    """Find shots and optical_flow.

    Args:
        frames: anything, with its small luma, (h, w) uint8.
    """
    signed = (((thing, luma), optical_flow.signature(luma)) for thing, luma in frames)
    before = None
    for (thing, luma), begins in optical_flow.shots(signed):
        if begins or before is None:
            yield thing, Still(luma)
        else:
            yield thing, Still(luma, *_motions(luma, before))
        before = luma


def _motions(luma: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8]) -> tuple[Motion, Motion]:
    back, ahead = optical_flow.flow(luma, before), optical_flow.flow(before, luma)
    return _on_grid(back, ahead), _on_grid(ahead, back)


def _on_grid(there: FloatArray, home: FloatArray) -> Motion:
    size = (there.shape[1] // GRID, there.shape[0] // GRID)
    trusted = cv2.resize(
        optical_flow.flow_consistency(there, home), size, interpolation=cv2.INTER_AREA
    )
    return Motion(optical_flow.reduced_flow(there, size), np.asarray(trusted, np.float32))
