"""Photographs that no recipe learnt from, and how good answers are on them."""

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

__all__ = ["HeldOutEvaluator", "Photograph", "Rgb", "in_grey"]

Rgb: TypeAlias = npt.NDArray[np.uint8]
Photograph: TypeAlias = tuple[str, Rgb]


def in_grey(rgb: Rgb) -> Rgb:
    """A photograph's luma, three times."""
    return np.asarray(np.dstack([luma(rgb)] * 3), np.uint8)


class HeldOutEvaluator:
    """Judges all answers on the same photographs."""

    def __init__(self, photographs: Sequence[Photograph]) -> None:
        """Names and RGB, (H, W, 3) uint8."""
        self.photographs = photographs

    def baselines(self) -> dict[str, dict[str, float]]:
        """What grey and the best constant score."""
        best = best_constant(rgb for _, rgb in self.photographs)
        constant = self.scores(lambda rgb: best(luma(rgb)))
        constant["ab_argmax_accuracy"] = best.argmax_accuracy
        return {"grey": self.scores(in_grey), "best constant": constant}

    def scores(self, answer: Callable[[Rgb], Rgb]) -> dict[str, float]:
        """What answers score: as `scoring.Scores`, and the Fréchet distance if it can be measured.

        Args:
            answer: of a photograph's luma; it must not look at its colours.
        """
        judge, answers = Judge(quick=True), []
        for name, true in self.photographs:
            answers.append(answer(true))
            judge.add(name, answers[-1], true)
        scores = judge.scores().to_dict()
        if self._perception and self._truth:
            seen = self._perception.look(answers)
            scores["frechet_distance"] = seen.distance(self._truth)
        return scores

    @cached_property
    def _perception(self) -> FeatureExtractor | None:
        try:
            return FeatureExtractor()
        except MissingExtra:
            return None

    @cached_property
    def _truth(self) -> ImageFeatures | None:
        if self._perception is None:
            return None
        return self._perception.look(rgb for _, rgb in self.photographs)
