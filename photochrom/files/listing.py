"""List the files of any storage: of folders, patterns, zips and tars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from photochrom.errors import ConfigError, StorageError
from photochrom.files.folders import before_wildcard, matching, walk_files
from photochrom.files.remote import patiently, storage_errors, system_of
from photochrom.files.storage import Found, absolute, is_uri, tar_members

__all__ = ["ARCHIVE_SUFFIXES", "find", "stop"]

ARCHIVE_SUFFIXES: Final = {".zip": "zip", ".tar": "tar"}
"""Files that hold photographs, and the protocol of their members."""


def stop(trouble: StorageError) -> None:
    """Raise what cannot be used, instead of going on without it."""
    raise trouble


def find(
    location: str, suffixes: Iterable[str], on_trouble: Callable[[StorageError], None] = stop
) -> Iterator[Found]:
    """Find the files of a folder with its subfolders, of a zip or tar, or of a pattern.

    Args:
        location: a path or a URI: of a file, a folder, a zip, a tar, or a pattern with `*`.
        suffixes: the suffixes of files that count, in lower case. A file that is named itself
            always counts.
        on_trouble: receives the error of each zip and tar that cannot be read, or not to its end,
            and the rest is found. Without it, the error is raised.

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
            try:
                yield from _members(kind, found, wanted)
            except StorageError as error:
                on_trouble(error)
        elif PurePosixPath(found.uri).suffix.lower() in wanted or found.uri == absolute(location):
            yield found


def _files(location: str) -> Iterator[Found]:
    """Yield the files of a folder or pattern, whatever their suffixes, or a single file."""
    with storage_errors("list", location):
        if not is_uri(location):
            yield from _local_files(Path(absolute(location)), location)
            return
        system, path = system_of(location)
        yield from _remote_files(system, path, location)


def _local_files(path: Path, location: str) -> Iterator[Found]:
    found: Iterable[Path]
    if path.is_dir():
        root, found = path, walk_files(path)
    elif path.exists():
        root, found = path.parent, [path]
    else:
        locked: list[Path] = []
        found = [each for each in matching(str(path), locked=locked) if each.is_file()]
        if not found:
            raise ConfigError(f"expected a file, a folder or a pattern; there is no {location}")
        root = Path(before_wildcard(str(path)) + "_").parent
    for file in found:
        size, changed = _stat(file)
        yield Found(str(file), file.relative_to(root).as_posix(), size, changed)


def _remote_files(system: Any, path: str, location: str) -> Iterator[Found]:
    """Yield the files of a folder, pattern or single file of `fsspec`."""
    fixed = before_wildcard(path)
    # A file that is there is no pattern, whatever its name.
    if fixed != path and not patiently(lambda: system.exists(path)):
        root = fixed.rpartition("/")[0]
        listed = patiently(lambda: system.glob(path, detail=True))
        found = [facts for facts in listed.values() if facts.get("type") != "directory"]
    else:
        try:
            facts = patiently(lambda: system.info(path))
        except FileNotFoundError as error:
            raise ConfigError(f"expected a file or a folder; there is no {location}") from error
        if facts.get("type") == "directory":
            root = path.rstrip("/")
            found = list(patiently(lambda: system.find(path, detail=True)).values())
        else:
            yield Found(location, path.rpartition("/")[2], *_facts(facts))
            return
    if not found:
        raise ConfigError(f"expected photographs; found none in {location}")
    for facts in sorted(found, key=lambda each: str(each["name"])):
        relative = str(facts["name"])[len(root) :].lstrip("/")
        if not any(part.startswith(".") for part in relative.split("/")):
            yield Found(system.unstrip_protocol(facts["name"]), relative, *_facts(facts))


def _members(kind: str, archive: Found, wanted: frozenset[str]) -> Iterator[Found]:
    """Yield the photographs in a zip or a tar, below the archive's name without its suffix.

    Their version is that of the archive: if it is replaced, its members are other ones.
    """
    held_in = archive.uri if is_uri(archive.uri) else f"file://{archive.uri}"
    folder = PurePosixPath(archive.relative).with_suffix("")
    listed = _zip_members(held_in) if kind == "zip" else tar_members(archive.uri, whole=True)
    if kind == "zip" and "::" in archive.uri and not is_uri(archive.uri):
        raise StorageError(
            f'expected a zip without "::" in its path, which `fsspec` cannot open; '
            f"received {archive.uri}"
        )
    with storage_errors("list", archive.uri):
        for name, size, offset in listed:
            member = PurePosixPath(name)
            if member.suffix.lower() in wanted and not member.name.startswith("."):
                relative = str(folder / name.lstrip("/"))
                yield Found(f"{kind}://{name}::{held_in}", relative, size, archive.version, offset)


def _zip_members(held_in: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name and size of each file in a zip; it has no offset, since it is compressed."""
    system, _ = system_of(f"zip://::{held_in}")
    for name, facts in sorted(patiently(lambda: system.find("", detail=True)).items()):
        yield name, _size(facts), -1


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
    try:
        status = path.stat()
    except OSError:  # deleted meanwhile, or a link to nothing: reading it will say so
        return -1, ""
    return status.st_size, str(status.st_mtime_ns)
