"""Files on any storage: list them, read them, and write them completely or not at all.

A path without "://" is a file or folder of this machine. Everything else is a URI of `fsspec`: S3,
Google Cloud Storage, Azure, HTTP, and members of zips and tars, as in `zip://a.jpg::s3://b/c.zip`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from photochrom.errors import ConfigError, MissingExtra, OutputError, OutputExists, StorageError
from photochrom.files.atomic import write_bytes
from photochrom.files.folders import files_in, matching

__all__ = ["Found", "delete", "exists", "find", "is_uri", "join", "read", "version", "write"]

ARCHIVE_SUFFIXES: Final = {".zip": "zip", ".tar": "tar"}
"""Files that hold photographs, and the protocol of their members."""

ATTEMPTS: Final = 5
"""How often a storage is asked before its error counts."""

_FIRST_WAIT: Final = 0.5  # seconds; doubled after each attempt
# Asking again would give the same answer.
_FINAL_ERRORS: Final = (
    FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip
# Uploads to these appear when they are complete. Elsewhere, a file is renamed when it is complete.
_ATOMIC_PROTOCOLS: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """A file that a storage holds.

    Attributes:
        uri: where it is.
        relative: its path below the folder, pattern or archive that it was found in, with "/".
        size: its size in bytes; -1 if the storage does not say.
        version: its ETag or time of modification; "" if the storage does not say.
    """

    uri: str
    relative: str
    size: int = -1
    version: str = ""


def is_uri(location: str) -> bool:
    """Return whether a location is a URI, rather than a path of this machine."""
    return "://" in location


def join(folder: str, relative: str) -> str:
    """Return the location of a file in a folder."""
    if is_uri(folder):
        return f"{folder.rstrip('/')}/{relative}"
    return str(Path(os.path.abspath(folder), relative))  # noqa: PTH100  follows no links


def find(location: str, suffixes: Iterable[str]) -> Iterator[Found]:
    """Find the files of a folder with its subfolders, of a zip or tar, or of a pattern.

    Args:
        location: a path or a URI: of a file, a folder, a zip, a tar, or a pattern with `*`.
        suffixes: the suffixes of files that count, in lower case. A file that is named itself
            always counts.

    Yields:
        The files, sorted within each folder, without hidden ones.

    Raises:
        ConfigError: there is no such file or folder.
        StorageError: the storage cannot be reached, or refuses.
        MissingExtra: a package that reads this kind of storage is not installed.
    """
    wanted = frozenset(suffixes)
    for found in _files(location):
        kind = ARCHIVE_SUFFIXES.get(PurePosixPath(found.uri).suffix.lower())
        if kind:
            yield from _members(kind, found, wanted)
        elif PurePosixPath(found.uri).suffix.lower() in wanted or found.uri == location:
            yield found


def read(location: str) -> bytes:
    """Read a whole file, and try again where a storage fails.

    Raises:
        StorageError: there is no such file, or the storage fails or refuses.
        MissingExtra: as in `find`.
    """
    with _storage_errors("read", location):
        if not is_uri(location):
            return Path(location).read_bytes()
        system, path = _system(location)
        data: bytes = _patiently(lambda: system.cat_file(path))
        return data


def exists(location: str) -> bool:
    """Return whether there is something of this name.

    Raises:
        StorageError, MissingExtra: as in `read`.
    """
    with _storage_errors("look at", location):
        if not is_uri(location):
            return os.path.lexists(location)
        system, path = _system(location)
        system.invalidate_cache()  # a listing of before would not have it
        return bool(_patiently(lambda: system.exists(path)))


def version(location: str) -> tuple[int, str]:
    """Return the size of a file and its version, as `Found` has them.

    Raises:
        StorageError, MissingExtra: as in `read`.
    """
    with _storage_errors("look at", location):
        if not is_uri(location):
            return _stat(Path(location))
        system, path = _system(location)
        return _facts(_patiently(lambda: system.info(path)))


def write(location: str, data: bytes, *, overwrite: bool = False) -> None:
    """Write a file, completely or not at all, and try again where a storage fails.

    Args:
        location: where; folders on the way are made.
        data: the contents of the file.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExists: the file exists and `overwrite` is False.
        OutputError: it cannot be written on this machine.
        StorageError, MissingExtra: as in `read`.
    """
    if not is_uri(location):
        _write_here(Path(location), data, overwrite=overwrite)
        return
    if not overwrite and exists(location):
        raise OutputExists(f"{location} exists already")
    with _storage_errors("write", location):
        system, path = _system(location)
        _patiently(lambda: _upload(system, path, data))


def delete(location: str) -> None:
    """Delete a file, if it is there.

    Raises:
        StorageError, MissingExtra: as in `read`.
    """
    with _storage_errors("delete", location), suppress(FileNotFoundError):
        if not is_uri(location):
            Path(location).unlink(missing_ok=True)
            return
        system, path = _system(location)
        _patiently(lambda: system.rm_file(path))


def _write_here(path: Path, data: bytes, *, overwrite: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    write_bytes(path, data, overwrite=overwrite)


def _upload(system: Any, path: str, data: bytes) -> None:
    """Write a file through `fsspec` so that it appears only when it is complete."""
    protocols = {system.protocol} if isinstance(system.protocol, str) else {*system.protocol}
    if protocols & _ATOMIC_PROTOCOLS:
        system.pipe_file(path, data)
        return
    draft = f"{path}.photochrom-part"
    system.makedirs(system._parent(path), exist_ok=True)  # noqa: SLF001  no public name for it
    try:
        system.pipe_file(draft, data)
        system.mv(draft, path)
    except BaseException:
        with suppress(Exception):
            system.rm_file(draft)
        raise


# --- listing --------------------------------------------------------------------------------


def _files(location: str) -> Iterator[Found]:
    """Yield the files of a folder or pattern, whatever their suffixes, or a single file."""
    if not is_uri(location):
        yield from _local_files(location)
        return
    with _storage_errors("list", location):
        system, path = _system(location)
        yield from _remote_files(system, path, location)


def _local_files(location: str) -> Iterator[Found]:
    path = Path(os.path.abspath(location))  # noqa: PTH100  follows no links
    if path.is_dir():
        root, found = path, files_in(path)
    elif path.exists():
        root, found = path.parent, [path]
    else:
        locked: list[Path] = []
        found = [each for each in matching(str(path), locked=locked) if each.is_file()]
        if not found:
            raise ConfigError(f"expected a file, a folder or a pattern; there is no {location}")
        fixed = str(path).partition("*")[0].partition("?")[0].partition("[")[0]
        root = Path(f"{fixed}_").parent
    for file in found:
        size, changed = _stat(file)
        yield Found(str(file), file.relative_to(root).as_posix(), size, changed)


def _remote_files(system: Any, path: str, location: str) -> Iterator[Found]:
    """Yield the files of a folder, pattern or single file of `fsspec`."""
    if any(character in path for character in "*?["):
        root = path.partition("*")[0].partition("?")[0].partition("[")[0].rpartition("/")[0]
        listed = _patiently(lambda: system.glob(path, detail=True))
        found = [facts for facts in listed.values() if facts.get("type") != "directory"]
    else:
        try:
            facts = _patiently(lambda: system.info(path))
        except FileNotFoundError as error:
            raise ConfigError(f"expected a file or a folder; there is no {location}") from error
        if facts.get("type") == "directory":
            root = path.rstrip("/")
            found = list(_patiently(lambda: system.find(path, detail=True)).values())
        else:
            root, found = path.rpartition("/")[0], [facts]
            yield Found(location, path.rpartition("/")[2], *_facts(facts))
            return
    if not found:
        raise ConfigError(f"expected photographs; found none in {location}")
    for facts in sorted(found, key=lambda each: str(each["name"])):
        relative = str(facts["name"])[len(root) :].lstrip("/")
        if not any(part.startswith(".") for part in relative.split("/")):
            yield Found(system.unstrip_protocol(facts["name"]), relative, *_facts(facts))


def _members(kind: str, archive: Found, wanted: frozenset[str]) -> Iterator[Found]:
    """Yield the photographs in a zip or a tar, below the archive's name without its suffix."""
    held_in = archive.uri if is_uri(archive.uri) else f"file://{archive.uri}"
    folder = PurePosixPath(archive.relative).with_suffix("")
    with _storage_errors("list", archive.uri):
        system, _ = _system(f"{kind}://::{held_in}")
        names = _patiently(lambda: system.find("", detail=True))
    for name in sorted(names):
        member = PurePosixPath(name)
        if member.suffix.lower() in wanted and not member.name.startswith("."):
            size = int(names[name].get("size") or -1)
            # The archive's own version: if it is replaced, its members are new ones.
            uri = f"{kind}://{name}::{held_in}"
            yield Found(uri, str(folder / member), size, archive.version)


