"""Metadata in the tags of a TIFF file."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image

from photochrom.photo.container import quiet
from photochrom.photo.iptc import as_record, iptc_resource, is_whole, resources
from photochrom.photo.metadata import as_stored, orientation_of

__all__ = ["GEO_TAGS", "LAYOUT_TAGS", "tiff_info"]

_ORIENTATION, _EXIF, _GPS, _XMP, _ICC = 274, 0x8769, 0x8825, 700, 34675
_IPTC, _PHOTOSHOP, _LAYERS = 33723, 34377, 37724
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_NO_UNIT: Final = 1
_DOTS_PER_INCH: Final = {2: 1.0, 3: 2.54}  # factors for the units 2 (inches) and 3 (centimetres)

# DocumentName, ImageDescription, Make, Model, PageName, Software, DateTime, Artist, HostComputer,
# ImageID, rating, rating in percent, Copyright, XP*
_TEXT_TAGS: Final = (
    269, 270, 271, 272, 285, 305, 306, 315, 316, 32781, 18246, 18249, 33432, *range(40091, 40096),
)  # fmt: skip

GEO_TAGS: Final = {
    33550: 12, 33920: 12, 33922: 12, 34264: 12, 34735: 3, 34736: 12, 34737: 2, 42112: 2, 42113: 2,
    50844: 12,
}  # fmt: skip
"""Tags of GeoTIFF and GDAL, and their types in TIFF: 2 for ASCII, 3 for SHORT, 12 for DOUBLE."""

LAYOUT_TAGS: Final = frozenset(range(254, 700)) - {
    _ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT, *_TEXT_TAGS,
}  # fmt: skip
"""Tags that describe how a file stores its pixels."""

_ASCII: Final = 2
_KEPT: Final = {_EXIF, _GPS, _XMP, _ICC, _IPTC, _PHOTOSHOP, *_TEXT_TAGS, *GEO_TAGS}
_MATTEING_TO_TILE_DEPTH: Final = range(32995, 32999)  # old tags that describe pixels, too
_FIRST_PRIVATE_TAG: Final = 32768
_MAX_NAMED: Final = 8
# Bytes of one value of each type, where it is not 1.
_VALUE_BYTES: Final = {
    3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip


def tiff_info(data: bytes) -> tuple[dict[str, Any], int]:
    """Read the metadata of a TIFF file.

    Args:
        data: the whole file.

    Returns:
        Metadata as `read_metadata` takes it, and the orientation, 1 to 8.
    """
    tags = Image.Exif()
    with quiet():
        order, big = ("<" if data[:2] == b"II" else ">"), b"+" in data[2:4]
        (first,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        tags.endian, tags.bigtiff = order, big
        tags.load_from_fp(io.BytesIO(data), first)
        stored = _stored_values(data, first, order, big=big)
        exif, damaged = _text_and_camera(tags)
        # Pillow reads a directory up to the first tag that is damaged.
        damaged += sorted(stored.keys() - LAYOUT_TAGS - set(tags))
        info: dict[str, Any] = {
            "icc_profile": tags.get(_ICC),
            "xmp": tags.get(_XMP),
            "exif": exif,
            "tags": _geo_tags(tags),
            "lost": (*_private_tags(tags), *_named(damaged, " (damaged)")),
        }
        info |= _density(tags) | _iptc(stored)
        return info, _orientation(tags.get(_ORIENTATION)) or orientation_of({"xmp": info["xmp"]})


def _stored_values(data: bytes, first: int, order: str, *, big: bool) -> dict[int, bytes]:
    """Return all tags of a directory, with the bytes of those for IPTC, whatever their type.

    The bytes of all tags could be far more than the file has: tags may share them.
    """
    counter, form = (order + "Q", order + "HHQQ") if big else (order + "H", order + "HHII")
    size, field = struct.calcsize(form), 8 if big else 4
    (count,) = struct.unpack_from(counter, data, first)
    start = first + struct.calcsize(counter)
    values: dict[int, bytes] = {}
    for at in range(start, min(start + count * size, len(data) - size + 1), size):
        tag, kind, number, offset = struct.unpack_from(form, data, at)
        length = number * _VALUE_BYTES.get(kind, 1)
        value_start = at + size - field if length <= field else offset
        if number:
            values[tag] = (
                data[value_start : value_start + length] if tag in (_IPTC, _PHOTOSHOP) else b""
            )
    return values


def _named(numbers: list[int], remark: str = "") -> list[str]:
    """Return names of tags for people, not too many of them."""
    texts = [str(number) for number in numbers]
    if len(texts) > _MAX_NAMED:
        texts[_MAX_NAMED:] = [f"and {len(texts) - _MAX_NAMED} more"]
    return [f"TIFF tags {' '.join(texts)}{remark}"] if texts else []


def _orientation(value: Any) -> int | None:
    """Return an orientation that is stored as a number of any type, or as a text; None if invalid.

    Pillow gives a number of type BYTE as bytes.
    """
    if isinstance(value, bytes) and len(value) == 1:
        return value[0] if 1 <= value[0] <= 8 else None
    try:
        number = float(value[0] if isinstance(value, tuple) else value)
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return None
    return int(number) if number in range(1, 9) else None


def _density(tags: Image.Exif) -> dict[str, Any]:
    """Return the resolution in dots per inch or, if it has no unit, as an aspect of pixels."""
    try:
        sides = float(tags[_X_RESOLUTION]), float(tags[_Y_RESOLUTION])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return {}
    unit = tags.get(_UNIT, 2)
    if unit == _NO_UNIT:
        return {"aspect": sides}
    scale = _DOTS_PER_INCH.get(unit, math.nan)
    return {"dpi": (sides[0] * scale, sides[1] * scale)}


def _iptc(stored: Mapping[int, bytes]) -> dict[str, Any]:
    """Return the IPTC record, from its own tag or from Photoshop's, and Photoshop's blocks."""
    blocks = resources(stored.get(_PHOTOSHOP, b""))
    own, other = as_record(stored.get(_IPTC, b"")), iptc_resource(blocks)
    # ImageMagick cuts off the record in its own tag.
    return {"photoshop": blocks, "iptc": own if own and (is_whole(own) or not other) else other}


def _geo_tags(tags: Image.Exif) -> dict[int, Any]:
    """Return the tags of a georeference: all of them or, if one is damaged, none."""
    found = {tag: as_stored(tags[tag]) for tag in GEO_TAGS if tag in tags}
    for tag, value in found.items():
        values = value if isinstance(value, tuple) else (value,)
        kinds = bytes if GEO_TAGS[tag] == _ASCII else (int, float)
        if not all(isinstance(each, kinds) for each in values):
            return {}
    return found


def _private_tags(tags: Image.Exif) -> list[str]:
    """Name the private tags, which are not kept, since their meaning is unknown."""
    known = {*_KEPT, *_MATTEING_TO_TILE_DEPTH, _LAYERS}
    found = sorted(tag for tag in tags if tag >= _FIRST_PRIVATE_TAG and tag not in known)
    return [*(["Photoshop's layers"] if _LAYERS in tags else []), *_named(found)]


def _text_and_camera(tags: Image.Exif) -> tuple[bytes | None, list[int]]:
    """Return EXIF with a TIFF's tags, without those that describe its pixels.

    Returns:
        EXIF, None if it is empty; and the tags that are left out, since they are damaged.
    """
    found: dict[int, Any] = {tag: as_stored(tags[tag]) for tag in _TEXT_TAGS if tag in tags}
    nested = {each: tags.get_ifd(each) for each in (_EXIF, _GPS) if each in tags}
    found |= {each: values for each, values in nested.items() if values}
    sound = {tag: value for tag, value in found.items() if _exif({tag: value})}
    return _exif(sound) if sound else None, [tag for tag in found if tag not in sound]


def _exif(values: dict[int, Any]) -> bytes | None:
    """Return a block of EXIF; None if a value is of an impossible type."""
    exif = Image.Exif()
    exif.update(values)
    try:
        return exif.tobytes()
    except Exception:  # noqa: BLE001  whatever Pillow raises for a damaged value
        return None
