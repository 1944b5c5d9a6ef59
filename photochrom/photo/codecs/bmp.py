"""BMP, which holds no metadata but the resolution."""

from __future__ import annotations

from typing import Final

from PIL import BmpImagePlugin, ImageFile

from photochrom.color import IntArray
from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, register, save_with_pillow
from photochrom.photo.container import DEFAULT_MAX_PIXELS
from photochrom.photo.metadata import Metadata

__all__ = ["BMP"]


class _Bmp(Codec):
    """Uncompressed BMP of 8 bits per sample."""

    name = "BMP"
    suffixes = (".bmp",)
    media_type = "image/bmp"
    signatures = (b"BM",)
    keeps = frozenset({"dpi"})
    reader = BmpImagePlugin.BmpImageFile

    def open(
        self, data: bytes, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> ImageFile.ImageFile:
        """Open a picture without decoding it."""
        try:
            return super().open(data, name, max_pixels)
        except UnreadablePhoto as error:
            reason = str(error.__cause__)
            if not reason.startswith("Unsupported"):
                raise
            raise UnsupportedPhoto(f"{name} is not supported: {reason}") from error

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with Pillow."""
        # Pillow would write 96 dots per inch for an unknown resolution; in the file it is 0.
        return save_with_pillow(self, rgb, alpha, dpi=metadata.dpi or (0, 0))


BMP: Final = register(_Bmp())
