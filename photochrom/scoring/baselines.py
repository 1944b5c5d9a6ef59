"""Baselines that a model must beat: predictions that do not look at the photograph.

*Grey* predicts no colour at all. The *best constant* predicts one colour for every pixel of every
photograph. That colour is chosen on the judged photographs themselves: it is the geometric median
of their (a, b) values, which minimises the mean ab error. (The mean would minimise the squared
error, but papers report distances.) Both are combined with the luma by `photochrom.color.merge`,
as any prediction is. By other scores grey can beat the best constant: CIEDE2000 punishes a wrong
tint on a grey object more than the ab error does.

For the argmax accuracy, the best constant is "always a" or "always b", whichever is right more
often. It is computed in Lab, not on the merged picture, where a black pixel can have no colour.
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

_MAX_AB: Final = 128  # the histogram's cells are 1 x 1, centred on whole a and b
_CELLS: Final = 2 * _MAX_AB + 1  # in each direction
_MAX_ITERATIONS: Final = 100
_TOLERANCE: Final = 1e-3  # in Lab units; far below a cell of the histogram


@dataclass(frozen=True)
class BestConstant:
    """The constant predictions that score best on a set of photographs.

    Attributes:
        a: the best constant a of CIE Lab.
        b: the best constant b of CIE Lab.
        argmax: the larger of (a, b) at most pixels.
        argmax_accuracy: share of the pixels at which `argmax` is right, in percent.
    """

    a: float
    b: float
    argmax: Literal["a", "b"]
    argmax_accuracy: float

    def __call__(self, grey: Rgb) -> Rgb:
        """Give a photograph the constant colour: luma, (H, W) uint8 → RGB, (H, W, 3) uint8."""
        return flat_color(grey, self.a, self.b)


def flat_color(grey: Rgb, a: float = 0, b: float = 0) -> Rgb:
    """Give every pixel of a photograph the same colour; grey by default.

    Args:
        grey: luma, (H, W) uint8.
        a: a of CIE Lab.
        b: b of CIE Lab.

    Returns:
        RGB, (H, W, 3) uint8.
    """
    # A view, not a copy: every pixel shares the same two numbers.
    chroma = np.broadcast_to(np.array([a, b], np.float32), (*grey.shape, 2))
    return np.asarray(merge(grey, chroma), np.uint8)


class Survey:
    """A histogram of the colours of many photographs, from which the best constants follow.

    The memory it needs does not depend on the number of photographs.
    """

    def __init__(self) -> None:
        self._histogram = np.zeros(_CELLS * _CELLS)
        self._b_share = 0.0
        self._photos = 0

    def add(self, true_lab: FloatArray) -> None:
        """Count one photograph; all photographs weigh the same, whatever their size.

        Args:
            true_lab: CIE Lab of the true photograph, (H, W, 3) float32.
        """
        cells = np.rint(true_lab[..., 1:]).clip(-_MAX_AB, _MAX_AB).astype(np.intp) + _MAX_AB
        indices = (cells[..., 0] * _CELLS + cells[..., 1]).ravel()
        # Divided by the number of pixels, so that large photographs weigh no more than small ones.
        self._histogram += np.bincount(indices, minlength=_CELLS * _CELLS) / max(indices.size, 1)
        self._b_share += float(b_exceeds_a(true_lab).mean())
        self._photos += 1

    def constant(self) -> BestConstant:
        """Return the constant predictions that score best on the photographs so far.

        Raises:
            DataError: no photograph was added yet.
        """
        if not self._photos:
            raise DataError("expected at least one photograph to judge; received none")
        a, b = _geometric_median(self._histogram)
        b_percent = 100 * self._b_share / self._photos
        if b_percent > 50:
            return BestConstant(a, b, "b", b_percent)
        return BestConstant(a, b, "a", 100 - b_percent)


def best_constant(photographs: Iterable[Rgb]) -> BestConstant:
    """Return the constant predictions that score best on these photographs, in one pass.

    Args:
        photographs: colour photographs, RGB, (H, W, 3) uint8 each.

    Raises:
        DataError: there is no photograph.
    """
    survey = Survey()
    for rgb in photographs:
        survey.add(to_lab(rgb))
    return survey.constant()


def _geometric_median(histogram: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the (a, b) with the least mean distance to the colours of a histogram.

    Weiszfeld's algorithm (1937): the weighted mean, again and again, with weights divided by the
    distances from the mean before.
    """
    indices = np.flatnonzero(histogram)
    points = np.stack([indices // _CELLS, indices % _CELLS], -1) - float(_MAX_AB)
    weights = histogram[indices]
    centre = np.average(points, 0, weights)
    for _ in range(_MAX_ITERATIONS):
        # The lower bound avoids a division by zero where the centre lies on a point.
        pull = weights / np.maximum(np.hypot(*(points - centre).T), _TOLERANCE)
        centre, previous = np.average(points, 0, pull), centre
        if np.abs(centre - previous).max() < _TOLERANCE:
            break
    return float(centre[0]), float(centre[1])
