"""How steady a film's colours are: warp error and colour distribution consistency.

Both look at coloured frames alone; the true film serves to tell what moved where, and as the mark
to reach: its own colours change too, with light, noise and compression. Frames are given one by
one, and the memory that is needed does not grow with their number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray
from photochrom.film import optical_flow
from photochrom.scoring.metrics import BoolArray, Rgb

__all__ = [
    "CDC_STEPS",
    "LEAST_SIDE",
    "CdcTally",
    "Step",
    "Trail",
    "WarpTally",
    "jensen_shannon",
    "seen",
]

CDC_STEPS: Final = (1, 2, 4)
"""How many frames lie between those that CDC compares."""

LEAST_SIDE: Final = 16
"""In pixels; in smaller pictures the search for motion finds no room."""

_MOST_ROWS: Final = 720  # in which motion is looked for

# Ruder et al. 2016: where there and back disagree, and where the motion changes suddenly. Not
# `optical_flow.trust`, though it is alike: what measures must not change with what is measured.
_AGREEMENT: Final = 0.01, 0.5
_BOUNDARY: Final = 0.01, 0.002


# --- warp error -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Step:
    """From a frame to the one before.

    Attributes:
        flow: (h, w, 2) float32, in pixels: where each place of the frame was in the one before.
        seen: (h, w) bool: whether it was to be seen there.
    """

    flow: FloatArray
    seen: BoolArray


class Trail:
    """Finds the steps of a film, frame by frame, in its true frames."""

    def __init__(self) -> None:
        self._before: Rgb | None = None

    def step(self, luma: Rgb) -> Step | None:
        """The step from this frame to the one that was given before; None from the first.

        Args:
            luma: (H, W) uint8; a frame of more than 720 rows is reduced to 720.
        """
        now = np.asarray(_reduced(luma), np.uint8)
        before, self._before = self._before, now
        if before is None:
            return None
        there = optical_flow.flow(now, before, fine=True)
        return Step(there, seen(there, optical_flow.flow(before, now, fine=True)))


def seen(there: FloatArray, back: FloatArray) -> BoolArray:
    """Where a place can be followed: not occluded, not at a motion's boundary, within the picture.

    The tests, and their constants, of M. Ruder, A. Dosovitskiy, T. Brox: Artistic style transfer
    for videos, GCPR 2016, after Sundaram et al. 2010.

    Args:
        there: the motion, (h, w, 2) float32, in pixels.
        back: that of the other frame to this one.

    Returns:
        (h, w) bool.
    """
    home, far = optical_flow.warp(back, there), _squares(there)
    agrees = _squares(there + home) <= _AGREEMENT[0] * (far + _squares(home)) + _AGREEMENT[1]
    slopes = (cv2.Sobel(there, cv2.CV_32F, x, y, ksize=3, scale=1 / 8) for x, y in ((1, 0), (0, 1)))
    smooth = sum(_squares(np.asarray(s)) for s in slopes) <= _BOUNDARY[0] * far + _BOUNDARY[1]
    height, width = there.shape[:2]
    x, y = there[..., 0] + np.arange(width), there[..., 1] + np.arange(height)[:, None]
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return np.asarray(agrees & smooth & inside, np.bool_)


class WarpTally:
    """The warp error of chroma: how far colours are from those carried here from the frame before.

    W.-S. Lai et al.: Learning Blind Video Temporal Consistency, ECCV 2018, section 4, for the
    chroma of CIE Lab alone: squared distance in the ab plane between a frame and the one before,
    which is carried along by the motion of the true film; the mean over the places that can be
    followed.

    One choice of ours: the mean is over the places of the whole film, and not first over those of
    each pair of frames. At a cut a few places pass the test by accident; they would weigh as much
    as a frame.
    """

    def __init__(self) -> None:
        self._before: FloatArray | None = None
        self._error = 0.0
        self._places = 0

    def add(self, ab: FloatArray, step: Step | None) -> float:
        """Count one frame.

        Args:
            ab: of CIE Lab, (H, W, 2) float32.
            step: from this frame to the one before, where there is one.

        Returns:
            The error between these two frames; nan where nothing can be followed.
        """
        now = np.asarray(_reduced(ab), np.float32)
        before, self._before = self._before, now
        if before is None or step is None:
            return float("nan")
        squared = _squares(now - optical_flow.warp(before, step.flow))
        error, places = float(squared[step.seen].sum(dtype=np.float64)), int(step.seen.sum())
        self._error += error
        self._places += places
        return _mean(error, places)

    def error(self) -> float:
        """The mean over all places so far, in ab squared; nan where there is none."""
        return _mean(self._error, self._places)


def _reduced(picture: Rgb | FloatArray) -> Any:
    height, width = picture.shape[:2]
    if height <= _MOST_ROWS:
        return picture
    size = max(LEAST_SIDE, round(width * _MOST_ROWS / height)), _MOST_ROWS
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _squares(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ijk,ijk->ij", vectors, vectors))


# --- colour distribution consistency --------------------------------------------------------


class CdcTally:
    """CDC: how much the distribution of R, G and B changes over one, two and four frames.

    Y. Liu et al.: Temporally Consistent Video Colorization with Deep Feature Propagation and
    Self-regularization Learning, 2021, section 4.1: the Jensen-Shannon divergence, in nats, of
    histograms of 256 bins; the mean over channels and pairs of frames, then over the three steps.
    """

    def __init__(self) -> None:
        self._before: deque[npt.NDArray[np.float64]] = deque(maxlen=max(CDC_STEPS))
        self._divergence = dict.fromkeys(CDC_STEPS, 0.0)
        self._pairs = dict.fromkeys(CDC_STEPS, 0)

    def add(self, rgb: Rgb) -> None:
        """Count one frame: RGB, (H, W, 3) uint8."""
        now = _histograms(rgb)
        for step in CDC_STEPS:
            if step <= len(self._before):
                self._divergence[step] += jensen_shannon(self._before[-step], now)
                self._pairs[step] += 1
        self._before.append(now)

    def cdc(self) -> float:
        """The mean over the steps that the frames so far allow; nan for a single frame."""
        means = [_mean(self._divergence[s], n) for s, n in self._pairs.items() if n]
        return _mean(sum(means), len(means))


def jensen_shannon(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """The mean Jensen-Shannon divergence of distributions, (C, bins) each, in nats: 0 to ln 2."""
    middle = (one + other) / 2
    both = _kullback_leibler(one, middle) + _kullback_leibler(other, middle)
    return max(0.0, both / 2 / len(one))


def _kullback_leibler(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    held = one > 0
    return float((one[held] * np.log(one[held] / other[held])).sum())


def _histograms(rgb: Rgb) -> npt.NDArray[np.float64]:
    counts = [cv2.calcHist([rgb], [channel], None, [256], [0, 256]) for channel in range(3)]
    return np.asarray(np.reshape(counts, (3, 256)) / (rgb.size / 3), np.float64)


def _mean(total: float, count: int) -> float:
    return total / count if count else float("nan")
