"""Mend a block of EXIF in place, so that every byte not concerned stays where it was.

EXIF is a TIFF file without pixels. Maker notes hold offsets into it, and rewriting it breaks them.
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
    data: bytearray
    order: str

    def number(self, at: int, code: str) -> int:
        return int(struct.unpack_from(self.order + code, self.data, at)[0])

    def entries(self, directory: int) -> dict[int, int]:
        """Tag → where its 12-byte entry starts."""
        count = self.number(directory, "H")
        starts = [directory + 2 + 12 * index for index in range(count)]
        return {self.number(start, "H"): start for start in starts}

    def next_pointer(self, directory: int) -> int:
        return directory + 2 + 12 * self.number(directory, "H")

    def value(self, entry: int) -> int:
        return self.number(entry + 8, "H" if self.number(entry + 2, "H") == _SHORT else "I")


def _block(exif: bytes) -> _Block:
    data = bytearray(re.sub(rb"^(Exif\0\0)+", b"", exif))
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
    if order is None:
        raise ValueError("no TIFF header")
    return _Block(data, order)


def clean_exif(exif: bytes, *, swap: bool) -> bytes | None:
    r"""EXIF for the upright, coloured picture: orientation 1, no thumbnail.

    Args:
        exif: as a file holds it, with or without "Exif\0\0" before.
        swap: whether the picture was turned by a quarter, so that its sides change places.

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
    if stop == len(block.data) and start > 8:
        del block.data[start:]
    elif start < stop <= len(block.data):
        block.data[start:stop] = bytes(stop - start)


def _swap_sides(block: _Block, directory: int) -> None:
    entries = block.entries(directory)
    if _PIXEL_WIDTH in entries and _PIXEL_HEIGHT in entries:
        width, height = entries[_PIXEL_WIDTH] + 2, entries[_PIXEL_HEIGHT] + 2
        data = block.data
        data[width : width + 10], data[height : height + 10] = (
            data[height : height + 10],
            data[width : width + 10],
        )
