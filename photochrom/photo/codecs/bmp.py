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
        # Pillow would write 96 dots per inch for an unknown resolution; in the file it is 0.
        return save_with_pillow(self, rgb, alpha, dpi=metadata.dpi or (0, 0))


BMP: Final = register(_Bmp())
