"""A grey film in, a coloured film out."""

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
from photochrom.film.encoder import Part
from photochrom.film.journal import Done, Work
from photochrom.film.mux import assemble, check_holds, container_format, left_out
from photochrom.film.network import Network, hinted
from photochrom.film.pixel_format import filled
from photochrom.film.progress import FilmReport, Watcher
from photochrom.film.propagation import propagate
from photochrom.film.reader import Picture, Source
from photochrom.film.small_frames import stills
from photochrom.parallel import map_ordered, prefetch

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.film.job import Job
    from photochrom.film.propagation import Memory, Stretch
    from photochrom.film.small_frames import Still
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["color_film"]

_PART_SECONDS: Final = 10  # of film, in a part: what a power cut can cost
_WAITING: Final = 8  # frames between two threads


def color_film(model: Model, job: Job, watcher: Watcher | None = None) -> FilmReport:
    """Colour a film; go on with one that was begun.

    Args:
        model: the network.
        job: what is to be done.
        watcher: told how it goes.

    Raises:
        FilmError: the film cannot be read.
        OutputError: it cannot be written there, or its sound cannot be kept.
        OutputFailed: the disk is full, say; what is done is kept.
        ConfigError: something that is asked for makes no sense.
        InvalidModel: the network's answer is not what its card promises.
    """
    film = Source(job.source, most_rows=job.most_rows)
    if job.target.exists() and job.source.exists() and job.source.samefile(job.target):
        raise OutputError(f"expected another place than the film's own; received {job.target}")
    if job.partial and job.source.exists():
        ensure_not_original(_partial(job.target), {identity(job.source)})
    check_destination(job.target, overwrite=job.overwrite)
    place = container_format(job.target)
    lost = left_out(film, place, job.target.name)
    making = _Making(model, replace(job, encoding=job.encoding.settled(place)), film, watcher)
    with making.work as work:
        notes = (*lost, *making.notes())
        try:
            making.try_out(place)
            for note in notes:
                making.watcher.note(note)
            making.run()
        except KeyboardInterrupt:
            making.interrupted(place)
            raise
        except (av.FFmpegError, OSError) as error:
            raise making.stopped(error) from error
        making.deliver(place)
        work.remove()
    done = work.done
    return FilmReport(done.frames, done.shots, tuple(making.problems), notes, model.engine)


