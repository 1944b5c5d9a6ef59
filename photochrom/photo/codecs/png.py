"""PNG at 8 and 16 bits per sample.

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
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size, decoding
from photochrom.photo.gamma import gamma_to_srgb
from photochrom.photo.metadata import Metadata
from photochrom.photo.pixels import Pixels
from photochrom.photo.profile import SRGB_NAME, srgb_profile

__all__ = ["PNG", "encode_png"]

_SIGNATURE_BYTES: Final = 8
_HEAD_BYTES = 33  # the signature and the IHDR chunk; other chunks may follow these
_DEPTH_OFFSET: Final = 24  # where the bit depth is in these bytes
# The only sizes of these chunks that Pillow can read.
_SIZES: Final = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9}


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
        """Open a picture, without the damaged chunks that it does not need."""
        with decoding(name):
            return super().open(without_texts(_without_damaged_chunks(data)), name, max_pixels)

    def pixels(self, image: ImageFile.ImageFile, data: bytes, name: str) -> Pixels:
        """Return the samples, converted to sRGB if the file states another gamma."""
        info = image.info
        if image.mode in ("L", "RGB") and "transparency" in info:
            info["transparency"] = _scaled_key(info["transparency"], data[_DEPTH_OFFSET])
        pixels = super().pixels(image, data, name)
        profile = "gamma" in info and self.info(image, data).get("icc_profile")
        if profile or "srgb" in info or "gamma" not in info:
            return pixels
        return gamma_to_srgb(pixels, info["gamma"], info.get("chromaticity"))

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


def _without_damaged_chunks(data: bytes) -> bytes:
    """Return a PNG file without ancillary chunks whose checksum or length is wrong.

    Raises:
        ValueError: the checksum of a critical chunk is wrong.
    """
    parts, kept, at = [], 0, _SIGNATURE_BYTES  # all before `kept` is in `parts` or left out
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + size + 12
        if end > len(data) or kind == b"IEND":
            break
        checksum = zlib.crc32(memoryview(data)[at + 4 : end - 4])
        is_intact = checksum == int.from_bytes(data[end - 4 : end], "big")
        if not is_intact and kind[:1].isupper():
            raise ValueError(f"the checksum of its chunk {kind.decode('latin-1')} is wrong")
        if not is_intact or size != _SIZES.get(kind, size):
            parts.append(data[kept:at])
            kept = end
        at = end
    return b"".join([*parts, data[kept:]]) if parts else data


def _scaled_key(key: int | tuple[int, int, int], depth: int) -> int | tuple[int, ...]:
    """Return a transparent grey or RGB value (tRNS) on the scale of Pillow's samples.

    Args:
        key: the value as it is stored; bits above the depth do not count.
        depth: bits per sample.
    """
    top = (1 << depth) - 1
    scale = 255 // top if depth < 8 else 1  # Pillow makes 8 bits of fewer
    if isinstance(key, int):
        return (key & top) * scale
    return tuple((value & top) * scale for value in key)


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
    name, icc = (b"ICC", metadata.icc) if metadata.icc else (SRGB_NAME.encode(), srgb_profile())
    profile = chunk(b"iCCP", name + b"\0\0" + zlib.compress(icc))
    chunks = profile, *metadata_chunks(metadata)
    return b"".join([file[:_HEAD_BYTES], *chunks, memoryview(file)[_HEAD_BYTES:]])