def _facts(info: dict[str, Any]) -> tuple[int, str]:
    """Return the size and the version in what a storage says about a file."""
    for key in ("ETag", "etag", "LastModified", "last_modified", "mtime", "created"):
        if info.get(key):
            return _size(info), str(info[key]).strip('"')
    return _size(info), ""


def _size(info: dict[str, Any]) -> int:
    size = info.get("size")
    return -1 if size is None else int(size)


def _stat(path: Path) -> tuple[int, str]:
    status = path.stat()
    return status.st_size, str(status.st_mtime_ns)


# --- talking to storages --------------------------------------------------------------------


def _system(location: str) -> tuple[Any, str]:
    """Return the file system of `fsspec` for a URI, and the path in it."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise MissingExtra("archive", f"{location}") from error
    try:
        system, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise StorageError(f"cannot use {location}: {error}") from error
    return system, path


def _patiently(action: Callable[[], T]) -> T:
    """Call a function that asks a storage, again and again while that fails, ever more rarely."""
    for attempt in range(1, ATTEMPTS):
        try:
            return action()
        except _FINAL_ERRORS:
            raise
        except Exception:  # noqa: BLE001  each storage has exceptions of its own
            # Not all at the same moment: a busy storage would be as busy again.
            time.sleep(_FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
    return action()


@contextmanager
def _storage_errors(action: str, location: str) -> Iterator[None]:
    """Turn the errors of storages into one kind, which names the file."""
    try:
        yield
    except (StorageError, ConfigError, OutputError, MissingExtra):
        raise
    except FileNotFoundError as error:
        raise StorageError(f"cannot {action} {location}: there is no such file") from error
    except PermissionError as error:
        raise StorageError(f"cannot {action} {location}: no permission") from error
    except Exception as error:  # each storage has exceptions of its own
        reason = str(error) or type(error).__name__
        raise StorageError(f"cannot {action} {location}: {reason}") from error
