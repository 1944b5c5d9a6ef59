"""The scores of one photograph and of a set, and `Judge`, which computes them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

from photochrom.color import FloatArray
from photochrom.errors import DataError
from photochrom.scoring import metrics
from photochrom.scoring.color_statistics import Truth, color_statistics
from photochrom.scoring.lpips import MIN_SIDE, has_lpips, lpips
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.tally import AucTally

__all__ = ["Judge", "Measures", "PhotoScores", "Scores"]


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What is measured of each photograph, and averaged over a set; `METRICS` defines each.

    Fields that end in `_true` are the same measure of the true photograph. A score that cannot be
    measured is nan: `lpips` without its package or with a side below 31 pixels, `patchiness`
    without scikit-image, `chroma_dark` and `chroma_light` where the true photograph has no dark or
    light areas.
    """

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


@dataclass(frozen=True, kw_only=True)
class PhotoScores(Measures):
    """The scores of one coloured photograph.

    `psnr` is limited to `metrics.PSNR_CEILING`, so that a mean over photographs stays finite.
    """

    name: str


@dataclass(frozen=True, kw_only=True)
class Scores(Measures):
    """The scores of a set of coloured photographs: means, to which all photographs count equally.

    Each mean is over the photographs whose score is known, and nan where there are none.
    `auc_rebalanced` is computed over the set as a whole (see `AucTally`). `colorfulness_gap` is
    the predictions' mean colourfulness minus that of the true photographs.
    """

    photos: int
    auc_rebalanced: float
    colorfulness_gap: float

    def to_dict(self) -> dict[str, float]:
        """Return the scores as plain numbers, without those that could not be measured."""
        return {key: value for key, value in asdict(self).items() if not math.isnan(value)}


class Judge:
    """Scores photographs one by one; it keeps their scores, but not the pictures."""

    def __init__(self, *, quick: bool = False) -> None:
        """Create a judge without any photograph.

        Args:
            quick: skip LPIPS and patchiness, which take most of the time; their scores are nan.
        """
        self._quick = quick
        self._photos: list[PhotoScores] = []
        self._tally = AucTally()

    @property
    def photos(self) -> tuple[PhotoScores, ...]:
        """The scores of each photograph, in the order in which they were added."""
        return tuple(self._photos)

    def add(
        self, name: str, pred: Rgb, true: Rgb | Truth, *, true_lab: FloatArray | None = None
    ) -> PhotoScores:
        """Measure one coloured photograph against the true one, and keep the scores.

        Args:
            name: name of the photograph in the report and in messages.
            pred: the coloured photograph, RGB, (H, W, 3) uint8.
            true: the true photograph, of the same shape. Pass a `Truth` to score several
                predictions of one photograph: it is then measured only once.
            true_lab: `metrics.to_lab(true)`, if it was computed already.

        Raises:
            DataError: the shapes differ, a side is below the 11 pixels of SSIM's window, or the
                weights of LPIPS are damaged. The message names the photograph.
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
        statistics_true = {f"{key}_true": v for key, v in asdict(truth.statistics).items()}
        return PhotoScores(
            name=name,
            psnr=min(psnr, metrics.PSNR_CEILING),
            ssim=ssim,
            ciede2000=metrics.ciede2000(pred_lab, truth.lab),
            ab_error=metrics.ab_error(pred_lab, truth.lab),
            ab_argmax_accuracy=metrics.ab_argmax_accuracy(pred_lab, truth.lab),
            lpips=math.nan if self._quick else _lpips(pred, truth.rgb),
            **asdict(color_statistics(pred, pred_lab, truth)),
            **statistics_true,
            # Last, because it changes the tally: a photograph that fails must not count.
            auc=self._tally.add(pred_lab, truth.lab),
        )

    def scores(self) -> Scores:
        """Return the scores of all photographs so far.

        Raises:
            DataError: no photograph was added yet.
        """
        if not self._photos:
            raise DataError("expected at least one photograph to judge; received none")
        names = [field.name for field in fields(Measures) if field.name != "auc"]
        means = {name: self._mean(name) for name in names}
        return Scores(
            photos=len(self._photos),
            auc=self._tally.auc(),
            auc_rebalanced=self._tally.auc_rebalanced(),
            colorfulness_gap=means["colorfulness"] - means["colorfulness_true"],
            **means,
        )

    def _mean(self, name: str) -> float:
        """Return the mean over the photographs whose score is known; nan if there are none."""
        values = (getattr(photo, name) for photo in self._photos)
        known = [value for value in values if not math.isnan(value)]
        # `fsum` is exact, so the order of the photographs does not change the mean.
        return math.fsum(known) / len(known) if known else math.nan


def _lpips(pred: Rgb, true: Rgb) -> float:
    """Return the LPIPS distance, or nan where it cannot be measured."""
    if min(true.shape[:2]) < MIN_SIDE or not has_lpips():
        return math.nan
    return lpips(pred, true)
