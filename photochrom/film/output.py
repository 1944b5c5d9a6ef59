"""Write the coloured film from its finished parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import av

from photochrom.errors import OutputError, OutputFailed
from photochrom.files.atomic import atomic_write, check_destination, ensure_not_original, identity
from photochrom.film import part_encoder
from photochrom.film.containers import container_format
from photochrom.film.mux import mux

if TYPE_CHECKING:
    from pathlib import Path

    from photochrom.film.job import Job
    from photochrom.film.journal import Journal
    from photochrom.film.mux import OutputPlan
    from photochrom.film.progress import FilmListener
    from photochrom.film.reader import FilmReader

__all__ = ["OutputFilm", "check_target", "reporting_failures"]


def check_target(job: Job) -> str:
    """Check that the target of a job may be written.

    Returns:
        FFmpeg's name of the container.

    Raises:
        OutputError: the target is the film itself, exists already, or has an unknown suffix.
    """
    source, target = job.source, job.target
    if target.exists() and source.exists() and source.samefile(target):
        raise OutputError(f"expected a target other than the film itself; received {target}")
    if job.partial and source.exists():
        ensure_not_original(_partial_target(target), {identity(source)})
    check_destination(target, overwrite=job.overwrite)
    return container_format(target)


@contextmanager
def reporting_failures(job: Job, journal: Journal) -> Iterator[None]:
    """Raise errors of the `with` block, such as a full disk, as errors of the film.

    Raises:
        OutputFailed: the film cannot be written.
    """
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        message = f"cannot write {job.target}: {error}"
        if journal.state.parts:
            message += f"; the finished parts are kept in {journal.folder} for the next run"
        raise OutputFailed(message) from error


class OutputFilm:
    """The film that is made of the parts in a journal."""

    def __init__(self, film: FilmReader, job: Job, plan: OutputPlan, journal: Journal) -> None:
        """Describe the film to be written.

        Args:
            film: the original film.
            job: the settings.
            plan: what is put into the film.
            journal: the finished parts.
        """
        self._film, self._job, self._plan, self._journal = film, job, plan, journal

    def write(self) -> None:
        """Join the parts into a film.

        Raises:
            OutputFailed: the film cannot be written.
        """
        self._write(self._job.target, self._plan, overwrite=self._job.overwrite)

    def conclude_interrupted(self, listener: FilmListener) -> None:
        """Report how much is finished, and write a partial film if the job asks for it."""
        state, film = self._journal.state, self._film
        if not state.frames or state.last is None:
            listener.note(
                f"nothing is kept: films are kept in parts of {part_encoder.PART_SECONDS} seconds, "
                "and the first is not finished. The next run starts from the beginning"
            )
            return
        if self._job.partial:
            target = _partial_target(self._job.target)
            listener.note(f"the finished frames are written to {target}")
            # The sound ends with the last finished frame.
            end = film.seconds_at(state.last) + float(1 / film.rate)
            plan = replace(self._plan, span=replace(self._plan.span, end=end))
            self._write(target, plan, overwrite=True)
        seconds = film.seconds_at(state.last)
        listener.note(
            f"{state.frames} frames, up to {seconds:.1f} s, are kept in {self._journal.folder}; "
            "run it again with the same settings to resume from there"
        )

    def _write(self, target: Path, plan: OutputPlan, *, overwrite: bool) -> None:
        journal = self._journal
        with (
            atomic_write(target, overwrite=overwrite) as draft,
            reporting_failures(self._job, journal),
        ):
            mux(self._film, journal.paths, draft, plan, journal.state.last_duration)


def _partial_target(target: Path) -> Path:
    return target.with_stem(f"{target.stem}.partial")
