"""List the files of a folder, or those that match a pattern."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["before_wildcard", "files_in", "matching", "subfolders_of", "walk_files"]

_NAS_THUMBNAILS: Final = "@eaDir"  # where Synology's network drives keep thumbnails
_HIDDEN_PREFIXES: Final = (".", _NAS_THUMBNAILS)


def files_in(
    folder: Path, *, recursive: bool = True, locked: list[Path] | None = None
) -> list[Path]:
    """Return the files of a folder, sorted, without hidden ones (`._scan.jpg`, `.thumbnails/`).

    Args:
        folder: the folder; it may be hidden itself.
        recursive: whether to include the files of its subfolders; links to folders are ignored.
        locked: receives the subfolders that cannot be read.

    Raises:
        OSError: the folder cannot be read; or a subfolder cannot be read and `locked` is None.
    """
    walk = _walk(folder, locked)
    folders = walk if recursive else [next(walk)]
    return sorted(parent / name for parent, names in folders for name in names)


def before_wildcard(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard; the whole of a text without one."""
    return re.split(r"[*?[]", pattern, maxsplit=1)[0]


def walk_files(folder: Path, *, locked: list[Path] | None = None) -> Iterator[Path]:
    """Yield the files of a folder and its subfolders as `files_in` has them, folder by folder.

    A million names are never in memory at once.

    Args:
        folder: as in `files_in`.
        locked: as in `files_in`.

    Raises:
        OSError: as in `files_in`.
    """
    for parent, names in _walk(folder, locked):
        yield from (parent / name for name in sorted(names))


def subfolders_of(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones; [] where it cannot be read."""
    found = next(os.walk(folder), (folder, [], []))[1]
    return sorted(folder / name for name in found if not name.startswith(_HIDDEN_PREFIXES))


def matching(pattern: str, *, locked: list[Path]) -> list[Path]:
    """Return the paths that match a pattern, sorted.

    Args:
        pattern: a pattern as in `glob`; `**` stands for a folder with all its subfolders, except
            hidden ones, as in `files_in`.
        locked: receives the folders below a `**` that cannot be read.

    Raises:
        OSError: a folder before a `**` cannot be read.
    """
    # Not with `glob`'s own `**`, which silently skips folders that cannot be read.
    parts = Path(pattern).parts
    if "**" not in parts:
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207
    at = parts.index("**")
    heads = glob.glob(str(Path(*parts[:at]))) if at else ["."]  # noqa: PTH207
    below = Path(*parts[at + 1 :] or "*")
    paths = {
        path
        for head in heads
        if os.path.isdir(head)  # noqa: PTH112
        for folder, _ in _walk(Path(head), locked)
        for path in matching(str(Path(glob.escape(str(folder)), below)), locked=locked)
    }
    return sorted(paths)


def _walk(folder: Path, locked: list[Path] | None) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and its subfolders, each with the names of its files, without hidden ones."""

    def handle(error: OSError) -> None:
        if locked is None or Path(error.filename) == folder:
            raise error
        locked.append(Path(error.filename))

    try:
        for parent, folders, names in os.walk(folder, onerror=handle):
            # Changed in place: `os.walk` then does not enter the folders that are left out.
            folders[:] = sorted(n for n in folders if not n.startswith(_HIDDEN_PREFIXES))
            yield Path(parent), [name for name in names if not name.startswith(_HIDDEN_PREFIXES)]
    except RecursionError as error:  # only Python 3.11 recurses here
        raise OSError(f"the folders in {folder} are nested too deeply") from error
