"""Metadata in the segments of a JPEG file."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

from PIL import ImageFile

from photochrom.photo.extended_xmp import extension_guid, joined, split
from photochrom.photo.iptc import as_resource, resources
from photochrom.photo.metadata import Metadata
from photochrom.photo.provenance import mark_only
from photochrom.photo.xmp import MAX_PACKET, as_packet

__all__ = ["metadata_segments", "omitted_metadata", "read_segments", "segment"]

_MAX_SEGMENT: Final = 65_533  # bytes of a segment, without its marker and its length
_COM, _APP1, _APP13 = 0xFE, 0xE1, 0xED
_EXIF_HEAD: Final = b"Exif\0\0"
_TIFF_HEADS: Final = (b"II*\0", b"MM\0*")
_XMP_HEAD: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_HEAD: Final = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_FIELDS: Final = struct.Struct(">32sII")  # MD5 of the extension, its length, the offset
_EXTENSION_PART: Final = 65_400  # as the XMP specification recommends
_PHOTOSHOP_HEAD: Final = b"Photoshop 3.0\0"
_INCHES, _CENTIMETRES = 1, 2
# Segments that hold metadata that is read, or that only serve the encoder or show a thumbnail.
_KNOWN_SEGMENTS: Final = (
    ("APP0", b""),
    ("APP1", _EXIF_HEAD),
    ("APP1", _XMP_HEAD),
    ("APP1", _EXTENSION_HEAD),
    ("APP2", b"ICC_PROFILE\0"),
    ("APP12", b"Ducky"),
    ("APP13", _PHOTOSHOP_HEAD),
    ("APP14", b"Adobe"),
    ("COM", b""),
)


def read_segments(image: ImageFile.ImageFile) -> dict[Any, Any]:
    """Return the metadata of an opened JPEG file, as `read_metadata` takes it.

    Pillow reads a block that is split over several segments in parts, and knows one comment.
    """
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])
    info: dict[Any, Any] = {**image.info}
    info.pop("dpi", None)  # 72 where Pillow found none
    info |= _density(info)
    info["exif"] = _exif(_contents(segments, "APP1", _EXIF_HEAD))
    info["xmp"] = _xmp([content for name, content in segments if name == "APP1"])
    info["comments"] = tuple(content for name, content in segments if name == "COM")
    blocks = _contents(segments, "APP13", _PHOTOSHOP_HEAD)
    info["photoshop"] = resources(b"".join(blocks))
    others = [each for each in segments if not _is_known(*each)]
    info["lost"] = tuple(dict.fromkeys(_name(*each) for each in others))
    return info


def _name(name: str, content: bytes) -> str:
    """Name a segment, with the text that it begins with, for example "JPEG segment APP2 (MPF)"."""
    text = re.match(rb"[!-~]{0,30}", content)
    return f"JPEG segment {name}" + (f" ({text[0].decode()})" if text and text[0] else "")


def _is_known(name: str, content: bytes) -> bool:
    return any(name == known and content.startswith(head) for known, head in _KNOWN_SEGMENTS)


def _contents(segments: Iterable[tuple[str, bytes]], name: str, head: bytes) -> list[bytes]:
    """Return the contents of all segments of a kind, without their head."""
    return [
        content[len(head) :]
        for each, content in segments
        if each == name and content[: len(head)] == head
    ]


def _exif(blocks: list[bytes]) -> bytes:
    """Join EXIF that continues in further segments; a second block of its own is a copy."""
    return b"".join(blocks[:1] + [each for each in blocks[1:] if each[:4] not in _TIFF_HEADS])


def _density(info: dict[Any, Any]) -> dict[str, Any]:
    """Return the resolution that the JFIF segment states or, without a unit, the aspect."""
    density, unit = info.get("jfif_density"), info.get("jfif_unit")
    if density is None:
        return {}
    if unit in (_INCHES, _CENTIMETRES):
        scale = 1 if unit == _INCHES else 2.54
        return {"dpi": (density[0] * scale, density[1] * scale)}
    return {"aspect": density}


def _xmp(segments: list[bytes]) -> bytes | None:
    """Return the XMP packet, with its extension if that is complete."""
    packet = None
    for content in segments:
        if content.startswith(_XMP_HEAD):
            packet = as_packet(content[len(_XMP_HEAD) :])
            break
    guid = extension_guid(packet) if packet else None
    if packet is None or guid is None:
        return packet
    extension = _extension(segments, guid)
    whole = joined(packet, extension) if extension else None
    return whole or packet


def _extension(segments: list[bytes], guid: bytes) -> bytes | None:
    """Return the extension of a packet; None if a part is missing."""
    head = len(_EXTENSION_HEAD)
    parts: dict[int, bytes] = {}
    length = 0
    for content in segments:
        if content.startswith(_EXTENSION_HEAD) and len(content) >= head + _EXTENSION_FIELDS.size:
            name, length_here, offset = _EXTENSION_FIELDS.unpack_from(content, head)
            if name.upper() == guid.upper():
                parts[offset] = content[head + _EXTENSION_FIELDS.size :]
                length = length_here
    found = []
    at = 0
    for offset in sorted(parts):
        if offset != at:
            return None
        found.append(parts[offset])
        at += len(parts[offset])
    return b"".join(found) if at == length <= MAX_PACKET else None


def segment(marker: int, content: bytes) -> bytes:
    """Return a segment: its marker, its length and its content."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def metadata_segments(metadata: Metadata) -> bytes:
    """Return the segments for metadata, except the resolution and the profile."""
    segments: list[bytes] = []
    if metadata.exif and len(metadata.exif) <= _MAX_SEGMENT - len(_EXIF_HEAD):
        segments.append(segment(_APP1, _EXIF_HEAD + metadata.exif))
    segments += _xmp_segments(metadata.xmp)
    if metadata.iptc:
        block = as_resource(metadata.iptc)
        parts = _parts(block, _MAX_SEGMENT - len(_PHOTOSHOP_HEAD))
        segments += [segment(_APP13, _PHOTOSHOP_HEAD + part) for part in parts]
    for comment in metadata.comments:
        segments += [segment(_COM, part) for part in _parts(comment, _MAX_SEGMENT)]
    return b"".join(segments)


def omitted_metadata(metadata: Metadata) -> tuple[str, ...]:
    """Name what `metadata_segments` leaves out."""
    lost = []
    if metadata.exif and len(metadata.exif) > _MAX_SEGMENT - len(_EXIF_HEAD):
        lost.append(f"EXIF ({len(metadata.exif):,} bytes; JPEG holds 65,527)")
    if metadata.xmp and _split(metadata.xmp) is None:
        lost.append(f"XMP ({len(metadata.xmp):,} bytes that cannot be split)")
    return tuple(lost)


def _split(packet: bytes) -> tuple[bytes, bytes] | None:
    """Return a packet that fits a segment, and its extension, which is empty for short packets."""
    limit = _MAX_SEGMENT - len(_XMP_HEAD)
    return (packet, b"") if len(packet) <= limit else split(packet, limit)


def _xmp_segments(packet: bytes | None) -> Iterator[bytes]:
    """Yield the segments of a packet; of one that cannot be split, only the provenance is kept."""
    if packet is None:
        return
    main, extension = _split(packet) or (mark_only(packet), b"")
    if main:
        yield segment(_APP1, _XMP_HEAD + main)
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    for number, part in enumerate(_parts(extension, _EXTENSION_PART)):
        fields = _EXTENSION_FIELDS.pack(guid, len(extension), number * _EXTENSION_PART)
        yield segment(_APP1, _EXTENSION_HEAD + fields + part)


def _parts(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]
