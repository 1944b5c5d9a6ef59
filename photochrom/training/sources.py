"""Where photographs to learn from lie: folders, however deep, and WebDataset shards (`.tar`)."""

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
    """A photograph's encoded bytes: a file, or a stretch of a shard."""

    path: str
    offset: int = -1  # -1: the whole file
    length: int = 0
    member: str = ""

    @property
    def name(self) -> str:
        """For messages and for the split."""
        return f"{self.path}:{self.member}" if self.member else self.path

    def read(self) -> bytes:
        """The encoded photograph."""
        with open(self.path, "rb") as file:  # noqa: PTH123
            if self.offset < 0:
                return file.read()
            file.seek(self.offset)
            return file.read(self.length)


def find(folder: Path) -> list[Source]:
    """All photographs and shards' photographs below a folder (or in one shard), in a fixed order.

    Raises:
        DataError: there is no such folder, it cannot be read, or nothing is in it.
    """
    if not folder.exists():
        raise DataError(f"expected a folder of photographs or .tar shards; {folder} does not exist")
    try:
        files = [folder] if folder.is_file() else [p for p in files_in(folder) if p.is_file()]
    except OSError as error:
        raise DataError(f"cannot look for photographs: {error}") from error
    found = [source for file in files for source in _sources(file)]
    if not found:
        known = " ".join(sorted(READABLE_SUFFIXES))
        raise DataError(f"expected photographs ({known}) or .tar shards in {folder}; found none")
    return found


def _sources(file: Path) -> Iterator[Source]:
    if file.suffix.lower() in READABLE_SUFFIXES:
        yield Source(str(file))
    elif file.suffix.lower() == ".tar":
        yield from _members(file)


def _members(shard: Path) -> Iterator[Source]:
    try:
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if member.isfile() and Path(member.name).suffix.lower() in READABLE_SUFFIXES:
                    yield Source(str(shard), member.offset_data, member.size, member.name)
                archive.members = []  # type: ignore[attr-defined]  # or it would grow with the shard
    except (tarfile.TarError, OSError) as error:
        raise DataError(f"expected an uncompressed .tar shard; {shard}: {error}") from error


def split(sources: list[Source], share: float) -> tuple[list[Source], list[Source]]:
    """Train and validation parts. A photograph's name decides, so more photographs move none."""

    def held_out(source: Source) -> bool:
        name = source.member or Path(source.path).name
        digest = hashlib.blake2b(os.fsencode(name), digest_size=8).digest()
        return int.from_bytes(digest) < share * 2**64

    validation = [source for source in sources if held_out(source)]
    return [source for source in sources if not held_out(source)], validation


def split_folders(folder: Path) -> tuple[Path, Path | None]:
    """`folder/train` and `folder/val` where there are both; else the folder and nothing."""
    for name in ("val", "validation", "valid"):
        if (folder / "train").is_dir() and (folder / name).is_dir():
            return folder / "train", folder / name
    return folder, None
