"""JPEG files from planes and to a plane: no detour over RGB."""

from __future__ import annotations

import os
import struct
from typing import Final, cast

import cv2
import numpy as np
import simplejpeg

from photochrom import color
from photochrom.color import IntArray
from photochrom.parallel import map_ordered
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import srgb_profile
from photochrom.photo.provenance import fitting

__all__ = ["FULL_CHROMA_QUALITY", "decode_jpeg_luma", "encode_jpeg", "halved"]

FULL_CHROMA_QUALITY: Final = 95  # from here on chroma is stored at full size
_MARKER_BYTES: Final = 65_000  # what a marker holds, with some room for its header
_APP1: Final = 0xE1
_OF_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_APP2: Final = 0xE2
_APP13: Final = 0xED
_HEAD: Final = 20  # bytes of SOI and of the JFIF marker that every encoder writes first
_UNITS: Final = 13  # where in them the resolution stands
_STRIPE_PIXELS: Final = 2_000_000  # a restart interval holds at most 65,535 units of 8 x 8
_SOF0: Final = 0xC0
_SOS: Final = 0xDA
_DRI: Final = 0xDD
_RST0: Final = 0xD0
_EOI_BYTES: Final = 2


def decode_jpeg_luma(data: bytes, *, strict: bool = True) -> IntArray:
    """The Y plane of a JPEG file, grey or in colour, as it is stored, (H, W) uint8.

    Args:
        data: the file.
        strict: whether damage that can be passed over is an error.

    Raises:
        ValueError: the file is damaged.
    """
    return np.asarray(simplejpeg.decode_jpeg(data, "GRAY", strict=strict), np.uint8)[..., 0]


def encode_jpeg(
    luma: IntArray, cb: IntArray, cr: IntArray, metadata: Metadata, quality: int
) -> bytes:
    """A JPEG file in sRGB with its profile.

    Args:
        luma: (H, W) uint8.
        cb: (H, W), or (⌈H/2⌉, ⌈W/2⌉) to be stored at half size, uint8.
        cr: likewise.
        metadata: what the file says about itself; blocks that do not fit a marker are left out.
        quality: 1 to 100.
    """
    chroma = (cast("IntArray", np.ascontiguousarray(plane)) for plane in (cb, cr))
    data = _in_stripes(luma, *chroma, quality=quality)
    head = bytearray(data[:_HEAD])
    if metadata.dpi:
        dots = (min(65535, max(1, round(float(side)))) for side in metadata.dpi)
        struct.pack_into(">BHH", head, _UNITS, 1, *dots)
    blocks = []
    if metadata.exif:
        blocks.append((_APP1, b"Exif\0\0" + metadata.exif))
    if metadata.xmp and (xmp := fitting(metadata.xmp, _MARKER_BYTES - len(_OF_XMP))):
        blocks.append((_APP1, _OF_XMP + xmp))
    if metadata.iptc:
        blocks.append((_APP13, _photoshop(metadata.iptc)))
    blocks.append((_APP2, b"ICC_PROFILE\0\1\1" + srgb_profile()))
    markers = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(block) + 2) + block
        for marker, block in blocks
        if len(block) <= _MARKER_BYTES
    )
    return b"".join([head, markers, memoryview(data)[_HEAD:]])


def _photoshop(iptc: bytes) -> bytes:
    """IPTC as JPEG files hold it: a block of Photoshop's (Adobe, Image Resource Blocks)."""
    head = struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(iptc))
    return b"Photoshop 3.0\0" + head + iptc + bytes(len(iptc) % 2)


def _in_stripes(luma: IntArray, cb: IntArray, cr: IntArray, *, quality: int) -> bytes:
    """A large picture's stripes are encoded on all cores, with restart markers between them.

    After a restart marker a decoder begins anew, as if a file began there (ITU-T T.81, E.2.4).
    """
    height, width = luma.shape
    step = 1 if cb.shape == luma.shape else 2
    unit = 8 * step
    rows = max(1, _STRIPE_PIXELS // (width * unit)) * unit
    held = _evenly_held(luma)
    if height <= rows:
        return cast("bytes", simplejpeg.encode_jpeg_yuv_planes(held[:height], cb, cr, quality))
    held = held[: height + height % step]  # a single row would count as chroma of full height

    def stripe(top: int) -> bytes:
        part = slice(top // step, (top + rows) // step)
        planes = held[top : top + rows], cb[part], cr[part]
        return cast("bytes", simplejpeg.encode_jpeg_yuv_planes(*planes, quality))

    first, *others = map_ordered(stripe, range(0, height, rows), os.cpu_count() or 1)
    frame, scan = _segment(first, _SOF0), _segment(first, _SOS)
    head = bytearray(first[:scan])
    struct.pack_into(">H", head, frame + 5, height)
    begin = scan + 2 + _length(first, scan)
    interval = struct.pack(">BBHH", 0xFF, _DRI, 4, rows // unit * -(-width // unit))
    parts: list[bytes | bytearray | memoryview] = [head, interval]
    parts.append(memoryview(first)[scan:-_EOI_BYTES])
    for number, other in enumerate(others):
        restart = bytes([0xFF, _RST0 + number % 8])
        parts += [restart, memoryview(other)[begin:-_EOI_BYTES]]
    return b"".join([*parts, first[-_EOI_BYTES:]])


def _segment(data: bytes, marker: int) -> int:
    """Where a segment of the head begins."""
    place = 2
    while data[place + 1] != marker:
        place += 2 + _length(data, place)
    return place


def _length(data: bytes, place: int) -> int:
    """Of a segment, without its marker."""
    return int.from_bytes(data[place + 2 : place + 4], "big")


def halved(plane: IntArray) -> IntArray:
    """A plane at half its size, (H, W) → (⌈H/2⌉, ⌈W/2⌉) uint8: means of up to four pixels."""
    held = color.pad_to_multiple(plane)
    size = (held.shape[1] // 2, held.shape[0] // 2)
    return np.asarray(cv2.resize(held, size, interpolation=cv2.INTER_AREA), np.uint8)


def _evenly_held(plane: IntArray) -> IntArray:
    """With an even number of rows, in memory of even size: the encoder reads beyond an odd edge."""
    held = cast("IntArray", np.ascontiguousarray(plane))
    return color.pad_to_multiple(held)[:, : plane.shape[1]]
