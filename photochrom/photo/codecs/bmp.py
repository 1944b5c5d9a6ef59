"""BMP, which holds no metadata but the resolution."""

from __future__ import annotations

from typing import Final

from PIL import BmpImagePlugin

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, register, save_with_pillow
from photochrom.photo.metadata import Metadata

__all__ = ["BMP"]


class _Bmp(Codec):
    """Uncompressed BMP of 8 bits a sample."""

    name = "BMP"
    suffixes = (".bmp",)
    media_type = "image/bmp"
    signatures = (b"BM",)
    keeps = frozenset({"dpi"})
    reader = BmpImagePlugin.BmpImageFile

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with Pillow."""
        resolution = {"dpi": metadata.dpi} if metadata.dpi else {}
        return save_with_pillow(self, rgb, alpha, **resolution)


BMP: Final = register(_Bmp())
