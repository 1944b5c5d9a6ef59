"""Sources of training photographs: folders with subfolders, and WebDataset shards (`.tar`)."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from photochrom.errors import DataError
from photochrom.files.folders import files_in
from photochrom.photo import READABLE_SUFFIXES

__all__ = ["Source", "find", "split", "split_folders"]


class Source(NamedTuple):
    """The location of an encoded photograph: a file, or a part of a shard.

    Attributes:
        path: the file or the shard.
        offset: where the photograph begins in a shard, in bytes; -1 stands for the whole file.
        length: number of bytes in a shard.
        member: name within a shard; empty for a file.
    """

    path: str
    offset: int = -1  # in bytes; -1: the whole file
    length: int = 0  # in bytes
    member: str = ""

    @property
    def name(self) -> str:
        """The name for messages and tables."""
        return f"{self.path}:{self.member}" if self.member else self.path

    def read(self) -> bytes:
        """Read the encoded photograph."""
        with open(self.path, "rb") as file:  # noqa: PTH123
            if self.offset < 0:
                return file.read()
            file.seek(self.offset)
            return file.read(self.length)


def find(folder: Path) -> list[Source]:
    """List all photographs in a folder, its subfolders and its shards, or in one shard.

    Returns:
        The photographs in a fixed order.

    Raises:
        DataError: the folder does not exist, cannot be read or contains no photographs.
    """
    if not folder.exists():
        raise DataError(f"expected a folder of photographs or .tar shards; {folder} does not exist")
    try:
        files = [folder] if folder.is_file() else [p for p in files_in(folder) if p.is_file()]
    except OSError as error:
        raise DataError(f"cannot list the files in {folder}: {error}") from error
    sources = [source for file in files for source in _sources(file)]
    if not sources:
        known = " ".join(sorted(READABLE_SUFFIXES))
        raise DataError(f"expected photographs ({known}) or .tar shards in {folder}; found none")
    return sources


def _sources(file: Path) -> Iterator[Source]:
    """Yield the photographs in a file: one, those of a shard, or none of another file."""
    if file.suffix.lower() in READABLE_SUFFIXES:
        yield Source(str(file))
    elif file.suffix.lower() == ".tar":
        yield from _members(file)


def _members(shard: Path) -> Iterator[Source]:
    """Yield the photographs in a shard.

    Raises:
        DataError: the file is not an uncompressed tar archive.
    """
    try:
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if member.isfile() and Path(member.name).suffix.lower() in READABLE_SUFFIXES:
                    yield Source(str(shard), member.offset_data, member.size, member.name)
                # tarfile remembers all members; a large shard would fill the memory.
                archive.members = []  # type: ignore[attr-defined]
    except (tarfile.TarError, OSError) as error:
        raise DataError(
            f"expected an uncompressed .tar shard; cannot read {shard}: {error}"
        ) from error


def split(sources: list[Source], share: float) -> tuple[list[Source], list[Source]]:
    """Split photographs into a training part and a validation part.

    The split depends only on each photograph's name. So adding photographs moves no other one.

    Args:
        sources: all photographs.
        share: the share of validation photographs, in [0, 1).
    """

    def held_out(source: Source) -> bool:
        name = source.member or Path(source.path).name
        # Python's own hash differs between processes; this one never changes.
        digest = hashlib.blake2b(os.fsencode(name), digest_size=8).digest()
        return int.from_bytes(digest) < share * 2**64

    validation = [source for source in sources if held_out(source)]
    return [source for source in sources if not held_out(source)], validation


def split_folders(folder: Path) -> tuple[Path, Path | None]:
    """Return the training folder and the validation folder within a folder.

    These are `train` and `val` (or `validation`, `valid`) if both exist; otherwise the folder
    itself and None.
    """
    for name in ("val", "validation", "valid"):
        if (folder / "train").is_dir() and (folder / name).is_dir():
            return folder / "train", folder / name
    return folder, None