class _Making:
    """One film on its way.

    Attributes:
        watcher: told how it goes.
        work: what is done.
        problems: seconds from the film's start, and what is broken there.
    """

    def __init__(self, model: Model, job: Job, film: Source, watcher: Watcher | None) -> None:
        self.watcher = watcher or Watcher()
        self._model, self._job, self._film = model, job, film
        layout = film.layout
        self._size = model.fit(layout.height, max(1, round(layout.width * layout.pixel_aspect)))
        self._before = None if job.span.end is None else film.pts_at(job.span.end)
        known = [*self._hinted(), *job.references]
        self._network = Network(model, vividness=job.vividness, references=known)
        self.work = Work(job.target, job.fingerprint(model))
        self.problems = list(self.work.done.problems)

    def notes(self) -> Iterator[str]:
        """What a person should know before it begins."""
        layout, encoding = self._film.layout, self._job.encoding
        if layout.interlaced:
            yield "the film is interlaced: its fields are made into whole pictures"
        elif layout.is_converted:
            yield f"{layout.stored_as} is worked on as {layout.pix_fmt}"
        if (pix_fmt := encoding.pix_fmt(layout)) != layout.pix_fmt:
            yield f"{encoding.codec} stores {layout.pix_fmt} as {pix_fmt}"
        if (last := self.work.done.last) is not None:
            seconds = self._film.seconds_at(last)
            yield f"going on from {seconds:.1f} s: {self.work.done.frames} frames are done"
        elif self.work.others:
            yield "begun with other settings before; that is kept until the film is written"

    def try_out(self, place: str) -> None:
        """Find out on one picture, and not after hours, whether a film can come of it.

        Raises:
            ConfigError: the encoder refuses its settings.
            OutputError: the container cannot hold its pictures.
        """
        film, layout = self._film, self._film.layout
        path, trial = (self.work.folder / f"trial.{kind}" for kind in ("part", "film"))
        try:
            part = Part(path, layout, self._job.encoding, film.time_base, film.rate)
            part.write(VideoFrame(layout.width, layout.height, layout.pix_fmt), 0, 0)
            part.finish()
            check_holds(place, path, trial, self._job.target)
        finally:
            path.unlink(missing_ok=True)
            trial.unlink(missing_ok=True)

    def run(self) -> None:
        """Make all parts that are missing."""
        part: Part | None = None
        memory: Memory | None = None
        try:
            with closing(self._painted()) as painted:
                for frame, picture, stretch in painted:
                    part = part or self._begin()
                    self._write(frame, picture, part, begins=bool(stretch and stretch.begins))
                    memory = stretch.memory if stretch else None
                    if memory and part.seconds >= _PART_SECONDS:
                        self._keep(part, memory)
                        part = None
            if part and memory:  # a film ends where a stretch does
                self._keep(part, memory)
                part = None
        finally:
            if part:
                part.drop()
        if not self.work.done.parts:
            raise ConfigError(f"expected pictures in that span of {self._job.source}; found none")

    def deliver(self, place: str, *, partial: bool = False) -> None:
        """Put the parts together into a film; a partial one gets a name of its own.

        Raises:
            OutputFailed: it cannot be written.
        """
        target, overwrite, span = self._job.target, self._job.overwrite, self._job.span
        if partial:
            target, overwrite = _partial(target), True
            last = self._film.seconds_at(self.work.done.last or self._film.start)
            span = replace(span, end=last + float(1 / self._film.rate))
            self.watcher.note(f"what is done is in {target}")
        with atomic_write(target, overwrite=overwrite) as draft:
            try:
                assemble(self._film, self.work.parts, draft, place, span)
            except (av.FFmpegError, OSError) as error:
                raise self.stopped(error) from error

    def interrupted(self, place: str) -> None:
        """Say what is done, and leave a film of it if that was asked for."""
        frames = self.work.done.frames
        if frames and self._job.partial:
            self.deliver(place, partial=True)
        kept = f"{frames} frames are done; the same again goes on from there"
        self.watcher.note(kept if frames else "nothing is done yet")

    def stopped(self, error: Exception) -> OutputFailed:
        """What to say when it cannot go on."""
        kept = f"; what is done is kept in {self.work.folder}, and is not done again"
        kept = kept if self.work.done.parts else ""
        return OutputFailed(f"cannot go on with {self._job.target}: {error}{kept}")

    def _begin(self) -> Part:
        film, path = self._film, self.work.next_part
        return Part(path, film.layout, self._job.encoding, film.time_base, film.rate)

    def _keep(self, part: Part, memory: Memory) -> None:
        part.finish()
        done = self._so_far(part)
        last = self._film.seconds_at(part.last)
        problems = [each for each in self.problems if each[0] <= last]
        self.work.keep(replace(done, last=part.last, problems=problems), memory)

    def _so_far(self, part: Part) -> Done:
        done = self.work.done
        frames, shots = done.frames + part.frames, done.shots + part.shots
        return replace(done, parts=done.parts + 1, frames=frames, shots=shots)

    def _write(self, frame: VideoFrame, picture: Picture, part: Part, *, begins: bool) -> None:
        part.write(frame, picture.pts, picture.duration)
        part.shots += begins
        done = self._so_far(part)
        self.watcher.frame(done.frames, self._total(), done.shots)
        self.watcher.picture(partial(_seen, frame))

    def _total(self) -> int:
        start, end = self._job.span.start, self._job.span.end
        seconds = min(self._film.seconds, end or self._film.seconds) - start
        return round(seconds * self._film.rate) if not self._job.span.is_whole else self._film.count

    def _stretches(self) -> Iterator[Stretch[Picture]]:
        """From where it goes on."""
        done, memory = self.work.done, self.work.memory
        first = done.last
        if first is None and self._job.span.start:
            first = self._film.pts_at(self._job.span.start)
        pictures = self._film.pictures(first=first, before=self._before, complain=self._complain)
        small = ((each, self._small(each)) for each in pictures)
        yield from propagate(prefetch(stills(small), _WAITING), self._network, memory)

    def _small(self, picture: Picture) -> npt.NDArray[np.uint8]:
        return small_luma(picture.luma, self._size, self._film.layout.levels)

    def _complain(self, seconds: float, what: str) -> None:
        problem = (round(seconds, 3), what)
        if problem not in self.problems:
            self.problems.append(problem)
            self.watcher.problem(*problem)

    def _painted(self) -> Generator[tuple[VideoFrame, Picture, Stretch[Picture] | None]]:
        """Pictures with their planes; the last one of a stretch comes with it."""
        with closing(prefetch(self._stretches(), 1)) as stretches:
            yield from map_ordered(self._paint, _last_told(stretches), os.cpu_count() or 1)

    def _paint(
        self, colored: tuple[Picture, Still, FloatArray, Stretch[Picture] | None]
    ) -> tuple[VideoFrame, Picture, Stretch[Picture] | None]:
        (picture, still, chroma, stretch), layout = colored, self._film.layout
        space = self._model.card.color_space
        fitted = LinearChroma.fit(chroma, still.luma, space, layout.matrix)
        planes = fitted.stored(picture.luma, layout.step, layout.levels)
        return filled([picture.luma, *planes], layout, layout.pix_fmt), picture, stretch

    def _hinted(self) -> Iterator[Reference]:
        moments: dict[float, list[Hint]] = {}
        for moment, hint in self._job.hints:
            moments.setdefault(moment, []).append(hint)
        for moment, hints in moments.items():
            first = self._film.pts_at(moment)
            with closing(self._film.pictures(first=first, complain=lambda *_: None)) as pictures:
                picture = next(pictures, None)
            if picture is None:
                raise ConfigError(
                    f"expected hints within the film, {self._film.seconds:.1f} s; "
                    f"received one at {moment:g} s"
                )
            small, size = self._small(picture), self._film.size
            yield hinted(self._model, small, hints, size, self._job.vividness)


def _partial(target: Path) -> Path:
    return target.with_stem(f"{target.stem}.partial")


def _seen(frame: VideoFrame, rows: int) -> npt.NDArray[np.uint8]:
    """A frame as it will be seen, so many rows high at most, RGB."""
    rows = min(rows, frame.height)
    columns = max(1, round(frame.width * rows / frame.height))
    return np.asarray(frame.to_ndarray(format="rgb24", width=columns, height=rows), np.uint8)


def _last_told(
    stretches: Iterable[Stretch[Picture]],
) -> Iterator[tuple[Picture, Still, FloatArray, Stretch[Picture] | None]]:
    for stretch in stretches:
        for number, frame in enumerate(stretch.frames, 1):
            yield *frame, stretch if number == len(stretch.frames) else None
