"""Find the shots of a film, and colour one frame of each, to see and to choose colours by.

Only the frames that stand for the shots are coloured, so a sheet of a film takes a fraction of the
time that the film itself takes.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.color.guided import LinearChroma
from photochrom.errors import UnreadableFilm
from photochrom.film.coloring import small_luma
from photochrom.film.network import Network, reference_from_hints
from photochrom.film.optical_flow import detect_shots, signature
from photochrom.film.small_frames import SmallFrame
from photochrom.parallel import prefetch
from photochrom.progress import ProgressListener

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.film.job import Span
    from photochrom.film.reader import FilmReader, SourceFrame
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["Shot", "ShotFrame", "find_shots"]

_QUEUED_FRAMES: Final = 8  # decoded frames that wait to be searched


@dataclass(frozen=True)
class Shot:
    """A shot of a film; all times are in seconds from the start of the film.

    Attributes:
        start: the time of its first frame.
        end: the time of its last frame.
        middle: the time of the frame in its middle, which stands for it.
    """

    start: float
    end: float
    middle: float


@dataclass(frozen=True, eq=False)
class ShotFrame:
    """The frame that stands for a shot, as people see it: upright, and with square pixels.

    Attributes:
        luma: (h, w) uint8, from 0 (black) to 255 (white).
        size: height and width of the film's frames, in pixels.
    """

    luma: npt.NDArray[np.uint8]
    size: tuple[int, int]

    def color(
        self,
        model: Model,
        *,
        vividness: float | None = None,
        references: Sequence[Reference] = (),
    ) -> npt.NDArray[np.uint8]:
        """Colour the frame with one pass of the network; in the film, several frames are averaged.

        Args:
            model: the model to colour with.
            vividness: as in `color_frames`.
            references: as in `color_frames`.

        Returns:
            RGB, (h, w, 3) uint8.

        Raises:
            ConfigError: `vividness` is out of range, or the model does not take a reference.
            InvalidModel: the output of the network does not match the model's card.
        """
        small = self._small(model)
        estimate = Network(model, vividness=vividness, references=references)(SmallFrame(small))
        fitted = LinearChroma.fit(estimate.chroma, small, model.card.color_space)
        rgb: npt.NDArray[np.uint8] = fitted.rgb(self.luma)
        return rgb

    def reference(
        self, model: Model, hints: Sequence[Hint], vividness: float | None = None
    ) -> Reference:
        """Colour the frame with hints, and make it a reference, as a film with hints does.

        Args:
            model: the model to colour with.
            hints: the hints, in pixels of the film's frames.
            vividness: as in `color_frames`.

        Raises:
            ConfigError: a hint is outside the frame, or the model does not take a reference.
        """
        return reference_from_hints(model, self._small(model), hints, self.size, vividness)

    def _small(self, model: Model) -> npt.NDArray[np.uint8]:
        return small_luma(self.luma, model.fit(*self.luma.shape))


def find_shots(
    film: FilmReader,
    model: Model,
    span: Span,
    *,
    max_side: int = 960,
    listener: ProgressListener | None = None,
) -> Generator[tuple[Shot, ShotFrame]]:
    """Find the shots of a section of a film, with the cut detection that colouring has, too.

    Args:
        film: the film.
        model: the model that is to colour it; cuts are detected in frames of its size.
        span: the section.
        max_side: the longer side of the frames that stand for the shots, in pixels, at most.
        listener: `progress("shots", done, total)` is called for each frame that was read. An
            exception that it raises stops the search.

    Yields:
        Each shot and its frame, as soon as the next shot begins.

    Raises:
        UnreadableFilm: a frame that was read cannot be read a second time.
    """
    listener = listener or ProgressListener()
    layout, total = film.layout, _count(film, span)
    size = model.fit(layout.height, max(1, round(layout.width * layout.pixel_aspect)))
    decoded = _frames(film, span.start, span.end)
    # Decoding takes most of the time, so it runs in a thread of its own
    with closing(decoded), closing(prefetch(decoded, _QUEUED_FRAMES)) as frames:
        signed = (
            (each.pts, signature(small_luma(each.luma, size, layout.levels))) for each in frames
        )
        times: list[int] = []
        for done, (pts, is_first) in enumerate(detect_shots(signed), 1):
            listener.progress("shots", done, total)
            if is_first and times:
                yield _shot(film, times, max_side)
                times = []
            times.append(pts)
        if times:
            yield _shot(film, times, max_side)


def _frames(film: FilmReader, start: float, end: float | None) -> Generator[SourceFrame]:
    """Read the frames of a section, passing over damaged places."""
    first = film.pts_at(start) if start else None
    before = None if end is None else film.pts_at(end)
    return film.frames(first=first, before=before, on_problem=lambda *_: None)


def _count(film: FilmReader, span: Span) -> int:
    """Return about how many frames a section has; 0 if that is not known."""
    if span.is_whole:
        return film.count
    end = film.seconds if span.end is None else min(span.end, film.seconds)
    return max(0, round((end - span.start) * float(film.rate)))


def _shot(film: FilmReader, times: list[int], max_side: int) -> tuple[Shot, ShotFrame]:
    """Return the shot with frames at these times, and the frame in its middle."""
    shot = Shot(*(film.seconds_at(each) for each in (times[0], times[-1], times[len(times) // 2])))
    # Read as hints are read later, so that they are given for exactly this frame
    with closing(_frames(film, shot.middle, None)) as frames:
        frame = next(frames, None)
    if frame is None:
        raise UnreadableFilm(f"cannot read the film {film.path} again at {shot.middle:.1f} s")
    layout = film.layout
    height, width = layout.height, layout.width * float(layout.pixel_aspect)
    # Never larger than the film: pixels that are not square are made square by reducing one side
    scale = min(1.0, layout.width / width, max_side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return shot, ShotFrame(small_luma(frame.luma, size, layout.levels), film.size)
