"""Results in tars, as WebDataset reads them: for each photograph a picture and a JSON file."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from photochrom.archive import storage
from photochrom.errors import ConfigError, OutputExists

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["is_shard_pattern", "member_of", "write_shard"]

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


def write_shard(made: Sequence[tuple[Entry, bytes]]) -> None:
    """Write a shard, completely or not at all. What it held from an earlier run is kept.

    Args:
        made: the new row of each photograph, and the file of its result; b"" where there is none.

    Raises:
        OutputExists: a tar of this name is there, and it is not from an earlier run.
        StorageError, OutputError: as in `storage.write_file`.
    """
    results = [(entry, result) for entry, result in made if result]
    if not results:
        return
    location = made[0][0].shard.removeprefix("file://")
    begun_before = all(entry.attempts > 1 for entry, _ in made)
    there = storage.exists(location)
    if there and not begun_before:
        raise OutputExists(f"{location} exists already")
    with TemporaryDirectory(prefix="photochrom-") as folder:
        draft = Path(folder, "shard.tar")
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
            new = [member for entry, result in results for member in _members(entry, result)]
            if there:
                _copy(location, tar, {name for name, _ in new})
            for name, data in new:
                _append(tar, name, data)
        storage.write_file(location, draft, overwrite=there)


def _members(entry: Entry, result: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a photograph in a shard: its result, and its row."""
    name = entry.output.partition("::")[0].partition("://")[2]
    yield name, result
    yield str(PurePosixPath(name).with_suffix(".json")), json.dumps(asdict(entry)).encode()


def _append(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # Without times and owners, so that the same results make the same bytes on every machine.
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _copy(location: str, tar: tarfile.TarFile, replaced: Iterable[str]) -> None:
    """Copy the members of an earlier tar, except those that are replaced."""
    names = {*replaced}
    with tarfile.open(fileobj=io.BytesIO(storage.read(location))) as old:
        for member in old:
            file = old.extractfile(member)
            if file and member.name not in names:
                _append(tar, member.name, file.read())
