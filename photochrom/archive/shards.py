"""Results in tars, as WebDataset reads them: for each photograph a picture and a JSON file."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.archive.drafts import draft_folder, draft_of
from photochrom.errors import ConfigError, OutputExists
from photochrom.files import storage

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["is_shard_pattern", "member_of", "write_shard"]

_CHANGING: Final = ("seconds", "finished", "machine", "attempts")
_PATTERN: Final = re.compile(r"%0?\d*d[^/]*\.tar$")


def is_shard_pattern(output: str) -> bool:
    """Return whether an output is a pattern of tars, such as `out/coloured-%06d.tar`.

    Raises:
        ConfigError: it ends in .tar without a place for the number.
    """
    if not output.endswith(".tar"):
        return False
    if not _PATTERN.search(output):
        raise ConfigError(f"expected a pattern of tars, such as out-%06d.tar; received {output}")
    return True


def member_of(pattern: str, number: int, relative: str) -> str:
    """Return the location of a result in a shard.

    Args:
        pattern: as in `is_shard_pattern`.
        number: number of the shard, from 0.
        relative: path of the result. Dots in its name become "_", since WebDataset takes the name
            up to the first dot for the photograph's key.
    """
    path = PurePosixPath(relative)
    key = path.with_name(path.stem.replace(".", "_") + path.suffix)
    shard = pattern % number
    return f"tar://{key}::{shard if storage.is_uri(shard) else f'file://{shard}'}"


def write_shard(unit: Sequence[Entry], made: Iterable[tuple[Entry, bytes]]) -> list[Entry]:
    """Write a shard, completely or not at all. What it held from an earlier run is kept.

    Args:
        unit: the photographs of the shard that are to be coloured.
        made: their new rows, each with the file of its result; b"" where there is none. They are
            taken one by one, and the results go to a temporary file.

    Returns:
        The new rows.

    Raises:
        OutputExists: a tar of this name is there, and it is not from an earlier run.
        StorageError, OutputError: as in `storage.write_file`.
    """
    location = unit[0].shard.removeprefix("file://")
    there = storage.exists(location)
    if there and any(entry.attempts == 1 for entry in unit):
        raise OutputExists(f"{location} exists already")
    rows, names = [], set()
    with draft_folder(unit[0]) as folder:
        draft = folder / "shard.tar"
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
            for entry, result in made:
                rows.append(entry)
                for name, data in _members(entry, result) if result else ():
                    names.add(name)
                    _append(tar, name, data)
            if there:
                _copy(location, tar, names)
        if names:
            storage.write_file(location, draft, overwrite=there, draft=draft_of(unit[0]))
    return rows


def _members(entry: Entry, result: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a photograph in a shard: its result, and its row.

    The row is without what differs from run to run, so that the same results make the same tar.
    """
    name = entry.output.partition("::")[0].partition("://")[2]
    row = {key: value for key, value in asdict(entry).items() if key not in _CHANGING}
    yield name, result
    yield str(PurePosixPath(name).with_suffix(".json")), json.dumps(row).encode()


def _append(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _copy(location: str, tar: tarfile.TarFile, replaced: Container[str]) -> None:
    """Copy the members of an earlier tar, except those that are replaced."""
    held_in = location if storage.is_uri(location) else f"file://{location}"
    for name, size, offset in storage.tar_members(location):
        if name not in replaced:
            member = f"tar://{name}::{held_in}"
            _append(tar, name, storage.read(member, offset=offset, size=size))
