"""Check that the files of an archive are those of its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from photochrom.archive import storage
from photochrom.errors import PhotochromError
from photochrom.parallel import map_unordered

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["verify"]

_THREADS: Final = 8  # they wait for storages most of the time


def verify(entries: Iterable[Entry], *, sources: bool = False) -> Iterator[tuple[Entry, str]]:
    """Read results and compare their hashes with the manifest.

    Args:
        entries: rows of photographs that are done.
        sources: whether to read the sources, too.

    Yields:
        Each row, with what is wrong with its files; "" where nothing is.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from map_unordered(
            pool, lambda entry: (entry, _problem(entry, sources=sources)), entries, 2 * _THREADS
        )


def _problem(entry: Entry, *, sources: bool) -> str:
    files = [(entry.output, entry.output_sha256, "result")]
    if sources:
        files.append((entry.source, entry.source_sha256, "source"))
    for location, expected, role in files:
        try:
            found = hashlib.sha256(storage.read(location)).hexdigest()
        except (PhotochromError, OSError) as error:
            return str(error)
        if found != expected:
            return f"the {role} {location} is not the file that the manifest describes"
    return ""
