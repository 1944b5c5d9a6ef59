"""Encode coloured frames into parts, and record each finished part."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.film.captions import CAPTION_CODECS
from photochrom.film.encoder import PartWriter
from photochrom.film.pixel_format import reformat

if TYPE_CHECKING:
    import numpy.typing as npt
    from av import VideoFrame

    from photochrom.film.frame_colorer import ColoredFrame
    from photochrom.film.job import Job
    from photochrom.film.journal import JournalState, Parts
    from photochrom.film.pixel_format import Layout
    from photochrom.film.progress import FilmListener
    from photochrom.film.propagation import Memory
    from photochrom.film.reader import FilmReader, SourceFrame

__all__ = ["PART_SECONDS", "PartEncoder", "begins_stretch"]

PART_SECONDS: Final = 10
"""Length of a part, in seconds of film.

This is how much work a power cut can cost. Each part begins with a key frame, so shorter parts
would make the film larger.
"""


def begins_stretch(film: FilmReader, stretch: int | None, shot: int) -> bool:
    """Return whether a new stretch of a film begins with a shot.

    A stretch consists of whole shots, and is long enough for a part. No colours are carried over a
    cut, and a stretch begins with a new part. So stretches can be coloured in any order.

    Args:
        film: the film.
        stretch: the time at which the stretch before begins, in the time base; None at the start.
        shot: the time at which the shot begins.
    """
    return stretch is None or (shot - stretch) * film.time_base >= PART_SECONDS


class PartEncoder:
    """Encodes coloured frames into parts of a film.

    Attributes:
        problems: damaged places, as (seconds from the start of the film, description).
        notes: messages for the user.
    """

    def __init__(
        self,
        film: FilmReader,
        job: Job,
        layout: Layout,
        finished: Parts,
        listener: FilmListener,
    ) -> None:
        """Continue the finished parts.

        Args:
            film: the original film.
            job: the settings, with a codec.
            layout: the layout in which the frames are stored.
            finished: the finished parts; new ones are added to them.
            listener: receives the progress.
        """
        self._film, self._job, self._layout = film, job, layout
        self._finished, self._listener = finished, listener
        self._stretch = finished.state.stretch
        self.problems = list(finished.state.problems)
        self.notes = list(finished.state.notes)

    def encode(self, frames: Iterable[ColoredFrame], *, max_seconds: float = math.inf) -> bool:
        """Encode the frames of a film that are in no part yet.

        The last of them is the last of a segment, so all frames are then in finished parts.

        Args:
            frames: the frames.
            max_seconds: the length of film after which to stop, at the end of a part.

        Returns:
            Whether all frames are in finished parts.
        """
        part: PartWriter | None = None
        memory: Memory | None = None
        seconds = 0.0
        if self._finished.state.shots:
            self._listener.shot(self._finished.state.shots)
        try:
            for frame in frames:
                if self._begins_stretch(frame):
                    part = self._finish(part, memory)
                    self._stretch = frame.source.pts
                part = part or self._new_part()
                self._write(frame, part)
                memory = frame.memory
                # A part can end only where a run can resume.
                if memory and part.seconds >= PART_SECONDS:
                    seconds += part.seconds
                    part = self._finish(part, memory)
                    if seconds >= max_seconds:
                        return False
            part = self._finish(part, memory)
        finally:
            if part:
                part.abort()
        return True

    def add_problem(self, seconds: float, text: str) -> None:
        """Record a damaged place, unless an earlier run has already found it."""
        problem = (round(seconds, 3), text)
        if problem not in self.problems:  # a resumed run reads some frames for the second time
            self.problems.append(problem)
            self._listener.problem(*problem)

    def add_note(self, text: str) -> None:
        """Record a message for the user, unless it has been recorded already."""
        if text not in self.notes:
            self.notes.append(text)
            self._listener.note(text)

    def _begins_stretch(self, frame: ColoredFrame) -> bool:
        return frame.begins_shot and begins_stretch(self._film, self._stretch, frame.source.pts)

    def _new_part(self) -> PartWriter:
        film, encoding, path = self._film, self._job.encoding, self._finished.next_part
        return PartWriter(path, self._layout, encoding, film.time_base, film.rate)

    def _write(self, frame: ColoredFrame, part: PartWriter) -> None:
        source = frame.source
        part.write(frame.picture, source.pts, source.duration, self._captions(source))
        part.shots += frame.begins_shot
        state, listener = self._state_with(part), self._listener
        if frame.begins_shot:
            listener.shot(state.shots)
        listener.progress("color", state.frames, self._total_frames())
        listener.picture(partial(_preview, frame.picture))

    def _captions(self, source: SourceFrame) -> bytes:
        """Return the captions of a frame, if the codec can hold them; if not, note it once."""
        codec = self._job.encoding.codec
        if codec in CAPTION_CODECS:
            return source.captions
        if source.captions:
            self.add_note(
                f"{codec} video cannot hold the closed captions, so they are left out; "
                f"{' and '.join(CAPTION_CODECS)} can"
            )
        return b""

    def _finish(self, part: PartWriter | None, memory: Memory | None) -> PartWriter | None:
        """Finish a part at a frame where a run can resume; return what is still unfinished."""
        if not part or not memory:
            return part
        part.finish()
        # The reading thread is ahead. What it found later is found again by a run that resumes.
        last = self._film.seconds_at(part.last)
        problems = [each for each in self.problems if each[0] <= last]
        state = self._state_with(part)
        state = replace(state, last=part.last, last_duration=part.last_duration)
        state = replace(state, stretch=self._stretch, problems=problems, notes=list(self.notes))
        self._finished.commit(state, memory)
        return None

    def _state_with(self, part: PartWriter) -> JournalState:
        """Return the journal's state as if the part, as far as it is written, were finished."""
        state = self._finished.state
        frames, shots = state.frames + part.frames, state.shots + part.shots
        return replace(state, parts=state.parts + 1, frames=frames, shots=shots)

    def _total_frames(self) -> int:
        """Return the expected number of frames in the section to be coloured."""
        film, span = self._film, self._job.span
        if span.is_whole:
            return film.count
        return round((min(film.seconds, span.end or film.seconds) - span.start) * film.rate)


def _preview(frame: VideoFrame, rows: int) -> npt.NDArray[np.uint8]:
    """Return a frame as RGB, (H, W, 3) uint8, with at most `rows` rows."""
    rows = min(rows, frame.height)
    columns = max(1, round(frame.width * rows / frame.height))
    small = reformat(frame, format="rgb24", width=columns, height=rows)
    return np.asarray(small.to_ndarray(), np.uint8)
