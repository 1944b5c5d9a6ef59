"""Files on any storage: read them, and write them completely or not at all.

A path without "://" is a file or folder of this machine. Everything else is a URI of `fsspec`: S3,
Google Cloud Storage, Azure, HTTP, and members of zips and tars, as in `zip://a.jpg::s3://b/c.zip`.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from photochrom.errors import OutputError, OutputExists, StorageError
from photochrom.files.atomic import atomic_write, discard_draft, write_bytes
from photochrom.files.remote import patiently, split_member, storage_errors, system_of

__all__ = [
    "Found",
    "absolute",
    "canonical",
    "discard",
    "exists",
    "is_uri",
    "join",
    "read",
    "tar_members",
    "tar_problem",
    "write",
    "write_file",
    "writing",
]

_HEADER_BLOCK: Final = 1 << 16  # bytes
# Uploads to these appear when they are complete. Elsewhere, a file is renamed when it is complete.
_ATOMIC_PROTOCOLS: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}


@dataclass(frozen=True)
class Found:
    """A file that a storage holds.

    Attributes:
        uri: where it is.
        relative: its path below the folder, pattern or archive that it was found in, with "/".
        size: its size in bytes; -1 if the storage does not say.
        version: its ETag or time of modification; "" if the storage does not say.
        offset: where it begins in the tar that holds it; -1 for other files.
    """

    uri: str
    relative: str
    size: int = -1
    version: str = ""
    offset: int = -1


def is_uri(location: str) -> bool:
    """Return whether a location is a URI, rather than a path of this machine."""
    return "://" in location


def absolute(location: str) -> str:
    """Return a location that does not depend on the working folder."""
    return location if is_uri(location) else os.path.abspath(location)  # noqa: PTH100


def canonical(location: str) -> str:
    """Return a location as `listing.find` writes those of the files that it lists.

    Storages have several names for one place: `az://` is `abfs://`, and `file://` is a path.

    Raises:
        StorageError, MissingExtra: as in `listing.find`.
    """
    if not is_uri(location):
        return absolute(location)
    with storage_errors("use", location):
        system, path = system_of(location)
        return str(system.unstrip_protocol(path)).removeprefix("file://")


def join(folder: str, relative: str) -> str:
    """Return the location of a file in a folder."""
    return f"{absolute(folder).rstrip('/')}/{relative}"


def read(location: str, *, offset: int = -1, size: int = -1) -> bytes:
    """Read a file, and try again where a storage fails.

    Args:
        location: where it is.
        offset: where it begins in the tar that holds it, as in `Found`; -1 for other files.
        size: its size, if `offset` is given.

    Raises:
        StorageError: there is no such file, or the storage fails or refuses.
        MissingExtra: as in `listing.find`.
    """
    with storage_errors("read", location):
        if not is_uri(location):
            return Path(location).read_bytes()
        # A member of a tar is one part of that file. `fsspec` would read all headers first, and
        # its reader of tars must not be used in several threads.
        part = (None, None) if offset < 0 else (offset, offset + size)
        system, path = system_of(location if offset < 0 else split_member(location)[1])
        data: bytes = patiently(lambda: system.cat_file(path, *part))
        return data


def tar_members(location: str, *, whole: bool = False) -> Iterator[tuple[str, int, int]]:
    """Yield the name, size and offset of each file in a tar, in their order.

    Args:
        location: where the tar is.
        whole: whether it is an error if the tar breaks off. Without it, the members before that
            place are all.

    Raises:
        StorageError, MissingExtra: as in `read`.
    """
    with storage_errors("list", location):
        system, path = system_of(location if is_uri(location) else f"file://{location}")
        # Small blocks: only the headers are read, and the members between them are skipped.
        with (
            system.open(path, "rb", block_size=_HEADER_BLOCK) as file,
            tarfile.open(fileobj=file, mode="r:") as tar,
        ):
            while (member := tar.next()) is not None:
                if member.isfile():
                    yield member.name, member.size, member.offset_data
                # A tar of a million files would fill the memory.
                tar.members.clear()  # type: ignore[attr-defined]
            # `tarfile` stops without an error at what is no header.
            if whole and (problem := tar_problem(file, tar.offset)):
                raise StorageError(f"cannot list {location}: the tar is {problem}")


def tar_problem(file: IO[bytes], end: int) -> str:
    """Return what is wrong where the last member of a tar ends: "truncated", "damaged" or "".

    Args:
        file: the tar.
        end: where the last member ends, in bytes.
    """
    file.seek(end)
    block = file.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE:
        return "truncated"
    return "damaged" if any(block) else ""  # a block of zeros ends an archive


def exists(location: str) -> bool:
    """Return whether there is something of this name.

    Raises:
        StorageError, MissingExtra: as in `read`.
    """
    with storage_errors("look at", location):
        if not is_uri(location):
            return os.path.lexists(location)
        system, path = system_of(location)
        system.invalidate_cache()  # a listing of before would not have it
        return bool(patiently(lambda: system.exists(path)))


def write(location: str, data: bytes, *, overwrite: bool = False, draft: str = "") -> None:
    """Write a file, completely or not at all, and try again where a storage fails.

    Args:
        location: where; folders on the way are made.
        data: the contents of the file.
        overwrite: whether an existing file may be replaced.
        draft: a name of its own for the unfinished file on this machine, for `discard`.

    Raises:
        OutputExists: the file exists and `overwrite` is False.
        OutputError: it cannot be written on this machine.
        StorageError, MissingExtra: as in `read`.
    """
    if is_uri(location):
        _put(location, lambda system, path: system.pipe_file(path, data), overwrite=overwrite)
    else:
        write_bytes(_with_folder(location), data, overwrite=overwrite, draft=draft)


def write_file(location: str, file: Path, *, overwrite: bool = False, draft: str = "") -> None:
    """Write a copy of a file of this machine, as `write` does, without reading it into memory.

    Raises:
        OutputExists, OutputError, StorageError, MissingExtra: as in `write`.
    """
    if is_uri(location):
        _put(location, lambda system, path: system.put_file(str(file), path), overwrite=overwrite)
        return
    with atomic_write(_with_folder(location), overwrite=overwrite, draft=draft) as temporary:
        shutil.copyfile(file, temporary)


@contextmanager
def writing(
    location: str, folder: Path, *, overwrite: bool = False, draft: str = ""
) -> Iterator[Path]:
    """Yield a path of this machine to write a file to, which appears at its location at the end.

    Args:
        location: as in `write`.
        folder: a folder of this machine for the unfinished file of another storage.
        overwrite: as in `write`.
        draft: as in `write`.

    Raises:
        OutputExists, OutputError, StorageError, MissingExtra: as in `write`.
    """
    if not is_uri(location):
        with atomic_write(_with_folder(location), overwrite=overwrite, draft=draft) as temporary:
            yield temporary
        return
    temporary = folder / PurePosixPath(location).name
    yield temporary
    write_file(location, temporary, overwrite=overwrite)


def discard(location: str, draft: str) -> None:
    """Delete what a killed process left of a file that it was writing with this name of a draft.

    Uploads leave nothing that has a name, or a part that the next attempt writes over.
    """
    if not is_uri(location):
        discard_draft(Path(location), draft)


def _with_folder(location: str) -> Path:
    """Return a path of this machine, whose folder is there."""
    path = Path(location)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    return path


def _put(location: str, upload: Callable[[Any, str], object], *, overwrite: bool) -> None:
    """Upload a file so that it appears only when it is complete."""
    if not overwrite and exists(location):
        raise OutputExists(f"{location} exists already")
    with storage_errors("write", location):
        system, path = system_of(location)
        protocols = {system.protocol} if isinstance(system.protocol, str) else {*system.protocol}
        if protocols & _ATOMIC_PROTOCOLS:
            patiently(lambda: upload(system, path))
        else:
            patiently(lambda: _upload_and_rename(system, path, upload))


def _upload_and_rename(system: Any, path: str, upload: Callable[[Any, str], object]) -> None:
    draft = f"{path}.photochrom-part"
    system.makedirs(system._parent(path), exist_ok=True)  # noqa: SLF001  no public name for it
    try:
        upload(system, draft)
        system.mv(draft, path)
    except BaseException:
        with suppress(Exception):
            system.rm_file(draft)
        raise
