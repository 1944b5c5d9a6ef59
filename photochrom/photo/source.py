"""Read the bytes of a photograph and recognize their format."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeAlias

from photochrom.errors import PhotoTypeError, SeveralPages, UnreadablePhoto
from photochrom.photo.codecs import (
    READABLE_SUFFIXES,
    recognize,
    unsupported,
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


def read_bytes(source: object, name: str) -> bytes:
    """Read a path, a buffer or a binary file object (from its current position).

    Args:
        source: what to read.
        name: its name in messages.

    Raises:
        UnreadablePhoto: the source is missing, a folder or empty, or there is no permission to
            read it.
        PhotoTypeError: it is another object, or a file that is not open in binary mode.
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


def _read_object(source: Any, name: str) -> bytes:
    try:
        data: object = source.read()
    except AttributeError as error:
        raise PhotoTypeError(
            f"expected a path, bytes, a binary file, a PIL image, an array or a tensor; "
            f"received {type(source).__name__}"
        ) from error
    except (OSError, ValueError) as error:
        raise UnreadablePhoto(f"cannot read {name}: {error}") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise PhotoTypeError(
            f"expected a file opened in binary mode; {name} gave {type(data).__name__}"
        )
    return bytes(data)


def detect_format(data: bytes, name: str) -> str:
    """Return the format of a file by its content, whatever its name ends with.

    Args:
        data: the whole file.
        name: its name in messages, which may end with the suffix of a format.

    Returns:
        The name of a registered format.

    Raises:
        UnsupportedPhoto: the format is not read.
        UnreadablePhoto: the file is not a picture.
    """
    suffix = PurePath(name).suffix.lower()
    file_format = recognize(data, suffix)
    if file_format is None:
        raise UnreadablePhoto(f"expected a photograph; {name} is not a picture of a known kind")
    if file_format == "PDF":
        raise SeveralPages(f"expected one photograph; {name} is a PDF, whose pages must be chosen")
    if file_format not in READABLE_SUFFIXES.values():
        raise unsupported(file_format, name)
    return file_format
