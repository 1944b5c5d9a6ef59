"""Temporal consistency of a film's colours: warp error, and colour distribution consistency (CDC).

Both measure how the colours of a coloured film change from frame to frame. The true film supplies
the motion, and a value to aim for: its own colours change, too, because of light, noise and
compression. Frames are added one by one, and memory use does not grow with their number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray
from photochrom.film import optical_flow
from photochrom.scoring.metrics import BoolArray, Rgb

__all__ = [
    "CDC_STEPS",
    "MIN_SIDE",
    "CdcTally",
    "Motion",
    "MotionTracker",
    "WarpTally",
    "jensen_shannon",
    "reliable_motion",
]

CDC_STEPS: Final = (1, 2, 4)
"""The distances between the frames that CDC compares, in frames."""

MIN_SIDE: Final = 16
"""The smallest width and height of a frame, in pixels; optical flow needs that much."""

_MAX_ROWS: Final = 720  # taller frames are reduced before the motion is estimated

# Constants of Ruder et al. 2016: a factor of the squared motion, and an offset. `reliable_motion`
# resembles what `film.optical_flow` does, but is a copy on purpose: a change in how films are
# coloured must not change how they are measured.
_CONSISTENCY: Final = 0.01, 0.5
_BOUNDARY: Final = 0.01, 0.002


# --- warp error -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion from a frame to the previous one.

    Attributes:
        flow: offset of each pixel to its position in the previous frame, (h, w, 2) float32, x and
            y in pixels.
        reliable: whether the offset of each pixel can be trusted, (h, w) bool.
    """

    flow: FloatArray
    reliable: BoolArray


class MotionTracker:
    """Estimates the motion in a film, frame by frame."""

    def __init__(self) -> None:
        self._previous: Rgb | None = None

    def motion(self, luma: Rgb) -> Motion | None:
        """Return the motion from this frame to the previous one; None for the first frame.

        Args:
            luma: luma of the true frame, (H, W) uint8; a frame of more than 720 rows is reduced to
                720.
        """
        current = _reduced(luma)
        previous, self._previous = self._previous, current
        if previous is None:
            return None
        forward = optical_flow.flow(current, previous, fine=True)
        backward = optical_flow.flow(previous, current, fine=True)
        return Motion(forward, reliable_motion(forward, backward))


def reliable_motion(forward: FloatArray, backward: FloatArray) -> BoolArray:
    """Return where motion is reliable: not occluded, not at a motion boundary, inside the frame.

    The conditions and their constants are those of M. Ruder, A. Dosovitskiy, T. Brox: Artistic
    style transfer for videos, GCPR 2016, after Sundaram et al. 2010.

    Args:
        forward: motion from one frame to another, (h, w, 2) float32, x and y in pixels.
        backward: motion from the other frame to the first, of the same shape.

    Returns:
        A mask, (h, w) bool.
    """
    # An occluded pixel does not come back to where it started.
    returned, squared = optical_flow.warp(backward, forward), _squares(forward)
    tolerance = _CONSISTENCY[0] * (squared + _squares(returned)) + _CONSISTENCY[1]
    consistent = _squares(forward + returned) <= tolerance
    slopes = (
        cv2.Sobel(forward, cv2.CV_32F, x, y, ksize=3, scale=1 / 8) for x, y in ((1, 0), (0, 1))
    )
    smooth = sum(_squares(np.asarray(s)) for s in slopes) <= _BOUNDARY[0] * squared + _BOUNDARY[1]
    height, width = forward.shape[:2]
    x, y = forward[..., 0] + np.arange(width), forward[..., 1] + np.arange(height)[:, None]
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return np.asarray(consistent & smooth & inside, np.bool_)


