"""Differences between two answers to the same photographs, and how sure they are."""

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
    """The mean difference of a score between two answers, photograph by photograph.

    Photographs differ far more than answers do, and what two answers share cancels out of their
    difference: its standard error is much smaller than that of either mean.

    Attributes:
        mean: of the differences; positive where the first answer's score is higher.
        standard_error: of that mean: the deviation of the differences (with n - 1) over sqrt(n).
            The mean of another such set of photographs lies within twice this 19 times in 20; nan
            for fewer than two photographs.
        photos: how many have the score in both answers.
    """

    mean: float
    standard_error: float
    photos: int

    def text(self, unit: str = "", decimals: int = 2) -> str:
        """As a report prints it: «+2.31 ± 0.10 dB»."""
        error = "?" if math.isnan(self.standard_error) else f"{self.standard_error:.{decimals}f}"
        return f"{self.mean:+.{decimals}f} ± {error} {unit}".rstrip()


def paired_difference(
    photos: Sequence[PhotoScores], others: Sequence[PhotoScores], key: str
) -> Difference:
    """How much higher one answer scores than another, over the same photographs.

    Args:
        photos: the scores of one answer, as `Judge.photos` gives them.
        others: those of the other answer, in the same order.
        key: the score: a field of `PhotoScores`, such as "psnr".

    Raises:
        DataError: they are not the same photographs.
    """
    if [photo.name for photo in photos] != [photo.name for photo in others]:
        raise DataError("expected the same photographs in the same order under both answers")
    both = zip(photos, others, strict=True)
    apart = [getattr(one, key) - getattr(other, key) for one, other in both]
    known = [difference for difference in apart if not math.isnan(difference)]
    if not known:
        return Difference(math.nan, math.nan, 0)
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else math.nan
    return Difference(statistics.fmean(known), error, len(known))
