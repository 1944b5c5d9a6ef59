"""Large files on any storage: copied, hashed and deleted without being read into memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from photochrom.files.remote import patiently, split_member, storage_errors, system_of
from photochrom.files.storage import is_uri

__all__ = ["delete_folder", "fetch", "sha256"]

_BLOCK: Final = 1 << 20  # bytes that are in memory at once


def fetch(location: str, target: Path, *, offset: int = -1, size: int = -1) -> None:
    """Copy a file to this machine, and try again where a storage fails.

    Args:
        location: where it is.
        target: the copy.
        offset: where it begins in the tar that holds it; -1 for other files.
        size: its size, if `offset` is given.

    Raises:
        StorageError: there is no such file, or the storage fails or refuses.
        MissingExtra: a package that reads this kind of storage is not installed.
    """

    def copy() -> None:
        with target.open("wb") as file:
            for block in _blocks(location, offset, size):
                file.write(block)

    with storage_errors("read", location):
        patiently(copy)


def sha256(location: str, *, offset: int = -1, size: int = -1) -> str:
    """Return the SHA-256 of a file in hexadecimal. Arguments and errors are those of `fetch`."""

    def digest() -> str:
        found = hashlib.sha256()
        for block in _blocks(location, offset, size):
            found.update(block)
        return found.hexdigest()

    with storage_errors("read", location):
        return patiently(digest)


def delete_folder(location: str) -> None:
    """Delete a folder with all its files, as far as that is possible."""
    if not is_uri(location):
        shutil.rmtree(location, ignore_errors=True)
        return
    with suppress(Exception):  # each storage has exceptions of its own
        system, path = system_of(location)
        system.invalidate_cache()
        system.rm(path, recursive=True)


def _blocks(location: str, offset: int, size: int) -> Iterator[bytes]:
    """Yield the contents of a file, or of a member of a tar, piece by piece."""
    with _opened(location if offset < 0 else split_member(location)[1]) as file:
        file.seek(max(0, offset))
        remaining = size if offset >= 0 else -1
        while block := file.read(min(_BLOCK, remaining) if offset >= 0 else _BLOCK):
            remaining -= len(block)
            yield block


@contextmanager
def _opened(location: str) -> Iterator[IO[bytes]]:
    if not is_uri(location):
        with Path(location).open("rb") as file:
            yield file
        return
    system, path = system_of(location)
    with system.open(path, "rb") as file:
        yield file
