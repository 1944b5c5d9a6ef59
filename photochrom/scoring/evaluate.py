"""Score a colorizer on photographs whose true colours are known, beside two baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import length_hint
from typing import Final, TypeAlias

import numpy as np

from photochrom.color import luma
from photochrom.errors import DataError
from photochrom.progress import ProgressListener
from photochrom.scoring.album import Album, Part
from photochrom.scoring.baselines import BestConstant, Survey, flat_color
from photochrom.scoring.board import Judge, PhotoScores, Scores
from photochrom.scoring.color_statistics import Truth
from photochrom.scoring.metrics import Rgb, to_lab
from photochrom.scoring.paired import Difference, paired_difference

__all__ = ["COMPARED", "Colorize", "Photographs", "Report", "evaluate"]

COMPARED: Final = ("psnr", "ssim", "ciede2000", "ab_error", "auc", "lpips")
"""Scores whose difference to grey is reported: those with a clear better direction."""

Photograph: TypeAlias = tuple[str, Rgb]
Photographs: TypeAlias = Iterable[Photograph] | Callable[[], Iterable[Photograph]]
"""Names and RGB, (H, W, 3) uint8: a reusable iterable, or a function that returns iterators."""

Colorize: TypeAlias = Callable[[Rgb], Rgb]
"""A function that colours a photograph: luma, (H, W) uint8 → RGB, (H, W, 3) uint8."""


@dataclass(frozen=True)
class Report:
    """The result of `evaluate`.

    Attributes:
        grey: scores of the grey photographs.
        constant: scores of the best constant colour.
        model: scores of the model.
        best_constant: the best constant colour.
        photos: the model's scores of each photograph.
        grey_photos: the scores of each grey photograph, in the same order.
        part: the part of the split that the judged album holds; None: all photographs.
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
        """How much higher the model scores than grey, for each score in `COMPARED`."""
        return {key: paired_difference(self.photos, self.grey_photos, key) for key in COMPARED}

    @property
    def rows(self) -> dict[str, Scores]:
        """The rows of the table, by title."""
        return {"grey": self.grey, "best constant": self.constant, "model": self.model}

    @property
    def ranking(self) -> tuple[int, ...]:
        """Indices into `photos`, from the lowest CIEDE2000 to the highest."""
        return tuple(sorted(range(len(self.photos)), key=lambda i: self.photos[i].ciede2000))

    @property
    def best(self) -> PhotoScores:
        """The photograph with the lowest CIEDE2000."""
        return self.photos[self.ranking[0]]

    @property
    def median(self) -> PhotoScores:
        """The photograph with the median CIEDE2000."""
        return self.photos[self.ranking[(len(self.photos) - 1) // 2]]

    @property
    def worst(self) -> PhotoScores:
        """The photograph with the highest CIEDE2000."""
        return self.photos[self.ranking[-1]]


def evaluate(
    photographs: Photographs,
    colorize: Colorize,
    *,
    listener: ProgressListener | None = None,
) -> Report:
    """Score a colorizer on photographs, at the size in which they come.

    The photographs are read twice: first to find the best constant, then to judge. No picture is
    kept.

    Args:
        photographs: names and RGB, (H, W, 3) uint8: an `Album`, a sequence, or a function that
            returns a new iterator at each call.
        colorize: the colorizer: luma, (H, W) uint8 → RGB, (H, W, 3) uint8.
        listener: receives the progress of two tasks: "survey", which finds the best constant, and
            "judge".

    Raises:
        DataError: there is no photograph, or one of them cannot be judged.
    """
    listener, total = listener or ProgressListener(), length_hint(photographs)
    # The best constant has to be known before the first photograph can be scored with it.
    survey = Survey()
    for done, (_, true) in enumerate(fresh(photographs), 1):
        survey.add(to_lab(true))
        listener.progress("survey", done, total)
    constant = survey.constant()
    colorizers: tuple[Colorize, ...] = (flat_color, constant, colorize)
    judges = (Judge(), Judge(), Judge())
    for done, (name, true) in enumerate(fresh(photographs), 1):
        _judge_all(judges, colorizers, name, true)
        listener.progress("judge", done, total)
    part = photographs.part if isinstance(photographs, Album) else None
    return _report(constant, *judges, part=part)


def fresh(photographs: Photographs) -> Iterator[Photograph]:
    """Return a new iterator over photographs.

    Raises:
        DataError: `photographs` is itself an iterator, which can be read only once.
    """
    iterator = iter(photographs() if callable(photographs) else photographs)
    if iterator is photographs:
        raise DataError(
            "expected photographs that can be read twice (a sequence, or a function that returns "
            f"an iterator); received {type(photographs).__name__}"
        )
    return iterator


def _judge_all(
    judges: tuple[Judge, ...], colorizers: tuple[Colorize, ...], name: str, true: Rgb
) -> None:
    # One `Truth` for all judges, so that the true photograph is measured only once.
    grey, truth = np.asarray(luma(true), np.uint8), Truth(true)
    for judge, colorize in zip(judges, colorizers, strict=True):
        judge.add(name, colorize(grey), truth)


def _report(
    best: BestConstant, grey: Judge, constant: Judge, model: Judge, *, part: Part | None
) -> Report:
    return Report(
        grey=grey.scores(),
        # The baseline of this accuracy is not a colour: see `baselines`.
        constant=replace(constant.scores(), ab_argmax_accuracy=best.argmax_accuracy),
        model=model.scores(),
        best_constant=best,
        photos=model.photos,
        grey_photos=grey.photos,
        part=part,
    )
