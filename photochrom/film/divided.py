"""Colour a film stretch by stretch, at several places at once, and put it together.

The result is the film that `color_film` makes in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from photochrom.errors import UnreadableFilm
from photochrom.film.containers import container_format
from photochrom.film.frame_colorer import FrameColorer
from photochrom.film.mux import mux
from photochrom.film.part_encoder import PartEncoder
from photochrom.film.planning import conversions, plan_output
from photochrom.film.progress import FilmListener
from photochrom.film.reader import FilmReader
from photochrom.film.stretches import Stretch, find_stretches

if TYPE_CHECKING:
    from pathlib import Path

    from photochrom.film.job import Job
    from photochrom.film.journal import JournalState, Parts
    from photochrom.model.model import Model

__all__ = ["DividedFilm"]


class DividedFilm:
    """A film that is coloured stretch by stretch, in any order.

    Attributes:
        film: the original film.
        notes: messages for the user: what is converted, and what its container cannot hold.
    """

    def __init__(self, model: Model, job: Job, folder: Path) -> None:
        """Open a film, and check that the result can hold what is in it.

        Args:
            model: the model to colour with.
            job: the whole film, and the settings. Only the name of the target counts.
            folder: a folder for temporary files.

        Raises:
            FilmError: the film cannot be read.
            OutputError: its container cannot be written, or cannot hold the film's sound.
        """
        self.film = FilmReader(job.source, max_rows=job.max_rows)
        container = container_format(job.target)
        self._model = model
        self._job = replace(job, encoding=job.encoding.with_codec(container))
        self._plan, notes = plan_output(self.film, self._job, container, folder)
        self.notes = [*notes, *conversions(self.film, self._job)]

    @cached_property
    def container(self) -> str:
        """FFmpeg's name of the container of the original, for example "matroska"."""
        with self.film.open() as original:
            return original.format.name.partition(",")[0]

    def stretches(self, listener: FilmListener | None = None) -> list[Stretch]:
        """Return the stretches, in order.

        Args:
            listener: as in `find_stretches`.

        Raises:
            UnreadableFilm: no frame can be decoded.
        """
        found = list(find_stretches(self.film, self._model, listener))
        if not found:
            raise UnreadableFilm(f"cannot read the film {self.film.path}: it has no frames")
        return found

    def color(
        self,
        stretch: Stretch,
        finished: Parts,
        *,
        max_seconds: float,
        listener: FilmListener | None = None,
    ) -> bool:
        """Colour a stretch, or go on where an earlier call stopped.

        Args:
            stretch: one of `stretches`.
            finished: the finished parts of the stretch; new ones are added to them.
            max_seconds: the length of film after which to stop.
            listener: receives the progress.

        Returns:
            Whether the stretch is finished.

        Raises:
            UnreadableFilm: the stretch has not as many frames as when it was found, as can be in
                damaged films whose frames depend on where reading begins.
        """
        colorer = FrameColorer(self._model, self._job, self.film)
        listener = listener or FilmListener()
        parts = PartEncoder(self.film, self._job, self._plan.layout, finished, listener)
        resume_from = finished.state.last, finished.memory
        colored = colorer.frames(*resume_from, parts.add_problem, parts.add_note, stretch=stretch)
        with closing(colored) as frames:
            is_finished = parts.encode(frames, max_seconds=max_seconds)
        if not is_finished:
            return False
        if stretch.before is None:  # what is wrong after the last frame belongs to no part
            finished.state = replace(finished.state, problems=parts.problems)
        if finished.state.frames != stretch.frames:
            raise UnreadableFilm(
                f"cannot divide the film {self.film.path}: {finished.state.frames} frames were "
                f"read where {stretch.frames} were expected"
            )
        return True

    def write(self, parts: Sequence[Path], states: Sequence[JournalState], target: Path) -> None:
        """Write the film.

        Args:
            parts: the parts of all stretches, in order.
            states: what is known about each stretch, in order.
            target: the file to write; an existing one is replaced.
        """
        mux(self.film, parts, target, self._plan, states[-1].last_duration)
