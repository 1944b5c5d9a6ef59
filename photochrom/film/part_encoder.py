"""Encode coloured frames into parts, and record each finished part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.film.captions import CAPTION_CODECS
from photochrom.film.encoder import PartWriter

if TYPE_CHECKING:
    import numpy.typing as npt
    from av import VideoFrame

    from photochrom.film.frame_colorer import ColoredFrame
    from photochrom.film.job import Job
    from photochrom.film.journal import Journal, JournalState
    from photochrom.film.pixel_format import Layout
    from photochrom.film.progress import FilmListener
    from photochrom.film.propagation import Memory
    from photochrom.film.reader import FilmReader, SourceFrame

__all__ = ["PART_SECONDS", "PartEncoder"]

PART_SECONDS: Final = 10
"""Length of a part, in seconds of film.

This is how much work a power cut can cost. Each part begins with a key frame, so shorter parts
would make the film larger.
"""


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
        journal: Journal,
        listener: FilmListener,
    ) -> None:
        """Continue the parts of a journal.

        Args:
            film: the original film.
            job: the settings, with a codec.
            layout: the layout in which the frames are stored.
            journal: the finished parts; new ones are added to it.
            listener: receives the progress.
        """
        self._film, self._job, self._layout = film, job, layout
        self._journal, self._listener = journal, listener
        self.problems = list(journal.state.problems)
        self.notes = list(journal.state.notes)

    def encode(self, frames: Iterable[ColoredFrame]) -> None:
        """Encode all frames of a film that are in no part yet.

        The last of them is the last of a segment, so all frames are then in finished parts.
        """
        part: PartWriter | None = None
        memory: Memory | None = None
        if self._journal.state.shots:
            self._listener.shot(self._journal.state.shots)
        try:
            for frame in frames:
                part = part or self._new_part()
                self._write(frame, part)
                memory = frame.memory
                # A part can end only where a run can resume.
                if memory and part.seconds >= PART_SECONDS:
                    self._commit(part, memory)
                    part = None
            if part and memory:
                self._commit(part, memory)
                part = None
        finally:
            if part:
                part.abort()

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

    def _new_part(self) -> PartWriter:
        film, encoding, path = self._film, self._job.encoding, self._journal.next_part
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

    def _commit(self, part: PartWriter, memory: Memory) -> None:
        part.finish()
        # The reading thread is ahead. What it found later is found again by a run that resumes.
        last = self._film.seconds_at(part.last)
        problems = [each for each in self.problems if each[0] <= last]
        state = self._state_with(part)
        times = {"last": part.last, "last_duration": part.last_duration}
        notes = list(self.notes)
        self._journal.commit(replace(state, **times, problems=problems, notes=notes), memory)

    def _state_with(self, part: PartWriter) -> JournalState:
        """Return the journal's state as if the part, as far as it is written, were finished."""
        state = self._journal.state
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
    return np.asarray(frame.to_ndarray(format="rgb24", width=columns, height=rows), np.uint8)
