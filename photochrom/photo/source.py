"""Read the bytes of a photograph and recognize their format."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath
from typing import BinaryIO, TypeAlias

from photochrom.errors import SeveralPages, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs import (
    FORMATS,
    RAW_SUFFIXES,
    READABLE_SUFFIXES,
    known_formats,
    recognizes,
    sniff,
)

__all__ = ["ByteSource", "detect_format", "name_of", "read_bytes"]

ByteSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"


def name_of(source: object) -> str:
    """Return the name of a source in messages: its path, or a placeholder such as "<bytes>"."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    inner = getattr(source, "filename", None) or getattr(source, "name", None)
    return inner if isinstance(inner, str) and inner else f"<{type(source).__name__}>"


def read_bytes(source: ByteSource, name: str) -> bytes:
    """Read a path, a buffer or a binary file object (from its current position).

    Args:
        source: what to read.
        name: its name in messages.

    Raises:
        UnreadablePhoto: the source is missing, a folder, empty or not binary, or there is no
            permission to read it.
    """
    if isinstance(source, str | os.PathLike):
        data = _read_path(Path(source), name)
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        data = _read_object(source, name)
    if not data:
        raise UnreadablePhoto(f"expected a photograph; {name} is empty")
    return data


def _read_path(path: Path, name: str) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()  # a folder without permission is reported as such
            raise UnreadablePhoto(f"expected a photograph; {name} is a folder")
        if not stat.S_ISREG(mode):
            raise UnreadablePhoto(f"expected a photograph; {name} is not a regular file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadablePhoto(f"expected a photograph; there is no file {name}") from error
    except PermissionError as error:
        raise UnreadablePhoto(f"no permission to read {name}") from error
    except (OSError, ValueError) as error:
        raise UnreadablePhoto(f"cannot read {name}: {error}") from error


def _read_object(source: BinaryIO, name: str) -> bytes:
    try:
        data: object = source.read()
    except (AttributeError, OSError, ValueError) as error:
        raise UnreadablePhoto(
            f"expected a path, bytes, a binary file, a PIL image or an array; "
            f"received {type(source).__name__} ({error})"
        ) from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise UnreadablePhoto(
            f"expected a file opened in binary mode; {name} gave {type(data).__name__}"
        )
    return bytes(data)


def detect_format(data: bytes, source: object, name: str) -> str:
    """Return the format of a file, which must agree with its suffix if it has a path.

    Args:
        data: the whole file.
        source: where it came from.
        name: its name in messages.

    Returns:
        The name of a registered format.

    Raises:
        UnsupportedPhoto: the format is not read.
        UnreadablePhoto: the file is not a picture, or not of the format of its suffix.
    """
    file_format = sniff(data[:256])
    suffix = PurePath(source).suffix.lower() if isinstance(source, str | os.PathLike) else ""
    if suffix in RAW_SUFFIXES:
        raise UnsupportedPhoto(
            f"{name} is a camera's raw file; the formats read are {known_formats()}"
        )
    if file_format is None:
        raise UnreadablePhoto(f"expected a photograph; {name} is not a picture of a known kind")
    if file_format == "PDF":
        raise SeveralPages(f"expected one photograph; {name} is a PDF, whose pages must be chosen")
    # A format that is only recognized goes on: its codec gives the better message.
    if not recognizes(file_format):
        raise UnsupportedPhoto(
            f"{name} holds {file_format} data; the formats read are {known_formats()}"
        )
    expected = READABLE_SUFFIXES.get(suffix, file_format)
    if file_format != expected:
        suggested = (
            FORMATS[file_format].suffixes[0]
            if file_format in FORMATS
            else f".{file_format.lower()}"
        )
        raise UnreadablePhoto(
            f"{name} is named {suffix} but holds {file_format} data; rename it to {suggested}"
        )
    return file_format
