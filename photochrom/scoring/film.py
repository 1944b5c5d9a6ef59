"""Score a colorizer on a film whose true colours are known, beside grey and frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from operator import length_hint
from typing import Final, TypeAlias

import numpy as np

from photochrom.color import FloatArray, luma
from photochrom.colorizer import Colorizer
from photochrom.errors import DataError
from photochrom.film.coloring import color_frames
from photochrom.parallel import core_count, worker_pool
from photochrom.progress import ProgressListener
from photochrom.scoring import metrics
from photochrom.scoring.baselines import flat_color
from photochrom.scoring.metrics import Rgb
from photochrom.scoring.temporal import MIN_SIDE, CdcTally, Motion, MotionTracker, WarpTally

__all__ = [
    "TRUE_FILM",
    "ColorizeFilm",
    "FilmJudge",
    "FilmReport",
    "FilmScores",
    "FrameScores",
    "evaluate_film",
    "film_methods",
]

TRUE_FILM: Final = "true film"
"""Title of the true film in reports."""

_GREY: Final = 1.0  # colourfulness of a film without colours, whose frames may still be noisy

ColorizeFilm: TypeAlias = Callable[[Iterator[Rgb]], Iterable[Rgb]]
"""A function that colours a film: luma, (H, W) uint8, of each frame → RGB, (H, W, 3) uint8."""


@dataclass(frozen=True, slots=True)
class FrameScores:
    """The scores of one coloured frame.

    Attributes:
        psnr: PSNR in dB, at most `metrics.PSNR_CEILING`.
        ciede2000: mean CIEDE2000.
        warp_error: warp error to the previous frame; nan where no motion is reliable, as in the
            first frame.
        colorfulness: colourfulness, Hasler & Süsstrunk's M3.
        a: mean a of CIE Lab.
        b: mean b of CIE Lab.
    """

    psnr: float
    ciede2000: float
    warp_error: float
    colorfulness: float
    a: float
    b: float


@dataclass(frozen=True)
class FilmScores:
    """The scores of a coloured film; `photochrom.scoring.FILM_METRICS` defines each.

    `warp_error` is nan where the motion is reliable nowhere in the film.
    """

    psnr: float
    ciede2000: float
    warp_error: float
    cdc: float
    colorfulness: float

    def to_dict(self) -> dict[str, float | None]:
        """Return the scores as plain numbers, with None in place of nan."""
        return {key: None if math.isnan(value) else value for key, value in asdict(self).items()}


class FilmJudge:
    """Scores a film frame by frame; it keeps no picture but the previous frame."""

    def __init__(self) -> None:
        self._frames: list[FrameScores] = []
        self._warp, self._cdc = WarpTally(), CdcTally()

    @property
    def frames(self) -> tuple[FrameScores, ...]:
        """The scores of each frame, in order."""
        return tuple(self._frames)

    def add(self, pred: Rgb, true: Rgb, true_lab: FloatArray, motion: Motion | None) -> None:
        """Measure one coloured frame against the true one, and keep the scores.

        Args:
            pred: the coloured frame, RGB, (H, W, 3) uint8.
            true: the true frame, of the same shape.
            true_lab: `metrics.to_lab(true)`.
            motion: motion from the true frame to the previous one; None for the first frame.

        Raises:
            ValueError: the shapes differ.
        """
        # The true film is scored as well; its colours need no second conversion.
        lab = true_lab if pred is true else metrics.to_lab(pred)
        # For the flicker plot: a jump of the mean colour is visible as flicker.
        a, b = lab[..., 1:].mean((0, 1), dtype=np.float64)
        self._cdc.add(pred)
        self._frames.append(
            FrameScores(
                psnr=min(metrics.psnr(pred, true), metrics.PSNR_CEILING),
                ciede2000=0.0 if pred is true else metrics.ciede2000(lab, true_lab),
                warp_error=self._warp.add(np.ascontiguousarray(lab[..., 1:]), motion),
                colorfulness=metrics.colorfulness(pred),
                a=float(a),
                b=float(b),
            )
        )

    def scores(self) -> FilmScores:
        """Return the scores of all frames so far.

        Raises:
            DataError: there are fewer than two frames.
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
    """The result of `evaluate_film`, by the titles of the coloured films; the true film is last.

    Attributes:
        size: width and height of the film, in pixels.
        rows: the scores of each film.
        frames: the scores of each frame of each film.
    """

    size: tuple[int, int]
    rows: Mapping[str, FilmScores]
    frames: Mapping[str, tuple[FrameScores, ...]]

    @property
    def count(self) -> int:
        """Number of judged frames."""
        return len(self.frames[TRUE_FILM])

    def of_true(self, title: str, key: str) -> float:
        """Return a film's score divided by that of the true film; nan where that is 0."""
        true = getattr(self.rows[TRUE_FILM], key)
        return float(getattr(self.rows[title], key) / true) if true else float("nan")


