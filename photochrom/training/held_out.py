"""Evaluation on photographs that no recipe was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from photochrom.color import luma
from photochrom.errors import MissingExtra
from photochrom.scoring import Judge, best_constant
from photochrom.training.frechet import FeatureExtractor, ImageFeatures

__all__ = ["HeldOutEvaluator", "Photograph", "Rgb", "grey_rgb"]

Rgb: TypeAlias = npt.NDArray[np.uint8]
Photograph: TypeAlias = tuple[str, Rgb]


def grey_rgb(rgb: Rgb) -> Rgb:
    """Return a photograph's luma as RGB, (H, W, 3) uint8."""
    return np.asarray(np.dstack([luma(rgb)] * 3), np.uint8)


class HeldOutEvaluator:
    """An evaluator that scores all networks on the same photographs."""

    def __init__(self, photographs: Sequence[Photograph]) -> None:
        """Create the evaluator.

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
