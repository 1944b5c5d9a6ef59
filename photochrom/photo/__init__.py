"""Read photographs, tell grey from colour, and encode and write the results."""

from __future__ import annotations

import photochrom.photo.codecs as _codecs
from photochrom.photo.codecs import (
    FORMATS,
    READABLE_SUFFIXES,
    WRITABLE_SUFFIXES,
    Codec,
    register,
    result_suffix,
)
from photochrom.photo.container import DEFAULT_MAX_PIXELS
from photochrom.photo.encoding import encode, encode_colored, metadata_lost
from photochrom.photo.metadata import Metadata, Text
from photochrom.photo.photo import Photo
from photochrom.photo.reading import read
from photochrom.photo.squares import Fit, resized, square
from photochrom.photo.thumbnails import thumbnail
from photochrom.photo.tint import Tint, tint_of
from photochrom.photo.writing import deliver, write

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "FORMATS",
    "READABLE_SUFFIXES",
    "WRITABLE_SUFFIXES",
    "Codec",
    "Fit",
    "Metadata",
    "Photo",
    "Text",
    "Tint",
    "deliver",
    "encode",
    "encode_colored",
    "metadata_lost",
    "read",
    "register",
    "resized",
    "result_suffix",
    "square",
    "thumbnail",
    "tint_of",
    "write",
]

# Last, because the formats of other packages import from this one.
_codecs.load_entry_points()
