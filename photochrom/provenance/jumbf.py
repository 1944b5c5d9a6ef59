"""Check the bytes of a C2PA manifest that no hash covers: the frame of its boxes, and padding.

A reader of C2PA skips them, so a change there goes unnoticed. What stays unchecked holds nothing:
the number that tells the APP11 boxes of a JPEG file apart, the name of the padding, and the first
box of HEIC and AVIF files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["has_manifest", "is_intact"]

_KIND: Final = rb"(c2(?:pa|ma|as|cl|cs))\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
_ANY_BOX: Final = re.compile(_KIND)
_STORE: Final = re.compile(rb"(.{4})jumb.{4}jumdc2pa", re.DOTALL)
_DESCRIPTION: Final = re.compile(rb"jumd" + _KIND + rb".([^\0]{0,99})\0", re.DOTALL)
_LABELS: Final = {
    b"c2pa": rb"c2pa",
    b"c2ma": rb"[\w:.-]+",
    b"c2as": rb"c2pa\.assertions",
    b"c2cl": rb"c2pa\.claim(\.v\d)?",
    b"c2cs": rb"c2pa\.signature",
}
# A text "pad" in CBOR, and the length of the byte string that follows it.
_PADDING: Final = re.compile(rb"\x63pad(?:([\x40-\x57])|\x58(.)|\x59(..))", re.DOTALL)
_MAX_SEGMENT: Final = 65_000  # a longer store is split over several segments of a JPEG file


def has_manifest(data: bytes) -> bool:
    """Return whether a file holds a C2PA manifest, or what is left of one."""
    return _ANY_BOX.search(data) is not None


def is_intact(data: bytes) -> bool:
    """Return whether the frame and the padding of a file's C2PA manifest are as C2PA wants them.

    A store that is split over several segments of a JPEG file counts as intact.
    """
    found = _STORE.search(data)
    if found is None:
        return False
    size = int.from_bytes(found[1])
    is_jpeg = data.startswith(b"\xff\xd8")
    if is_jpeg and _MAX_SEGMENT < size < len(data):
        return True
    if is_jpeg and not re.fullmatch(
        rb"JP..\x00\x00\x00\x01", data[found.start() - 8 : found.start()], re.DOTALL
    ):
        return False
    store = data[found.start() : found.start() + size]
    labels = all(re.fullmatch(_LABELS[kind], label) for kind, label in _labels(store))
    return labels and _fills(store, 0, len(store)) and not any(map(any, _paddings(store)))


def _labels(store: bytes) -> Iterator[tuple[bytes, bytes]]:
    for found in _DESCRIPTION.finditer(store):
        yield found[1], found[2]


def _paddings(store: bytes) -> Iterator[bytes]:
    for found in _PADDING.finditer(store):
        short, byte, word = found.groups()
        length = short[0] - 0x40 if short else int.from_bytes(byte or word)
        yield store[found.end() : found.end() + length]


def _fills(store: bytes, start: int, end: int) -> bool:
    """Return whether boxes, and the boxes in them, fill a range exactly."""
    while start < end:
        size, kind = int.from_bytes(store[start : start + 4]), store[start + 4 : start + 8]
        if size < 8 or start + size > end:
            return False
        if kind == b"jumb" and not _fills(store, start + 8, start + size):
            return False
        start += size
    return start == end
