"""Tell whether a print has faded, and give it back its range from black to white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["Levels", "faded_levels", "stretched"]

_EDGE: Final = 0.04  # share of each side that is not looked at: borders are often black or white
_TAIL: Final = 0.1  # percent of the pixels that may be darker, or lighter
# Chosen on 328 photographs that have not faded, of which none has such levels. With a tail of 0.5%,
# photographs of fog had them, too.
_MIN_BLACK: Final = 0.12
_MAX_WHITE: Final = 0.88
_RANGE: Final = (0.15, 0.65)
_MAX_GAIN: Final = 2.5  # more would show the steps between the levels of the scan
_STRETCHED: Final = 0.94  # the range that is left then: nearly black to nearly white


class Levels(NamedTuple):
    """The darkest and the lightest levels of a print, from 0 to 1."""

    black: float
    white: float


def faded_levels(luma: IntArray, unfaded: npt.NDArray[np.bool_] | None = None) -> Levels | None:
    """Return the levels of a print that has faded; None if it has not.

    Args:
        luma: (H, W) uint8 or uint16.
        unfaded: (H, W), what does not count, such as dust and scratches; None for nothing.
    """
    rows, columns = (int(length * _EDGE) for length in luma.shape)
    inner = slice(rows, luma.shape[0] - rows), slice(columns, luma.shape[1] - columns)
    samples = luma[inner].ravel() if unfaded is None else luma[inner][~unfaded[inner]]
    if not samples.size:
        return None
    tails = np.percentile(samples[:: max(1, samples.size // 1_000_000)], [_TAIL, 100 - _TAIL])
    black, white = (float(level) / np.iinfo(luma.dtype).max for level in tails)
    shortest, longest = _RANGE  # a blank page has even less, and has not faded
    in_range = shortest <= white - black <= longest
    has_faded = black >= _MIN_BLACK and white <= _MAX_WHITE and in_range
    return Levels(black, white) if has_faded else None


def stretched(luma: IntArray, levels: Levels) -> IntArray:
    """Return luma with its levels stretched to nearly the whole range.

    Args:
        luma: (H, W) uint8 or uint16.
        levels: what is to become nearly black and nearly white.

    Returns:
        (H, W) of the same dtype.
    """
    top = np.iinfo(luma.dtype).max
    gain = min(_MAX_GAIN, _STRETCHED / (levels.white - levels.black))
    middle = (levels.black + levels.white) / 2
    table = (np.arange(top + 1, dtype=np.float32) / top - middle) * gain + 0.5
    return cast("IntArray", np.rint(np.clip(table, 0, 1) * top).astype(luma.dtype)[luma])
