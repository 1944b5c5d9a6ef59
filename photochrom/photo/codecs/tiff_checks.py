"""Check the directories of a TIFF before it is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

from PIL import TiffImagePlugin

from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.base import depth_error

__all__ = ["check_tiff", "first_directory", "is_odd"]

_SUBFILE, _OLD_SUBFILE, _BITS, _PHOTOMETRIC = 254, 255, 258, 262
_SAMPLES, _PLANAR, _SAMPLE_KIND = 277, 284, 339
_COMPRESSION, _STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 259, 273, 279, 324, 325
_CMYK: Final = 5
_MAX_PAGES: Final = 1000  # more are not counted


def _directories(data: bytes) -> Iterator[Any]:
    """Yield the directories of a TIFF, up to a limit; a chain that loops ends."""
    stream = io.BytesIO(data)
    head = stream.read(8)
    if b"+" in head[2:4]:  # BigTIFF
        head += stream.read(8)
    directory: Any = TiffImagePlugin.ImageFileDirectory_v2(head)
    offsets: set[int] = set()
    while directory.next and directory.next not in offsets and len(offsets) < _MAX_PAGES:
        offsets.add(directory.next)
        stream.seek(directory.next)
        directory.load(stream)
        yield directory


def first_directory(data: bytes, name: str) -> Any:
    """Return the first page's directory, a mapping from tag numbers to values.

    Args:
        data: the whole file.
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the file has no page.
    """
    directory = next(_directories(data), None)
    if directory is None:
        raise UnreadablePhoto(f"{name} is damaged or truncated: it has no page")
    return directory


def _is_reduced(directory: Any) -> bool:
    """Whether a page is a reduced copy of another (NewSubfileType bit 0, or SubfileType 2)."""
    return bool(int(directory.get(_SUBFILE, 0)) & 1) or directory.get(_OLD_SUBFILE) == 2


def check_tiff(data: bytes, name: str) -> None:
    """Check that a TIFF has one page, with unsigned samples of at most 16 bits.

    Args:
        data: the whole file.
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the file is damaged or truncated.
        UnsupportedPhoto: the file has several pages, begins with a reduced copy, is a big-endian
            BigTIFF, or has other samples.
    """
    if data[:4] == b"MM\0+":  # Pillow reads its header as that of an ordinary TIFF
        raise UnsupportedPhoto(f"expected little-endian BigTIFF; {name} is big-endian")
    first = first_directory(data, name)
    _check_samples(first, name)
    _check_end(first, len(data), name)
    pages = sum(not _is_reduced(directory) for directory in _directories(data))
    if pages > 1:
        raise UnsupportedPhoto(f"expected one page; {name} has {pages} pages")
    if pages and _is_reduced(first):
        raise UnsupportedPhoto(
            f"expected the photograph on the first page; {name} begins with a small copy of it"
        )


def _check_samples(directory: Any, name: str) -> None:
    """Refuse samples that are not unsigned integers of at most 16 bits."""
    bits = set(directory.get(_BITS, (1,)))
    kinds = set(directory.get(_SAMPLE_KIND, (1,)))
    if not kinds <= {1, 4}:
        kind = "floating-point" if 3 in kinds else "signed or complex"
        raise UnsupportedPhoto(f"expected unsigned samples; {name} has {kind} ones")
    if not bits <= {1, 2, 4, 8, 16}:
        raise depth_error(name, "/".join(map(str, sorted(bits))))
    if 16 in bits and directory.get(_PHOTOMETRIC) == _CMYK:
        raise UnsupportedPhoto(f"expected CMYK of 8 bits a sample; {name} has 16")


def _check_end(directory: Any, size: int, name: str) -> None:
    """Find truncation before libtiff does, which would print a warning to the terminal."""
    offsets = directory.get(_STRIP_OFFSETS) or directory.get(_TILE_OFFSETS) or ()
    counts = directory.get(_STRIP_BYTES) or directory.get(_TILE_BYTES) or ()
    end = max((a + b for a, b in zip(offsets, counts, strict=False)), default=0)
    if directory.get(_COMPRESSION, 1) != 1 and end > size:
        raise UnreadablePhoto(
            f"{name} is damaged or truncated: its pixels end at byte {end:,}, the file at {size:,}"
        )


def is_odd(directory: Any) -> bool:
    """Whether a page has a 16-bit layout that Pillow misreads.

    These are separate planes, grey with alpha, and grey in which 0 is white.
    """
    if 16 not in directory.get(_BITS, (1,)):
        return False
    samples = directory.get(_SAMPLES, 1)
    separate = samples > 1 and directory.get(_PLANAR, 1) == 2
    return bool(separate or samples == 2 or directory.get(_PHOTOMETRIC) == 0)
