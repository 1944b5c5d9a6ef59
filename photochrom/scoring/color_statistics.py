"""Statistics of one picture's colours, and `Truth`, a true photograph that is measured once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from photochrom.color import FloatArray, luma
from photochrom.scoring import cleanliness, metrics
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.patchiness import Segments, has_segmentation, patchiness

__all__ = ["ColorStatistics", "Truth", "color_statistics"]


@dataclass(frozen=True)
class ColorStatistics:
    """Statistics of the colours of one picture; `photochrom.scoring.METRICS` defines each.

    `chroma_dark` and `chroma_light` are nan where the true photograph has no dark or light areas,
    `patchiness` where scikit-image is not installed.
    """

    colorfulness: float
    colorfulness_abs: float
    cast: float
    chroma_dark: float
    chroma_light: float
    block_spread: float
    patchiness: float


class Truth:
    """A true photograph; what every prediction of it is compared with is computed only once.

    Attributes:
        rgb: the photograph, RGB, (H, W, 3) uint8.
        lab: the photograph in CIE Lab, (H, W, 3) float32.
    """

    def __init__(self, rgb: Rgb, lab: FloatArray | None = None, *, quick: bool = False) -> None:
        """Wrap a true photograph.

        Args:
            rgb: the photograph, RGB, (H, W, 3) uint8.
            lab: `metrics.to_lab(rgb)`, if it was computed already.
            quick: do not find segments, which are slow; patchiness is then nan.
        """
        self.rgb, self._quick = rgb, quick
        self.lab = metrics.to_lab(rgb) if lab is None else lab

    @cached_property
    def segments(self) -> Segments | None:
        """The segments of its luma; None if `quick`, or where scikit-image is not installed."""
        if self._quick or not has_segmentation():
            return None
        return Segments.of(np.asarray(luma(self.rgb), np.uint8))

    @cached_property
    def statistics(self) -> ColorStatistics:
        """The statistics of the true photograph itself."""
        return color_statistics(self.rgb, self.lab, self)


def color_statistics(rgb: Rgb, lab: FloatArray, truth: Truth) -> ColorStatistics:
    """Return the statistics of one picture's colours.

    Args:
        rgb: a prediction, or the true photograph itself: RGB, (H, W, 3) uint8.
        lab: `metrics.to_lab(rgb)`.
        truth: the true photograph, whose lightness and segments say which pixels to measure. It
            is the same for every prediction, so that the statistics can be compared.
    """
    segments = truth.segments
    return ColorStatistics(
        colorfulness=metrics.colorfulness(rgb),
        colorfulness_abs=metrics.colorfulness_abs(rgb),
        cast=cleanliness.cast(lab),
        chroma_dark=cleanliness.chroma_dark(lab, truth.lab),
        chroma_light=cleanliness.chroma_light(lab, truth.lab),
        block_spread=cleanliness.block_spread(lab),
        patchiness=math.nan if segments is None else patchiness(lab, segments),
    )
