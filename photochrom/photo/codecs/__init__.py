"""Image formats: one file each, and the registry that the rest of the program asks.

The order of the imports is the order in which messages list the formats.
"""

from __future__ import annotations

from photochrom.photo.codecs.base import (
    FORMATS,
    RAW_SUFFIXES,
    READABLE_SUFFIXES,
    Codec,
    Decoded,
    codec_named,
    format_named,
    format_of,
    known_formats,
    load_entry_points,
    recognizes,
    register,
    sniff,
)

from photochrom.photo.codecs import jpeg, png, webp, avif, tiff, bmp, gif  # isort: skip

__all__ = [
    "FORMATS",
    "RAW_SUFFIXES",
    "READABLE_SUFFIXES",
    "Codec",
    "Decoded",
    "avif",
    "bmp",
    "codec_named",
    "format_named",
    "format_of",
    "gif",
    "jpeg",
    "known_formats",
    "load_entry_points",
    "png",
    "recognizes",
    "register",
    "sniff",
    "tiff",
    "webp",
]

load_entry_points()
