"""Read and write the elements of EBML (RFC 8794), of which Matroska and WebM files consist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SEGMENT", "TRACK", "TRACKS", "VIDEO", "Element", "children", "elements", "encoded"]

# Identifiers of the elements of Matroska (RFC 9559) that lead to the description of the pictures
SEGMENT, TRACKS, TRACK, VIDEO = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0"


@dataclass(frozen=True)
class Element:
    """An element: its identifier, where it starts, and where its content does and ends."""

    name: bytes
    start: int
    content: int
    end: int


def elements(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Element]:
    """Yield the elements between two places; the last one can be cut off.

    An identifier or a size says in its first byte, by the number of leading zero bits, how many
    bytes it has.

    Args:
        data: the bytes of the elements, or of a file that contains them.
        start: where the first element starts.
        end: where the last one ends; None for the end of `data`.
    """
    end = len(data) if end is None else end
    while start < end:
        size_start = start + 9 - data[start].bit_length()
        if size_start >= end:
            return
        content = size_start + 9 - data[size_start].bit_length()
        size = int.from_bytes(data[size_start:content]) & ((1 << 7 * (content - size_start)) - 1)
        yield Element(data[start:size_start], start, content, min(content + size, end))
        start = content + size


def children(data: bytes, *names: bytes) -> Iterator[Element]:
    """Yield the elements at the end of a path, such as `Tracks` in each `Segment` of a file."""
    found = [Element(b"", 0, 0, len(data))]
    for name in names:
        inside = (each for parent in found for each in elements(data, parent.content, parent.end))
        found = [each for each in inside if each.name == name]
    yield from found


def encoded(name: bytes, content: bytes) -> bytes:
    """Return an element with a size of two bytes, the first of which begins with 01."""
    return name + (len(content) | 1 << 14).to_bytes(2) + content
