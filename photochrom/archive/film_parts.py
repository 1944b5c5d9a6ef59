"""Colour the films of an archive in parts, which workers take in any order.

A film is divided, its parts are coloured, and it is put together. Unfinished parts lie in a hidden
folder beside the result, where every worker reaches them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Protocol

from photochrom import film
from photochrom.archive.drafts import draft_folder, draft_of
from photochrom.archive.entry import Entry
from photochrom.archive.local_films import LocalFilms
from photochrom.errors import ConfigError, OutputExists, OutputFailed
from photochrom.files import storage
from photochrom.files.names import hidden_beside
from photochrom.files.transfers import delete_folder, fetch, sha256

if TYPE_CHECKING:
    from photochrom.archive.settings import Settings
    from photochrom.colorizer import Colorizer
    from photochrom.film.divided import DividedFilm
    from photochrom.film.journal import JournalState
    from photochrom.film.stretches import Stretch
    from photochrom.options import ColorOptions

__all__ = ["FilmWorker", "Flag", "discard_parts"]

_MAX_SECONDS: Final = 60.0  # of film that are coloured before they are recorded
_WRITTEN: Final = "written.json"  # hash and size of the film, while it is delivered


def discard_parts(entry: Entry) -> None:
    """Delete the parts of a film.

    Args:
        entry: the row of the film, or of one of its parts.
    """
    delete_folder(_parts_folder(entry))


def _parts_folder(entry: Entry) -> str:
    if entry.part:
        return _parent(_parent(entry.output))
    folder, _, name = entry.output.rpartition("/")
    return f"{folder}/{hidden_beside(name, '.photochrom-parts')}"


def _parent(location: str) -> str:
    return location.rpartition("/")[0]


class FilmWorker:
    """Divides films, colours parts of films, and puts films together."""

    def __init__(
        self, colorizer: Colorizer, settings: Settings, options: ColorOptions, stopped: Flag
    ) -> None:
        """Remember how to colour.

        Args:
            colorizer: colours the films, with its model.
            settings: the settings of the archive.
            options: the options that they stand for.
            stopped: set when nobody waits for the parts any more.
        """
        self._colorizer, self._settings, self._options = colorizer, settings, options
        self._listener = _Listener(stopped)
        self._films = LocalFilms()

    def __call__(self, entry: Entry, fingerprint: str) -> list[Entry]:
        """Do the next step for a film, or colour a part of one.

        Args:
            entry: its row; if it is a film whose parts are done, with their rows as `details`.
            fingerprint: what the result depends on besides the film.

        Returns:
            Its new row; and the rows of all its parts, if some are new or have to be made again.
            The seconds are those of earlier steps.

        Raises:
            PhotochromError: the step cannot be done.
        """
        film.require()
        self._check_settings()
        if entry.part:
            return [self._color(entry)]
        parts = [Entry(**row) for row in json.loads(entry.details or "[]")]
        entry = replace(entry, details="")
        if parts and [each.part for each in parts] == list(range(1, entry.parts + 1)):
            return self._put_together(entry, parts)
        return self._divide(entry, fingerprint)

    def _check_settings(self) -> None:
        """Refuse settings that films do not have, rather than colour films without them.

        Raises:
            ConfigError: there is such a setting.
        """
        asked = {
            "a palette": self._settings.palette,
            "negatives": self._settings.negative,
            "a label": self._settings.label,
            "a signature": self._settings.sign_cert,
        }
        if found := [name for name, value in asked.items() if value]:
            raise ConfigError(f"expected settings that films have, too; received {found[0]}")

    @contextmanager
    def _opened(self, entry: Entry, output: str) -> Iterator[tuple[DividedFilm, Path]]:
        """Yield a film that is to be written to a location, and a temporary folder."""
        from photochrom.film.divided import DividedFilm
        from photochrom.film.job import Job

        target, given = Path(PurePosixPath(output).name), self._options.reference
        references = [] if given is None else [self._colorizer.reference(given)]
        with self._films.local(entry) as source, draft_folder(entry) as folder:
            job = Job(source, target, vividness=self._options.vividness, references=references)
            yield DividedFilm(self._colorizer.model, job, folder), folder

    def _divide(self, entry: Entry, fingerprint: str) -> list[Entry]:
        digest = sha256(entry.source, offset=entry.source_offset, size=entry.source_size)
        made_of = f"{entry.source}\n{digest}\n{fingerprint}".encode("utf-8", "surrogatepass")
        folder = f"{_parts_folder(entry)}/{hashlib.sha256(made_of).hexdigest()[:16]}"
        with self._opened(entry, entry.output) as (divided, _):
            stretches = divided.stretches(self._listener)
            height, width = divided.film.size
            entry = replace(entry, format=divided.container, width=width, height=height)
        entry = replace(entry, source_sha256=digest, parts=len(stretches), seconds=0.0, error="")
        parts = [
            replace(
                entry,
                output=f"{folder}/{number:05d}",
                part=number,
                attempts=0,
                details=_details(entry.output, stretch),
            )
            for number, stretch in enumerate(stretches, 1)
        ]
        rows = [replace(each, status="queued") for each in (entry, *parts)]
        if len(parts) > 1:
            return rows
        part = self._color(rows[1])  # there is nothing to share with other workers
        return self._put_together(entry, [part]) if part.status == "done" else [rows[0], part]

    def _color(self, entry: Entry) -> Entry:
        from photochrom.film.journal import Parts
        from photochrom.film.stretches import Stretch

        known, state = json.loads(entry.details), _state_of(entry)
        with self._opened(entry, known["film"]) as (divided, folder):
            finished = Parts(folder, state)
            if state.parts:
                fetch(f"{entry.output}/{finished.memory_file.name}", finished.memory_file)
            stretch = Stretch(**known["stretch"])
            is_done = divided.color(
                stretch, finished, max_seconds=_MAX_SECONDS, listener=self._listener
            )
            made = finished.paths[state.parts :]
            for path in made if is_done else [*made, finished.memory_file]:
                place = f"{entry.output}/{path.name}"
                storage.write_file(place, path, overwrite=True, draft=draft_of(entry))
        return replace(
            entry,
            status="done" if is_done else "queued",
            error="",
            seconds=entry.seconds if state.parts else 0.0,
            details=_details(known["film"], stretch, finished.state),
        )

    def _put_together(self, entry: Entry, parts: Sequence[Entry]) -> list[Entry]:
        files = {part.part: _files(part) for part in parts}
        lost = [part for part in parts if not all(map(storage.exists, files[part.part]))]
        if lost:
            return [
                replace(entry, status="queued", error=""),
                *(_to_be_made_again(part) if part in lost else part for part in parts),
            ]
        states = [_state_of(part) for part in parts]
        with self._opened(entry, entry.output) as (divided, folder):
            paths = [_local(each, folder) for part in parts for each in files[part.part]]
            made_of = _parent(parts[0].output)
            entry = self._deliver(entry, divided, paths, states, folder, made_of)
            seconds = entry.seconds + sum(part.seconds for part in parts)
            details = _summary(divided, states)
        return [replace(entry, status="done", error="", seconds=seconds, details=details)]

    def _deliver(
        self,
        entry: Entry,
        divided: DividedFilm,
        paths: Sequence[Path],
        states: Sequence[JournalState],
        folder: Path,
        made_of: str,
    ) -> Entry:
        """Write a film to its place, unless a run that was killed has just done so.

        The folder of its parts says what it is `made_of`: after a change, it is another one.

        Raises:
            OutputExists: something else is there.
        """
        note, overwrite = f"{_parts_folder(entry)}/{_WRITTEN}", False
        if storage.exists(entry.output):
            there = sha256(entry.output)
            written = json.loads(storage.read(note)) if storage.exists(note) else {}
            is_noted = there == written.get("output_sha256")
            if is_noted and written.pop("made_of", "") == made_of:
                return replace(entry, **written)
            if not is_noted and there != entry.output_sha256:
                raise OutputExists(f"{entry.output} exists already")
            overwrite = True  # what an earlier run made
        draft = draft_of(entry)
        with storage.writing(entry.output, folder, overwrite=overwrite, draft=draft) as path:
            divided.write(paths, states, path)
            written = {"output_sha256": sha256(str(path)), "output_size": path.stat().st_size}
            noted = json.dumps(written | {"made_of": made_of})
            storage.write(note, noted.encode(), overwrite=True, draft=draft)
        return replace(entry, **written)


class Flag(Protocol):
    """What can be set at one place and seen at another: an event of threads or processes."""

    def set(self) -> None:
        """Set it."""

    def clear(self) -> None:
        """Take it back."""

    def is_set(self) -> bool:
        """Return whether it is set."""


class _Listener(film.FilmListener):
    """Stops work on a film when nobody waits for it any more: it could take minutes."""

    def __init__(self, stopped: Flag) -> None:
        self._stopped = stopped

    def progress(self, task: str, done: int, total: int) -> None:
        if self._stopped.is_set():
            raise OutputFailed("the run was stopped")


def _details(output: str, stretch: Stretch, state: JournalState | None = None) -> str:
    """Return what a worker must know of a part, as JSON."""
    known = "" if state is None else json.dumps(asdict(state))
    return json.dumps({"film": output, "stretch": asdict(stretch), "state": known})


def _to_be_made_again(part: Entry) -> Entry:
    details = json.dumps(json.loads(part.details) | {"state": ""})
    return replace(part, status="queued", error="", details=details)


def _state_of(part: Entry) -> JournalState:
    """Return how much of a part is finished."""
    from photochrom.film.journal import parse_state

    return parse_state(json.loads(part.details)["state"])


def _files(part: Entry) -> list[str]:
    """Return where the files of a part are that is finished."""
    from photochrom.film.journal import Parts

    paths = Parts(Path(), _state_of(part)).paths
    return [f"{part.output}/{path.name}" for path in paths]


def _local(location: str, folder: Path) -> Path:
    """Return a file of this machine; one of another storage is copied to a folder first."""
    if not storage.is_uri(location):
        return Path(location)
    path = folder / "-".join(PurePosixPath(location).parts[-2:])
    fetch(location, path)
    return path


def _summary(divided: DividedFilm, states: Sequence[JournalState]) -> str:
    """Return what people should know about a film, as JSON."""
    notes = [*divided.notes, *(note for state in states for note in state.notes)]
    # Reading begins before a part, so that two of them can find the same damage.
    problems = [(*each,) for state in states for each in state.problems]
    return json.dumps(
        {
            "frames": sum(state.frames for state in states),
            "shots": sum(state.shots for state in states),
            "problems": list(dict.fromkeys(problems)),
            "notes": list(dict.fromkeys(notes)),
        }
    )
