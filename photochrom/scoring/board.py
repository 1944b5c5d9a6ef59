"""The scoreboard: one photograph's scores, a set's scores, and the judge that keeps them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

from photochrom.color import FloatArray
from photochrom.errors import DataError
from photochrom.scoring import metrics
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.tally import AucTally

__all__ = ["Judge", "PhotoScores", "Scores"]


@dataclass(frozen=True)
class PhotoScores:
    """How well one photograph was coloured; `photochrom.scoring.METRICS` says what each means.

    `psnr` is at most `metrics.PSNR_CEILING`, so that a mean over photographs stays finite.
    """

    name: str
    psnr: float
    ssim: float
    ciede2000: float
    ab_error: float
    auc: float
    colorfulness: float
    colorfulness_true: float
    ab_argmax_accuracy: float


@dataclass(frozen=True)
class Scores:
    """How well a set of photographs was coloured: means in which each photograph counts alike.

    `auc_rebalanced` belongs to the set as a whole (see `AucTally`); `colorfulness_gap` is signed,
    the predictions' mean less the truth's.
    """

    photos: int
    psnr: float
    ssim: float
    ciede2000: float
    ab_error: float
    auc: float
    auc_rebalanced: float
    colorfulness: float
    colorfulness_true: float
    colorfulness_gap: float
    ab_argmax_accuracy: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, for a model card or a log."""
        return asdict(self)


class Judge:
    """Scores many photographs one by one; keeps numbers only, no pictures."""

    def __init__(self) -> None:
        self._photos: list[PhotoScores] = []
        self._tally = AucTally()

    @property
    def photos(self) -> tuple[PhotoScores, ...]:
        """The scores of each photograph, in the order in which they came."""
        return tuple(self._photos)

    def add(
        self, name: str, pred: Rgb, true: Rgb, *, true_lab: FloatArray | None = None
    ) -> PhotoScores:
        """Score one photograph.

        Args:
            name: what to call it in the report.
            pred: the coloured photograph, RGB, (H, W, 3) uint8.
            true: the colour original, of the same shape.
            true_lab: `metrics.to_lab(true)`, where it is at hand already.

        Raises:
            DataError: the shapes differ, or a side is below the 11 pixels of SSIM's window; the
                message names the photograph.
        """
        try:
            scores = self._score(name, pred, true, true_lab)
        except ValueError as error:
            raise DataError(f"cannot judge {name}: {error}") from error
        self._photos.append(scores)
        return scores

    def _score(self, name: str, pred: Rgb, true: Rgb, true_lab: FloatArray | None) -> PhotoScores:
        psnr, ssim = metrics.psnr(pred, true), metrics.ssim(pred, true)
        pred_lab = metrics.to_lab(pred)
        true_lab = metrics.to_lab(true) if true_lab is None else true_lab
        return PhotoScores(
            name=name,
            psnr=min(psnr, metrics.PSNR_CEILING),
            ssim=ssim,
            ciede2000=metrics.ciede2000(pred_lab, true_lab),
            ab_error=metrics.ab_error(pred_lab, true_lab),
            colorfulness=metrics.colorfulness(pred),
            colorfulness_true=metrics.colorfulness(true),
            ab_argmax_accuracy=metrics.ab_argmax_accuracy(pred_lab, true_lab),
            auc=self._tally.add(pred_lab, true_lab),
        )

    def merge(self, other: Judge) -> None:
        """Take over what another judge scored, as when several work side by side."""
        self._photos += other._photos
        self._tally.merge(other._tally)

    def scores(self) -> Scores:
        """The scores of all photographs so far.

        Raises:
            DataError: there is none yet.
        """
        if not self._photos:
            raise DataError("expected at least one photograph to judge; received none")
        colorfulness = self._mean(lambda photo: photo.colorfulness)
        colorfulness_true = self._mean(lambda photo: photo.colorfulness_true)
        return Scores(
            photos=len(self._photos),
            psnr=self._mean(lambda photo: photo.psnr),
            ssim=self._mean(lambda photo: photo.ssim),
            ciede2000=self._mean(lambda photo: photo.ciede2000),
            ab_error=self._mean(lambda photo: photo.ab_error),
            auc=self._tally.auc(),
            auc_rebalanced=self._tally.auc_rebalanced(),
            colorfulness=colorfulness,
            colorfulness_true=colorfulness_true,
            colorfulness_gap=colorfulness - colorfulness_true,
            ab_argmax_accuracy=self._mean(lambda photo: photo.ab_argmax_accuracy),
        )

    def _mean(self, score: Callable[[PhotoScores], float]) -> float:
        return math.fsum(map(score, self._photos)) / len(self._photos)
