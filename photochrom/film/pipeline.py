"""Colour a film from its file to a new file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av import VideoFrame

from photochrom.color.guided import LinearChroma
from photochrom.errors import ConfigError, OutputError, OutputFailed
from photochrom.files.atomic import atomic_write, check_destination, ensure_not_original, identity
from photochrom.film.coloring import small_luma
from photochrom.film.encoder import PartWriter
from photochrom.film.journal import Journal, JournalState
from photochrom.film.mux import check_container, container_format, mux, unsupported_streams
from photochrom.film.network import Network, reference_from_hints
from photochrom.film.pixel_format import make_frame
from photochrom.film.progress import FilmProgress, FilmReport
from photochrom.film.propagation import propagate
from photochrom.film.reader import FilmReader, SourceFrame
from photochrom.film.small_frames import small_frames
from photochrom.parallel import map_ordered, prefetch

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.film.job import Job
    from photochrom.film.propagation import Memory, Segment
    from photochrom.film.small_frames import SmallFrame
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["color_film"]

# Seconds of film in a part. This is how much work a power cut can cost. Shorter parts would begin
# with more key frames, and so make the film larger.
_PART_SECONDS: Final = 10
_QUEUED_FRAMES: Final = 8  # small frames that wait between the reading thread and the network


def color_film(model: Model, job: Job, progress: FilmProgress | None = None) -> FilmReport:
    """Colour a film, or resume a film that an earlier run with the same settings began.

    Args:
        model: the model to colour with.
        job: the film and the settings.
        progress: callbacks for the progress.

    Raises:
        FilmError: the film cannot be read.
        OutputError: the target cannot be written, or its container cannot hold the film's sound.
        OutputFailed: writing failed on the way, for example because the disk is full. Finished
            parts are kept.
        ConfigError: a setting of the job is out of range or does not fit the film or the model.
        InvalidModel: the output of the network does not match the model's card.
    """
    # What can be refused without encoding is refused before the first file is written.
    film = FilmReader(job.source, max_rows=job.most_rows)
    if job.target.exists() and job.source.exists() and job.source.samefile(job.target):
        raise OutputError(f"expected a target other than the film itself; received {job.target}")
    if job.partial and job.source.exists():
        ensure_not_original(_partial_target(job.target), {identity(job.source)})
    check_destination(job.target, overwrite=job.overwrite)
    container = container_format(job.target)
    stream_notes = unsupported_streams(film, container, job.target.name)
    job = replace(job, encoding=job.encoding.with_codec(container))
    run = _FilmRun(model, job, film, progress)
    with run.journal as journal:
        notes = (*stream_notes, *run.notes())
        try:
            run.check_encoder(container)
            for note in notes:
                run.progress.note(note)
            run.encode_parts()
        except KeyboardInterrupt:
            run.conclude_interrupted(container)
            raise
        except (av.FFmpegError, OSError) as error:
            raise run.failure(error) from error
        run.write_film(container)
        journal.remove()
    state = journal.state
    return FilmReport(state.frames, state.shots, tuple(run.problems), notes, model.engine)


class _FilmRun:
    """One run that colours a film, from the start or from where an earlier run stopped.

    Attributes:
        progress: callbacks for the progress.
        journal: the finished parts.
        problems: damaged places, as (seconds from the start of the film, description).
    """

    def __init__(
        self, model: Model, job: Job, film: FilmReader, progress: FilmProgress | None
    ) -> None:
        self.progress = progress or FilmProgress()
        self._model, self._job, self._film = model, job, film
        layout = film.layout
        # The network sees square pixels, whatever the shape of the film's pixels.
        self._size = model.fit(layout.height, max(1, round(layout.width * layout.pixel_aspect)))
        self._before = None if job.span.end is None else film.pts_at(job.span.end)
        references = [*self._references_from_hints(), *job.references]
        self._network = Network(model, vividness=job.vividness, references=references)
        # Last, because it locks its folder; what fails before it needs no cleaning up.
        self.journal = Journal(job.target, job.fingerprint(model))
        self.problems = list(self.journal.state.problems)

    def notes(self) -> Iterator[str]:
        """Yield the messages for the user that are known before the first frame."""
        layout, encoding = self._film.layout, self._job.encoding
        if layout.interlaced:
            yield "the film is interlaced; it is deinterlaced first"
        elif layout.is_converted:
            yield f"the pixel format {layout.stored_pix_fmt} is converted to {layout.pix_fmt}"
        if (pix_fmt := encoding.pix_fmt(layout)) != layout.pix_fmt:
            yield f"{encoding.codec} cannot store {layout.pix_fmt}; it stores {pix_fmt} instead"
        state = self.journal.state
        if state.last is not None:
            seconds = self._film.seconds_at(state.last)
            yield f"resuming at {seconds:.1f} s; {state.frames} frames are already done"
        elif self.journal.other_runs:
            yield (
                "starting from the beginning, because the film or the settings have changed; the "
                "parts of the earlier run are kept until the film is written"
            )

    def check_encoder(self, container: str) -> None:
        """Encode one frame, to find unusable settings at once and not after hours of work.

        Raises:
            ConfigError: the encoder does not accept its options.
            OutputError: the container cannot hold the encoder's output.
        """
        film, layout = self._film, self._film.layout
        part_path, trial_path = (self.journal.folder / f"trial.{kind}" for kind in ("part", "film"))
        try:
            part = PartWriter(part_path, layout, self._job.encoding, film.time_base, film.rate)
            part.write(VideoFrame(layout.width, layout.height, layout.pix_fmt), 0, 0)
            part.finish()
            check_container(container, part_path, trial_path, self._job.target)
        finally:
            part_path.unlink(missing_ok=True)
            trial_path.unlink(missing_ok=True)

    def encode_parts(self) -> None:
        """Colour and encode all parts that are not finished yet."""
        part: PartWriter | None = None
        memory: Memory | None = None
        try:
            with closing(self._colored_frames()) as frames:
                for encoded, source, segment in frames:
                    part = part or self._new_part()
                    begins_shot = bool(segment and segment.begins_shot)
                    self._write(encoded, source, part, begins_shot=begins_shot)
                    # A part can end only with a segment, since a run resumes from its memory.
                    memory = segment.memory if segment else None
                    if memory and part.seconds >= _PART_SECONDS:
                        self._commit(part, memory)
                        part = None
            if part and memory:  # the last frame of a film is always the last of a segment
                self._commit(part, memory)
                part = None
        finally:
            if part:
                part.abort()
        if not self.journal.state.parts:
            span = self._job.span
            raise ConfigError(
                f"expected frames between {span.start:g} s and "
                f"{'the end' if span.end is None else f'{span.end:g} s'} of {self._job.source}; "
                "found none"
            )

    def write_film(self, container: str, *, partial: bool = False) -> None:
        """Join the parts to a film.

        Args:
            container: FFmpeg's name of the container.
            partial: write what is finished so far, under the name for partial films.

        Raises:
            OutputFailed: the film cannot be written.
        """
        target, overwrite, span = self._job.target, self._job.overwrite, self._job.span
        if partial:
            target, overwrite = _partial_target(target), True
            # The sound ends with the last finished frame.
            last = self._film.seconds_at(self.journal.state.last or self._film.start)
            span = replace(span, end=last + float(1 / self._film.rate))
            self.progress.note(f"the finished frames are written to {target}")
        with atomic_write(target, overwrite=overwrite) as draft:
            try:
                mux(self._film, self.journal.parts, draft, container, span)
            except (av.FFmpegError, OSError) as error:
                raise self.failure(error) from error

    def conclude_interrupted(self, container: str) -> None:
        """Report how much is finished, and write a partial film if the job asks for it."""
        frames = self.journal.state.frames
        if frames and self._job.partial:
            self.write_film(container, partial=True)
        if frames:
            self.progress.note(f"{frames} frames are finished; run it again to resume from there")
        else:
            self.progress.note("no part is finished yet; the next run starts from the beginning")

    def failure(self, error: Exception) -> OutputFailed:
        """Return the exception for an error that stops the run."""
        message = f"cannot write {self._job.target}: {error}"
        if self.journal.state.parts:
            message += f"; the finished parts are kept in {self.journal.folder} for the next run"
        return OutputFailed(message)

    def _new_part(self) -> PartWriter:
        film, path = self._film, self.journal.next_part
        return PartWriter(path, film.layout, self._job.encoding, film.time_base, film.rate)

    def _commit(self, part: PartWriter, memory: Memory) -> None:
        part.finish()
        state = self._state_with(part)
        # The reading thread is ahead. What it found later is found again by a run that resumes.
        last = self._film.seconds_at(part.last)
        problems = [each for each in self.problems if each[0] <= last]
        self.journal.commit(replace(state, last=part.last, problems=problems), memory)

    def _state_with(self, part: PartWriter) -> JournalState:
        """Return the journal's state as if the part, as far as it is written, were finished."""
        state = self.journal.state
        frames, shots = state.frames + part.frames, state.shots + part.shots
        return replace(state, parts=state.parts + 1, frames=frames, shots=shots)

    def _write(
        self, encoded: VideoFrame, source: SourceFrame, part: PartWriter, *, begins_shot: bool
    ) -> None:
        part.write(encoded, source.pts, source.duration)
        part.shots += begins_shot
        state = self._state_with(part)
        self.progress.frame(state.frames, self._total_frames(), state.shots)
        self.progress.picture(partial(_preview, encoded))

    def _total_frames(self) -> int:
        """Return the expected number of frames in the section that is wanted."""
        start, end = self._job.span.start, self._job.span.end
        seconds = min(self._film.seconds, end or self._film.seconds) - start
        return round(seconds * self._film.rate) if not self._job.span.is_whole else self._film.count

    def _segments(self) -> Iterator[Segment[SourceFrame]]:
        """Yield coloured segments, from where an earlier run stopped."""
        memory, first = self.journal.memory, self.journal.state.last
        if first is None and self._job.span.start:
            first = self._film.pts_at(self._job.span.start)
        frames = self._film.frames(first=first, before=self._before, on_problem=self._add_problem)
        with_luma = ((each, self._small_luma(each)) for each in frames)
        # Decoding and optical flow run in a thread of their own, beside the network.
        small = prefetch(small_frames(with_luma), _QUEUED_FRAMES)
        yield from propagate(small, self._network, memory)

    def _small_luma(self, frame: SourceFrame) -> npt.NDArray[np.uint8]:
        return small_luma(frame.luma, self._size, self._film.layout.levels)

    def _add_problem(self, seconds: float, text: str) -> None:
        problem = (round(seconds, 3), text)
        if problem not in self.problems:  # a resumed run reads some frames for the second time
            self.problems.append(problem)
            self.progress.problem(*problem)

    def _colored_frames(
        self,
    ) -> Generator[tuple[VideoFrame, SourceFrame, Segment[SourceFrame] | None]]:
        """Yield the frames for the encoder, each with its original frame.

        The last frame of a segment comes with the segment, the others with None.
        """
        # The network works on the next segment while the threads of the pool colour this one.
        with closing(prefetch(self._segments(), 1)) as segments:
            yield from map_ordered(self._color, _with_segment_ends(segments), os.cpu_count() or 1)

    def _color(
        self, item: tuple[SourceFrame, SmallFrame, FloatArray, Segment[SourceFrame] | None]
    ) -> tuple[VideoFrame, SourceFrame, Segment[SourceFrame] | None]:
        """Make a frame for the encoder: the luma of the film, and chroma at its own resolution."""
        (source, small, chroma, segment), layout = item, self._film.layout
        space = self._model.card.color_space
        fitted = LinearChroma.fit(chroma, small.luma, space, layout.matrix)
        planes = fitted.stored(source.luma, layout.subsampling, layout.levels)
        return make_frame([source.luma, *planes], layout, layout.pix_fmt), source, segment

    def _references_from_hints(self) -> Iterator[Reference]:
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
            yield reference_from_hints(self._model, luma, hints, size, self._job.vividness)


def _partial_target(target: Path) -> Path:
    return target.with_stem(f"{target.stem}.partial")


def _preview(frame: VideoFrame, rows: int) -> npt.NDArray[np.uint8]:
    """Return a frame as RGB, (H, W, 3) uint8, with at most `rows` rows."""
    rows = min(rows, frame.height)
    columns = max(1, round(frame.width * rows / frame.height))
    return np.asarray(frame.to_ndarray(format="rgb24", width=columns, height=rows), np.uint8)


def _with_segment_ends(
    segments: Iterable[Segment[SourceFrame]],
) -> Iterator[tuple[SourceFrame, SmallFrame, FloatArray, Segment[SourceFrame] | None]]:
    """Yield the frames of all segments; the last frame of each comes with its segment."""
    for segment in segments:
        for number, frame in enumerate(segment.frames, 1):
            yield *frame, segment if number == len(segment.frames) else None
