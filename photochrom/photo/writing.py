"""Write a photograph to a path or a file object."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import BinaryIO

from photochrom.color import IntArray
from photochrom.errors import OutputError
from photochrom.files.atomic import check_destination, write_bytes
from photochrom.photo.codecs import format_of
from photochrom.photo.encoding import encode
from photochrom.photo.metadata import Metadata

__all__ = ["deliver", "write"]


def write(
    destination: str | os.PathLike[str] | BinaryIO,
    rgb: IntArray,
    luma: IntArray | None = None,
    *,
    alpha: IntArray | None = None,
    metadata: Metadata | None = None,
    format: str | None = None,  # noqa: A002
    quality: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write a picture completely or not at all.

    Args:
        destination: a path, or a binary file object (written in one piece).
        rgb: sRGB, (H, W, 3) uint8 or uint16.
        luma: BT.601 Y', (H, W) of the same dtype, which a JPEG file stores unchanged; None for
            the luma of `rgb`.
        alpha: (H, W) of the same dtype, or None.
        metadata: metadata for the file.
        format: a key of `FORMATS`; None for the format of the suffix.
        quality: 1 to 100 for JPEG, WebP, AVIF and HEIC; None for the default.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExists: the file exists and `overwrite` is False.
        OutputError: the file cannot be written, or not in this format.
        ConfigError: `quality` is out of range.
    """

    def encode_as(name: str) -> bytes:
        return encode(rgb, luma, format=name, alpha=alpha, metadata=metadata, quality=quality)

    deliver(destination, encode_as, format=format, overwrite=overwrite)


def deliver(
    destination: str | os.PathLike[str] | BinaryIO,
    encode_as: Callable[[str], bytes],
    *,
    format: str | None = None,  # noqa: A002
    overwrite: bool = False,
) -> None:
    """Write the output of an encoder completely or not at all.

    Args:
        destination: a path, or a binary file object (written in one piece).
        encode_as: returns the bytes of the file in the format of a name. It is called only if
            the destination can be written.
        format: a key of `FORMATS`; None for the format of the suffix.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExists: as in `write`.
        OutputError: as in `write`.
    """
    path = Path(destination) if isinstance(destination, str | os.PathLike) else None
    if path is not None:
        _check(path, overwrite=overwrite)
    data = encode_as(format or format_of(path or _name_of(destination)).name)
    if path is not None:
        write_bytes(path, data, overwrite=overwrite)
    elif not isinstance(destination, str | os.PathLike):
        _write_object(destination, data)


def _check(path: Path, *, overwrite: bool) -> None:
    try:
        check_destination(path, overwrite=overwrite)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {path}: {error}") from error


def _name_of(destination: object) -> PurePath:
    name = getattr(destination, "name", None)
    return PurePath(name if isinstance(name, str) else f"<{type(destination).__name__}>")


def _write_object(destination: BinaryIO, data: bytes) -> None:
    try:
        destination.write(data)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise OutputError(f"cannot write to {type(destination).__name__}: {error}") from error
