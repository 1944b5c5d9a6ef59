"""What a photograph says about itself, carried from the grey file to the coloured one."""

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
_IPTC, _IPTC_IN_TIFF, _IPTC_BEGINS = 0x0404, 33723, b"\x1c"  # of Photoshop's blocks; a tag
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
# DocumentName, ImageDescription, Make, Model, Software, DateTime, Artist, HostComputer, Copyright,
# rating, XP*
_TEXT_TAGS: Final = (269, 270, 271, 272, 305, 306, 315, 316, 33432, 18246, *range(40091, 40096))
_XMP_ORIENTATION: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>)\s*)\d+")


@dataclass(frozen=True, eq=False)
class Metadata:
    r"""Metadata for an upright picture: the orientation has been applied and set to 1.

    Attributes:
        exif: a TIFF block, without "Exif\0\0" before it and without a thumbnail.
        xmp: an XMP packet.
        iptc: an IPTC record (IIM 4): caption, keywords, credit.
        dpi: horizontal and vertical resolution in dots per inch.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of an opened image; 1 where its EXIF is broken."""
    with quiet():
        try:
            return read_orientation(image.getexif())
        except Exception:  # noqa: BLE001  the picture matters more than its tags
            return 1


def read_orientation(exif: Mapping[int, Any]) -> int:
    """EXIF orientation, 1 to 8; 1 where it is missing or senseless."""
    value = exif.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def tiff_info(data: bytes) -> tuple[dict[str, Any], Image.Exif]:
    """A TIFF's tags, given as Pillow gives those of other formats."""
    exif = Image.Exif()
    with quiet():
        exif.endian, exif.bigtiff = ("<" if data[:2] == b"II" else ">"), b"+" in data[2:4]
        place = (exif.endian + "Q", 8) if exif.bigtiff else (exif.endian + "I", 4)
        exif.load_from_fp(io.BytesIO(data), struct.unpack_from(place[0], data, place[1])[0])
        info: dict[str, Any] = {"icc_profile": exif.get(_ICC), "xmp": exif.get(_XMP)}
        unit = {2: 1.0, 3: 2.54}.get(exif.get(_UNIT, 2))
        sides = exif.get(_X_RESOLUTION), exif.get(_Y_RESOLUTION)
        info["dpi"] = _scaled(sides, unit)
        info["exif"] = _text_and_camera(exif)
        if _IPTC_IN_TIFF in exif:
            info["photoshop"] = {_IPTC: _raw(data, _IPTC_IN_TIFF)}
    return info, exif


def _scaled(sides: tuple[Any, Any], unit: float | None) -> tuple[float, float] | None:
    try:
        return None if unit is None else (float(sides[0]) * unit, float(sides[1]) * unit)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _text_and_camera(exif: Image.Exif) -> bytes | None:
    """A TIFF's first directory without what describes its pixels; None if there is nothing else."""
    kept = Image.Exif()
    for tag in _TEXT_TAGS:
        if tag in exif:
            kept[tag] = as_stored(exif[tag])
    for pointer in (_EXIF, _GPS):
        if pointer in exif and (directory := exif.get_ifd(pointer)):
            kept[pointer] = directory
    try:
        return kept.tobytes() if len(kept) else None
    except Exception:  # noqa: BLE001  the picture matters more than what a broken tag said
        return None


def as_stored(value: Any) -> Any:
    """A tag's text as the bytes that it is: Pillow reads them as Latin-1 and would write ASCII."""
    return value.encode("latin-1") if isinstance(value, str) else value


def _raw(data: bytes, tag: int) -> bytes | None:
    """What a tag of a TIFF's first directory holds, whatever its type says."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            found = file.pages.first.tags[tag]
            return data[found.valueoffset : found.valueoffset + found.valuebytecount]
    except (tifffile.TiffFileError, KeyError, ValueError, struct.error):
        return None


def read_metadata(info: Mapping[Any, Any], orientation: int) -> Metadata:
    """Metadata from Pillow's `info`, for the picture once it stands upright."""
    swap = swaps_sides(orientation)
    exif = info.get("exif")
    return Metadata(
        exif=clean_exif(exif, swap=swap) if isinstance(exif, bytes) and exif else None,
        xmp=_xmp(info.get("xmp") or info.get("XML:com.adobe.xmp")),
        iptc=_iptc(info.get("photoshop")),
        dpi=_dpi(info.get("dpi"), swap=swap),
    )


def _iptc(blocks: object) -> bytes | None:
    found = blocks.get(_IPTC) if isinstance(blocks, dict) else None
    return found if isinstance(found, bytes) and found.startswith(_IPTC_BEGINS) else None


def _xmp(packet: object) -> bytes | None:
    if isinstance(packet, str):
        packet = packet.encode()
    if isinstance(packet, tuple):  # a TIFF tag of type BYTE
        packet = bytes(packet)
    if not isinstance(packet, bytes) or not packet.strip(b"\0 "):
        return None
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet)


def _dpi(value: Any, *, swap: bool) -> tuple[float, float] | None:
    try:
        x, y = (float(side) for side in value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not all(math.isfinite(side) and 1 <= side <= 60_000 for side in (x, y)):
        return None
    return (y, x) if swap else (x, y)
