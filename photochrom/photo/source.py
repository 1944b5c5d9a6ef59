"""From whatever names a photograph to its bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath
from typing import BinaryIO, TypeAlias

from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.formats import FORMATS, KNOWN, RAW_SUFFIXES, READABLE_SUFFIXES, sniff

__all__ = ["ByteSource", "format_held", "name_of", "read_bytes"]

ByteSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"


def name_of(source: object) -> str:
    """What messages call this source."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    inner = getattr(source, "filename", None) or getattr(source, "name", None)
    return inner if isinstance(inner, str) and inner else f"<{type(source).__name__}>"


def read_bytes(source: ByteSource, name: str) -> bytes:
    """The bytes of a path, a buffer or a binary file object (read from where it stands).

    Raises:
        UnreadablePhoto: it is missing, a folder, locked, empty or not binary.
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
            os.scandir(path).close()
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


def format_held(data: bytes, source: object, name: str) -> str:
    """The format of these bytes, which must agree with the suffix if they came from a path.

    Raises:
        UnsupportedPhoto: a format that is not read.
        UnreadablePhoto: not a picture, or not the one that the suffix promises.
    """
    held = sniff(data[:256])
    suffix = PurePath(source).suffix.lower() if isinstance(source, str | os.PathLike) else ""
    if suffix in RAW_SUFFIXES:
        raise UnsupportedPhoto(f"{name} is a camera's raw file; the formats read are {KNOWN}")
    if held is None:
        raise UnreadablePhoto(f"expected a photograph; {name} is not a picture of a known kind")
    if held not in FORMATS and held != "GIF":
        raise UnsupportedPhoto(f"{name} holds {held} data; the formats read are {KNOWN}")
    promised = READABLE_SUFFIXES.get(suffix, held)
    if held != promised:
        better = FORMATS[held].suffixes[0] if held in FORMATS else f".{held.lower()}"
        raise UnreadablePhoto(
            f"{name} is named {suffix} but holds {held} data; rename it to {better}"
        )
    return held
