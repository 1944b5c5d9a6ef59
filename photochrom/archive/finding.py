"""Find the photographs and films of an archive, without the results of earlier runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.archive.shards import member_of
from photochrom.errors import StorageError
from photochrom.files import listing, storage
from photochrom.files.remote import split_member
from photochrom.film.names import FILM_SUFFIXES, is_film
from photochrom.photo import READABLE_SUFFIXES

if TYPE_CHECKING:
    from photochrom.archive.manifest import Manifest

__all__ = ["COLORABLE_SUFFIXES", "originals"]

COLORABLE_SUFFIXES: Final = frozenset({*READABLE_SUFFIXES, *FILM_SUFFIXES})
"""Suffixes of the files that are coloured."""


def originals(
    manifest: Manifest, sources: Sequence[str], on_trouble: Callable[[StorageError], None]
) -> Iterator[storage.Found]:
    """Find photographs and films, without the results of earlier runs.

    Args:
        manifest: says where the results are.
        sources: as in `add_sources`.
        on_trouble: as in `add_sources`.

    Yields:
        The photographs and films.

    Raises:
        ConfigError, StorageError, MissingExtra: as in `listing.find`.
    """
    results = _Results(manifest)
    for source in sources:
        try:
            yield from _originals(source, results, on_trouble)
        except StorageError as error:
            if len(sources) == 1:
                raise
            on_trouble(error)


def _originals(
    source: str, results: _Results, on_trouble: Callable[[StorageError], None]
) -> Iterator[storage.Found]:
    is_inside = source in results
    for found in listing.find(source, COLORABLE_SUFFIXES, on_trouble):
        if found.uri in results and (not is_inside or results.has(found.uri)):
            continue  # a result of an earlier run is no photograph
        if results.is_sharded and is_film(PurePosixPath(found.relative)):
            continue  # films do not go into tars for training
        if _leads_out(found):  # its result would be written to any place of this machine
            on_trouble(StorageError(f"cannot use {found.uri}: its name leads out of its folder"))
            continue
        yield found


def _leads_out(found: storage.Found) -> bool:
    """Return whether the name of a file or a member is no path within what it was found in."""
    member, holder = split_member(found.uri)
    path = PurePath(member.partition("://")[2] if holder else found.relative)
    return bool(path.anchor) or ".." in path.parts


class _Results:
    """The place of the results: a folder, or all tars whose names are those of a pattern."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._output = manifest.fact("output")
        self.is_sharded = bool(manifest.fact("shard size"))
        # As it was given, and as files in it are listed.
        self._outputs = {self._output, storage.canonical(self._output)}
        self._folders = tuple(storage.join(each, "") for each in self._outputs)

    def __contains__(self, location: str) -> bool:
        """Return whether a file or a folder, or the zip or tar that holds it, is in the place."""
        holder = split_member(location)[1] or storage.absolute(location)
        holder = holder.removeprefix("file://")
        if self.is_sharded:
            return any(_is_shard(holder, pattern) for pattern in self._outputs)
        return storage.join(holder, "").startswith(self._folders)

    def has(self, location: str) -> bool:
        """Return whether a file in the place is a result of this manifest, finished or begun.

        Before a photograph is begun for the first time, what is in the place of its result is
        somebody else's.
        """
        output = location
        for folder in self._folders:
            if location.startswith(folder):
                output = storage.join(self._output, location.removeprefix(folder))
        row = self._manifest.find(self._manifest.holder(output))
        return row is not None and row.output == output and row.attempts > 0


def _is_shard(location: str, pattern: str) -> bool:
    """Return whether a location is that of a tar of a pattern, with any number."""
    if not location.endswith(".tar"):
        return False
    numbers = {int(digits) for digits in re.findall(r"\d+", PurePosixPath(location).name)}
    tars = (split_member(member_of(pattern, number, "_"))[1] for number in numbers)
    return location in (tar.removeprefix("file://") for tar in tars)
