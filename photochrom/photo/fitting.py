"""Fit metadata to a file format: move what it cannot hold to XMP or EXIF, and name what is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from photochrom.photo.exif import with_resolution
from photochrom.photo.iptc import iptc_properties
from photochrom.photo.metadata import Metadata, Text
from photochrom.photo.provenance import is_mark_only
from photochrom.photo.xmp import Property, with_property

__all__ = ["fitted"]

_COMMENT: Final = "Comment"
# Texts that the PNG standard defines, and the properties of XMP that mean the same.
_PROPERTIES: Final[dict[str, tuple[str, str, Literal["", "Alt", "Seq", "Bag"]]]] = {
    "title": ("dc", "title", "Alt"),
    "author": ("dc", "creator", "Seq"),
    "description": ("dc", "description", "Alt"),
    "copyright": ("dc", "rights", "Alt"),
    "creation time": ("xmp", "CreateDate", ""),
    "software": ("xmp", "CreatorTool", ""),
    "comment": ("exif", "UserComment", "Alt"),
}
_CREATION_TIME: Final = "creation time"
_ISO_DATE: Final = re.compile(
    r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_EXIF_DATE: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_MAX_NAMED: Final = 8
_NAMES: Final = {
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC",
    "dpi": "resolution",
    "aspect": "aspect of the pixels",
    "comments": "comment",
    "tags": "georeference",
}


def fitted(metadata: Metadata, keeps: frozenset[str]) -> tuple[Metadata, tuple[str, ...]]:
    """Return metadata that a format can hold.

    Texts, comments and IPTC become properties of XMP, and the resolution becomes a part of EXIF,
    where the format holds these but not the originals.

    Args:
        metadata: the metadata of a photograph.
        keeps: the names of the attributes of `Metadata` that the format holds.

    Returns:
        The metadata; and what is lost: of the original, and by the format.
    """
    lost = list(metadata.lost)
    metadata = _moved_texts(metadata, keeps, lost)
    if metadata.iptc and "iptc" not in keeps and "xmp" in keeps:
        properties, without = iptc_properties(metadata.iptc)
        names = (f"IPTC {each.name}" for each in properties)
        metadata = _with_properties(metadata, zip(names, properties, strict=True), lost)
        metadata = replace(metadata, iptc=None)
        lost += without
    if (sides := metadata.dpi or metadata.aspect) and "exif" in keeps and "aspect" not in keeps:
        exif = with_resolution(metadata.exif, sides, inches=metadata.dpi is not None)
        if exif:
            metadata = replace(metadata, exif=exif, dpi=None, aspect=None)
    dropped = [name for name in _NAMES if getattr(metadata, name) and name not in keeps]
    mark_alone = bool(metadata.xmp and is_mark_only(metadata.xmp))
    lost += [_NAMES[name] for name in dropped if name != "xmp" or not mark_alone]
    empty = Metadata()
    metadata = replace(metadata, **{name: getattr(empty, name) for name in dropped})
    return metadata, _shortened(lost)


def _shortened(names: list[str]) -> tuple[str, ...]:
    """Return names without repetition, and not too many of them."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) > _MAX_NAMED + 1:
        distinct[_MAX_NAMED:] = [f"{len(distinct) - _MAX_NAMED} more"]
    return tuple(distinct)


def _moved_texts(metadata: Metadata, keeps: frozenset[str], lost: list[str]) -> Metadata:
    """Turn comments into texts or texts into comments, and other texts into properties of XMP."""
    texts, comments = metadata.texts, metadata.comments
    if "comments" not in keeps:
        texts += tuple(Text(_COMMENT, _decoded(comment)) for comment in comments)
        comments = ()
    if "texts" in keeps:
        return replace(metadata, texts=texts, comments=comments)
    if "comments" in keeps:
        found = [each for each in texts if each.keyword.casefold() == _COMMENT.casefold()]
        comments += tuple(each.value.encode("utf-8", "replace") for each in found)
        texts = tuple(each for each in texts if each not in found)
    properties = []
    # Texts that ImageMagick writes: times of the file, and copies of what EXIF says.
    copies = ("date:", "exif:") if metadata.exif else ("date:",)
    texts = tuple(each for each in texts if not each.keyword.startswith(copies))
    for name, values in _grouped(texts).items():
        field = _property(name.casefold(), values) if "xmp" in keeps else None
        label = f"text {name}"
        if field is None:
            lost.append(label)
        else:
            properties.append((label, field))
    metadata = replace(metadata, texts=(), comments=comments)
    return _with_properties(metadata, properties, lost)


def _grouped(texts: Iterable[Text]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text.keyword, []).append(text.value)
    return groups


def _decoded(comment: bytes) -> str:
    """Decode a comment: as UTF-8 if it is valid, or as Latin-1."""
    try:
        return comment.decode().strip("\0")
    except UnicodeDecodeError:
        return comment.decode("latin-1").strip("\0")


def _property(keyword: str, values: list[str]) -> Property | None:
    """Return the property that means the same as texts of a keyword; None if there is none."""
    if keyword not in _PROPERTIES:
        return None
    prefix, name, kind = _PROPERTIES[keyword]
    if keyword == _CREATION_TIME:
        date = _iso_date(values[0])
        return Property(prefix, name, (date,)) if date else None
    if kind == "Seq":
        return Property(prefix, name, tuple(values), kind)
    return Property(prefix, name, ("\n".join(values),), kind)


def _iso_date(text: str) -> str | None:
    """Convert a date in ISO 8601, in EXIF's form or in that of e-mails (RFC 1123) to ISO 8601."""
    text = text.strip()
    if _ISO_DATE.fullmatch(text):
        return text
    if match := _EXIF_DATE.fullmatch(text):
        return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}"
    try:
        date: datetime = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return date.isoformat()


def _with_properties(
    metadata: Metadata, properties: Iterable[tuple[str, Property]], lost: list[str]
) -> Metadata:
    """Add properties to the XMP; names those that it has already, with other values, as lost."""
    packet = metadata.xmp
    for name, field in properties:
        added = with_property(packet, field)
        if added is None:
            lost.append(name)
        packet = added or packet
    return replace(metadata, xmp=packet)
