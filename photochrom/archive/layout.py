"""Where the originals and the results of an archive stand in a folder of both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.errors import DataError
from photochrom.files.remote import split_member

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["Placed", "placed"]

_ORIGINALS: Final = PurePosixPath("originals")
_COLORED: Final = PurePosixPath("coloured")
_UNSAFE: Final = re.compile(r"[%\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Placed:
    """A coloured photograph of an archive, with places for its two files.

    Attributes:
        entry: its row of the manifest.
        original: where the grey original stands, below `originals/`.
        colored: where the result stands, below `coloured/`, at the same path but for the suffix.
    """

    entry: Entry
    original: PurePosixPath
    colored: PurePosixPath


def placed(entries: Iterable[Entry]) -> list[Placed]:
    """Give every coloured photograph its places; those that are not done are left out.

    The folders that all results have in common are left out of the paths. Characters that
    programs for BagIt write in different ways become "_".

    Raises:
        DataError: no photograph is done, or two would have the same place.
    """
    done = [entry for entry in entries if entry.status == "done"]
    if not done:
        raise DataError("expected photographs that are done; the manifest has none")
    paths = [_path(entry.output) for entry in done]
    common = len(_common([path.parent.parts for path in paths]))
    relative = [PurePosixPath(*path.parts[common:]) for path in paths]
    found = [
        Placed(entry, _ORIGINALS / path.with_suffix(_path(entry.source).suffix), _COLORED / path)
        for entry, path in zip(done, relative, strict=True)
    ]
    files = Counter(path for each in found for path in (each.original, each.colored))
    if twice := [str(path) for path, count in files.items() if count > 1]:
        raise DataError(f"expected photographs of different names; two would be {twice[0]}")
    return found


def _path(location: str) -> PurePosixPath:
    """Return the path in a location; of a member of a zip or a tar, the path within."""
    path = split_member(location)[0].partition("://")[2] or location
    return PurePosixPath(_UNSAFE.sub("_", path.replace("\\", "/")))


def _common(folders: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the folders with which all paths begin."""
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    return [level[0] for level in levels]
