"""Which files lie in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["files_in", "is_passed_over"]

_OF_A_NAS: Final = "@eaDir"  # its own small copies
_OF_THE_SYSTEM: Final = (".", _OF_A_NAS)


def files_in(
    folder: Path, *, recursive: bool = True, locked: list[Path] | None = None
) -> list[Path]:
    """Files in a folder, sorted, without what is hidden there (`._scan.jpg`, `.thumbnails/`).

    Args:
        folder: may be hidden itself.
        recursive: whether folders within folders are gone through; links to folders are not.
        locked: gets the folders within that cannot be read.

    Raises:
        OSError: the folder cannot be read, or one within it, and there is no list for those.
    """
    found: list[Path] = []

    def complain(error: OSError) -> None:
        if locked is None or Path(error.filename) == folder:
            raise error
        locked.append(Path(error.filename))

    try:
        for place, folders, names in os.walk(folder, onerror=complain):
            folders[:] = [name for name in folders if not name.startswith(_OF_THE_SYSTEM)]
            found += [Path(place, name) for name in names if not name.startswith(_OF_THE_SYSTEM)]
            if not recursive:
                break
    except RecursionError as error:  # Python 3.11
        raise OSError(f"the folders in {folder} lie too deep within one another") from error
    return sorted(found)


def is_passed_over(path: Path, root: Path) -> bool:
    """Whether a pattern's match below `root` is one that nobody meant: a copy, or behind a link."""
    folders = path.relative_to(root).parts[:-1]
    places = (root.joinpath(*folders[: depth + 1]) for depth in range(len(folders)))
    return _OF_A_NAS in folders or any(place.is_symlink() for place in places)
