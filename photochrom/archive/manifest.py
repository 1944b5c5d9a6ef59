"""The manifest of an archive: an SQLite file with a row for every photograph and every film.

While a film is coloured, each of its parts has a row, too.

It is the truth about what is done: a run that was killed goes on from here. SQLite keeps it whole
whatever happens. It should lie on a disk of this machine, since network drives lock badly.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields, replace
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, get_args

from photochrom.archive.entry import CHANGED, Entry
from photochrom.archive.sqlite_file import connect, from_sqlite, sqlite_errors, to_sqlite
from photochrom.batch.job import Status
from photochrom.errors import ConfigError, OutputError, OutputFailed, PhotochromError
from photochrom.files.locks import lock_file, shared_lock

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Kind", "Manifest"]

_FORMAT: Final = 2  # of the tables; in SQLite's `user_version`
_COLUMNS: Final = tuple(field.name for field in fields(Entry))
_TYPES: Final = {"int": "INTEGER", "float": "REAL"}
_SCHEMA: Final = f"""
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    {", ".join(f"{each.name} {_TYPES.get(str(each.type), 'TEXT')} NOT NULL" for each in fields(Entry))}
);
CREATE UNIQUE INDEX entries_source ON entries (source, part);
CREATE UNIQUE INDEX entries_output ON entries (output COLLATE NOCASE);
CREATE INDEX entries_status ON entries (status);
CREATE INDEX entries_films ON entries (status, source, part) WHERE parts != 0;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE settings (fingerprint TEXT PRIMARY KEY, value TEXT NOT NULL);
"""  # noqa: E501
_FEW: Final = 8  # rows of films that are claimed at once, so that new photographs wait not long
# Unfinished films: parts of films that have not failed, and films whose parts are all done.
_FILM_WORK: Final = """WHERE parts != 0 AND parts > 0 AND status = 'queued' AND CASE part
WHEN 0 THEN NOT EXISTS (SELECT 1 FROM entries other WHERE other.source = entries.source
    AND other.part > 0 AND other.status != 'done')
ELSE EXISTS (SELECT 1 FROM entries film WHERE film.source = entries.source
    AND film.part = 0 AND film.status = 'queued')
