"""Correct a block of EXIF in place, so that all other bytes stay where they are.

EXIF is laid out like a TIFF file without pixels. Maker notes hold offsets into it, which would be
wrong after a rewrite.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

__all__ = ["clean_exif"]

_ORIENTATION: Final = 0x0112
_EXIF_POINTER: Final = 0x8769
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_SHORT: Final = 3


@dataclass(frozen=True)
class _Block:
    """A block of EXIF from its TIFF header on, and its byte order, "<" or ">"."""

    data: bytearray
    order: str

    def number(self, at: int, code: str) -> int:
        """Read an unsigned integer of struct type `code`."""
        return int(struct.unpack_from(self.order + code, self.data, at)[0])

    def entries(self, directory: int) -> dict[int, int]:
        """Return where the 12-byte entry of each tag starts."""
        count = self.number(directory, "H")
        starts = [directory + 2 + 12 * index for index in range(count)]
        return {self.number(start, "H"): start for start in starts}

    def next_pointer(self, directory: int) -> int:
        """Return where the offset of the next directory is stored."""
        return directory + 2 + 12 * self.number(directory, "H")

    def value(self, entry: int) -> int:
        """Read the value of an entry of type SHORT or LONG."""
        return self.number(entry + 8, "H" if self.number(entry + 2, "H") == _SHORT else "I")


def _block(exif: bytes) -> _Block:
    """Parse the header of a block of EXIF.

    Raises:
        ValueError: `exif` has no TIFF header.
    """
    data = bytearray(re.sub(rb"^(Exif\0\0)+", b"", exif))
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
    if order is None:
        raise ValueError("expected a TIFF header in EXIF")
    return _Block(data, order)


def clean_exif(exif: bytes, *, swap: bool) -> bytes | None:
    r"""Return EXIF for the upright, coloured picture: with orientation 1 and no thumbnail.

    The thumbnail would still show the grey photograph.

    Args:
        exif: EXIF as a file holds it, with or without "Exif\0\0" before it.
        swap: whether the picture was turned by 90 degrees, which swaps width and height.

    Returns:
        The block from its TIFF header on; None if it is damaged.
    """
    try:
        block = _block(exif)
        first = block.number(4, "I")
        entries = block.entries(first)
        if _ORIENTATION in entries:
            struct.pack_into(
                block.order + "HIHH", block.data, entries[_ORIENTATION] + 2, _SHORT, 1, 1, 0
            )
        _drop_thumbnail(block, block.next_pointer(first))
        if swap and _EXIF_POINTER in entries:
            _swap_sides(block, block.value(entries[_EXIF_POINTER]))
    except (struct.error, ValueError):
        return None
    return bytes(block.data)


def _drop_thumbnail(block: _Block, pointer: int) -> None:
    """Remove the second directory, which describes the thumbnail, and the thumbnail itself."""
    second = block.number(pointer, "I") if pointer + 4 <= len(block.data) else 0
    if not second:
        return
    struct.pack_into("I", block.data, pointer, 0)
    try:
        entries = block.entries(second)
        start = block.value(entries[_THUMBNAIL_OFFSET])
        stop = start + block.value(entries[_THUMBNAIL_LENGTH])
    except (struct.error, KeyError):
        return
    # Cut off at the end of the block; overwritten with zeros in the middle, to keep all offsets.
    if stop == len(block.data) and start > 8:
        del block.data[start:]
    elif start < stop <= len(block.data):
        block.data[start:stop] = bytes(stop - start)


def _swap_sides(block: _Block, directory: int) -> None:
    """Exchange type, count and value of PixelXDimension and PixelYDimension."""
    entries = block.entries(directory)
    if _PIXEL_WIDTH in entries and _PIXEL_HEIGHT in entries:
        width, height = entries[_PIXEL_WIDTH] + 2, entries[_PIXEL_HEIGHT] + 2
        data = block.data
        data[width : width + 10], data[height : height + 10] = (
            data[height : height + 10],
            data[width : width + 10],
        )
