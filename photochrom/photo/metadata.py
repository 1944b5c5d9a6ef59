"""Metadata of a photograph, which is carried over from the grey file to the coloured one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from photochrom.photo.exif import clean_exif, exif_orientation, exif_resolution
from photochrom.photo.extended_xmp import extension_guid, without_extension
from photochrom.photo.iptc import iptc_resource, lost_resources
from photochrom.photo.orientation import swaps_sides
from photochrom.photo.xmp import MAX_PACKET, as_packet, packet_orientation, upright_packet

__all__ = ["Metadata", "Text", "as_stored", "orientation_of", "read_metadata"]

_CENTIMETRES: Final = 3
_INCHES: Final = 2
_NO_UNIT: Final = 1
_MAX_DPI: Final = 60_000
_MAX_ASPECT: Final = 100
_MAX_ASPECT_PART: Final = 600

Pair = tuple[float, float]


@dataclass(frozen=True)
class Text:
    """A text of a PNG file.

    Attributes:
        keyword: what it is, for example "Title" or "Creation Time"; 1 to 79 characters.
        value: the text.
        language: its language, as in RFC 3066; empty if it is not stated.
        translated: the keyword in that language.
    """

    keyword: str
    value: str
    language: str = ""
    translated: str = ""


@dataclass(frozen=True, eq=False)
class Metadata:
    r"""Metadata of an upright picture: the orientation has been applied and set to 1.

    Attributes:
        exif: EXIF as a TIFF block, without "Exif\0\0" before it and without a thumbnail.
        xmp: an XMP packet in UTF-8, with its extension if it had one.
        iptc: an IPTC record (IIM 4): caption, keywords, credit.
        dpi: horizontal and vertical resolution in dots per inch.
        aspect: horizontal and vertical number of pixels in the same length, for pixels that are
            not square and whose resolution is unknown; (2, 1) for pixels twice as high as wide.
        texts: texts of a PNG file.
        comments: comments of a JPEG or GIF file, as bytes, since their encoding is not stated.
        tags: TIFF tags of a georeference (GeoTIFF, GDAL), by their number.
        icc: profile of the colour space to write in; None for sRGB.
        lost: names of what the original holds but could not be carried over, whatever the format
            of the result.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: Pair | None = None
    aspect: Pair | None = None
    texts: tuple[Text, ...] = ()
    comments: tuple[bytes, ...] = ()
    tags: Mapping[int, Any] | None = None
    icc: bytes | None = None
    lost: tuple[str, ...] = ()


def orientation_of(info: Mapping[Any, Any]) -> int:
    """Return the orientation that EXIF states or, if it states none, XMP; 1 if both do not.

    Args:
        info: as in `read_metadata`.
    """
    exif = info.get("exif")
    found = exif_orientation(exif) if isinstance(exif, bytes) else None
    if found is None and (packet := _packet(info)):
        found = packet_orientation(packet)
    return found or 1


def as_stored(value: Any) -> Any:
    """Return the bytes of a tag's text; other values are unchanged.

    Pillow decodes text as Latin-1, but would encode it as ASCII and lose all other letters.
    """
    return value.encode("latin-1") if isinstance(value, str) else value


def read_metadata(info: Mapping[Any, Any], orientation: int) -> Metadata:
    """Return metadata for a picture after it has been turned upright.

    Args:
        info: metadata as in the `info` of a Pillow image: "exif", "xmp", "photoshop", "dpi" and
            "comment". Codecs add "aspect", "texts", "comments", "tags" and "lost", which are as in
            `Metadata`, and "iptc" where a record is not among Photoshop's blocks.
        orientation: EXIF orientation of the picture before, 1 to 8.
    """
    swap = swaps_sides(orientation)
    lost = [each for each in _tuple(info.get("lost")) if isinstance(each, str)]
    block, packet = info.get("exif"), _packet(info)
    exif = clean_exif(block, swap=swap) if isinstance(block, bytes) and block else None
    if exif is None and isinstance(block, bytes) and len(block) > len(b"Exif\0\0"):
        lost.append("EXIF (damaged)")
    if packet is None and _is_long(info.get("xmp")):
        lost.append(f"XMP (more than {MAX_PACKET:,} bytes)")
    if packet and extension_guid(packet):  # it could not be joined
        packet = without_extension(packet)
        lost.append("part of the XMP (damaged or missing)")
    tags = info.get("tags")
    if tags and orientation != 1:
        tags = None
        lost.append("georeference (the picture was turned)")
    dpi, aspect = _density(info, block if exif else None)
    record, blocks = info.get("iptc"), info.get("photoshop")
    return Metadata(
        exif=exif,
        xmp=upright_packet(packet, swap=swap) if packet else None,
        iptc=record if isinstance(record, bytes) else iptc_resource(blocks),
        dpi=_turned(dpi, swap=swap),
        aspect=_turned(aspect, swap=swap),
        texts=tuple(each for each in _tuple(info.get("texts")) if isinstance(each, Text)),
        comments=_comments(info),
        tags=tags if tags and isinstance(tags, dict) else None,
        lost=(*lost, *lost_resources(blocks)),
    )


def _packet(info: Mapping[Any, Any]) -> bytes | None:
    return as_packet(info.get("xmp") or info.get("XML:com.adobe.xmp"))


def _is_long(packet: object) -> bool:
    return isinstance(packet, bytes | str) and len(packet) > MAX_PACKET


def _tuple(value: object) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()


def _comments(info: Mapping[Any, Any]) -> tuple[bytes, ...]:
    """Return all comments, or the one comment that Pillow has."""
    found = _tuple(info.get("comments")) or (info.get("comment"),)
    return tuple(each for each in found if isinstance(each, bytes) and each.strip(b"\0 "))


def _density(info: Mapping[Any, Any], exif: object) -> tuple[Pair | None, Pair | None]:
    """Return the resolution, or the aspect of pixels that are not square: of the file, or EXIF."""
    dpi, aspect = _pair(info.get("dpi"), 1, _MAX_DPI), _aspect(info.get("aspect"))
    if dpi or aspect or not isinstance(exif, bytes):
        return dpi, None if dpi else aspect
    stated = exif_resolution(exif)
    if stated is None:
        return None, None
    x, y, unit = stated
    scale = {_INCHES: 1.0, _CENTIMETRES: 2.54}.get(unit)
    if scale:
        return _pair((x * scale, y * scale), 1, _MAX_DPI), None
    return None, _aspect((x, y)) if unit == _NO_UNIT else None


def _pair(value: Any, low: float, high: float) -> Pair | None:
    """Return two numbers from `low` to `high`; None if they are missing or implausible."""
    try:
        x, y = (float(side) for side in value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    plausible = all(math.isfinite(side) and low <= side <= high for side in (x, y))
    return (x, y) if plausible else None


def _aspect(value: Any) -> Pair | None:
    """Return the aspect of pixels as two small whole numbers; None if they are square."""
    pair = _pair(value, 1 / _MAX_ASPECT, 2**32)
    if pair is None or pair[0] == pair[1] or max(pair) > _MAX_ASPECT * min(pair):
        return None
    ratio = Fraction(pair[0] / pair[1]).limit_denominator(_MAX_ASPECT_PART)
    return float(ratio.numerator), float(ratio.denominator)


def _turned(pair: Pair | None, *, swap: bool) -> Pair | None:
    return (pair[1], pair[0]) if pair and swap else pair
