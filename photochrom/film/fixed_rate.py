"""Times of frames in AVI, which stores one frame rate instead of the time of each frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["fixed_rate", "ticks"]

_FINEST: Final = Fraction(120)  # frames per second; AVI repeats frames that are shown for longer
_TOLERANCE: Final = 0.1  # of the time between two frames


def fixed_rate(times: Sequence[int], base: Fraction, rates: Iterable[Fraction | None]) -> Fraction:
    """Return a frame rate that shows every frame at its time, or nearly.

    Args:
        times: when each frame is shown, in ascending order.
        base: the unit of the times, in seconds.
        rates: rates that are probably right; the first that fits is taken, and 120 if none does.
    """
    for rate in rates:
        if rate and 0 < rate <= _FINEST:
            steps = _steps(times, base, rate)
            if np.abs(steps - np.rint(steps)).max() <= _TOLERANCE:
                return rate
    return _FINEST


def ticks(times: Sequence[int], base: Fraction, rate: Fraction) -> list[int]:
    """Return the number of the frame at which each frame is shown, at a fixed rate.

    Args:
        times: when each frame is shown, in ascending order.
        base: the unit of the times, in seconds.
        rate: the frame rate.

    Returns:
        Numbers that increase, from 0 or more.
    """
    first = max(0, round(times[0] * base * rate))
    numbers, order = np.rint(_steps(times, base, rate)).astype(np.int64), np.arange(len(times))
    increasing = np.maximum.accumulate(numbers - order) + order
    return [first + int(number) for number in increasing]


def _steps(times: Sequence[int], base: Fraction, rate: Fraction) -> npt.NDArray[np.float64]:
    """Return times in frames from the first frame."""
    offsets = np.asarray(times, np.int64) - times[0]
    return np.asarray(offsets * float(base * rate), np.float64)
