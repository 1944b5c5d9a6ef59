"""Scores of the best constant colour on a run's photographs, for comparison with its own scores.

In many sets of photographs, b is larger than a in well over half of all pixels. So an argmax
accuracy means little without the accuracy of a constant next to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom import color, photo
from photochrom.parallel import subsample
from photochrom.scoring import Judge, Survey, to_lab
from photochrom.training.reading import PhotoReader
from photochrom.training.sources import Source

__all__ = ["best_constant_scores", "constant_argmax_accuracy"]

_MAX_PHOTOS: Final = 512  # evenly spaced in the list of photographs


def constant_argmax_accuracy(
    sources: Sequence[Source], reader: PhotoReader, size: int, fit: photo.Fit
) -> float:
    """Return the argmax accuracy of the better constant, "always a" or "always b".

    Args:
        sources: photographs; a sample of them is read.
        reader: reads them.
        size: side of the squares, in pixels.
        fit: how photographs are made square.

    Returns:
        The share of pixels, in [0, 1].
    """
    survey = Survey()
    sample = subsample(sources, _MAX_PHOTOS)
    for rgb in reader.load_all(sample, lambda data: photo.square(data, size, fit)):
        survey.add(to_lab(rgb))
    return survey.constant().argmax_accuracy / 100


def best_constant_scores(photos: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Return PSNR and mean ab error of the constant colour that fits the photographs best.

    Args:
        photos: RGB, (N, H, W, 3) uint8.

    Returns:
        "val_psnr" in dB, and "val_ab_error" in ab units.
    """
    # Two passes: the best constant must be known before it can be scored.
    survey, judge = Survey(), Judge(quick=True)
    for rgb in photos:
        survey.add(to_lab(rgb))
    constant = survey.constant()
    for rgb in photos:
        judge.add("", constant(color.luma(rgb)), rgb)
    scores = judge.scores()
    return {"val_psnr": scores.psnr, "val_ab_error": scores.ab_error}
