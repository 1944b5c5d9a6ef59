"""Colour the frames of a film, with reading and the network in threads of their own."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from av import VideoFrame

from photochrom.color.guided import LinearChroma
from photochrom.errors import ConfigError
from photochrom.film.coloring import small_luma
from photochrom.film.network import Network, ShotReference, reference_from_hints
from photochrom.film.pixel_format import make_frame
from photochrom.film.propagation import propagate
from photochrom.film.small_frames import small_frames
from photochrom.film.stretches import Stretch
from photochrom.parallel import core_count, map_ordered, prefetch

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.film.job import Job
    from photochrom.film.propagation import Estimate, Memory, Segment
    from photochrom.film.reader import FilmReader, NoteCallback, ProblemCallback, SourceFrame
    from photochrom.film.small_frames import SmallFrame
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["ColoredFrame", "FrameColorer"]

_QUEUED_FRAMES: Final = 8  # small frames that wait between the reading thread and the network


@dataclass(frozen=True, eq=False)
class ColoredFrame:
    """A coloured frame of a film, for the encoder.

    Attributes:
        picture: the planes, in the film's layout.
        source: the original frame.
        begins_shot: whether a shot begins with this frame.
        memory: the colour memory after this frame, if a later run can continue from here.
    """

    picture: VideoFrame
    source: SourceFrame
    begins_shot: bool
    memory: Memory | None


@dataclass(frozen=True, eq=False)
class _UncoloredFrame:
    """A frame whose small chroma is known, with the arguments of its `ColoredFrame`."""

    source: SourceFrame
    small: SmallFrame
    chroma: FloatArray
    begins_shot: bool
    memory: Memory | None


class FrameColorer:
    """Colours the frames of the section of a film that a job asks for."""

    def __init__(self, model: Model, job: Job, film: FilmReader) -> None:
        """Prepare the network, and the references that it follows.

        Raises:
            ConfigError: a setting is out of range or does not fit the film or the model.
        """
        self._model, self._job, self._film = model, job, film
        layout = film.layout
        # The network sees square pixels, whatever the shape of the film's pixels.
        self._size = model.fit(layout.height, max(1, round(layout.width * layout.pixel_aspect)))
        for each in job.references:
            if isinstance(each, ShotReference) and each.span.start >= film.seconds > 0:
                raise ConfigError(
                    f"expected references within the film, which is {film.seconds:.1f} s long; "
                    f"received one from {each.span.start:g} s on"
                )
        references = [*self._references_from_hints(), *job.references]
        self._network = Network(model, vividness=job.vividness, references=references)

    def frames(
        self,
        last: int | None,
        memory: Memory | None,
        on_problem: ProblemCallback,
        on_note: NoteCallback,
        *,
        stretch: Stretch | None = None,
    ) -> Generator[ColoredFrame]:
        """Yield the coloured frames.

        Args:
            last: the time of the last frame that an earlier run finished. None to begin at the
                start of the section.
            memory: the colour memory at that frame.
            on_problem: called for each damaged place, in the reading thread.
            on_note: called with messages about the frames, in the reading thread.
            stretch: the stretch to colour; None for the whole section.
        """
        frames = self._small_frames(last, on_problem, on_note, stretch or Stretch())
        segments = propagate(frames, self._estimate, memory)
        # The network works on the next segment while the threads of the pool colour this one.
        with closing(prefetch(segments, 1)) as ready:
            yield from map_ordered(self._color, _uncolored_frames(ready), core_count())

    def _small_frames(
        self,
        last: int | None,
        on_problem: ProblemCallback,
        on_note: NoteCallback,
        stretch: Stretch,
    ) -> Iterator[tuple[SourceFrame, SmallFrame]]:
        """Yield the frames that are to be coloured, with their small copies."""
        film, span = self._film, self._job.span
        first = last
        if last is None:
            first = film.pts_at(span.start) if span.start else stretch.first
        before = None if span.end is None else film.pts_at(span.end)
        frames = film.frames(first=first, before=before, on_problem=on_problem, on_note=on_note)
        with_luma = ((each, self._small_luma(each)) for each in frames)
        # Decoding and optical flow run in a thread of their own, beside the network.
        with closing(prefetch(small_frames(with_luma), _QUEUED_FRAMES)) as small:
            for source, copy in small:
                # Not earlier: the frames after a stretch help to detect the cuts at its end.
                if stretch.before is not None and source.pts >= stretch.before:
                    return
                yield source, copy

    def _estimate(self, frame: SourceFrame, small: SmallFrame) -> Estimate:
        return self._network(small, self._film.seconds_at(frame.pts))

    def _small_luma(self, frame: SourceFrame) -> npt.NDArray[np.uint8]:
        return small_luma(frame.luma, self._size, self._film.layout.levels)

    def _color(self, frame: _UncoloredFrame) -> ColoredFrame:
        """Make a frame for the encoder: the luma of the film, and chroma at its own resolution."""
        source, layout = frame.source, self._film.layout
        space = self._model.card.color_space
        fitted = LinearChroma.fit(frame.chroma, frame.small.luma, space, layout.matrix)
        planes = fitted.subsampled_planes(source.luma, layout.subsampling, layout.levels)
        picture = make_frame([source.luma, *planes], layout, layout.pix_fmt)
        return ColoredFrame(picture, source, frame.begins_shot, frame.memory)

    def _references_from_hints(self) -> Iterator[Reference | ShotReference]:
        """Yield a reference for each frame that has hints."""
        hints_by_time: dict[float, list[Hint]] = {}
        for moment, hint in self._job.hints:
            hints_by_time.setdefault(moment, []).append(hint)
        for moment, hints in hints_by_time.items():
            first = self._film.pts_at(moment)
            with closing(self._film.frames(first=first, on_problem=lambda *_: None)) as frames:
                frame = next(frames, None)
            if frame is None:
                raise ConfigError(
                    f"expected hints within the film, which is {self._film.seconds:.1f} s long; "
                    f"received one at {moment:g} s"
                )
            luma, size = self._small_luma(frame), self._film.size
            reference = reference_from_hints(self._model, luma, hints, size, self._job.vividness)
            span = self._job.hint_spans.get(moment)
            yield ShotReference(reference, span) if span else reference


def _uncolored_frames(segments: Iterable[Segment[SourceFrame]]) -> Iterator[_UncoloredFrame]:
    """Yield the frames of all segments.

    A run can continue only after the last frame of a segment, which therefore has the memory.
    """
    for segment in segments:
        last = len(segment.frames) - 1
        for number, frame in enumerate(segment.frames):
            begins_shot = segment.begins_shot and number == 0
            yield _UncoloredFrame(*frame, begins_shot, segment.memory if number == last else None)
