"""Netpbm as a format of your own: the complete example of docs/how-to/add-a-file-format.md."""

from __future__ import annotations

from PIL import PpmImagePlugin

from photochrom.color import IntArray
from photochrom.photo import Codec, Metadata, register
from photochrom.photo.codecs.base import save_with_pillow


class Netpbm(Codec):
    """Netpbm of 8 bits per sample, as `scanimage` writes it; it holds no metadata."""

    name = "PPM"  # as Pillow names it
    suffixes = (".ppm", ".pgm", ".pnm")
    media_type = "image/x-portable-anymap"
    signatures = (b"P5", b"P6")
    reader = PpmImagePlugin.PpmImageFile

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss."""
        return save_with_pillow(self, rgb, alpha)


register(Netpbm())
