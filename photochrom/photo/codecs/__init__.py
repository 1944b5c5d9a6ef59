"""Image formats: one file each, and the registry that the rest of the program asks.

The order of the imports is the order in which messages list the formats.
"""

from __future__ import annotations

from photochrom.photo.codecs.base import (
    FORMATS,
    NOT_INSTALLED,
    READABLE_SUFFIXES,
    WRITABLE_SUFFIXES,
    Codec,
    Decoded,
    codec_named,
    format_named,
    format_of,
    load_entry_points,
    register,
    result_suffix,
)

from photochrom.photo.codecs import jpeg, png, webp, avif, tiff, bmp  # isort: skip
from photochrom.photo.codecs import jpeg2000, heic, jxl, gif, raw  # isort: skip
from photochrom.photo.codecs.raw import RAW_SUFFIXES  # isort: skip
from photochrom.photo.codecs.recognition import recognize, sniff, unsupported  # isort: skip

__all__ = [
    "FORMATS",
    "NOT_INSTALLED",
    "RAW_SUFFIXES",
    "READABLE_SUFFIXES",
    "WRITABLE_SUFFIXES",
    "Codec",
    "Decoded",
    "avif",
    "bmp",
    "codec_named",
    "format_named",
    "format_of",
    "gif",
    "heic",
    "jpeg",
    "jpeg2000",
    "jxl",
    "load_entry_points",
    "png",
    "raw",
    "recognize",
    "register",
    "result_suffix",
    "sniff",
    "tiff",
    "unsupported",
    "webp",
]
