"""What a model must beat: answers that look at no photograph.

*Grey* says that nothing has colour. The *best constant* gives every pixel of every photograph one
colour, chosen on the very photographs that are judged: the geometric median of their ab, the
constant whose mean ab error is least. (The mean would make the squared error least; papers report
distances.) Both are laid over the luma by `photochrom.color.merge`, as any prediction is. By other
scores grey may come out ahead: CIEDE2000 minds a wrong tint on a grey thing more than ab does.

For the accuracy of the argmax the best constant is «always a» or «always b», whichever is right
more often, in Lab itself: a black pixel has no room for either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray, merge
from photochrom.errors import DataError
from photochrom.scoring.metrics import Rgb, b_exceeds_a, to_lab

__all__ = ["BestConstant", "Survey", "best_constant", "flat_color"]

_REACH: Final = 128  # the histogram's cells are 1 x 1, centred on whole a and b
_SIDE: Final = 2 * _REACH + 1
_ROUNDS: Final = 100


@dataclass(frozen=True)
class BestConstant:
    """The one colour, and the one answer to «a or b?», that suit a set of photographs best.

    `argmax_accuracy` is how often that answer is right, in percent.
    """

    a: float
    b: float
    argmax: Literal["a", "b"]
    argmax_accuracy: float

    def __call__(self, grey: Rgb) -> Rgb:
        """Luma, (H, W) uint8 → RGB, (H, W, 3) uint8."""
        return flat_color(grey, self.a, self.b)


def flat_color(grey: Rgb, a: float = 0, b: float = 0) -> Rgb:
    """Lay one colour over a photograph; none at all, unless it is given.

    Args:
        grey: luma, (H, W) uint8.
        a: of CIE Lab.
        b: of CIE Lab.

    Returns:
        RGB, (H, W, 3) uint8.
    """
    chroma = np.broadcast_to(np.array([a, b], np.float32), (*grey.shape, 2))
    return np.asarray(merge(grey, chroma), np.uint8)


class Survey:
    """The colours of a set of photographs, in memory that does not grow."""

    def __init__(self) -> None:
        self._colours = np.zeros(_SIDE * _SIDE)
        self._b_share = 0.0
        self._photos = 0

    def add(self, true_lab: FloatArray) -> None:
        """Count one photograph: CIE Lab, (H, W, 3) float32. Photographs count alike."""
        cells = np.rint(true_lab[..., 1:]).clip(-_REACH, _REACH).astype(np.intp) + _REACH
        places = (cells[..., 0] * _SIDE + cells[..., 1]).ravel()
        self._colours += np.bincount(places, minlength=_SIDE * _SIDE) / max(places.size, 1)
        self._b_share += float(b_exceeds_a(true_lab).mean())
        self._photos += 1

    def constant(self) -> BestConstant:
        """The constant answers that suit the photographs so far.

        Raises:
            DataError: there is none yet.
        """
        if not self._photos:
            raise DataError("expected at least one photograph to judge; received none")
        a, b = _geometric_median(self._colours)
        b_percent = 100 * self._b_share / self._photos
        if b_percent > 50:
            return BestConstant(a, b, "b", b_percent)
        return BestConstant(a, b, "a", 100 - b_percent)


def best_constant(photographs: Iterable[Rgb]) -> BestConstant:
    """The constant answers that suit these colour photographs best: one pass, bounded memory.

    Args:
        photographs: RGB, (H, W, 3) uint8 each.

    Raises:
        DataError: there is none.
    """
    survey = Survey()
    for rgb in photographs:
        survey.add(to_lab(rgb))
    return survey.constant()


def _geometric_median(colours: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The point from which the mean distance to a histogram's colours is least (Weiszfeld 1937)."""
    places = np.flatnonzero(colours)
    points = np.stack([places // _SIDE, places % _SIDE], -1) - float(_REACH)
    weights = colours[places]
    centre = np.average(points, 0, weights)
    for _ in range(_ROUNDS):
        pull = weights / np.maximum(np.hypot(*(points - centre).T), 1e-3)
        centre, before = np.average(points, 0, pull), centre
        if np.abs(centre - before).max() < 1e-3:
            break
    return float(centre[0]), float(centre[1])
