"""Names that came from elsewhere, made fit to be names of files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from photochrom.photo import FORMATS

__all__ = ["content_disposition", "named_for", "safe_name", "unique"]

_LONGEST: Final = 160  # bytes; a file system takes 255, and names grow
_LONGEST_SUFFIX: Final = 32
_UNFIT: Final = re.compile(r'[<>:"|?*]')
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def safe_name(name: str | None, otherwise: str = "photograph") -> str:
    """The last part of a path, without what a file system could take amiss.

    Args:
        name: what a client says.
        otherwise: the name if nothing is left.
    """
    last = unicodedata.normalize("NFC", name or "").replace("\\", "/").rpartition("/")[2]
    printable = "".join(each for each in last if each.isprintable())
    path = PurePosixPath(_UNFIT.sub("_", printable).strip(" ."))
    stem = _cut(path.stem, _LONGEST).strip(" .") or otherwise
    clean = stem + _cut(path.suffix, _LONGEST_SUFFIX).rstrip(" .")
    return f"_{clean}" if _DEVICES.fullmatch(clean) else clean


def _cut(text: str, most: int) -> str:
    """Its beginning, of so many bytes in UTF-8."""
    return text.encode("utf-8", "ignore")[:most].decode("utf-8", "ignore")


def named_for(name: str, format_name: str) -> str:
    """With a suffix that says what the file holds.

    Args:
        name: a safe one.
        format_name: a key of `photo.FORMATS`.
    """
    path, suffixes = PurePosixPath(name), FORMATS[format_name].suffixes
    return name if path.suffix.lower() in suffixes else f"{path.stem}{suffixes[0]}"


def unique(names: Iterable[str]) -> Iterator[str]:
    """Each name, with a number where it came before, whatever its case."""
    seen: set[str] = set()
    for name in names:
        path, number, fresh = PurePosixPath(name), 1, name
        while fresh.casefold() in seen:
            number += 1
            fresh = f"{path.stem} ({number}){path.suffix}"
        seen.add(fresh.casefold())
        yield fresh


def content_disposition(name: str) -> str:
    """The header that names a download: RFC 6266."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
