"""The scoreboard: one photograph's scores, a set's scores, and the judge that keeps them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

from photochrom.color import FloatArray
from photochrom.errors import DataError
from photochrom.scoring import metrics
from photochrom.scoring.looks import Truth, look_of
from photochrom.scoring.lpips import LEAST_SIDE, has_lpips, lpips
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.tally import AucTally

__all__ = ["Judge", "PhotoScores", "Scores"]


@dataclass(frozen=True)
class PhotoScores:
    """How well one photograph was coloured; `photochrom.scoring.METRICS` says what each means.

    `psnr` is at most `metrics.PSNR_CEILING`, so that a mean over photographs stays finite. What
    ends in `_true` is the same measure of the true photograph. nan is what cannot be measured:
    `lpips` without its package or of a photograph below 31 pixels, `patchiness` without
    scikit-image, `chroma_dark` and `chroma_light` where the true photograph has no such places.
    """

    name: str
    psnr: float
    ssim: float
    ciede2000: float
    ab_error: float
    auc: float
    lpips: float
    colorfulness: float
    colorfulness_true: float
    colorfulness_abs: float
    colorfulness_abs_true: float
    ab_argmax_accuracy: float
    cast: float
    cast_true: float
    chroma_dark: float
    chroma_dark_true: float
    chroma_light: float
    chroma_light_true: float
    block_spread: float
    block_spread_true: float
    patchiness: float
    patchiness_true: float


@dataclass(frozen=True)
class Scores:
    """How well a set of photographs was coloured: means in which each photograph counts alike.

    `auc_rebalanced` belongs to the set as a whole (see `AucTally`); `colorfulness_gap` is signed,
    the predictions' mean less the truth's. A mean is over the photographs of which a score is
    known; nan where it is of none.
    """

    photos: int
    psnr: float
    ssim: float
    ciede2000: float
    ab_error: float
    auc: float
    auc_rebalanced: float
    lpips: float
    colorfulness: float
    colorfulness_true: float
    colorfulness_gap: float
    colorfulness_abs: float
    colorfulness_abs_true: float
    ab_argmax_accuracy: float
    cast: float
    cast_true: float
    chroma_dark: float
    chroma_dark_true: float
    chroma_light: float
    chroma_light_true: float
    block_spread: float
    block_spread_true: float
    patchiness: float
    patchiness_true: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, for a model card or a log; what could not be measured is left out."""
        return {key: value for key, value in asdict(self).items() if not math.isnan(value)}


class Judge:
    """Scores many photographs one by one; keeps numbers only, no pictures."""

    def __init__(self, *, quick: bool = False) -> None:
        """Begin.

        Args:
            quick: leave out LPIPS and patchiness, which take most of the time; they are nan.
        """
        self._quick = quick
        self._photos: list[PhotoScores] = []
        self._tally = AucTally()

    @property
    def photos(self) -> tuple[PhotoScores, ...]:
        """The scores of each photograph, in the order in which they came."""
        return tuple(self._photos)

    def add(
        self, name: str, pred: Rgb, true: Rgb | Truth, *, true_lab: FloatArray | None = None
    ) -> PhotoScores:
        """Score one photograph.

        Args:
            name: what to call it in the report.
            pred: the coloured photograph, RGB, (H, W, 3) uint8.
            true: the colour original, of the same shape; as a `Truth` where several answers to it
                are judged, so that it is measured once.
            true_lab: `metrics.to_lab(true)`, where it is at hand already.

        Raises:
            DataError: the shapes differ, or a side is below the 11 pixels of SSIM's window; the
                message names the photograph. Or the weights of LPIPS are damaged.
        """
        try:
            truth = true if isinstance(true, Truth) else Truth(true, true_lab, quick=self._quick)
            scores = self._score(name, pred, truth)
        except ValueError as error:
            raise DataError(f"cannot judge {name}: {error}") from error
        self._photos.append(scores)
        return scores

    def _score(self, name: str, pred: Rgb, truth: Truth) -> PhotoScores:
        psnr, ssim = metrics.psnr(pred, truth.rgb), metrics.ssim(pred, truth.rgb)
        pred_lab = metrics.to_lab(pred)
        own = {f"{key}_true": value for key, value in asdict(truth.look).items()}
        return PhotoScores(
            name=name,
            psnr=min(psnr, metrics.PSNR_CEILING),
            ssim=ssim,
            ciede2000=metrics.ciede2000(pred_lab, truth.lab),
            ab_error=metrics.ab_error(pred_lab, truth.lab),
            ab_argmax_accuracy=metrics.ab_argmax_accuracy(pred_lab, truth.lab),
            lpips=math.nan if self._quick else _lpips(pred, truth.rgb),
            **asdict(look_of(pred, pred_lab, truth)),
            **own,
            auc=self._tally.add(pred_lab, truth.lab),  # last: a photograph that fails counts not
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
        names = [field.name for field in fields(PhotoScores) if field.name not in ("name", "auc")]
        means = {name: self._mean(name) for name in names}
        return Scores(
            photos=len(self._photos),
            auc=self._tally.auc(),
            auc_rebalanced=self._tally.auc_rebalanced(),
            colorfulness_gap=means["colorfulness"] - means["colorfulness_true"],
            **means,
        )

    def _mean(self, name: str) -> float:
        """Over the photographs of which it is known."""
        values = (getattr(photo, name) for photo in self._photos)
        known = [value for value in values if not math.isnan(value)]
        return math.fsum(known) / len(known) if known else math.nan


def _lpips(pred: Rgb, true: Rgb) -> float:
    if min(true.shape[:2]) < LEAST_SIDE or not has_lpips():
        return math.nan
    return lpips(pred, true)
