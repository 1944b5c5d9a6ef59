"""AVIF of 8 bits a sample."""

from __future__ import annotations

from typing import Final

from PIL import AvifImagePlugin, Image

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, depth_error, register, save_with_pillow
from photochrom.photo.codecs.boxes import brands
from photochrom.photo.container import quiet
from photochrom.photo.metadata import Metadata, as_stored
from photochrom.photo.profile import srgb_profile

__all__ = ["AVIF"]

_ORIENTATION: Final = 274


class _Avif(Codec):
    """AVIF stills of 8 bits a sample."""

    name = "AVIF"
    suffixes = (".avif",)
    media_type = "image/avif"
    alpha = True
    max_side = 65536
    default_quality = 85
    reader = AvifImagePlugin.AvifImageFile

    def matches(self, head: bytes) -> bool:
        """Return whether the file's brands name AVIF, a still or a sequence."""
        return not {b"avif", b"avis"}.isdisjoint(brands(head))

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Refuse more than 8 bits, by the flags of the first AV1 configuration box."""
        at = data.find(b"av1C")
        if at < 0 or at + 6 >= len(data):
            return
        flags = data[at + 6]
        if flags & 0x40:  # high_bitdepth; 0x20 is twelve_bit
            raise depth_error(name, 12 if flags & 0x20 else 10)

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with Pillow."""
        return save_with_pillow(
            self,
            rgb,
            alpha,
            quality=quality,
            icc_profile=srgb_profile(),
            exif=_clean_exif(metadata.exif) or b"",
            xmp=metadata.xmp or b"",
        )


AVIF: Final = register(_Avif())


def _clean_exif(exif: bytes | None) -> bytes | None:
    """Return EXIF that Pillow's AVIF writer can parse; None if it is too damaged for that."""
    if not exif:
        return None
    source = Image.Exif()
    with quiet():
        try:
            source.load(exif)
            source.pop(_ORIENTATION, None)
            for tag in source:
                source[tag] = as_stored(source[tag])
            return source.tobytes()[len(b"Exif\0\0") :]
        except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
            return None
