"""Which files lie in a folder, or match a pattern."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["files_in", "matching"]

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
    walked = _walked(folder, locked)
    places = walked if recursive else [next(walked)]
    return sorted(place / name for place, names in places for name in names)


def matching(pattern: str, *, locked: list[Path]) -> list[Path]:
    """What a pattern stands for, sorted; `**` is a folder with all within, as in `files_in`.

    Args:
        pattern: of `glob`.
        locked: gets the folders below a `**` that cannot be read.

    Raises:
        OSError: a folder before a `**` cannot be read.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207
    at = parts.index("**")
    heads = glob.glob(str(Path(*parts[:at]))) if at else ["."]  # noqa: PTH207
    below = Path(*parts[at + 1 :] or "*")
    found = {
        path
        for head in heads
        if os.path.isdir(head)  # noqa: PTH112
        for place, _ in _walked(Path(head), locked)
        for path in matching(str(Path(glob.escape(str(place)), below)), locked=locked)
    }
    return sorted(found)


def _walked(folder: Path, locked: list[Path] | None) -> Iterator[tuple[Path, list[str]]]:
    def complain(error: OSError) -> None:
        if locked is None or Path(error.filename) == folder:
            raise error
        locked.append(Path(error.filename))

    try:
        for place, folders, names in os.walk(folder, onerror=complain):
            folders[:] = [name for name in folders if not name.startswith(_OF_THE_SYSTEM)]
            yield Path(place), [name for name in names if not name.startswith(_OF_THE_SYSTEM)]
    except RecursionError as error:  # Python 3.11
        raise OSError(f"the folders in {folder} lie too deep within one another") from error
