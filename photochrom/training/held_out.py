"""Evaluation on photographs that no recipe was trained on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from statistics import median
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.color import luma
from photochrom.colorizer import Colorizer
from photochrom.errors import MissingExtra
from photochrom.parallel import subsample
from photochrom.scoring import Judge, best_constant
from photochrom.training.frechet import FeatureExtractor, ImageFeatures
from photochrom.training.runs import Run

__all__ = [
    "Entry",
    "HeldOutEvaluator",
    "Photograph",
    "Rgb",
    "colorize",
    "grey_rgb",
    "held_out",
    "measure",
]

Rgb: TypeAlias = npt.NDArray[np.uint8]
Photograph: TypeAlias = tuple[str, Rgb]  # a name, and RGB, (H, W, 3) uint8

_SIDE: Final = 256  # pixels, the size of all photographs to judge by
_TIMED_RUNS: Final = 6


@dataclass(frozen=True)
class Entry:
    """A row of the scoreboard.

    Attributes:
        name: name and options of the recipe; or "grey", "best constant" or "default network".
        scores: the fields of `scoring.Scores`, and "frechet_distance" where it can be measured.
        parameters: number of the network's parameters.
        photos: photographs shown in training, repetitions included.
        training_speed: photographs per second.
        inference_ms: milliseconds of the exported network for 256 × 256 pixels; 0: no network.
        faithful: scores with the faithful decoding parameters, for networks that output a
            distribution.
        left_out: why there are no scores; empty if there are.
    """

    name: str
    scores: dict[str, float]
    parameters: int = 0
    photos: int = 0
    training_speed: float = 0.0
    inference_ms: float = 0.0
    faithful: dict[str, float] = field(default_factory=dict)
    left_out: str = ""


def held_out(run: Run, limit: int) -> list[Photograph]:
    """Return photographs that a run did not train on: names and RGB, (256, 256, 3) uint8."""
    reader, chosen = run.reader(), subsample(run.validation, limit)
    squares = reader.load_named(chosen, lambda data: photo.square(data, _SIDE, "crop"))
    return [(source.name, rgb) for source, rgb in squares]


def grey_rgb(rgb: Rgb) -> Rgb:
    """Return a photograph's luma as RGB, (H, W, 3) uint8."""
    return np.asarray(np.dstack([luma(rgb)] * 3), np.uint8)


class HeldOutEvaluator:
    """An evaluator that scores all networks on the same photographs."""

    def __init__(self, photographs: Sequence[Photograph]) -> None:
        """Create an evaluator of these photographs.

        Args:
            photographs: names and RGB, (H, W, 3) uint8.
        """
        self.photographs = photographs

    def baselines(self) -> dict[str, dict[str, float]]:
        """Return the scores of grey and of the best constant colour."""
        constant_color = best_constant(rgb for _, rgb in self.photographs)
        constant_scores = self.scores(lambda rgb: constant_color(luma(rgb)))
        constant_scores["ab_argmax_accuracy"] = constant_color.argmax_accuracy
        return {"grey": self.scores(grey_rgb), "best constant": constant_scores}

    def scores(self, colorize: Callable[[Rgb], Rgb]) -> dict[str, float]:
        """Return the scores of a colouring function.

        Args:
            colorize: takes a photograph in RGB and returns it coloured, both (H, W, 3) uint8; it
                must use the photograph's luma only.

        Returns:
            The fields of `scoring.Scores`, and "frechet_distance" if the extractor is installed.
        """
        judge, results = Judge(quick=True), []
        for name, truth in self.photographs:
            results.append(colorize(truth))
            judge.add(name, results[-1], truth)
        scores = judge.scores().to_dict()
        if self._extractor and self._true_features:
            features = self._extractor.extract(results)
            scores["frechet_distance"] = features.distance(self._true_features)
        return scores

    @cached_property
    def _extractor(self) -> FeatureExtractor | None:
        """The feature extractor; None if its weights are not installed."""
        try:
            return FeatureExtractor()
        except MissingExtra:  # its weights are a package of their own, and optional
            return None

    @cached_property
    def _true_features(self) -> ImageFeatures | None:
        """The features of the true photographs; None without an extractor."""
        if self._extractor is None:
            return None
        return self._extractor.extract(rgb for _, rgb in self.photographs)


def measure(name: str, colorizer: Colorizer, evaluator: HeldOutEvaluator) -> Entry:
    """Evaluate a network and return its entry, without what concerns its training."""
    # Measured first, because an engine is fastest at the first size that it gets.
    inference_ms = _inference_ms(colorizer)
    scores = evaluator.scores(partial(colorize, colorizer))
    faithful = {}
    if colorizer.model.card.output_kind == "distribution":
        faithful = evaluator.scores(partial(colorize, colorizer, vividness=0.0))
    return Entry(name, scores, inference_ms=inference_ms, faithful=faithful)


def colorize(colorizer: Colorizer, rgb: Rgb, *, vividness: float | None = None) -> Rgb:
    """Return the coloured luma of a photograph, RGB, (H, W, 3) uint8."""
    return np.asarray(colorizer.colorize(rgb, vividness=vividness, album=False).rgb, np.uint8)


def _inference_ms(colorizer: Colorizer) -> float:
    """Return the median time for one picture of 256 × 256, in milliseconds."""
    model = colorizer.model
    lightness = np.full((1, _SIDE, _SIDE, 1), 50, np.float32)
    model(lightness)
    times = []
    for _ in range(_TIMED_RUNS):
        start = time.perf_counter()
        model(lightness)
        times.append(time.perf_counter() - start)
    return 1000 * median(times)