class WarpTally:
    """Collects the warp error of chroma: the change of colour along the motion of the film.

    W.-S. Lai et al.: Learning Blind Video Temporal Consistency, ECCV 2018, section 4, applied to
    the chroma of CIE Lab alone: the squared distance in the ab plane between a frame and the
    previous one, warped by the motion of the true film, averaged over the pixels whose motion is
    reliable.

    We differ from the paper in one way: the mean is over the pixels of the whole film, not first
    over those of each pair of frames. At a cut, a few pixels count as reliable by accident; they
    would weigh as much as a whole frame.
    """

    def __init__(self) -> None:
        self._previous: FloatArray | None = None
        self._error = 0.0
        self._pixels = 0

    def add(self, ab: FloatArray, motion: Motion | None) -> float:
        """Count the error between a frame and the one before it.

        Args:
            ab: (a, b) of CIE Lab of the coloured frame, (H, W, 2) float32.
            motion: motion from this frame to the previous one; None for the first frame.

        Returns:
            The error between these two frames; nan where no motion is reliable.
        """
        current = _reduced(ab)
        previous, self._previous = self._previous, current
        if previous is None or motion is None:
            return float("nan")
        squared = _squares(current - optical_flow.warp(previous, motion.flow))
        error = float(squared[motion.reliable].sum(dtype=np.float64))
        pixels = int(motion.reliable.sum())
        self._error += error
        self._pixels += pixels
        return _mean(error, pixels)

    def error(self) -> float:
        """Return the mean over all pixels so far, in squared Lab units; nan if there are none."""
        return _mean(self._error, self._pixels)


Picture = TypeVar("Picture", Rgb, FloatArray)


def _reduced(picture: Picture) -> Picture:
    """Reduce a tall frame to the rows that motion is measured at."""
    height, width = picture.shape[:2]
    if height <= _MAX_ROWS:
        return picture
    # A narrow frame keeps at least the width that optical flow needs.
    size = max(MIN_SIDE, round(width * _MAX_ROWS / height)), _MAX_ROWS
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, picture.dtype)


def _squares(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ijk,ijk->ij", vectors, vectors))


# --- colour distribution consistency --------------------------------------------------------


class CdcTally:
    """Collects CDC: the change of the distributions of R, G and B over 1, 2 and 4 frames.

    Y. Liu et al.: Temporally Consistent Video Colorization with Deep Feature Propagation and
    Self-regularization Learning, 2021, section 4.1: the Jensen-Shannon divergence, in nats, of
    histograms of 256 bins, averaged over channels and pairs of frames, then over the distances.
    """

    def __init__(self) -> None:
        self._previous: deque[npt.NDArray[np.float64]] = deque(maxlen=max(CDC_STEPS))
        self._divergence = dict.fromkeys(CDC_STEPS, 0.0)
        self._pairs = dict.fromkeys(CDC_STEPS, 0)

    def add(self, rgb: Rgb) -> None:
        """Count one frame: RGB, (H, W, 3) uint8."""
        current = _histograms(rgb)
        for step in CDC_STEPS:
            if step <= len(self._previous):
                self._divergence[step] += jensen_shannon(self._previous[-step], current)
                self._pairs[step] += 1
        self._previous.append(current)

    def cdc(self) -> float:
        """Return the mean over the distances that have occurred so far; nan for a single frame."""
        means = [_mean(self._divergence[s], n) for s, n in self._pairs.items() if n]
        return _mean(sum(means), len(means))


def jensen_shannon(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return the mean Jensen-Shannon divergence of two sets of distributions, in nats: 0 to ln 2.

    Args:
        one: C distributions, (C, bins) float64; each sums to 1.
        other: the distributions to compare with, of the same shape.
    """
    middle = (one + other) / 2
    both = _kullback_leibler(one, middle) + _kullback_leibler(other, middle)
    return max(0.0, both / 2 / len(one))


def _kullback_leibler(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    positive = one > 0  # the limit of x log x is 0
    return float((one[positive] * np.log(one[positive] / other[positive])).sum())


def _histograms(rgb: Rgb) -> npt.NDArray[np.float64]:
    counts = [cv2.calcHist([rgb], [channel], None, [256], [0, 256]) for channel in range(3)]
    return np.asarray(np.reshape(counts, (3, 256)) / (rgb.size / 3), np.float64)


def _mean(total: float, count: int) -> float:
    return total / count if count else float("nan")
