"""What the best constant answer scores on a run's photographs: to be read beside every number.

On many sets of photographs "b is the larger" is right at well over half of all pixels, so an
accuracy of the argmax says little unless this stands next to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom import color, photo
from photochrom.parallel import map_ordered
from photochrom.sampling import subsample
from photochrom.scoring import Judge, Survey, to_lab
from photochrom.training.sources import Source

__all__ = ["argmax_constant", "best_constant_scores"]

_AT_MOST: Final = 512  # photographs, evenly spread


def argmax_constant(sources: Sequence[Source], size: int, fit: photo.Fit) -> float:
    """The share of pixels, in [0, 1], at which "always a" or "always b" is right."""
    survey = Survey()
    for rgb in _some(sources, size, fit):
        survey.add(to_lab(rgb))
    return survey.constant().argmax_accuracy / 100


def best_constant_scores(photos: npt.NDArray[np.uint8]) -> dict[str, float]:
    """PSNR and mean ab error of the one colour that suits these photographs best.

    Args:
        photos: RGB, (N, H, W, 3) uint8.
    """
    survey, judge = Survey(), Judge(quick=True)
    for rgb in photos:
        survey.add(to_lab(rgb))
    constant = survey.constant()
    for rgb in photos:
        judge.add("", constant(color.luma(rgb)), rgb)
    scores = judge.scores()
    return {"val_psnr": scores.psnr, "val_ab_error": scores.ab_error}


def _some(sources: Sequence[Source], size: int, fit: photo.Fit) -> Iterator[npt.NDArray[np.uint8]]:
    def load(source: Source) -> npt.NDArray[np.uint8]:
        return photo.square(source.read(), size, fit)

    return map_ordered(load, subsample(sources, _AT_MOST), os.cpu_count() or 1)