END ORDER BY id LIMIT ?"""
_KINDS: Final = {
    "all": "part = 0",
    "films": "parts != 0 AND part = 0",
    "parts": "parts != 0 AND part > 0",
}
_BATCH: Final = 1000  # rows in one transaction while photographs are added

Kind: TypeAlias = Literal["all", "films", "parts"]
"""Kinds of rows: photographs and films, films alone, and parts of films."""


class Manifest:
    """The rows of an archive, in a file; use it as a context manager.

    Only one run at a time may write. Others may look: `status` and `export` need no lock.

    All methods raise `OutputFailed` where the file cannot be read or written, for example on a full
    disk. What was in it stays, so that the run can go on.
    """

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        """Open a manifest.

        Args:
            path: the file. With `write`, it is made if it does not exist.
            write: whether rows are to be changed.

        Raises:
            ConfigError: there is no such file, or it is not a manifest.
            OutputError: it cannot be made, or another run is writing it.
        """
        self.path = Path(path)
        if self.path.is_dir():
            raise ConfigError(f"expected a file as the manifest; {path} is a folder")
        self._is_new = write and not self.path.exists()
        self._lock = _locked(self.path) if write else None
        try:
            self._rows = connect(self.path, _SCHEMA, _FORMAT, write=write)
        except BaseException:
            if self._lock:
                self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file, and let others write it.

        A new manifest is deleted where an error of the package ends the block before any photograph
        was begun: the corrected command may have another output and other settings.
        """
        is_unused = self._is_new and isinstance(error, PhotochromError) and self._nothing_begun()
        self._rows.close()
        if is_unused:
            self.path.unlink(missing_ok=True)
        if self._lock:
            self._lock.close()

    def _nothing_begun(self) -> bool:
        with suppress(OutputFailed):
            return not self._value("SELECT 'begun' FROM entries WHERE attempts > 0 LIMIT 1")
        return False

    @property
    def is_running(self) -> bool:
        """Whether another run is writing the manifest."""
        try:
            shared_lock(_lock_path(self.path)).close()
        except BlockingIOError:
            return True
        except OSError:  # there is no lock, or it is that of another person
            return False
        return False

    # --- facts about the whole ------------------------------------------------------------

    def fact(self, name: str) -> str:
        """Return a fact about the run, such as "output"; "" where there is none."""
        return self._value("SELECT value FROM facts WHERE name = ?", name)

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact about the run."""
        with self._changing():
            self._change("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    def add_settings(self, fingerprint: str, settings: Mapping[str, object]) -> None:
        """Keep what a fingerprint in the rows stands for."""
        value = json.dumps(settings, sort_keys=True)
        with self._changing():
            self._change("INSERT OR IGNORE INTO settings VALUES (?, ?)", fingerprint, value)

    def settings(self) -> dict[str, dict[str, object]]:
        """Return what each fingerprint stands for."""
        rows = self._ask("SELECT fingerprint, value FROM settings")
        return {fingerprint: json.loads(value) for fingerprint, value in rows}

    # --- rows -------------------------------------------------------------------------------

    def add(self, entries: Iterable[Entry]) -> int:
        """Add photographs, and notice those that have changed since they were coloured.

        A photograph that is there already keeps its row. If its size or version is another one
        than before, it is "failed", with `CHANGED` as the error, or "queued" if it was not done.
        The parts of a changed film are forgotten, since it is to be divided anew.

        Returns:
            How many were added.

        Raises:
            ConfigError: two photographs would have the same result.
        """
        added, rows = 0, iter(entries)
        while True:
            # One by one, because where a result goes depends on the rows before.
            with self._changing():
                new = [self._add(entry) for entry in islice(rows, _BATCH)]
            if not new:
                return added
            added += sum(new)

    def _add(self, entry: Entry) -> bool:
        known = self.find(entry.source)
        if known:
            if not known.is_same_version(entry):
                self._forget_parts(known.source)
                self._write(known.changed(entry))
            return False
        try:
            self._write(entry, insert=True)
        except sqlite3.IntegrityError as error:
            taken = f"{entry.source} and another photograph would both go to {entry.output}"
            raise ConfigError(taken) from error
        return True

    def _write(self, entry: Entry, *, insert: bool = False) -> None:
        """Write a row; the one that was there, if it is not new, has the same source and part."""
        if insert:
            marks = ", ".join("?" * len(_COLUMNS))
            statement = f"INSERT INTO entries ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608
            self._change(statement, *astuple(entry))
            return
        places = ", ".join(f"{name} = ?" for name in _COLUMNS)
        statement = f"UPDATE entries SET {places} WHERE source = ? AND part = ?"  # noqa: S608
        if not self._change(statement, *astuple(entry), entry.source, entry.part):
            self._write(entry, insert=True)

    def _forget_parts(self, source: str) -> None:
        self._change("DELETE FROM entries WHERE source = ? AND part > 0", source)

    def find(self, source: str) -> Entry | None:
        """Return the row of a photograph or film, or None."""
        return next(self._select("WHERE source = ? AND part = 0", source), None)

    def holder(self, output: str) -> str:
        """Return the source whose result goes to a place, or "".

        In a tar, results that differ in their suffix only have one place: they would be one sample,
        with one record.
        """
        shard = Entry("", output).shard
        if not shard:
            return self._value("SELECT source FROM entries WHERE output = ? COLLATE NOCASE", output)
        name = output.removesuffix(f"::{shard}")
        key = name.removesuffix(PurePosixPath(name).suffix)
        # From "key." to "key/", which is the next character, so that the index is used.
        found = self._ask(
            "SELECT source, output FROM entries WHERE output COLLATE NOCASE BETWEEN ? AND ?",
            *(f"{key}.::{shard}", f"{key}/::{shard}"),
        )
        return next((source for source, held in found if held.endswith(f"::{shard}")), "")

    def entries(self, status: Status | None = None, *, parts: bool = False) -> Iterator[Entry]:
        """Yield the rows, in the order in which they were added.

        Args:
            status: only those of this status; None for all.
            parts: whether to include parts of films.
        """
        where = [*(["status = ?"] if status else []), *([] if parts else ["part = 0"])]
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        return self._select(f"{condition} ORDER BY id", *([status] if status else []))

    def parts(self, source: str) -> list[Entry]:
        """Return the parts of a film, in order; [] where it is not divided yet, or done."""
        return list(self._select("WHERE source = ? AND part > 0 ORDER BY part", source))

    def kept_with(self, entry: Entry) -> list[Entry]:
        """Return the other rows with a result in the tar of a photograph that is to be made."""
        # The photographs of a tar were added one after another.
        its_id = "(SELECT id FROM entries WHERE source = ? AND part = 0)"
        before = self._select(f"WHERE id < {its_id} ORDER BY id DESC", entry.source)
        after = self._select(f"WHERE id > {its_id} ORDER BY id", entry.source)
        return [
            row
            for rows in (before, after)
            for row in takewhile(lambda row: row.shard == entry.shard, rows)
            if row.output_sha256 and row.status != "running"
        ]

    def _select(self, rest: str, *values: object) -> Iterator[Entry]:
        # A cursor of its own each, so that rows may be changed while others are read.
        statement = f"SELECT {', '.join(_COLUMNS)} FROM entries {rest}"  # noqa: S608
        return (Entry(*row) for row in self._ask(statement, *values))

    def counts(self, kind: Kind = "all") -> dict[Status, int]:
        """Return how many photographs and films have each status, zeros included.

        Args:
            kind: what to count: photographs and films, films alone, or parts of unfinished films.
        """
        statement = f"SELECT status, count(*) FROM entries WHERE {_KINDS[kind]} GROUP BY status"  # noqa: S608
        rows = dict(self._ask(statement))
        return {status: rows.get(status, 0) for status in get_args(Status)}

    def claim(self, count: int) -> list[Entry]:
        """Return what is to be done next; its rows are "running" from now on.

        Args:
            count: how many rows at most.

        Returns:
            Photographs; if there are none, a few parts of films, and films that are to be put
            together; if there are none of these, a few films that are to be divided.
        """
        queued = "WHERE status = 'queued' AND parts {} ORDER BY id LIMIT ?"
        few = min(count, _FEW)
        with self._changing():
            chosen = (
                list(self._select(queued.format("= 0"), count))
                or list(self._select(_FILM_WORK, few))
                or list(self._select(queued.format("!= 0 AND parts < 0"), few))
            )
            begun = [replace(each, status="running", attempts=each.attempts + 1) for each in chosen]
            for entry in begun:
                self._write(entry)
        return begun

    def record(self, *entries: Entry) -> list[Entry]:
        """Keep what became of photographs and films, all of them or, after a power cut, none.

        Photographs and films that are not there yet are added; for parts, there is `divide`. The
        parts of a film that is done are deleted.

        Returns:
            The rows as they are kept. What has changed while a worker had it is "queued" again. A
            part is left out that its film no longer has, because it has changed or vanished.
        """
        with self._changing():
            return [self._keep(entry) for entry in entries if not entry.part or self.has(entry)]

    def divide(self, film: Entry, parts: Iterable[Entry]) -> list[Entry]:
        """Keep that a film has some parts and no others, and return the rows as `record` does."""
        with self._changing():
            self._forget_parts(film.source)
            kept = self._keep(film)
            # Of a film that has changed meanwhile, these are parts of the old one.
            new = [*parts] if kept is film else []
            for part in new:
                self._write(part, insert=True)
        return [kept, *new]

    def has(self, part: Entry) -> bool:
        """Return whether a film has still a part that a worker took."""
        known = self._select("WHERE source = ? AND part = ?", part.source, part.part)
        return any(each.output == part.output and each.is_same_version(part) for each in known)

    def _keep(self, entry: Entry) -> Entry:
        """Write the row that a worker returns, and return what is kept of it."""
        known = None if entry.part else self.find(entry.source)
        if known and (known.status, known.error) == ("running", CHANGED):
            entry = replace(entry.in_version_of(known), status="queued", error="")
        self._write(entry)
        if entry.parts and not entry.part and entry.status == "done":
            self._forget_parts(entry.source)
        return entry

    def forget(self, source: str) -> None:
        """Delete the row of a photograph or film, and those of its parts."""
        with self._changing():
            self._change("DELETE FROM entries WHERE source = ?", source)

    def requeue(self, *statuses: Status) -> int:
        """Queue what has some statuses again, and return how many photographs and films that is."""
        marks = ", ".join("?" * len(statuses))
        count = sum(self.counts()[status] for status in statuses)
        with self._changing():
            self._change(
                f"UPDATE entries SET status = 'queued', error = '' WHERE status IN ({marks})",  # noqa: S608
                *statuses,
            )
        return count

    def overwritten_source(self) -> str:
        """Return a source that is also the result of another photograph, or ""."""
        return self._value(
            "SELECT a.source FROM entries a JOIN entries b ON a.source = b.output LIMIT 1"
        )

    # --- SQLite -----------------------------------------------------------------------------

    def _ask(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that a statement finds."""
        with sqlite_errors(self.path):
            for row in self._rows.execute(statement, to_sqlite(values)):
                yield from_sqlite(row)

    def _value(self, statement: str, *values: object) -> str:
        """Return the text that a statement finds, or ""."""
        row = next(self._ask(statement, *values), None)
        return str(row[0]) if row else ""

    def _change(self, statement: str, *values: object) -> int:
        """Carry out a statement, and return how many rows it has changed."""
        return self._rows.execute(statement, to_sqlite(values)).rowcount

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep all changes of the block, or none if it raises an exception."""
        with sqlite_errors(self.path), self._rows:
            yield


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _locked(path: Path) -> IO[bytes]:
    """Take the lock of a manifest. Its file stays: to delete it, one would need a lock."""
    try:
        return lock_file(_lock_path(path))
    except BlockingIOError as error:
        raise OutputError(f"another run is using the manifest {path}") from error
    except OSError as error:
        raise OutputError(f"cannot make the manifest {path}: {error.strerror}") from error
