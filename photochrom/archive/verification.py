"""Check that the files of an archive are those of its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from photochrom.errors import PhotochromError, StorageError
from photochrom.files import storage
from photochrom.files.remote import split_member
from photochrom.files.transfers import sha256
from photochrom.parallel import map_unordered

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["members_of", "place_of", "requeued", "verify"]

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
        if not entry.shard:
            there = sha256(entry.output)
        elif storage.exists(entry.shard):
            there = entry.output_sha256  # whatever it is, it says that the tar may be replaced
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
        if _result_sha256(entry, places) != entry.output_sha256:
            return f"{entry.output} is not the result that the manifest describes"
        offset, size = entry.source_offset, entry.source_size
        if sources and sha256(entry.source, offset=offset, size=size) != entry.source_sha256:
            return f"{entry.source} is not the source that the manifest describes"
    except (PhotochromError, OSError) as error:
        return str(error)
    return ""


def _result_sha256(entry: Entry, places: dict[str, tuple[int, int]]) -> str:
    offset, size = place_of(entry, places)
    return sha256(entry.output, offset=offset, size=size)


def place_of(entry: Entry, places: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """Return where the result of a photograph or film is in its tar.

    Args:
        entry: its row.
        places: what `members_of` returns for the tar that holds the result.

    Returns:
        The offset and the size, as `transfers.fetch` takes them; -1 for a file of its own.

    Raises:
        StorageError: it is not in the tar.
    """
    if not entry.shard:
        return -1, -1
    name = split_member(entry.output)[0].partition("://")[2]
    if name not in places:
        raise StorageError(f"cannot read {entry.output}: there is no such file")
    size, offset = places[name]
    return offset, size
