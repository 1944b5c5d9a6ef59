"""Metadata of a photograph, which is carried over from the grey file to the coloured one."""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import tifffile
from PIL import Image

from photochrom.photo.container import quiet
from photochrom.photo.exif import clean_exif
from photochrom.photo.orientation import swaps_sides

__all__ = [
    "Metadata",
    "as_stored",
    "orientation_of",
    "read_metadata",
    "read_orientation",
    "tiff_info",
]

_ORIENTATION, _EXIF, _GPS, _XMP, _ICC = 274, 0x8769, 0x8825, 700, 34675
# IPTC: the number of its Photoshop block, its TIFF tag, and the byte that each record begins with.
_IPTC, _IPTC_IN_TIFF, _IPTC_BEGINS = 0x0404, 33723, b"\x1c"
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
# DocumentName, ImageDescription, Make, Model, Software, DateTime, Artist, HostComputer, Copyright,
# rating, XP*
_TEXT_TAGS: Final = (269, 270, 271, 272, 305, 306, 315, 316, 33432, 18246, *range(40091, 40096))
_XMP_ORIENTATION: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>)\s*)\d+")


@dataclass(frozen=True, eq=False)
class Metadata:
    r"""Metadata of an upright picture: the orientation has been applied and set to 1.

    Attributes:
        exif: EXIF as a TIFF block, without "Exif\0\0" before it and without a thumbnail.
        xmp: an XMP packet.
        iptc: an IPTC record (IIM 4): caption, keywords, credit.
        dpi: horizontal and vertical resolution in dots per inch.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of an opened image; 1 if its EXIF is damaged."""
    with quiet():
        try:
            return read_orientation(image.getexif())
        except Exception:  # noqa: BLE001  a damaged tag must not keep the picture from opening
            return 1


def read_orientation(exif: Mapping[int, Any]) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if it is missing or invalid."""
    value = exif.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def tiff_info(data: bytes) -> tuple[dict[str, Any], Image.Exif]:
    """Read the tags of a TIFF file.

    Args:
        data: the whole file.

    Returns:
        Metadata as in the `info` of a Pillow image of another format, and all tags of the first
        directory.
    """
    exif = Image.Exif()
    with quiet():
        exif.endian, exif.bigtiff = ("<" if data[:2] == b"II" else ">"), b"+" in data[2:4]
        place = (exif.endian + "Q", 8) if exif.bigtiff else (exif.endian + "I", 4)
        exif.load_from_fp(io.BytesIO(data), struct.unpack_from(place[0], data, place[1])[0])
        info: dict[str, Any] = {"icc_profile": exif.get(_ICC), "xmp": exif.get(_XMP)}
        unit = {2: 1.0, 3: 2.54}.get(exif.get(_UNIT, 2))  # inches, centimetres
        sides = exif.get(_X_RESOLUTION), exif.get(_Y_RESOLUTION)
        info["dpi"] = _to_dpi(sides, unit)
        info["exif"] = _text_and_camera(exif)
        if _IPTC_IN_TIFF in exif:
            info["photoshop"] = {_IPTC: _raw_value(data, _IPTC_IN_TIFF)}
    return info, exif


def _to_dpi(sides: tuple[Any, Any], unit: float | None) -> tuple[float, float] | None:
    """Convert resolutions in x and y to dots per inch; None if they are invalid."""
    try:
        return None if unit is None else (float(sides[0]) * unit, float(sides[1]) * unit)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _text_and_camera(exif: Image.Exif) -> bytes | None:
    """Return EXIF with a TIFF's tags, without those that describe its pixels; None if empty."""
    result = Image.Exif()
    for tag in _TEXT_TAGS:
        if tag in exif:
            result[tag] = as_stored(exif[tag])
    for pointer in (_EXIF, _GPS):
        if pointer in exif and (directory := exif.get_ifd(pointer)):
            result[pointer] = directory
    try:
        return result.tobytes() if len(result) else None
    except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
        return None


def as_stored(value: Any) -> Any:
    """Return the bytes of a tag's text; other values are unchanged.

    Pillow decodes text as Latin-1, but would encode it as ASCII and lose all other letters.
    """
    return value.encode("latin-1") if isinstance(value, str) else value


def _raw_value(data: bytes, tag: int) -> bytes | None:
    """Return the bytes of a tag in a TIFF's first directory, whatever its declared type."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            entry = file.pages.first.tags[tag]
            return data[entry.valueoffset : entry.valueoffset + entry.valuebytecount]
    except (tifffile.TiffFileError, KeyError, ValueError, struct.error):
        return None


def read_metadata(info: Mapping[Any, Any], orientation: int) -> Metadata:
    """Return metadata for a picture after it has been turned upright.

    Args:
        info: metadata as in the `info` of a Pillow image.
        orientation: EXIF orientation of the picture before, 1 to 8.
    """
    swap = swaps_sides(orientation)
    exif = info.get("exif")
    return Metadata(
        exif=clean_exif(exif, swap=swap) if isinstance(exif, bytes) and exif else None,
        xmp=_xmp(info.get("xmp") or info.get("XML:com.adobe.xmp")),
        iptc=_iptc(info.get("photoshop")),
        dpi=_dpi(info.get("dpi"), swap=swap),
    )


def _iptc(blocks: object) -> bytes | None:
    """Return IPTC from Photoshop's resource blocks; None if there is none or it is damaged."""
    record = blocks.get(_IPTC) if isinstance(blocks, dict) else None
    return record if isinstance(record, bytes) and record.startswith(_IPTC_BEGINS) else None


def _xmp(packet: object) -> bytes | None:
    """Return an XMP packet with the orientation set to 1; None if there is none."""
    if isinstance(packet, str):
        packet = packet.encode()
    if isinstance(packet, tuple):  # a TIFF tag of type BYTE
        packet = bytes(packet)
    if not isinstance(packet, bytes) or not packet.strip(b"\0 "):
        return None
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet)


def _dpi(value: Any, *, swap: bool) -> tuple[float, float] | None:
    """Return the resolution of the upright picture; None if it is missing or implausible."""
    try:
        x, y = (float(side) for side in value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not all(math.isfinite(side) and 1 <= side <= 60_000 for side in (x, y)):
        return None
    return (y, x) if swap else (x, y)
