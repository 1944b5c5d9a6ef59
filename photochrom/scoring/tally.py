"""The AuC of the ab error over many photographs, plain and class-rebalanced.

Zhang, Isola, Efros (2016), «Colorful Image Colorization», section 3.1: the share of pixels whose
error in the ab plane is within a threshold, averaged over the thresholds 0, 1, … 150. Most pixels
are nearly grey, so the plain number favours grey predictions. The rebalanced number weights each
pixel by the inverse frequency of its true colour, on a grid of 10 x 10 in ab.

We differ from the paper in two ways. The frequencies are those of the judged photographs, not
ImageNet's, and they are not smoothed; the rebalanced number is therefore the mean over the colours
that occur, and a rare colour counts as much as grey. And all photographs count equally, whatever
their size.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray
from photochrom.scoring.metrics import ab_distance, auc_credit

__all__ = ["AucTally"]

_BIN_SIZE: Final = 10  # in Lab units
_MAX_BIN: Final = 13  # bins on each side of 0: ab within ±135
_BINS: Final = 2 * _MAX_BIN + 1  # in each direction


class AucTally:
    """Collects the AuC in one pass: the weight and the credit of each colour bin.

    The memory it needs does not depend on the number of photographs.
    """

    def __init__(self) -> None:
        self._weight = np.zeros(_BINS * _BINS)
        self._credit = np.zeros(_BINS * _BINS)

    def add(self, pred: FloatArray, true: FloatArray) -> float:
        """Count the pixels of one photograph by how far their colours are off.

        Args:
            pred: the prediction, CIE Lab, (H, W, 3) float32.
            true: the true photograph, of the same shape.

        Returns:
            The plain AuC of this photograph alone, in percent.
        """
        credit = auc_credit(ab_distance(pred, true)).ravel()
        bins = _bins(true)
        self._weight += np.bincount(bins, minlength=_BINS * _BINS) / credit.size
        self._credit += np.bincount(bins, credit, _BINS * _BINS) / credit.size
        return float(credit.mean(dtype=np.float64))

    def auc(self) -> float:
        """Return the plain AuC in percent; nan before the first photograph."""
        return _share(self._credit.sum(), self._weight.sum())

    def auc_rebalanced(self) -> float:
        """Return the class-rebalanced AuC in percent; nan before the first photograph."""
        used = self._weight > 0
        return _share((self._credit[used] / self._weight[used]).sum(), used.sum())


def _bins(lab: FloatArray) -> npt.NDArray[np.intp]:
    """Return the index of each pixel's colour bin: CIE Lab, (H, W, 3) → (H * W,)."""
    indices = np.rint(lab[..., 1:] / _BIN_SIZE).clip(-_MAX_BIN, _MAX_BIN).astype(np.intp) + _MAX_BIN
    return (indices[..., 0] * _BINS + indices[..., 1]).ravel()


def _share(credit: float, weight: float) -> float:
    return float(credit / weight) if weight else float("nan")
