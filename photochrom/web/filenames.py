"""Safe file names from names that clients send, and the headers of downloads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from photochrom.documents.coloring import PDF_SUFFIX
from photochrom.files.names import colorized
from photochrom.photo import FORMATS
from photochrom.photo.codecs import codec_named

__all__ = [
    "BYTES",
    "FILM_TYPES",
    "PDF",
    "PHOTOGRAPH_TYPES",
    "ZIP",
    "UniqueNames",
    "colorized_name",
    "content_disposition",
    "media_type_of",
    "named_for",
    "safe_name",
    "unique",
]

ZIP: Final = "application/zip"
PDF: Final = "application/pdf"
BYTES: Final = "application/octet-stream"
"""The media type of files that have none of their own."""

PHOTOGRAPH_TYPES: Final = {
    suffix: codec.media_type or BYTES for codec in FORMATS.values() for suffix in codec.suffixes
}
"""The media types of photographs, by suffix."""

FILM_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/matroska",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
}
"""The media types of films, by suffix."""

# In bytes. File systems allow 255; the rest is for numbers and suffixes that are added later.
_MAX_STEM: Final = 160
_MAX_SUFFIX: Final = 32
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')  # on Windows
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # likewise


def safe_name(name: str | None, default: str = "photograph") -> str:
    """Return the last part of a path as a name that every file system accepts.

    Args:
        name: File name or path, as a client sends it.
        default: Stem of the result if nothing of `name` can be kept.
    """
    last = unicodedata.normalize("NFC", name or "").replace("\\", "/").rpartition("/")[2]
    printable = "".join(char for char in last if char.isprintable())
    path = PurePosixPath(_FORBIDDEN.sub("_", printable).strip(" ."))
    stem = _truncate(path.stem, _MAX_STEM).strip(" .") or default
    clean = stem + _truncate(path.suffix, _MAX_SUFFIX).rstrip(" .")
    return f"_{clean}" if _DEVICES.fullmatch(clean) else clean


def _truncate(text: str, max_bytes: int) -> str:
    """Return the beginning of `text`, at most `max_bytes` long in UTF-8."""
    return text.encode("utf-8", "ignore")[:max_bytes].decode("utf-8", "ignore")


def named_for(name: str, format_name: str) -> str:
    """Return `name` with a suffix that fits the format of the file.

    Args:
        name: A safe file name.
        format_name: Name of a registered format, or "PDF".
    """
    path = PurePosixPath(name)
    suffixes = (PDF_SUFFIX,) if format_name == "PDF" else codec_named(format_name).suffixes
    return name if path.suffix.lower() in suffixes else f"{path.stem}{suffixes[0]}"


def colorized_name(name: str) -> str:
    """Return the name of a coloured file that lies beside its original, "old-colorized.jpg"."""
    return colorized(PurePosixPath(name)).name


def media_type_of(name: str) -> str:
    """Return the media type of a result, by the suffix of its name."""
    types = {".zip": ZIP, PDF_SUFFIX: PDF, **PHOTOGRAPH_TYPES, **FILM_TYPES}
    return types.get(PurePosixPath(name).suffix.lower(), BYTES)


class UniqueNames:
    """Names that differ from one another.

    Names that differ in case alone count as the same, as on Windows and macOS.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def add(self, name: str) -> str:
        """Return a name, with a number added if an earlier one is the same."""
        path, number, candidate = PurePosixPath(name), 1, name
        while candidate.casefold() in self._used:
            number += 1
            candidate = f"{path.stem} ({number}){path.suffix}"
        self._used.add(candidate.casefold())
        return candidate


def unique(names: Iterable[str]) -> Iterator[str]:
    """Yield each name, with a number added if an earlier one is the same."""
    return map(UniqueNames().add, names)


def content_disposition(name: str) -> str:
    """Return the value of the header that names a download (RFC 6266)."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
