"""Read and correct a block of EXIF in place, so that all other bytes stay where they are.

EXIF is laid out like a TIFF file without pixels. Maker notes hold offsets into it, which would be
wrong after a rewrite.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = [
    "clean_exif",
    "exif_orientation",
    "exif_resolution",
    "exif_tags",
    "with_resolution",
]

_ORIENTATION: Final = 0x0112
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x011A, 0x011B, 0x0128
_EXIF_POINTER: Final = 0x8769
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_ASCII, _SHORT, _RATIONAL = 2, 3, 5
_INCHES: Final = 2
# How `struct` reads one value of each type of TIFF; type 7 is "undefined", read as a byte.
_CODES: Final = {
    1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d",
    13: "I",
}  # fmt: skip
_ENTRY_BYTES: Final = 12
_EMPTY: Final = b"II*\0\x08\0\0\0" + bytes(6)  # a directory without entries


@dataclass(frozen=True)
class _Block:
    """A block of EXIF from its TIFF header on, and its byte order, "<" or ">"."""

    data: bytearray
    order: str

    @property
    def first(self) -> int:
        """Where the first directory starts."""
        return self.number(4, "I")

    def number(self, at: int, code: str) -> int:
        """Read an unsigned integer of struct type `code`."""
        return int(struct.unpack_from(self.order + code, self.data, at)[0])

    def entries(self, directory: int) -> dict[int, int]:
        """Return where the 12-byte entry of each tag starts."""
        count = self.number(directory, "H")
        starts = [directory + 2 + _ENTRY_BYTES * index for index in range(count)]
        return {self.number(start, "H"): start for start in starts}

    def next_pointer(self, directory: int) -> int:
        """Return where the offset of the next directory is stored."""
        return directory + 2 + _ENTRY_BYTES * self.number(directory, "H")

    def value(self, entry: int) -> float:
        """Read the first value of an entry, of whatever type; a text must be a number.

        Raises:
            ValueError: the type is unknown, or the value is not a number.
        """
        kind, count = self.number(entry + 2, "H"), self.number(entry + 4, "I")
        if kind == _ASCII:
            at = entry + 8 if count <= 4 else self.number(entry + 8, "I")
            return float(self.data[at : at + min(count, 16)].split(b"\0")[0])
        if kind not in _CODES or not count:
            raise ValueError(f"expected a number in EXIF; received type {kind}, count {count}")
        code = self.order + _CODES[kind]
        inline = struct.calcsize(code) * count <= 4
        at = entry + 8 if inline else self.number(entry + 8, "I")
        values = struct.unpack_from(code, self.data, at)
        if len(values) == 1:
            return float(values[0])
        if not values[1]:
            raise ValueError("expected a number in EXIF; received a fraction of zero")
        return float(values[0] / values[1])

    def exchange(self, entries: dict[int, int], one: int, other: int) -> None:
        """Exchange type, count and value of two tags, if the directory has both."""
        if one in entries and other in entries:
            a, b = (slice(entries[tag] + 2, entries[tag] + _ENTRY_BYTES) for tag in (one, other))
            self.data[a], self.data[b] = self.data[b], self.data[a]


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


def exif_tags(exif: bytes) -> frozenset[int]:
    """Return the tags of the first directory of EXIF; none if it is damaged."""
    try:
        block = _block(exif)
        return frozenset(block.entries(block.first))
    except (struct.error, ValueError):
        return frozenset()


def exif_orientation(exif: bytes) -> int | None:
    r"""Return the orientation that EXIF states, 1 to 8, stored as a number of any type.

    Args:
        exif: EXIF as a file holds it, with or without "Exif\0\0" before it.

    Returns:
        The orientation; None if it is missing or invalid, or if EXIF is damaged.
    """
    try:
        block = _block(exif)
        value = block.value(block.entries(block.first)[_ORIENTATION])
    except (struct.error, ValueError, KeyError):
        return None
    return int(value) if value in range(1, 9) else None


def exif_resolution(exif: bytes) -> tuple[float, float, int] | None:
    """Return the resolution that EXIF states.

    Args:
        exif: as in `exif_orientation`.

    Returns:
        Horizontal and vertical resolution, and the unit: 1 for none, 2 for inches, 3 for
        centimetres. None if it is missing or invalid.
    """
    try:
        block = _block(exif)
        entries = block.entries(block.first)
        x, y = (block.value(entries[tag]) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
        unit = int(block.value(entries[_UNIT])) if _UNIT in entries else _INCHES
    except (struct.error, ValueError, KeyError, OverflowError):
        return None
    return x, y, unit


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
        entries = block.entries(block.first)
        if _ORIENTATION in entries:
            struct.pack_into(
                block.order + "HIHH", block.data, entries[_ORIENTATION] + 2, _SHORT, 1, 1, 0
            )
        _drop_thumbnail(block, block.next_pointer(block.first))
        if swap:
            block.exchange(entries, _X_RESOLUTION, _Y_RESOLUTION)
            if _EXIF_POINTER in entries:
                camera = block.entries(int(block.value(entries[_EXIF_POINTER])))
                block.exchange(camera, _PIXEL_WIDTH, _PIXEL_HEIGHT)
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
        start = int(block.value(entries[_THUMBNAIL_OFFSET]))
        stop = start + int(block.value(entries[_THUMBNAIL_LENGTH]))
    except (struct.error, KeyError, ValueError):
        return
    # Cut off at the end of the block; overwritten with zeros in the middle, to keep all offsets.
    if stop == len(block.data) and start > 8:
        del block.data[start:]
    elif 0 < start < stop <= len(block.data):
        block.data[start:stop] = bytes(stop - start)


def with_resolution(
    exif: bytes | None, sides: tuple[float, float], *, inches: bool
) -> bytes | None:
    """Return EXIF that states a resolution; its first directory is rewritten at the end.

    Args:
        exif: EXIF as from `clean_exif`; None for a new block.
        sides: horizontal and vertical resolution, from 1 to 60,000.
        inches: whether they are in dots per inch; otherwise they have no unit, and only tell the
            aspect of the pixels.

    Returns:
        The block; None if it is damaged.
    """
    try:
        block = _block(exif or _EMPTY)
        kept = block.entries(block.first)
        following = bytes(block.data[block.next_pointer(block.first) :][:4])
    except (struct.error, ValueError):
        return None
    entries = {
        tag: bytes(block.data[start : start + _ENTRY_BYTES])
        for tag, start in kept.items()
        if tag not in (_X_RESOLUTION, _Y_RESOLUTION, _UNIT)
    }
    block.data.extend(bytes(len(block.data) % 2))
    start, order = len(block.data), block.order
    values = start + 2 + _ENTRY_BYTES * (len(entries) + 3) + 4
    entries[_X_RESOLUTION] = struct.pack(order + "HHII", _X_RESOLUTION, _RATIONAL, 1, values)
    entries[_Y_RESOLUTION] = struct.pack(order + "HHII", _Y_RESOLUTION, _RATIONAL, 1, values + 8)
    entries[_UNIT] = struct.pack(order + "HHIHH", _UNIT, _SHORT, 1, 1 + inches, 0)
    block.data.extend(struct.pack(order + "H", len(entries)))
    block.data.extend(b"".join(entries[tag] for tag in sorted(entries)) + following.ljust(4, b"\0"))
    for side in (Fraction(side).limit_denominator(10_000) for side in sides):
        block.data.extend(struct.pack(order + "II", side.numerator, side.denominator))
    struct.pack_into(order + "I", block.data, 4, start)
    return bytes(block.data)
