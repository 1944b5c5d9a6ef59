"""Results in tars, as WebDataset reads them: for each photograph a picture and a JSON file."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.archive.drafts import draft_folder, draft_of
from photochrom.errors import ConfigError, OutputError, OutputExists, StorageError
from photochrom.files import storage

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["is_shard_pattern", "member_of", "to_make", "write_shard"]

_CHANGING: Final = ("seconds", "finished", "machine", "attempts")
# What is the same in all results of a photograph that one command makes, even signed ones.
_IDENTITY: Final = ("source", "source_version", "output", "fingerprint")
_PATTERN: Final = re.compile(r"(%0?\d*d)([^/]*\.tar)$")


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
    shard = _PATTERN.sub(lambda match: match[1] % number + match[2], pattern)
    return f"tar://{key}::{shard if storage.is_uri(shard) else f'file://{shard}'}"


def to_make(unit: Iterable[Entry]) -> list[Entry]:
    """Return the photographs of a unit that are to be coloured; the tar has the others already."""
    return [entry for entry in unit if entry.status == "running"]


def write_shard(
    unit: Sequence[Entry], made: Iterable[tuple[Entry, bytes]], fingerprint: str
) -> list[Entry]:
    """Write a shard, completely or not at all. What it held from an earlier run is kept.

    Args:
        unit: the photographs that are to be coloured, and those whose results the shard has.
        made: the new rows of the first, each with the file of its result; b"" where there is none.
            They are taken one by one, and the results go to a temporary file.
        fingerprint: the one that the new rows get.

    Returns:
        The new rows.

    Raises:
        OutputExists: a tar of this name is there, and it is not from an earlier run.
        OutputError: the tar of an earlier run lacks results; or as in `storage.write_file`.
        StorageError: as in `storage.write_file`.
    """
    location = unit[0].shard.removeprefix("file://")
    there = storage.exists(location)
    if there and not _is_own(location, unit, fingerprint):
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
            if there and names:
                done = (entry for entry in unit if entry.status == "done")
                _copy(location, tar, names, {name for entry in done for name in _names(entry)})
        if names:
            storage.write_file(location, draft, overwrite=there, draft=draft_of(unit[0]))
    return rows


def _is_own(location: str, unit: Sequence[Entry], fingerprint: str) -> bool:
    """Return whether a tar is of this manifest.

    Either the manifest knows of results in it; or it has exactly what is made here, by a process
    that was killed before it could say so.
    """
    if any(entry.output_sha256 for entry in unit):
        return True
    ours = {name: entry for entry in unit for name in _names(entry)}
    names: set[str] = set()
    known: set[str] = set()
    try:
        for name, size, offset in storage.tar_members(location):
            names.add(name)
            if name.endswith(".json"):
                now = replace(ours[name], fingerprint=fingerprint)
                row = json.loads(_read_member(location, name, size, offset))
                if any(row[key] != getattr(now, key) for key in _IDENTITY):
                    return False
                known.update(_names(now))
            elif name not in ours:
                return False
    except (StorageError, ValueError, TypeError, KeyError):  # something else in its place
        return False
    return bool(names) and names == known


def _members(entry: Entry, result: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a photograph in a shard: its result, and its row.

    The row is without what differs from run to run, so that the same results make the same tar.
    """
    picture, record = _names(entry)
    row = {key: value for key, value in asdict(entry).items() if key not in _CHANGING}
    yield picture, result
    yield record, json.dumps(row).encode()


def _names(entry: Entry) -> tuple[str, str]:
    """Return the names of the two files of a photograph in a shard: its result, and its row."""
    name = entry.output.removesuffix(f"::{entry.shard}").removeprefix("tar://")
    return name, str(PurePosixPath(name).with_suffix(".json"))


def _append(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _copy(location: str, tar: tarfile.TarFile, replaced: Container[str], needed: set[str]) -> None:
    """Copy the members of an earlier tar, except those that are replaced.

    Raises:
        OutputError: a needed one cannot be read.
    """
    missing, reason = set(needed), ""
    try:
        for name, size, offset in storage.tar_members(location):
            if name not in replaced:
                _append(tar, name, _read_member(location, name, size, offset))
                missing.discard(name)
    except StorageError as error:  # a damaged tar, whose other results are made anew
        reason = f": {error}"
    if missing:
        raise OutputError(
            f"expected {location} to hold {min(missing)} from an earlier run; it does not{reason}. "
            "photochrom archive verify --requeue lets the next run make it anew"
        )


def _read_member(location: str, name: str, size: int, offset: int) -> bytes:
    held_in = location if storage.is_uri(location) else f"file://{location}"
    data = storage.read(f"tar://{name}::{held_in}", offset=offset, size=size)
    if len(data) < size:
        raise StorageError(f"cannot read {name} in {location}: unexpected end of data")
    return data
