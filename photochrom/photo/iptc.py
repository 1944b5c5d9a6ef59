"""IPTC records (IIM 4), the Photoshop resource blocks that hold them, and their fields in XMP."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, Literal

from photochrom.photo.xmp import Property

__all__ = [
    "as_record",
    "as_resource",
    "iptc_properties",
    "iptc_resource",
    "is_whole",
    "lost_resources",
    "resources",
]

_PHOTOSHOP_HEAD: Final = b"Photoshop 3.0\0"
_SIGNATURES: Final = (b"8BIM", b"PHUT", b"AgHg", b"DCSR", b"MeSa")
_IPTC: Final = 0x0404
# What people put into the other blocks. The rest serves Photoshop, or repeats other metadata.
_PATHS: Final = range(2000, 2998)
_OTHER_RESOURCES: Final = {0x040A: "Photoshop's copyright flag", 0x040B: "Photoshop's URL"}
_RECORD_BEGINS: Final = b"\x1c"
_UTF8: Final = b"\x1b%G"  # the escape sequence in 1:90 for UTF-8
_MAX_FIELDS: Final = 10_000

# Fields of record 2, and their properties in XMP (IPTC Photo Metadata Standard, "IIM mapping").
_PROPERTIES: Final[dict[int, tuple[str, str, Literal["", "Alt", "Seq", "Bag"]]]] = {
    5: ("dc", "title", "Alt"),
    10: ("photoshop", "Urgency", ""),
    15: ("photoshop", "Category", ""),
    20: ("photoshop", "SupplementalCategories", "Bag"),
    25: ("dc", "subject", "Bag"),
    40: ("photoshop", "Instructions", ""),
    55: ("photoshop", "DateCreated", ""),
    80: ("dc", "creator", "Seq"),
    85: ("photoshop", "AuthorsPosition", ""),
    90: ("photoshop", "City", ""),
    92: ("Iptc4xmpCore", "Location", ""),
    95: ("photoshop", "State", ""),
    100: ("Iptc4xmpCore", "CountryCode", ""),
    101: ("photoshop", "Country", ""),
    103: ("photoshop", "TransmissionReference", ""),
    105: ("photoshop", "Headline", ""),
    110: ("photoshop", "Credit", ""),
    115: ("photoshop", "Source", ""),
    116: ("dc", "rights", "Alt"),
    120: ("dc", "description", "Alt"),
    122: ("photoshop", "CaptionWriter", ""),
}
_VERSION, _DATE, _TIME = 0, 55, 60
_ENVELOPE: Final = 1  # the record about a transmission between agencies
_ENCODING: Final = (_ENVELOPE, 90)


def resources(data: bytes) -> dict[int, bytes]:
    """Return Photoshop's resource blocks by their number; the two parts of a split one joined.

    Args:
        data: the blocks as a file holds them, with or without "Photoshop 3.0" before them; damaged
            blocks end the reading.
    """
    found: dict[int, list[bytes]] = {}
    at = len(_PHOTOSHOP_HEAD) if data.startswith(_PHOTOSHOP_HEAD) else 0
    while data[at : at + 4] in _SIGNATURES and at + 12 <= len(data):
        number, name_length = struct.unpack_from(">HB", data, at + 4)
        at += 6 + (name_length + 2) // 2 * 2
        if at + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, at)
        block = data[at + 4 : at + 4 + size]
        parts = found.setdefault(number, [])
        if parts[-1:] != [block]:
            parts.append(block)
        at += 4 + size
        if data[at : at + 4] not in _SIGNATURES:  # blocks are padded to an even length
            at += size % 2
    return {number: b"".join(parts) for number, parts in found.items()}


def iptc_resource(blocks: object) -> bytes | None:
    """Return the IPTC record among Photoshop's blocks; None if there is none or it is damaged."""
    record = blocks.get(_IPTC) if isinstance(blocks, dict) else None
    return as_record(record) if isinstance(record, bytes) else None


