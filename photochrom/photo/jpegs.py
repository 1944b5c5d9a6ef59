"""JPEG files from planes and to a plane: no detour over RGB."""

from __future__ import annotations

import struct
from typing import Final, cast

import cv2
import numpy as np
import simplejpeg

from photochrom import color
from photochrom.color import IntArray
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import srgb_profile

__all__ = ["FULL_CHROMA_QUALITY", "decode_grey_jpeg", "encode_jpeg", "halved"]

FULL_CHROMA_QUALITY: Final = 95  # from here on chroma is stored at full size
_MARKER_BYTES: Final = 65_000  # what a marker holds, with some room for its header
_APP1: Final = 0xE1
_APP2: Final = 0xE2
_HEAD: Final = 20  # bytes of SOI and of the JFIF marker that every encoder writes first
_UNITS: Final = 13  # where in them the resolution stands


def decode_grey_jpeg(data: bytes) -> IntArray:
    """The samples of a grey JPEG file, (H, W) uint8: Pillow's, without its copies.

    Raises:
        ValueError: the file is damaged.
    """
    return np.asarray(simplejpeg.decode_jpeg(data, "GRAY"), np.uint8)[..., 0]


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
    chroma = [np.ascontiguousarray(plane) for plane in (cb, cr)]
    data: bytes = simplejpeg.encode_jpeg_yuv_planes(_evenly_held(luma), *chroma, quality)
    head = bytearray(data[:_HEAD])
    if metadata.dpi:
        dots = (min(65535, max(1, round(float(side)))) for side in metadata.dpi)
        struct.pack_into(">BHH", head, _UNITS, 1, *dots)
    blocks = []
    if metadata.exif:
        blocks.append((_APP1, b"Exif\0\0" + metadata.exif))
    if metadata.xmp:
        blocks.append((_APP1, b"http://ns.adobe.com/xap/1.0/\0" + metadata.xmp))
    blocks.append((_APP2, b"ICC_PROFILE\0\1\1" + srgb_profile()))
    markers = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(block) + 2) + block
        for marker, block in blocks
        if len(block) <= _MARKER_BYTES
    )
    return b"".join([head, markers, memoryview(data)[_HEAD:]])


def halved(plane: IntArray) -> IntArray:
    """A plane at half its size, each pixel the mean of up to four."""
    held = color.evened(plane)
    size = (held.shape[1] // 2, held.shape[0] // 2)
    return np.asarray(cv2.resize(held, size, interpolation=cv2.INTER_AREA), np.uint8)


def _evenly_held(plane: IntArray) -> IntArray:
    """The same plane in memory of even size: the encoder reads beyond the edge of an odd one."""
    height, width = plane.shape
    held = cast("IntArray", np.ascontiguousarray(plane))
    return color.evened(held)[:height, :width]
