"""A file of SQLite: how it is opened, its errors, and names that are not UTF-8 in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from photochrom.errors import ConfigError, OutputFailed

__all__ = ["connect", "from_sqlite", "sqlite_errors", "to_sqlite"]


def connect(path: Path, schema: str, version: int, *, write: bool) -> sqlite3.Connection:
    """Open a file of SQLite.

    Args:
        path: the file. With `write`, it is made if it does not exist.
        schema: the statements that make its tables.
        version: the version of these tables.
        write: whether rows are to be changed.

    Raises:
        ConfigError: there is no such file, or it has other tables.
        OutputFailed: it cannot be read or written.
    """
    if not write and not path.is_file():
        raise ConfigError(f"expected a manifest; there is no file {path}")
    with sqlite_errors(path):
        rows = sqlite3.connect(path, timeout=60)
    try:
        with sqlite_errors(path):
            found = _version_of(rows, schema, version, write=write)
        if found != version:
            raise ConfigError(f"expected {path} to be a manifest of format {version}; it is not")
    except BaseException:
        rows.close()
        raise
    return rows


def _version_of(rows: sqlite3.Connection, schema: str, version: int, *, write: bool) -> int:
    """Return the version of the tables of a file; with `write`, make those of a new one."""
    # A commit that survives the death of the process, at the price of no disk access each. A
    # power cut can lose the last commits, but never the rest; their results are found again.
    if write:
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = NORMAL")
    found = int(rows.execute("PRAGMA user_version").fetchone()[0])
    if not found and write and not rows.execute("SELECT 1 FROM sqlite_master").fetchone():
        rows.executescript(f"BEGIN; {schema} PRAGMA user_version = {version}; COMMIT;")
        return version
    return found


def to_sqlite(values: Iterable[object]) -> list[object]:
    """Return values as SQLite keeps them: names of files that are not UTF-8 become bytes."""
    return [
        os.fsencode(each) if isinstance(each, str) and not _is_unicode(each) else each
        for each in values
    ]


def from_sqlite(row: Iterable[object]) -> tuple[Any, ...]:
    """Return what `_to_sqlite` made values of."""
    return tuple(os.fsdecode(each) if isinstance(each, bytes) else each for each in row)


def _is_unicode(text: str) -> bool:
    """Return whether a text is without the surrogates that stand for bytes of other encodings."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite, such as that of a full disk, into those of this package."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputFailed(f"cannot read or write the manifest {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"expected {path} to be a manifest: {error}") from error
