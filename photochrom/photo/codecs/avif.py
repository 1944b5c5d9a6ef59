"""AVIF of 8 bits per sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PIL import AvifImagePlugin, Image, ImageFile

from photochrom.color import IntArray
from photochrom.photo.codecs.avif_header import code_points
from photochrom.photo.codecs.base import Codec, depth_error, register, save_with_pillow
from photochrom.photo.codecs.boxes import brands
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import srgb_profile
from photochrom.photo.video_profile import video_profile
from photochrom.photo.xmp import as_packet, upright_packet

__all__ = ["AVIF"]


class _Avif(Codec):
    """AVIF stills of 8 bits per sample."""

    name = "AVIF"
    suffixes = (".avif",)
    media_type = "image/avif"
    alpha = True
    max_side = 65536
    default_quality = 85
    keeps = frozenset({"exif", "xmp"})
    reader = AvifImagePlugin.AvifImageFile

    def matches(self, head: bytes) -> bool:
        """Return whether the file's brands name AVIF, a still or a sequence."""
        return not {b"avif", b"avis"}.isdisjoint(brands(head))

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Refuse HDR, and more than 8 bits by the flags of the first AV1 configuration box."""
        video_profile(code_points(data), name)
        at = data.find(b"av1C")
        if at < 0 or at + 6 >= len(data):
            return
        flags = data[at + 6]
        if flags & 0x40:  # high_bitdepth; 0x20 is twelve_bit
            raise depth_error(name, 12 if flags & 0x20 else 10)

    def info(self, image: ImageFile.ImageFile, data: bytes) -> Mapping[Any, Any]:
        """Return the metadata; the container states the orientation, so that of XMP is ignored.

        If the container names a colour space by code points, its ICC profile is among them.
        """
        info = dict(image.info)
        if packet := as_packet(info.get("xmp")):
            info["xmp"] = upright_packet(packet, swap=False)
        if profile := video_profile(code_points(data), ""):
            info["icc_profile"] = profile
        return info

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with Pillow."""
        return save_with_pillow(
            self,
            rgb,
            alpha,
            quality=quality,
            icc_profile=metadata.icc or srgb_profile(),
            exif=_UnchangedExif(metadata.exif or b""),
            xmp=metadata.xmp or b"",
        )


AVIF: Final = register(_Avif())


class _UnchangedExif(Image.Exif):
    """EXIF that Pillow writes as it is, instead of laying it out again."""

    def __init__(self, block: bytes) -> None:
        super().__init__()
        self._block = block

    def __bool__(self) -> bool:
        """Return whether there is a block, although Pillow knows none of its tags."""
        return bool(self._block)

    def tobytes(self, offset: int = 8) -> bytes:
        """Return the block."""
        return self._block
