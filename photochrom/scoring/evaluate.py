"""A colorizer against photographs whose colours are known, beside the baselines it must beat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from photochrom.color import luma
from photochrom.errors import DataError
from photochrom.scoring.baselines import BestConstant, Survey, flat_color
from photochrom.scoring.board import Judge, PhotoScores, Scores
from photochrom.scoring.looks import Truth
from photochrom.scoring.metrics import Rgb, to_lab
from photochrom.scoring.paired import Difference, paired_difference
from photochrom.scoring.splits import Part

__all__ = ["COMPARED", "Colorize", "Photographs", "Progress", "Report", "evaluate"]

COMPARED: Final = ("psnr", "ssim", "ciede2000", "ab_error", "auc", "lpips")
"""The scores whose differences to grey a report states: those in which more, or less, is better."""

Photograph: TypeAlias = tuple[str, Rgb]
Photographs: TypeAlias = Iterable[Photograph] | Callable[[], Iterable[Photograph]]
"""Names and RGB, (H, W, 3) uint8: something that can be gone through twice, or makes iterators."""

Colorize: TypeAlias = Callable[[Rgb], Rgb]
"""Luma, (H, W) uint8 → RGB, (H, W, 3) uint8."""

Progress: TypeAlias = Callable[[Literal["survey", "judge"], int], None]
"""Told after each photograph: which of the two passes, and how many it has seen."""


@dataclass(frozen=True)
class Report:
    """What `evaluate` found: three rows, and each photograph under the model and in grey.

    `part` is the part of a split that the photographs are; None where they are all of a set.
    """

    grey: Scores
    constant: Scores
    model: Scores
    best_constant: BestConstant
    photos: tuple[PhotoScores, ...]
    grey_photos: tuple[PhotoScores, ...]
    part: Part | None = None

    @property
    def above_grey(self) -> Mapping[str, Difference]:
        """How much higher the model scores than grey, photograph by photograph, by `COMPARED`."""
        return {key: paired_difference(self.photos, self.grey_photos, key) for key in COMPARED}

    @property
    def rows(self) -> dict[str, Scores]:
        """The rows of the table, by title."""
        return {"grey": self.grey, "best constant": self.constant, "model": self.model}

    @property
    def ranking(self) -> tuple[int, ...]:
        """Places in `photos`, from the least CIEDE2000 to the greatest."""
        return tuple(sorted(range(len(self.photos)), key=lambda i: self.photos[i].ciede2000))

    @property
    def best(self) -> PhotoScores:
        """The photograph of the least CIEDE2000."""
        return self.photos[self.ranking[0]]

    @property
    def median(self) -> PhotoScores:
        """The one in the middle."""
        return self.photos[self.ranking[(len(self.photos) - 1) // 2]]

    @property
    def worst(self) -> PhotoScores:
        """The one of the greatest."""
        return self.photos[self.ranking[-1]]


def evaluate(
    photographs: Photographs,
    colorize: Colorize,
    *,
    progress: Progress | None = None,
    part: Part | None = None,
) -> Report:
    """Score a colorizer on photographs, at the size at which they come.

    They are gone through twice: first to find the best constant, then to judge. No picture is
    kept.

    Args:
        photographs: names and RGB, (H, W, 3) uint8: a sequence, or a function that gives a fresh
            iterator at each call.
        colorize: luma, (H, W) uint8 → RGB, (H, W, 3) uint8.
        progress: told of each photograph.
        part: the part of a split that the photographs are, for the report to state.

    Raises:
        DataError: there is no photograph, or one that cannot be judged.
    """
    tell = progress or (lambda _step, _done: None)
    survey = Survey()
    for done, (_, true) in enumerate(fresh(photographs), 1):
        survey.add(to_lab(true))
        tell("survey", done)
    constant = survey.constant()
    answers: tuple[Colorize, ...] = (flat_color, constant, colorize)
    judges = tuple(Judge() for _ in answers)
    for done, (name, true) in enumerate(fresh(photographs), 1):
        _judge_all(judges, answers, name, true)
        tell("judge", done)
    return replace(_report(constant, *judges), part=part)


def fresh(photographs: Photographs) -> Iterator[Photograph]:
    """A new walk through photographs that can be gone through more than once.

    Raises:
        DataError: they are an iterator, which one walk uses up.
    """
    walk = iter(photographs() if callable(photographs) else photographs)
    if walk is photographs:
        raise DataError(
            "expected photographs that can be gone through twice (a sequence, or a function that "
            f"makes an iterator); received {type(photographs).__name__}"
        )
    return walk


def _judge_all(
    judges: tuple[Judge, ...], answers: tuple[Colorize, ...], name: str, true: Rgb
) -> None:
    grey, truth = np.asarray(luma(true), np.uint8), Truth(true)
    for judge, answer in zip(judges, answers, strict=True):
        judge.add(name, answer(grey), truth)


def _report(best: BestConstant, grey: Judge, constant: Judge, model: Judge) -> Report:
    return Report(
        grey=grey.scores(),
        constant=replace(constant.scores(), ab_argmax_accuracy=best.argmax_accuracy),
        model=model.scores(),
        best_constant=best,
        photos=model.photos,
        grey_photos=grey.photos,
    )
