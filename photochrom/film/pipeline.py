"""Colour a film from its file to a new file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from photochrom.errors import ConfigError
from photochrom.film.frame_colorer import FrameColorer
from photochrom.film.journal import Journal
from photochrom.film.output import OutputFilm, check_target, reporting_failures
from photochrom.film.part_encoder import PartEncoder
from photochrom.film.planning import conversions, plan_output
from photochrom.film.progress import FilmListener, FilmReport
from photochrom.film.reader import FilmReader

if TYPE_CHECKING:
    from photochrom.film.job import Job
    from photochrom.model.model import Model

__all__ = ["color_film"]


def color_film(model: Model, job: Job, listener: FilmListener | None = None) -> FilmReport:
    """Colour a film, or resume a film that an earlier run with the same settings began.

    Args:
        model: the model to colour with.
        job: the film and the settings.
        listener: receives the progress.

    Raises:
        FilmError: the film cannot be read.
        OutputError: the target cannot be written, or its container cannot hold the film's sound.
        OutputFailed: writing failed on the way, for example because the disk is full. Finished
            parts are kept.
        ConfigError: a setting of the job is out of range or does not fit the film or the model.
        InvalidModel: the output of the network does not match the model's card.
    """
    listener = listener or FilmListener()
    film = FilmReader(job.source, max_rows=job.max_rows)
    container = check_target(job)
    job = replace(job, encoding=job.encoding.with_codec(container))
    with Journal(job.target, job.fingerprint(model)) as journal:
        with reporting_failures(job, journal):
            # Planned first: if the container refuses something, no frame is coloured in vain.
            plan, plan_notes = plan_output(film, job, container, journal.folder)
            notes = (*plan_notes, *_notes(film, job, journal))
            colorer = FrameColorer(model, job, film)
            parts = PartEncoder(film, job, plan.layout, journal, listener)
            output = OutputFilm(film, job, plan, journal)
            try:
                for note in notes:
                    listener.note(note)
                resume_from = journal.state.last, journal.memory
                with closing(
                    colorer.frames(*resume_from, parts.add_problem, parts.add_note)
                ) as frames:
                    parts.encode(frames)
            except KeyboardInterrupt:
                output.conclude_interrupted(listener)
                raise
        _check_not_empty(job, journal)
        output.write()
        journal.remove()
    state, notes = journal.state, (*notes, *parts.notes)
    return FilmReport(state.frames, state.shots, tuple(parts.problems), notes, model.engine)


def _notes(film: FilmReader, job: Job, journal: Journal) -> Iterator[str]:
    """Yield the messages for the user that are known before the first frame."""
    yield from conversions(film, job)
    state = journal.state
    if state.last is not None:
        seconds = film.seconds_at(state.last)
        yield f"resuming at {seconds:.1f} s; {state.frames} frames are already done"
    elif journal.other_runs:
        yield (
            "starting from the beginning, because the film or the settings have changed; the "
            "parts of the earlier run are kept until the film is written"
        )


def _check_not_empty(job: Job, journal: Journal) -> None:
    """Check that the section of the film has frames.

    Raises:
        ConfigError: it has none.
    """
    if not journal.state.parts:
        start, end = job.span.start, job.span.end
        raise ConfigError(
            f"expected frames between {start:g} s and "
            f"{'the end' if end is None else f'{end:g} s'} of {job.source}; found none"
        )
