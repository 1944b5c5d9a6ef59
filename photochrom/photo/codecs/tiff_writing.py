"""Encode TIFF at 8 and 16 bits with EXIF and GPS directories.

Pillow cannot write 16-bit RGB, and tifffile cannot write these directories.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from PIL import Image, TiffImagePlugin

from photochrom.color import IntArray
from photochrom.parallel import thread_core_count, worker_pool
from photochrom.photo.container import quiet
from photochrom.photo.exif import exif_tags
from photochrom.photo.metadata import Metadata, as_stored
from photochrom.photo.profile import srgb_profile
from photochrom.photo.tiff_tags import GEO_TAGS, LAYOUT_TAGS

__all__ = ["damaged_exif", "encode_tiff", "encode_tiff_pages"]

_STRIP_BYTES: Final = 1 << 20  # before compression; a strip is compressed by one thread
_POINTERS: Final = (0x8769, 0x8825)  # EXIF, GPS
_ADOBE_DEFLATE, _RGB, _DIFFERENCES, _UNASSOCIATED, _NO_UNIT, _INCHES = 8, 2, 2, 2, 1, 2
_UNDEFINED, _BYTE = 7, 1
_HEAD: Final = b"II*\0\x08\0\0\0"  # little-endian, first directory at byte 8
_MAX_BYTES: Final = 2**32 - 2  # offsets have 32 bits


def encode_tiff(rgb: IntArray, alpha: IntArray | None, metadata: Metadata) -> bytes:
    """Encode a picture as a little-endian TIFF of one page, deflated with horizontal differences.

    Args:
        rgb: sRGB, (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same dtype, or None; written as unassociated (not premultiplied).
        metadata: metadata for the file.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: the file would be larger than 4 GB.
    """
    return _HEAD + _page(rgb, alpha, metadata, len(_HEAD))


def encode_tiff_pages(pages: Iterable[tuple[IntArray, IntArray | None, Metadata]]) -> bytes:
    """Encode pictures as the pages of one TIFF.

    Args:
        pages: for each page RGB, alpha and metadata, as `encode_tiff` takes them.

    Raises:
        ValueError: the file would be larger than 4 GB.
    """
    file, pointer = bytearray(_HEAD), 0
    for rgb, alpha, metadata in pages:
        start = len(file)
        if pointer:
            struct.pack_into("<I", file, pointer, start)
        file += _page(rgb, alpha, metadata, start)
        file += bytes(len(file) % 2)  # directories begin at even offsets
        entries = struct.unpack_from("<H", file, start)[0]
        pointer = start + 2 + 12 * entries  # where a directory says where the next one is
    return bytes(file)


def _page(rgb: IntArray, alpha: IntArray | None, metadata: Metadata, start: int) -> bytes:
    """Return the directory and the strips of a page that begins at `start` in its file."""
    rows = max(1, _STRIP_BYTES // (rgb.shape[1] * rgb.itemsize * 4))
    with worker_pool(thread_core_count()) as pool:
        strips = list(pool.map(_deflate, _strips(rgb, alpha, rows)))
    directory = _directory(rgb, alpha, metadata)
    directory[278] = rows
    directory[279] = tuple(len(strip) for strip in strips)
    offsets = np.cumsum([0, *(len(strip) for strip in strips)])
    if start + int(offsets[-1]) > _MAX_BYTES - 2**20:
        raise ValueError("a TIFF file holds at most 4 GB")
    directory[273] = tuple(int(offset) for offset in offsets[:-1])
    directory.tagtype[273] = directory.tagtype[279] = 4  # LONG, or Pillow may choose SHORT
    head: bytes = directory.tobytes(start)
    return head + b"".join(strips)


def _strips(rgb: IntArray, alpha: IntArray | None, rows: int) -> Iterator[IntArray]:
    """Yield strips of `rows` rows, (h, W, 3) or (h, W, 4)."""
    for top in range(0, rgb.shape[0], rows):
        part: Any = rgb[top : top + rows]
        yield part if alpha is None else np.dstack([part, alpha[top : top + rows]])


def _deflate(samples: IntArray) -> bytes:
    """Compress a strip, as the differences of neighbouring samples, which compress better."""
    differences = samples.copy()
    differences[:, 1:] -= samples[:, :-1]
    return zlib.compress(differences.astype(differences.dtype.newbyteorder("<")).tobytes(), 6)


def _directory(rgb: IntArray, alpha: IntArray | None, metadata: Metadata) -> Any:
    """Return a directory with all tags but those of the strips; the comments name the tags."""
    with quiet():
        directory = _text_directory(metadata.exif) or _new_directory()
    channels = 3 if alpha is None else 4
    directory[256], directory[257] = rgb.shape[1], rgb.shape[0]  # ImageWidth, ImageLength
    directory[258] = (rgb.itemsize * 8,) * channels  # BitsPerSample
    # Compression, PhotometricInterpretation, Orientation
    directory[259], directory[262], directory[274] = _ADOBE_DEFLATE, _RGB, 1
    # SamplesPerPixel, PlanarConfiguration, Predictor
    directory[277], directory[284], directory[317] = channels, 1, _DIFFERENCES
    if alpha is not None:
        directory[338] = _UNASSOCIATED  # ExtraSamples
    if density := metadata.dpi or metadata.aspect:
        unit = _INCHES if metadata.dpi else _NO_UNIT
        # XResolution, YResolution, ResolutionUnit
        directory[282], directory[283], directory[296] = *density, unit
    for tag, value in (metadata.tags or {}).items():
        directory.tagtype[tag] = GEO_TAGS[tag]
        directory[tag] = value
    if metadata.xmp:
        directory.tagtype[700] = _BYTE
        directory[700] = metadata.xmp
    if metadata.iptc:
        directory.tagtype[33723] = _UNDEFINED
        directory[33723] = metadata.iptc
    directory.tagtype[34675] = _UNDEFINED
    directory[34675] = metadata.icc or srgb_profile()
    return directory


def _new_directory() -> Any:
    return TiffImagePlugin.ImageFileDirectory_v2(_HEAD)


def damaged_exif(exif: bytes) -> tuple[str, ...]:
    """Name EXIF, if any of its tags is too damaged for a TIFF file."""
    with quiet():
        directory = _text_directory(exif)
    if directory is None:
        return ("EXIF (damaged)",)
    # Pillow reads a directory up to the first tag that is damaged.
    return ("part of the EXIF (damaged)",) if exif_tags(exif) - LAYOUT_TAGS - set(directory) else ()


def _text_directory(exif: bytes | None) -> Any:
    """Return a new directory with the text, EXIF and GPS of EXIF; None if they are damaged."""
    directory = _new_directory()
    source = Image.Exif()
    try:
        source.load(exif or b"")
        for tag in source:
            if tag in _POINTERS:
                directory[tag] = _nested(source, tag)
            elif tag not in LAYOUT_TAGS:
                directory[tag] = as_stored(source[tag])
        directory.tobytes(8)  # fails on damaged values here, not while the file is written
    except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
        return None
    return directory


def _nested(exif: Image.Exif, pointer: int) -> dict[int, Any]:
    """Return the values of an EXIF or GPS directory, with its interoperability directory."""
    values = dict(exif.get_ifd(pointer))
    interop = 0xA005
    if interop in values and not isinstance(values[interop], dict):
        values[interop] = exif.get_ifd(interop)
    return values
