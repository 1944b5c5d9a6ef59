"""Which files lie in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NoReturn

__all__ = ["files_in"]

_OF_THE_SYSTEM: Final = (".", "@eaDir")  # hidden, or a NAS's own small copies


def files_in(folder: Path, *, recursive: bool = True) -> list[Path]:
    """Files in a folder, sorted, without what is hidden there (`._scan.jpg`, `.thumbnails/`).

    Args:
        folder: may be hidden itself.
        recursive: whether folders within folders are gone through; links to folders are not.

    Raises:
        OSError: one of the folders cannot be read.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=_fail):
        folders[:] = [name for name in folders if not name.startswith(_OF_THE_SYSTEM)]
        found += [Path(place, name) for name in names if not name.startswith(_OF_THE_SYSTEM)]
        if not recursive:
            break
    return sorted(found)


def _fail(error: OSError) -> NoReturn:
    raise error
