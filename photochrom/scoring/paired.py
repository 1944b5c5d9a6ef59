"""Differences between the scores of two models on the same photographs, and standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from photochrom.errors import DataError
from photochrom.scoring.board import PhotoScores

__all__ = ["Difference", "paired_difference"]


@dataclass(frozen=True)
class Difference:
    """The mean difference of a score between two models, photograph by photograph.

    Scores differ far more between photographs than between models. What is common to both scores
    of a photograph cancels out in their difference. So the standard error of the mean difference is
    much smaller than that of either model's mean score.

    Attributes:
        mean: the mean difference; positive where the first model's score is higher.
        standard_error: the standard error of the mean: the standard deviation of the differences
            (with n - 1) over sqrt(n); nan for fewer than two photographs. In about 19 of 20 such
            measurements, the true mean lies within twice the standard error of `mean`.
        photos: number of photographs that have the score for both models.
    """

    mean: float
    standard_error: float
    photos: int

    def text(self, unit: str = "", decimals: int = 2) -> str:
        """Format the difference for a report, for example «+2.31 ± 0.10 dB»."""
        error = "?" if math.isnan(self.standard_error) else f"{self.standard_error:.{decimals}f}"
        return f"{self.mean:+.{decimals}f} ± {error} {unit}".rstrip()


def paired_difference(
    photos: Sequence[PhotoScores], others: Sequence[PhotoScores], key: str
) -> Difference:
    """Return how much higher one model scores than another on the same photographs.

    Args:
        photos: the scores of one model, from `Judge.photos`.
        others: the scores of the other model, in the same order.
        key: the score: a field of `PhotoScores`, such as "psnr".

    Raises:
        DataError: the names of the photographs differ.
    """
    if [photo.name for photo in photos] != [photo.name for photo in others]:
        raise DataError(
            "expected scores of the same photographs in the same order; received different names"
        )
    pairs = zip(photos, others, strict=True)
    differences = [getattr(one, key) - getattr(other, key) for one, other in pairs]
    known = [difference for difference in differences if not math.isnan(difference)]
    if not known:
        return Difference(math.nan, math.nan, 0)
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else math.nan
    return Difference(statistics.fmean(known), error, len(known))
