"""The film to be written: what is refused before the work begins, and what is done at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import av
from av import VideoFrame

from photochrom.errors import OutputError, OutputFailed
from photochrom.files.atomic import atomic_write, check_destination, ensure_not_original, identity
from photochrom.film.encoder import PartWriter
from photochrom.film.mux import check_container, container_format, mux

if TYPE_CHECKING:
    from pathlib import Path

    from photochrom.film.job import Job, Span
    from photochrom.film.journal import Journal
    from photochrom.film.progress import FilmListener
    from photochrom.film.reader import FilmReader

__all__ = ["OutputFilm", "check_target"]


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


class OutputFilm:
    """The film that is made of the parts in a journal."""

    def __init__(self, film: FilmReader, job: Job, container: str, journal: Journal) -> None:
        """Describe the film to be written.

        Args:
            film: the original film.
            job: the settings, with a codec.
            container: FFmpeg's name of the container.
            journal: the finished parts.
        """
        self._film, self._job, self._container, self._journal = film, job, container, journal

    def check_encoder(self) -> None:
        """Encode one frame, to find unusable settings at once and not after hours of work.

        Raises:
            ConfigError: the encoder does not accept its options.
            OutputError: the container cannot hold the encoder's output.
        """
        film, layout, folder = self._film, self._film.layout, self._journal.folder
        part_path, trial_path = folder / "trial.part", folder / "trial.film"
        try:
            part = PartWriter(part_path, layout, self._job.encoding, film.time_base, film.rate)
            part.write(VideoFrame(layout.width, layout.height, layout.pix_fmt), 0, 0)
            part.finish()
            check_container(self._container, part_path, trial_path, self._job.target)
        finally:
            part_path.unlink(missing_ok=True)
            trial_path.unlink(missing_ok=True)

    def write(self) -> None:
        """Join the parts to a film.

        Raises:
            OutputFailed: the film cannot be written.
        """
        self._write(self._job.target, self._job.span, overwrite=self._job.overwrite)

    def conclude_interrupted(self, listener: FilmListener) -> None:
        """Report how much is finished, and write a partial film if the job asks for it."""
        state, film = self._journal.state, self._film
        if not state.frames or state.last is None:
            listener.note("no part is finished yet; the next run starts from the beginning")
            return
        if self._job.partial:
            target = _partial_target(self._job.target)
            listener.note(f"the finished frames are written to {target}")
            # The sound ends with the last finished frame.
            end = film.seconds_at(state.last) + float(1 / film.rate)
            self._write(target, replace(self._job.span, end=end), overwrite=True)
        listener.note(f"{state.frames} frames are finished; run it again to resume from there")

    def failure(self, error: Exception) -> OutputFailed:
        """Return the exception for an error that stops the run."""
        message = f"cannot write {self._job.target}: {error}"
        if self._journal.state.parts:
            message += f"; the finished parts are kept in {self._journal.folder} for the next run"
        return OutputFailed(message)

    def _write(self, target: Path, span: Span, *, overwrite: bool) -> None:
        with atomic_write(target, overwrite=overwrite) as draft:
            try:
                mux(self._film, self._journal.parts, draft, self._container, span)
            except (av.FFmpegError, OSError) as error:
                raise self.failure(error) from error


def _partial_target(target: Path) -> Path:
    return target.with_stem(f"{target.stem}.partial")
