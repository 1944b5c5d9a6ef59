"""PNG at 8 and 16 bits a sample.

OpenCV encodes the pixels, since Pillow has no 16-bit RGB; the chunks of metadata are added here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from PIL import ImageFile, PngImagePlugin

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, register
from photochrom.photo.codecs.png_metadata import (
    chunk,
    metadata_chunks,
    read_chunks,
    texts_of,
    without_texts,
)
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import SRGB_NAME, srgb_profile

__all__ = ["PNG", "encode_png"]

_HEAD_BYTES = 33  # the signature and the IHDR chunk; other chunks may follow these


class _Png(Codec):
    """PNG; animations are refused."""

    name = "PNG"
    suffixes = (".png",)
    media_type = "image/png"
    signatures = (b"\x89PNG\r\n\x1a\n",)
    alpha = True
    deep = True
    max_side = 1_000_000
    keeps = frozenset({"exif", "xmp", "iptc", "dpi", "aspect", "texts"})
    reader = PngImagePlugin.PngImageFile

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the size in the IHDR chunk, before Pillow reads the rest of the header."""
        if len(data) >= 24:
            check_size(struct.unpack_from(">II", data, 16), name, max_pixels)

    def open(
        self, data: bytes, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> ImageFile.ImageFile:
        """Open a picture without its texts, which `info` reads."""
        return super().open(without_texts(data), name, max_pixels)

    def info(self, image: ImageFile.ImageFile, data: bytes) -> Mapping[Any, Any]:
        """Return the metadata, with all texts and with blocks that are stored as texts."""
        if not data and isinstance(image, PngImagePlugin.PngImageFile):
            return texts_of(image)
        return read_chunks(image.info, data)

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
    profile = chunk(b"iCCP", SRGB_NAME.encode() + b"\0\0" + zlib.compress(srgb_profile()))
    chunks = profile, *metadata_chunks(metadata)
    return b"".join([file[:_HEAD_BYTES], *chunks, memoryview(file)[_HEAD_BYTES:]])
