"""Read the boxes of ISO base media files: AVIF, HEIC, JPEG 2000, JPEG XL and Canon's CR3."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Box", "boxes", "brands", "missing_bytes", "pack_box"]


@dataclass(frozen=True)
class Box:
    """A box in a file.

    Attributes:
        kind: its type, four bytes.
        start: where its content starts in the file.
        stop: where its content ends; beyond the end of a truncated file.
    """

    kind: bytes
    start: int
    stop: int


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Box]:
    """Yield the boxes in a part of a file, until the part ends or a box is damaged.

    Args:
        data: the whole file.
        start: where the first box starts.
        stop: where the last box ends; None for the end of the file.
    """
    stop = len(data) if stop is None else min(stop, len(data))
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= stop:  # a size of 64 bits follows
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:  # up to the end
            size = stop - start
        if size < head:
            return
        yield Box(kind, start + head, start + size)
        start += size


def brands(head: bytes) -> list[bytes]:
    """Return the brands of the `ftyp` box at the start of a file, or an empty list."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), 256)
    return [head[8:12], *(head[i : i + 4] for i in range(16, end, 4))]


def missing_bytes(data: bytes) -> int:
    """Return how many bytes of media data lie beyond the end of a truncated file."""
    ends = (box.stop for box in boxes(data) if box.kind == b"mdat")
    return max(0, max(ends, default=0) - len(data))


def pack_box(kind: bytes, content: bytes) -> bytes:
    """Return a box as bytes."""
    return struct.pack(">I", len(content) + 8) + kind + content
