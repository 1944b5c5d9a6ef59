"""A colorizer against a film whose colours are known: frame by frame, and steadily."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

import numpy as np

from photochrom.color import FloatArray, luma
from photochrom.colorizer import Colorizer
from photochrom.errors import DataError
from photochrom.film.coloring import color_frames
from photochrom.scoring import metrics
from photochrom.scoring.baselines import flat_color
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.steadiness import LEAST_SIDE, CdcTally, Step, Trail, WarpTally

__all__ = [
    "TRUE_FILM",
    "Answer",
    "FilmJudge",
    "FilmReport",
    "FilmScores",
    "FrameScores",
    "Watch",
    "answers_of",
    "evaluate_film",
]

TRUE_FILM: Final = "true film"

Answer: TypeAlias = Callable[[Iterator[Rgb]], Iterable[Rgb]]
"""Luma of every frame, (H, W) uint8 each → as many frames, RGB, (H, W, 3) uint8 each."""

Watch: TypeAlias = Callable[[Mapping[str, Rgb]], None]
"""Shown each frame: the answers by title, and the true one."""


@dataclass(frozen=True, slots=True)
class FrameScores:
    """One frame of an answer.

    Attributes:
        psnr: at most `metrics.PSNR_CEILING`.
        ciede2000: mean.
        warp_error: to the frame before; nan where nothing can be followed, as in the first.
        colorfulness: Hasler & Süsstrunk's M3.
        a: mean, of CIE Lab.
        b: mean, of CIE Lab.
    """

    psnr: float
    ciede2000: float
    warp_error: float
    colorfulness: float
    a: float
    b: float


@dataclass(frozen=True)
class FilmScores:
    """How well a film was coloured; `photochrom.scoring.FILM_METRICS` says what each means.

    `warp_error` is nan where nothing in the film can be followed from frame to frame.
    """

    psnr: float
    ciede2000: float
    warp_error: float
    cdc: float
    colorfulness: float

    def to_dict(self) -> dict[str, float | None]:
        """Plain numbers, for a log; None for nan."""
        return {key: None if math.isnan(value) else value for key, value in asdict(self).items()}


class FilmJudge:
    """Scores a film frame by frame; keeps numbers only, no pictures but the last."""

    def __init__(self) -> None:
        self._frames: list[FrameScores] = []
        self._warp, self._cdc = WarpTally(), CdcTally()

    @property
    def frames(self) -> tuple[FrameScores, ...]:
        """The scores of each frame, in order."""
        return tuple(self._frames)

    def add(self, pred: Rgb, true: Rgb, true_lab: FloatArray, step: Step | None) -> None:
        """Score one frame.

        Args:
            pred: the coloured frame, RGB, (H, W, 3) uint8.
            true: the colour original, of the same shape.
            true_lab: `metrics.to_lab(true)`.
            step: from the true frame to the one before, where there is one.

        Raises:
            ValueError: the shapes differ.
        """
        lab = true_lab if pred is true else metrics.to_lab(pred)
        a, b = lab[..., 1:].mean((0, 1), dtype=np.float64)
        self._cdc.add(pred)
        self._frames.append(
            FrameScores(
                psnr=min(metrics.psnr(pred, true), metrics.PSNR_CEILING),
                ciede2000=0.0 if pred is true else metrics.ciede2000(lab, true_lab),
                warp_error=self._warp.add(np.ascontiguousarray(lab[..., 1:]), step),
                colorfulness=metrics.colorfulness(pred),
                a=float(a),
                b=float(b),
            )
        )

    def scores(self) -> FilmScores:
        """The scores of all frames so far.

        Raises:
            DataError: there are fewer than two.
        """
        if len(self._frames) < 2:
            raise DataError(
                f"expected a film of at least 2 frames to judge; received {len(self._frames)}"
            )
        return FilmScores(
            psnr=self._mean(lambda frame: frame.psnr),
            ciede2000=self._mean(lambda frame: frame.ciede2000),
            warp_error=self._warp.error(),
            cdc=self._cdc.cdc(),
            colorfulness=self._mean(lambda frame: frame.colorfulness),
        )

    def _mean(self, score: Callable[[FrameScores], float]) -> float:
        return math.fsum(map(score, self._frames)) / len(self._frames)


@dataclass(frozen=True)
class FilmReport:
    """What `evaluate_film` found, by the answers' titles; the last is the true film.

    Attributes:
        size: width and height of the film.
        rows: the rows of the table.
        frames: the scores of each frame of each answer.
    """

    size: tuple[int, int]
    rows: Mapping[str, FilmScores]
    frames: Mapping[str, tuple[FrameScores, ...]]

    @property
    def count(self) -> int:
        """How many frames were judged."""
        return len(self.frames[TRUE_FILM])

    def of_true(self, title: str, key: str) -> float:
        """An answer's score as a multiple of the true film's; nan where that is 0."""
        true = getattr(self.rows[TRUE_FILM], key)
        return float(getattr(self.rows[title], key) / true) if true else float("nan")


def answers_of(colorizer: Colorizer) -> dict[str, Answer]:
    """No colour at all; each frame as a photograph of its own; all frames as a film."""

    def frame_by_frame(lumas: Iterator[Rgb]) -> Iterator[Rgb]:
        return (np.asarray(colorizer.colorize(each).rgb, np.uint8) for each in lumas)

    return {
        "grey": lambda lumas: map(flat_color, lumas),
        "frame by frame": frame_by_frame,
        "steady": lambda lumas: color_frames(colorizer.model, lumas),
    }


def evaluate_film(film: Iterable[Rgb], answers: Mapping[str, Answer], watch: Watch) -> FilmReport:
    """Score answers to a film at its own size, all in one go.

    Every answer reads the film for itself and holds as many frames as it needs; nothing here grows
    with the film's length but the scores of its frames.

    Args:
        film: RGB, (H, W, 3) uint8 each, of one size; gone through once for each answer, and once
            more.
        answers: by title.
        watch: is shown each frame.

    Raises:
        DataError: the film is an iterator, has fewer than two frames, or is too small.
    """
    if iter(film) is film:
        raise DataError(
            "expected a film that can be gone through more than once; received "
            f"{type(film).__name__}"
        )
    size = _size_of(film)
    judges = {title: FilmJudge() for title in (*answers, TRUE_FILM)}
    given = [
        answer(np.asarray(luma(true), np.uint8) for true in film) for answer in answers.values()
    ]
    trail = Trail()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for true, *preds in zip(film, *given, strict=True):
            true_lab, step = metrics.to_lab(true), trail.step(np.asarray(luma(true), np.uint8))
            shown = dict(zip(judges, (*preds, true), strict=True))
            rows = [(judges[title], pred) for title, pred in shown.items()]
            for done in [pool.submit(j.add, pred, true, true_lab, step) for j, pred in rows]:
                done.result()
            watch(shown)
    scores = {title: judge.scores() for title, judge in judges.items()}
    return FilmReport(size, scores, {title: judge.frames for title, judge in judges.items()})


def _size_of(film: Iterable[Rgb]) -> tuple[int, int]:
    """Width and height."""
    first = next(iter(film), None)
    if first is None:
        raise DataError("expected a film of at least 2 frames to judge; received 0")
    height, width = first.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise DataError(
            f"expected frames of at least {LEAST_SIDE} pixels a side; received {width} x {height}"
        )
    return width, height
