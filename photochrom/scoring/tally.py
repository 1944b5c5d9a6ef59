"""The area under the curve of the ab error over many photographs, plain and class-rebalanced.

Zhang, Isola, Efros (2016), «Colorful Image Colorization», section 3.1: the share of pixels whose
error in the ab plane is within a threshold, for the thresholds 0, 1, … 150, averaged. Most pixels
are nearly grey, so the plain number flatters a grey answer; the rebalanced one weighs each pixel by
the inverse of the frequency of its true colour, on a grid of 10 x 10 in ab.

Two choices of ours. The frequencies are those of the photographs judged, unsmoothed, so that the
rebalanced number is simply the mean over the colours that occur (a colour that is seldom seen
counts as much as grey does); the paper takes ImageNet's. And photographs count alike, whatever
their size.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray
from photochrom.scoring.metrics import ab_distance, auc_credit

__all__ = ["AucTally"]

_STEP: Final = 10
_REACH: Final = 13  # bins each side of 0: ab within ±135
_SIDE: Final = 2 * _REACH + 1


class AucTally:
    """What each colour bin weighs and what it earned: one pass, memory that does not grow."""

    def __init__(self) -> None:
        self._weight = np.zeros(_SIDE * _SIDE)
        self._credit = np.zeros(_SIDE * _SIDE)

    def add(self, pred: FloatArray, true: FloatArray) -> float:
        """Count one photograph.

        Args:
            pred: CIE Lab, (H, W, 3) float32.
            true: of the same shape.

        Returns:
            The AuC of this photograph alone, in percent.
        """
        credit = auc_credit(ab_distance(pred, true)).ravel()
        bins = _bins(true)
        self._weight += np.bincount(bins, minlength=_SIDE * _SIDE) / credit.size
        self._credit += np.bincount(bins, credit, _SIDE * _SIDE) / credit.size
        return float(credit.mean(dtype=np.float64))

    def merge(self, other: AucTally) -> None:
        """Add what another tally counted."""
        self._weight += other._weight
        self._credit += other._credit

    def auc(self) -> float:
        """The plain AuC in percent; nan before the first photograph."""
        return _share(self._credit.sum(), self._weight.sum())

    def auc_rebalanced(self) -> float:
        """The class-rebalanced AuC in percent; nan before the first photograph."""
        seen = self._weight > 0
        return _share((self._credit[seen] / self._weight[seen]).sum(), seen.sum())


def _bins(lab: FloatArray) -> npt.NDArray[np.intp]:
    """The bin of each pixel's true colour, (H, W, 3) → (H * W)."""
    places = np.rint(lab[..., 1:] / _STEP).clip(-_REACH, _REACH).astype(np.intp) + _REACH
    return (places[..., 0] * _SIDE + places[..., 1]).ravel()


def _share(credit: float, weight: float) -> float:
    return float(credit / weight) if weight else float("nan")
