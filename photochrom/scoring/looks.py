"""Measures of a picture by itself; and a true photograph, on which they are taken once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from photochrom.color import FloatArray, luma
from photochrom.scoring import cleanliness, metrics
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.patchiness import Segments, find_segments, has_segmentation, patchiness

__all__ = ["Look", "Truth", "look_of"]


@dataclass(frozen=True)
class Look:
    """Measures of one picture's colours, without comparing them; `METRICS` says what each means.

    `chroma_dark` and `chroma_light` are nan where the true photograph has no such places,
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
    """A true photograph: what every answer to it is measured by is worked out once.

    Attributes:
        rgb: (H, W, 3) uint8.
        lab: CIE Lab, (H, W, 3) float32.
    """

    def __init__(self, rgb: Rgb, lab: FloatArray | None = None, *, quick: bool = False) -> None:
        """Take a photograph.

        Args:
            rgb: (H, W, 3) uint8.
            lab: `metrics.to_lab(rgb)`, where it is at hand already.
            quick: look for no segments, so that there is no patchiness.
        """
        self.rgb, self._quick = rgb, quick
        self.lab = metrics.to_lab(rgb) if lab is None else lab

    @cached_property
    def segments(self) -> Segments | None:
        """What looks alike in its luma; None where scikit-image is not installed, or if quick."""
        if self._quick or not has_segmentation():
            return None
        return find_segments(np.asarray(luma(self.rgb), np.uint8))

    @cached_property
    def look(self) -> Look:
        """Its own measures."""
        return look_of(self.rgb, self.lab, self)


def look_of(rgb: Rgb, lab: FloatArray, truth: Truth) -> Look:
    """Measure one picture.

    Args:
        rgb: an answer, or the true photograph itself: RGB, (H, W, 3) uint8.
        lab: `metrics.to_lab(rgb)`.
        truth: the true photograph; its lightness and its luma say where to look.
    """
    segments = truth.segments
    return Look(
        colorfulness=metrics.colorfulness(rgb),
        colorfulness_abs=metrics.colorfulness_abs(rgb),
        cast=cleanliness.cast(lab),
        chroma_dark=cleanliness.chroma_dark(lab, truth.lab),
        chroma_light=cleanliness.chroma_light(lab, truth.lab),
        block_spread=cleanliness.block_spread(lab),
        patchiness=math.nan if segments is None else patchiness(lab, segments),
    )
