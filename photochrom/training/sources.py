"""The photographs to train on: where they are, which are usable, and which are held out.

They are in folders with subfolders, or in WebDataset shards (`.tar`), on this machine or in any
storage that `fsspec` reaches. Each is checked once, before training: whether colour can be learnt
from it.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Literal, NamedTuple, TypeAlias, overload

from photochrom import photo
from photochrom.errors import DataError, PhotoError, StorageError
from photochrom.files import listing, storage
from photochrom.files.atomic import atomic_write
from photochrom.files.folders import before_wildcard, files_in
from photochrom.files.remote import split_member
from photochrom.files.storage import is_uri
from photochrom.parallel import core_count, map_ordered
from photochrom.photo import READABLE_SUFFIXES
from photochrom.progress import ProgressListener

__all__ = [
    "Place",
    "Source",
    "Verdict",
    "examine",
    "find",
    "is_within",
    "load_index",
    "save_index",
    "scan",
    "split",
    "split_folders",
    "summary",
    "verdict_on",
]

Place: TypeAlias = Path | str
"""Where photographs are: a path of this machine, or a URI as a string."""

Verdict = Literal["good", "grey", "tiny", "broken"]
_NAME_ERRORS: Final = "surrogateescape"  # keeps file names that are not UTF-8
_FILE_SUFFIXES: Final = {*READABLE_SUFFIXES, *listing.ARCHIVE_SUFFIXES}
_TINT_SIDE: Final = 128  # pixels on the shorter side, enough to tell colour from sepia


class Source(NamedTuple):
    """The location of an encoded photograph: a file, or a part of a shard.

    Attributes:
        path: the file or the shard, as a path or a URI.
        offset: where the photograph begins in a shard, in bytes; -1 stands for the whole file.
        length: number of bytes; 0 if it is not known, as in lists that an older version wrote.
        member: name within a shard; empty for a file.
    """

    path: str
    offset: int = -1
    length: int = 0
    member: str = ""

    @property
    def name(self) -> str:
        """The name for messages and tables."""
        return f"{self.path}:{self.member}" if self.member else self.path

    def read(self) -> bytes:
        """Read the encoded photograph.

        Raises:
            OSError: the file is missing or cannot be read, or the shard is shorter than it was.
            StorageError: the storage of a URI cannot be reached, or refuses.
        """
        data = self._fetch() if is_uri(self.path) else self._read_file()
        if self.offset >= 0 and len(data) < self.length:
            raise OSError(f"{self.path} is shorter than it was")
        return data

    def _read_file(self) -> bytes:
        with open(self.path, "rb") as file:  # noqa: PTH123
            if self.offset < 0:
                return file.read()
            file.seek(self.offset)
            return file.read(self.length)

    def _fetch(self) -> bytes:
        """Read the photograph from its storage, without the rest of its shard."""
        try:
            if self.offset < 0:
                return storage.read(self.path)
            return storage.read(f"tar://::{self.path}", offset=self.offset, size=self.length)
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # it concerns this file only
                raise FileNotFoundError(str(error)) from error
            raise


# --- finding --------------------------------------------------------------------------------


def find(folder: Place, listener: ProgressListener | None = None) -> list[Source]:
    """List all photographs in a folder, its subfolders and its shards, or in one shard.

    Args:
        folder: the folder or the shard; a string is a URI, which may be a pattern with `*`.
        listener: receives a message about each shard that is truncated or damaged. The members
            before that point are listed.

    Returns:
        The photographs in a fixed order.

    Raises:
        DataError: the folder does not exist, cannot be read or contains no photographs, or a file
            named `.tar` is not an uncompressed tar archive.
        ConfigError: there is nothing at the URI.
        StorageError: the storage of a URI cannot be reached, refuses, or holds a damaged shard.
    """
    listener = listener or ProgressListener()
    sources = _stored(folder) if isinstance(folder, str) else _in_folder(folder, listener)
    if not sources:
        known = " ".join(sorted(READABLE_SUFFIXES))
        raise DataError(f"expected photographs ({known}) or .tar shards in {folder}; found none")
    return sources


def _in_folder(folder: Path, listener: ProgressListener) -> list[Source]:
    if not folder.exists():
        raise DataError(f"expected a folder of photographs or .tar shards; {folder} does not exist")
    try:
        files = [folder] if folder.is_file() else [p for p in files_in(folder) if p.is_file()]
        return [source for file in files for source in _sources(file, listener)]
    except OSError as error:
        raise DataError(f"cannot list the files in {folder}: {error}") from error


def _stored(uri: str) -> list[Source]:
    """List the photographs at a URI."""
    folder = _folder_of(uri)
    return [_stored_source(folder, found) for found in listing.find(uri, READABLE_SUFFIXES)]


def _folder_of(uri: str) -> str:
    """Return the folder below which the photographs of a URI are found."""
    fixed = before_wildcard(uri)
    is_pattern = fixed != uri and not storage.exists(uri)
    is_folder = not is_pattern and PurePosixPath(uri).suffix.lower() not in _FILE_SUFFIXES
    known = fixed if is_pattern else uri
    return (known if is_folder else known.rpartition("/")[0]).rstrip("/")


def _stored_source(folder: str, found: storage.Found) -> Source:
    # Below the folder as it was given: a storage may have another name for it.
    if found.uri.startswith("zip://"):
        return Source(found.uri, length=max(0, found.size))
    if found.offset < 0:
        return Source(storage.join(folder, found.relative), length=max(0, found.size))
    name = split_member(found.uri)[0].removeprefix("tar://")
    shard = found.relative.removesuffix(f"/{PurePosixPath(name.lstrip('/'))}") + ".tar"
    return Source(storage.join(folder, shard), found.offset, found.size, name)


def _sources(file: Path, listener: ProgressListener) -> Iterator[Source]:
    """Yield the photographs in a file: one, those of a shard, or none of another file."""
    if file.suffix.lower() in READABLE_SUFFIXES:
        yield Source(str(file), length=file.stat().st_size)
    elif file.suffix.lower() == ".tar":
        yield from _members(file, listener)


def _members(shard: Path, listener: ProgressListener) -> Iterator[Source]:
    """Yield the photographs in a shard that are complete.

    Raises:
        DataError: the file is not an uncompressed tar archive.
    """
    size, count, problem = shard.stat().st_size, 0, "truncated"
    try:
        if size >= tarfile.BLOCKSIZE:
            with tarfile.open(shard, "r:") as archive:
                for member in archive:
                    if member.offset_data + member.size > size:
                        break
                    if member.isfile() and Path(member.name).suffix.lower() in READABLE_SUFFIXES:
                        yield Source(str(shard), member.offset_data, member.size, member.name)
                        count += 1
                    # tarfile remembers all members; a large shard would fill the memory.
                    archive.members = []  # type: ignore[attr-defined]
                else:
                    with shard.open("rb") as file:  # `tarfile` stops without an error
                        problem = storage.tar_problem(file, archive.offset)
    except (tarfile.TarError, OSError) as error:
        raise DataError(
            f"expected an uncompressed .tar shard; cannot read {shard}: {error}"
        ) from error
    if problem:
        whole = f"its first {count} photographs are used" if count else "no photograph is complete"
        listener.note(f"{shard} is {problem}: {whole}")


# --- the two parts --------------------------------------------------------------------------


def split(sources: list[Source], share: float, folder: Place) -> tuple[list[Source], list[Source]]:
    """Split photographs into a training part and a validation part.

    The split depends only on the path of each photograph below the folder. So adding photographs
    moves none of the others. Very small sets are an exception: if a part would be empty, one
    photograph is moved to it.

    Args:
        sources: all photographs.
        share: the share of validation photographs, in [0, 1).
        folder: the folder or shard in which they were found, or its URI.
    """
    if isinstance(folder, str):
        root = _folder_of(folder)
    else:
        root = str(folder if folder.is_dir() else folder.parent)
    ranks = [_rank(source, root) for source in sources]
    held_out = {number for number, rank in enumerate(ranks) if rank < share}
    if share and len(sources) > 1:
        if not held_out:
            held_out = {ranks.index(min(ranks))}
        elif len(held_out) == len(sources):
            held_out.discard(ranks.index(max(ranks)))
    parts: tuple[list[Source], list[Source]] = [], []
    for number, source in enumerate(sources):
        parts[number in held_out].append(source)
    return parts


def _rank(source: Source, root: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the path of a photograph."""
    if is_uri(source.path):
        path = source.path.removeprefix(f"{root}/")
    else:
        path = Path(source.path).relative_to(root).as_posix()
    name = f"{path}:{source.member}" if source.member else path
    # Python's own hash differs between processes; this one never changes.
    digest = hashlib.blake2b(os.fsencode(name), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


@overload
def split_folders(folder: Path) -> tuple[Path, Path | None]: ...
@overload
def split_folders(folder: Place) -> tuple[Place, Place | None]: ...
def split_folders(folder: Place) -> tuple[Place, Place | None]:
    """Return the training folder and the validation folder within a folder, or within a URI.

    These are `train` and `val` (or `validation`, `valid`) if both exist; otherwise the folder
    itself and None.
    """
    for name in ("val", "validation", "valid"):
        if (held_out := _subfolder(folder, name)) and (train := _subfolder(folder, "train")):
            return train, held_out
    return folder, None


def _subfolder(folder: Place, name: str) -> Place | None:
    """Return a folder within a folder, or None if there is none."""
    if isinstance(folder, Path):
        return folder / name if (folder / name).is_dir() else None
    inner = storage.join(folder, name)
    return inner if storage.exists(inner) else None


def is_within(source: Source, folder: Place) -> bool:
    """Return whether a photograph is in a folder, or below a URI."""
    if isinstance(folder, Path):
        return Path(source.path).resolve().is_relative_to(folder.resolve())
    return source.path.startswith(f"{folder.rstrip('/')}/")


# --- checking -------------------------------------------------------------------------------


def examine(source: Source, min_side: int) -> Verdict:
    """Read a photograph and check whether colour can be learnt from it.

    Args:
        source: the encoded photograph.
        min_side: smallest permitted side, in pixels.

    Returns:
        As `verdict_on`; "broken" also stands for a file that cannot be read.
    """
    try:
        return verdict_on(source.read(), min_side)
    except OSError:
        return "broken"


def verdict_on(data: bytes, min_side: int) -> Verdict:
    """Check whether colour can be learnt from an encoded photograph.

    Args:
        data: the encoded photograph.
        min_side: smallest permitted side, in pixels.

    Returns:
        "good", "grey" (also sepia and other tints), "tiny" or "broken" (it cannot be decoded).
    """
    try:
        rgb = photo.thumbnail(data, max(min_side, _TINT_SIDE))
    except PhotoError:
        return "broken"
    if min(rgb.shape[:2]) < min_side:
        return "tiny"
    return "good" if photo.tint_of(rgb) == "colour" else "grey"


def scan(sources: Iterable[Source], min_side: int) -> Iterator[tuple[Source, Verdict]]:
    """Yield the photographs with their verdicts, in order; they are checked in parallel."""

    def judge(source: Source) -> tuple[Source, Verdict]:
        return source, examine(source, min_side)

    # One thread more than cores, because some always wait for the disk.
    return map_ordered(judge, sources, core_count() + 1)


def summary(verdicts: Counter[Verdict]) -> str:
    """Format the counts: "305 photographs (skipped: 2 grey, 1 broken, 0 tiny)"."""
    skipped = ", ".join(f"{verdicts[kind]} {kind}" for kind in ("grey", "broken", "tiny"))
    noun = "photograph" if verdicts["good"] == 1 else "photographs"
    return f"{verdicts['good']} {noun} (skipped: {skipped})"


# --- the list -------------------------------------------------------------------------------


def save_index(path: Path, rows: Iterable[tuple[str, Source, Verdict]]) -> None:
    """Write the list of photographs as CSV.

    Args:
        path: the file to write.
        rows: part ("train" or "val"), source and verdict of each photograph.

    Raises:
        OutputError: the file cannot be written.
    """
    with (
        atomic_write(path, overwrite=True) as draft,
        draft.open("w", newline="", encoding="utf-8", errors=_NAME_ERRORS) as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["part", *Source._fields, "verdict"])
        writer.writerows([part, *source, result] for part, source, result in rows)


def load_index(path: Path, part: str) -> list[Source]:
    """Return the good photographs of one part from a file that `save_index` wrote.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors=_NAME_ERRORS) as file:
            return [
                Source(row["path"], int(row["offset"]), int(row["length"]), row["member"])
                for row in csv.DictReader(file)
                if row["part"] == part and row["verdict"] == "good"
            ]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"cannot read the list of photographs {path}: {error}") from error
