"""Choose a distribution's decoding parameters by measurements on photographs, for the card.

The faithful parameters have the best sum of PSNR and AuC. The default ones have the best PSNR among
those whose results are at least 80% as colourful as the photographs; more colour than a network is
sure of causes stains. The vivid ones extrapolate from faithful through default, twice as far.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import color, photo
from photochrom.color.guided import LinearChroma
from photochrom.model.card import Card, DecodingParams
from photochrom.model.distribution import Distribution
from photochrom.model.guide import Guide
from photochrom.parallel import subsample
from photochrom.scoring import metrics

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.model.model import Model
    from photochrom.training.reading import PhotoReader
    from photochrom.training.sources import Source

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

__all__ = ["calibrate"]

_MAX_PHOTOS: Final = 256  # photographs to measure on
_TEMPERATURES: Final = (0.4, 0.6, 0.75, 1.0)
_REBALANCINGS: Final = (0.0, 0.2, 0.4)
_GAINS: Final = (0.9, 1.0, 1.1, 1.25)
_MIN_COLORFULNESS: Final = (
    0.8  # colourfulness of the default result, relative to the true photographs
)
_VIVID_FACTOR: Final = 2.0  # vivid lies this far beyond faithful, where default is at 1
# Fields of the default parameters that are not searched: set once, by eye and by measurements.
_DEFAULT_CLEANUP: Final = DecodingParams(
    chroma_restoration=0.7, agreement=0.5, caution=0.1, clean_tones=0.5, cast_correction=0.45
)


def calibrate(model: Model, sources: Sequence[Source], reader: PhotoReader) -> Card:
    """Return the model's card with decoding parameters and the default vividness.

    Args:
        model: a model whose card has `bin_weights`.
        sources: colour photographs that the model was not trained on; a sample of them is read.
        reader: reads them.
    """
    card = model.card
    candidates = [DecodingParams(temperature=temperature) for temperature in _TEMPERATURES] + [
        replace(_DEFAULT_CLEANUP, rebalancing=rebalancing, temperature=temperature, gain=gain)
        for rebalancing, temperature, gain in itertools.product(
            _REBALANCINGS, _TEMPERATURES, _GAINS
        )
    ]
    sample = subsample(sources, _MAX_PHOTOS)
    measurements = reader.load_all(sample, lambda data: _measure(model, data, candidates))
    psnr, auc, colorfulness, true_colorfulness = np.mean(list(measurements), 0)
    # AuC is measured for plain parameters only, so only those compete to be the faithful ones.
    faithful = candidates[
        _best_index(psnr + auc, np.array([_is_plain(params) for params in candidates]))
    ]
    # If no candidate is colourful enough, the most colourful one is allowed.
    default = candidates[
        _best_index(
            psnr, colorfulness >= min(_MIN_COLORFULNESS * true_colorfulness[0], colorfulness.max())
        )
    ]
    vivid = faithful.toward(default, _VIVID_FACTOR)
    return replace(card, faithful=faithful, vivid=vivid, vividness=1 / _VIVID_FACTOR)


def _is_plain(params: DecodingParams) -> bool:
    """Return whether parameters set nothing but the temperature."""
    return params == DecodingParams(temperature=params.temperature)


def _best_index(scores: Numbers, allowed: npt.NDArray[np.bool_]) -> int:
    """Return the index of the highest score that is allowed."""
    return int(np.where(allowed, scores, -np.inf).argmax())


def _measure(model: Model, data: bytes, candidates: Sequence[DecodingParams]) -> Numbers:
    """Measure all candidates on one encoded photograph.

    Returns:
        (4, n) float64: PSNR, AuC (0 unless plain), colourfulness and the true colourfulness.
    """
    card = model.card
    rgb = photo.square(data, card.working_size, "crop")
    grey = color.luma(rgb)
    grey_channel = color.grey_level(grey, card.color_space)
    output, features = model.predict_with_features(grey_channel)
    guide = Guide.of(grey_channel, card.color_space, output.shape[:2], features)
    distribution = Distribution.of(output, card, guide)
    true_lab, true_colorfulness = metrics.to_lab(rgb), metrics.colorfulness_abs(rgb)
    rows = []
    for params in candidates:
        chroma = distribution.mean(params)
        colored = LinearChroma.fit(chroma, grey, card.color_space).rgb(grey)
        auc = metrics.auc(metrics.to_lab(colored), true_lab) if _is_plain(params) else 0.0
        rows.append(
            (metrics.psnr(colored, rgb), auc, metrics.colorfulness_abs(colored), true_colorfulness)
        )
    return np.array(rows).T