def film_methods(colorizer: Colorizer) -> dict[str, ColorizeFilm]:
    """Return the ways to colour a film that are compared, by title.

    "grey" gives no colour, "frame by frame" colours each frame as a photograph of its own, and
    "steady" colours the frames as a film.
    """

    def frame_by_frame(lumas: Iterator[Rgb]) -> Iterator[Rgb]:
        return (np.asarray(colorizer.colorize(each, album=False).rgb, np.uint8) for each in lumas)

    return {
        "grey": lambda lumas: map(flat_color, lumas),
        "frame by frame": frame_by_frame,
        "steady": lambda lumas: color_frames(colorizer.model, lumas),
    }


def evaluate_film(
    film: Iterable[Rgb],
    methods: Mapping[str, ColorizeFilm],
    *,
    listener: ProgressListener | None = None,
    on_frame: Callable[[Mapping[str, Rgb]], None] = lambda _: None,
) -> FilmReport:
    """Score several ways to colour a film, at its own size and all at the same time.

    Each method reads the film for itself and keeps as many frames as it needs. Apart from the
    scores of the frames, the memory does not depend on the length of the film.

    Args:
        film: frames of one size, RGB, (H, W, 3) uint8 each; read once for each method, and once
            more.
        methods: functions that colour the film, by title.
        listener: receives the progress of the task "judge", in frames.
        on_frame: called with each frame: its coloured versions by title, and the true frame.

    Raises:
        DataError: the film is an iterator, has fewer than two frames, is too small, or is grey.
    """
    if iter(film) is film:
        raise DataError(
            f"expected a film that can be read more than once; received {type(film).__name__}"
        )
    size = _size_of(film)
    listener = listener or ProgressListener()
    judges = {title: FilmJudge() for title in (*methods, TRUE_FILM)}
    colored_films = [
        colorize(np.asarray(luma(true), np.uint8) for true in film) for colorize in methods.values()
    ]
    tracker = MotionTracker()
    # The measures are NumPy and OpenCV, which release the GIL: threads score the films of one
    # frame side by side. Waiting for them before the next frame keeps each judge's frames in order.
    with worker_pool(core_count()) as pool:
        for done, (true, *colored) in enumerate(zip(film, *colored_films, strict=True), 1):
            true_lab = metrics.to_lab(true)
            motion = tracker.motion(np.asarray(luma(true), np.uint8))
            frames = dict(zip(judges, (*colored, true), strict=True))
            futures = [
                pool.submit(judges[title].add, frame, true, true_lab, motion)
                for title, frame in frames.items()
            ]
            for future in futures:
                future.result()
            on_frame(frames)
            listener.progress("judge", done, length_hint(film))
    scores = {title: judge.scores() for title, judge in judges.items()}
    if scores[TRUE_FILM].colorfulness < _GREY:
        raise DataError("expected a film in colour, to judge others by; received a grey one")
    return FilmReport(size, scores, {title: judge.frames for title, judge in judges.items()})


def _size_of(film: Iterable[Rgb]) -> tuple[int, int]:
    """Return width and height of the first frame."""
    first = next(iter(film), None)
    if first is None:
        raise DataError("expected a film of at least 2 frames to judge; received 0")
    height, width = first.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise DataError(
            f"expected frames of at least {MIN_SIDE} pixels a side; received {width} x {height}"
        )
    return width, height