def as_record(value: bytes) -> bytes | None:
    """Return an IPTC record in the correct byte order; None if it is damaged.

    Many programs store it in TIFF as 32-bit integers, and some of them swap the bytes of these.
    """
    if value.startswith(_RECORD_BEGINS):
        return value
    words = len(value) // 4
    swapped = struct.pack(f"<{words}I", *struct.unpack_from(f">{words}I", value))
    return swapped if swapped.startswith(_RECORD_BEGINS) else None


def is_whole(record: bytes) -> bool:
    """Return whether a record ends after a field; zeros may follow."""
    end = max((end for _, end, _ in _fields(record)), default=0)
    return end <= len(record) and not record[end:].strip(b"\0")


def lost_resources(blocks: object) -> list[str]:
    """Name what people may have put into Photoshop's other blocks, which are not kept."""
    numbers = blocks if isinstance(blocks, dict) else {}
    paths = ["Photoshop's paths"] if any(number in _PATHS for number in numbers) else []
    return paths + [name for number, name in _OTHER_RESOURCES.items() if number in numbers]


def as_resource(record: bytes) -> bytes:
    """Wrap an IPTC record in a Photoshop resource block, as JPEG files hold it."""
    return struct.pack(">4sHHI", b"8BIM", _IPTC, 0, len(record)) + record + bytes(len(record) % 2)


def iptc_properties(record: bytes) -> tuple[list[Property], list[str]]:
    """Convert an IPTC record to properties of XMP.

    Returns:
        The properties, and the names of the fields that have none.
    """
    fields: dict[tuple[int, int], list[bytes]] = {}
    for key, _, value in _fields(record):
        fields.setdefault(key, []).append(value)
    utf8 = _UTF8 in fields.get(_ENCODING, [])
    properties: list[Property] = []
    unmapped: list[str] = []
    for (part, number), values in sorted(fields.items()):
        if part == 2 and number in _PROPERTIES:
            texts = tuple(_text(value, utf8=utf8) for value in values)
            if number == _DATE:
                texts = (_date(texts[0], _first(fields.get((2, _TIME)))),)
            prefix, name, kind = _PROPERTIES[number]
            properties.append(Property(prefix, name, texts if kind else texts[:1], kind))
        elif part != _ENVELOPE and number not in (_VERSION, _TIME):
            unmapped.append(f"IPTC {part}:{number:02}")
    return properties, unmapped


def _fields(record: bytes) -> Iterator[tuple[tuple[int, int], int, bytes]]:
    """Yield the number of each field, such as (2, 120), where it should end, and its value."""
    at = 0
    for _ in range(_MAX_FIELDS):
        if record[at : at + 1] != _RECORD_BEGINS or at + 5 > len(record):
            return
        part, number, size = struct.unpack_from(">BBH", record, at + 1)
        at += 5
        if size & 0x8000:  # an extended field: the size of its size
            digits = size & 0x7FFF
            size = int.from_bytes(record[at : at + min(digits, 8)], "big")
            at += digits
        yield (part, number), at + size, record[at : at + size]
        at += size


def _text(value: bytes, *, utf8: bool) -> str:
    """Decode a text: as UTF-8 if it is valid, because most programs write UTF-8 undeclared."""
    try:
        return value.decode("utf-8", "replace" if utf8 else "strict").strip("\0")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip("\0")


def _first(values: list[bytes] | None) -> str:
    return values[0].decode("latin-1") if values else ""


def _date(day: str, time: str) -> str:
    """Convert CCYYMMDD and HHMMSS±HHMM to ISO 8601; other texts are unchanged."""
    if len(day) != 8 or not day.isdigit():
        return day
    parts = [part for part in (day[:4], day[4:6], day[6:]) if part.strip("0")]
    iso = "-".join(parts)
    if len(parts) == 3 and len(time) == 11 and (time[:6] + time[7:]).isdigit():
        iso += f"T{time[:2]}:{time[2:4]}:{time[4:6]}{time[6]}{time[7:9]}:{time[9:]}"
    return iso
