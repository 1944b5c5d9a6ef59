"""WebP, lossy and lossless."""

from __future__ import annotations

from typing import Final

from PIL import WebPImagePlugin

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, register, save_with_pillow
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import srgb_profile

__all__ = ["WEBP"]


class _WebP(Codec):
    """WebP; quality 100 is lossless."""

    name = "WEBP"
    suffixes = (".webp",)
    media_type = "image/webp"
    alpha = True
    max_side = 16383
    default_quality = 92
    keeps = frozenset({"exif", "xmp"})
    reader = WebPImagePlugin.WebPImageFile

    def matches(self, head: bytes) -> bool:
        """Return whether a RIFF file holds WebP."""
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with Pillow."""
        return save_with_pillow(
            self,
            rgb,
            alpha,
            quality=quality,
            lossless=quality == 100,
            icc_profile=metadata.icc or srgb_profile(),
            exif=metadata.exif or b"",
            xmp=metadata.xmp or b"",
        )


WEBP: Final = register(_WebP())
