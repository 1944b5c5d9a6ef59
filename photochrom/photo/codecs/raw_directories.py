"""Read how raw files are laid out: most like TIFF files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from photochrom.photo.codecs import boxes

__all__ = ["as_tiff", "holds_raw", "missing_bytes"]

# The first bytes of Canon's, Olympus's, Panasonic's and of all other such files
_HEADS: Final = {
    b"II*\0": "<", b"MM\0*": ">", b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<",
}  # fmt: skip
_DNG_VERSION, _SUB_DIRECTORIES, _PHOTOMETRIC, _CFA, _LINEAR_RAW = 50706, 330, 262, 32803, 34892
_EXTENT_TAGS: Final = ((273, 279), (324, 325))  # offsets and lengths: of strips, of tiles
_FORMATS: Final = {1: "B", 3: "H", 4: "I", 13: "I"}  # struct codes by TIFF type
_MAX_DIRECTORIES: Final = 32

Directory = dict[int, tuple[int, ...]]


def as_tiff(data: bytes) -> bytes | None:
    """Return a raw file with the first bytes of a TIFF; None if it is not laid out like one."""
    order = _HEADS.get(data[:4])
    return None if order is None else (b"II*\0" if order == "<" else b"MM\0*") + data[4:]


def holds_raw(data: bytes) -> bool:
    """Whether a file that begins like a TIFF holds the samples of a sensor.

    Args:
        data: the whole file.
    """
    if data[8:10] == b"CR":  # Canon
        return True
    return any(_DNG_VERSION in each or _is_sensor(each) for each in _directories(data))


def missing_bytes(data: bytes) -> int:
    """Return how many bytes of a sensor's samples lie beyond the end of the file.

    Found here, because LibRaw fills what is missing, or prints a message of its own.
    """
    if data[4:8] == b"ftyp":  # Canon's CR3
        return boxes.missing_bytes(data)
    end = 0
    if data.startswith(b"FUJIFILMCCD-RAW") and len(data) >= 108:
        end = sum(struct.unpack_from(">II", data, 100))
    for directory in filter(_is_sensor, _directories(data)):
        for starts, lengths in _EXTENT_TAGS:
            pairs = zip(directory.get(starts, ()), directory.get(lengths, ()), strict=False)
            end = max(end, *(start + length for start, length in pairs), 0)
    return max(0, end - len(data))


def _is_sensor(directory: Directory) -> bool:
    return directory.get(_PHOTOMETRIC, (0,))[0] in (_CFA, _LINEAR_RAW)


def _directories(data: bytes) -> Iterator[Directory]:
    """Yield the directories of a file and those within them, as far as they are sound."""
    order = _HEADS.get(data[:4])
    if order is None or len(data) < 8:
        return
    waiting, seen = [struct.unpack_from(order + "I", data, 4)[0]], set[int]()
    while waiting and len(seen) < _MAX_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not 8 <= at <= len(data) - 2:
            continue
        seen.add(at)
        count = struct.unpack_from(order + "H", data, at)[0]
        after = at + 2 + 12 * count
        if after + 4 > len(data):
            continue
        entries = (_entry(data, order, at + 2 + 12 * index) for index in range(count))
        directory = dict(entry for entry in entries if entry)
        yield directory
        waiting += directory.get(_SUB_DIRECTORIES, ())
        waiting.append(struct.unpack_from(order + "I", data, after)[0])


def _entry(data: bytes, order: str, at: int) -> tuple[int, tuple[int, ...]] | None:
    """Return the tag and the values of an entry; None if they are not unsigned integers."""
    tag, kind, count = struct.unpack_from(order + "HHI", data, at)
    code = _FORMATS.get(kind)
    if code is None or not count:
        return None
    size = struct.calcsize(code) * count
    start = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
    if start + size > len(data):
        return None
    return tag, struct.unpack_from(f"{order}{count}{code}", data, start)
