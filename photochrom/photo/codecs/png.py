"""PNG at 8 and 16 bits a sample.

OpenCV encodes the pixels, since Pillow has no 16-bit RGB; the chunks of metadata are added here.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import cv2
import numpy as np
from PIL import PngImagePlugin

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, register
from photochrom.photo.container import check_size
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import SRGB_NAME, srgb_profile

__all__ = ["PNG", "encode_png"]

_HEAD_BYTES = 33  # the signature and the IHDR chunk; other chunks may follow these
_METRES_PER_INCH = 0.0254


class _Png(Codec):
    """PNG; animations are refused."""

    name = "PNG"
    suffixes = (".png",)
    media_type = "image/png"
    signatures = (b"\x89PNG\r\n\x1a\n",)
    alpha = True
    deep = True
    max_side = 1_000_000
    reader = PngImagePlugin.PngImageFile

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the size in the IHDR chunk, before Pillow reads the rest of the header."""
        if len(data) >= 24:
            check_size(struct.unpack_from(">II", data, 16), name, max_pixels)

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss."""
        return encode_png(rgb, alpha, metadata)


PNG: Final = register(_Png())


def encode_png(rgb: IntArray, alpha: IntArray | None, metadata: Metadata) -> bytes:
    """Encode a picture as a PNG file with an sRGB profile.

    Args:
        rgb: sRGB, (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same dtype, or None.
        metadata: metadata for the file.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: OpenCV cannot encode the picture.
    """
    # OpenCV expects BGR.
    planes: Any = np.ascontiguousarray(
        rgb[..., ::-1] if alpha is None else np.dstack([rgb[..., ::-1], alpha])
    )
    ok, pixels = cv2.imencode(".png", planes)
    if not ok:
        raise ValueError("OpenCV cannot encode the picture")
    file = pixels.tobytes()
    return file[:_HEAD_BYTES] + b"".join(_chunks(metadata)) + file[_HEAD_BYTES:]


def _chunks(metadata: Metadata) -> list[bytes]:
    """Return the chunks of the profile and of the metadata."""
    profile = SRGB_NAME.encode() + b"\0\0" + zlib.compress(srgb_profile())
    chunks = [_chunk(b"iCCP", profile)]
    if metadata.dpi:
        dots = (round(side / _METRES_PER_INCH) for side in metadata.dpi)  # per metre
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", *dots, 1)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp))
    return chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: its length, type, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
