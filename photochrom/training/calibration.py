"""How a distribution is to be read: measured on photographs, and written on the card.

Three readings are found. The faithful one has the best PSNR and AuC. The default has the best PSNR
of those that are four fifths as colourful as photographs are: more colour than a network is sure of
makes stains. The vivid one goes as far again beyond the default.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import color, photo
from photochrom.color.guided import LinearChroma
from photochrom.model.card import Card, DecodingParams
from photochrom.model.distribution import Distribution
from photochrom.model.guide import Guide
from photochrom.parallel import map_ordered
from photochrom.sampling import subsample
from photochrom.scoring import metrics

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.model.model import Model
    from photochrom.training.sources import Source

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

__all__ = ["calibrated"]

_MEASURED: Final = 256  # photographs for the readings
_TEMPERATURES: Final = (0.4, 0.6, 0.75, 1.0)
_GAMMAS: Final = (0.0, 0.2, 0.4)
_GAINS: Final = (0.9, 1.0, 1.1, 1.25)
_AS_COLORFUL: Final = 0.8  # of the truth's colourfulness, at the default
_BEYOND: Final = 2.0  # how far the vivid reading goes, the default being at 1
_COHERENT: Final = DecodingParams(
    chroma_restoration=0.7, agreement=0.5, caution=0.1, clean_tones=0.5, cast_correction=0.45
)
"""What the default reading has besides: chosen once, by eye and by measures."""


def calibrated(model: Model, sources: Sequence[Source]) -> Card:
    """The model's card with its readings and default vividness.

    Args:
        model: with `bin_weights` on its card.
        sources: photographs in colour that it did not learn from.
    """
    card = model.card
    tried = [DecodingParams(temperature=each) for each in _TEMPERATURES] + [
        replace(_COHERENT, rebalancing=gamma, temperature=temperature, gain=gain)
        for gamma, temperature, gain in itertools.product(_GAMMAS, _TEMPERATURES, _GAINS)
    ]
    chosen = subsample(sources, _MEASURED)
    measured = map_ordered(
        lambda source: _measured(model, source, tried), chosen, os.cpu_count() or 1
    )
    psnr, auc, colorfulness, truth = np.mean(list(measured), 0)
    faithful = tried[_best(psnr + auc, np.array([_is_plain(reading) for reading in tried]))]
    default = tried[_best(psnr, colorfulness >= min(_AS_COLORFUL * truth[0], colorfulness.max()))]
    vivid = faithful.toward(default, _BEYOND)
    return replace(card, faithful=faithful, vivid=vivid, vividness=1 / _BEYOND)


def _is_plain(reading: DecodingParams) -> bool:
    return reading == DecodingParams(temperature=reading.temperature)


def _best(scores: Numbers, among: npt.NDArray[np.bool_]) -> int:
    return int(np.where(among, scores, -np.inf).argmax())


def _measured(model: Model, source: Source, readings: Sequence[DecodingParams]) -> Numbers:
    """PSNR, AuC (of plain readings), colourfulness and the truth's under every reading, (4, n)."""
    card = model.card
    rgb = photo.square(source.read(), card.working_size, "crop")
    grey = color.luma(rgb)
    first = color.grey_level(grey, card.color_space)
    answer, features = model.predict_with_features(first)
    guide = Guide.of(first, card.color_space, answer.shape[:2], features)
    spread = Distribution.of(answer, card, guide)
    true_lab, truth = metrics.to_lab(rgb), metrics.colorfulness_abs(rgb)
    rows = []
    for reading in readings:
        small = spread.mean(reading)
        shown = LinearChroma.fit(small, grey, card.color_space).over(grey)
        auc = metrics.auc(metrics.to_lab(shown), true_lab) if _is_plain(reading) else 0.0
        rows.append((metrics.psnr(shown, rgb), auc, metrics.colorfulness_abs(shown), truth))
    return np.array(rows).T
