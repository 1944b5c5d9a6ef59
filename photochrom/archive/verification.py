"""Check that the files of an archive are those of its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from photochrom.errors import PhotochromError, StorageError
from photochrom.files import storage
from photochrom.parallel import map_unordered

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["members_of", "read_result", "read_source", "verify"]

_THREADS: Final = 8  # they wait for storages most of the time


def verify(entries: Iterable[Entry], *, sources: bool = False) -> Iterator[tuple[Entry, str]]:
    """Read results and compare their hashes with the manifest.

    Args:
        entries: rows of photographs that are done, in the order of the manifest.
        sources: whether to read the sources, too.

    Yields:
        Each row, with what is wrong with its files; "" where nothing is.
    """
    units = (unit for _, unit in groupby(entries, lambda entry: entry.shard or entry.output))
    check = partial(_check, sources=sources)
    with ThreadPoolExecutor(_THREADS) as pool:
        for checked in map_unordered(pool, check, map(list, units), 2 * _THREADS):
            yield from checked


def requeued(entry: Entry, problem: str) -> Entry:
    """Return the row of a photograph whose result is wrong, to be coloured again.

    Args:
        entry: its row.
        problem: what is wrong.

    Returns:
        The row, queued. The next run may replace what is in the result's place now.
    """
    there = ""
    with suppress(PhotochromError, OSError):
        there = "" if entry.shard else _digest(storage.read(entry.output))
    return replace(entry, status="queued", error=problem, output_sha256=there)


def _check(unit: list[Entry], *, sources: bool) -> list[tuple[Entry, str]]:
    """Return the rows of one file or one tar, each with what is wrong."""
    try:
        places = members_of(unit[0].shard)
    except PhotochromError as error:
        return [(entry, str(error)) for entry in unit]
    return [(entry, _problem(entry, places, sources=sources)) for entry in unit]


def members_of(shard: str) -> dict[str, tuple[int, int]]:
    """Return the size and the offset of each member of a tar; nothing for ""."""
    if not shard:
        return {}
    return {name: (size, offset) for name, size, offset in storage.tar_members(shard)}


def _problem(entry: Entry, places: dict[str, tuple[int, int]], *, sources: bool) -> str:
    try:
        if _digest(read_result(entry, places)) != entry.output_sha256:
            return f"{entry.output} is not the result that the manifest describes"
        if sources and _digest(read_source(entry)) != entry.source_sha256:
            return f"{entry.source} is not the source that the manifest describes"
    except (PhotochromError, OSError) as error:
        return str(error)
    return ""


def read_source(entry: Entry) -> bytes:
    """Read the original of a photograph.

    Raises:
        StorageError, MissingExtra: as in `storage.read`.
    """
    return storage.read(entry.source, offset=entry.source_offset, size=entry.source_size)


def read_result(entry: Entry, places: dict[str, tuple[int, int]]) -> bytes:
    """Read the result of a photograph.

    Args:
        entry: its row.
        places: what `members_of` returns for the tar that holds the result.

    Raises:
        StorageError, MissingExtra: as in `storage.read`.
    """
    if not entry.shard:
        return storage.read(entry.output)
    name = entry.output.partition("::")[0].partition("://")[2]
    if name not in places:
        raise StorageError(f"cannot read {entry.output}: there is no such file")
    size, offset = places[name]
    return storage.read(entry.output, offset=offset, size=size)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
