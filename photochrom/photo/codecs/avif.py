"""AVIF of 8 bits a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PIL import AvifImagePlugin, Image, ImageFile

from photochrom.color import IntArray
from photochrom.photo.codecs.base import Codec, brands, depth_error, register, save_with_pillow
from photochrom.photo.container import quiet
from photochrom.photo.exif import without_orientation
from photochrom.photo.metadata import Metadata
from photochrom.photo.profile import srgb_profile
from photochrom.photo.xmp import as_packet, upright_packet

__all__ = ["AVIF"]


class _Avif(Codec):
    """AVIF stills of 8 bits a sample."""

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
        """Refuse more than 8 bits, by the flags of the first AV1 configuration box."""
        at = data.find(b"av1C")
        if at < 0 or at + 6 >= len(data):
            return
        flags = data[at + 6]
        if flags & 0x40:  # high_bitdepth; 0x20 is twelve_bit
            raise depth_error(name, 12 if flags & 0x20 else 10)

    def info(self, image: ImageFile.ImageFile, data: bytes) -> Mapping[Any, Any]:
        """Return the metadata; the container states the orientation, so that of XMP is ignored."""
        packet = as_packet(image.info.get("xmp"))
        return {**image.info, "xmp": upright_packet(packet, swap=False)} if packet else image.info

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
            exif=_without_orientation(metadata.exif) or b"",
            xmp=metadata.xmp or b"",
        )

    def unkept(self, metadata: Metadata) -> tuple[str, ...]:
        """Name EXIF that is too damaged for Pillow to write."""
        return (
            ("EXIF (damaged)",) if metadata.exif and not _without_orientation(metadata.exif) else ()
        )


AVIF: Final = register(_Avif())


def _without_orientation(exif: bytes | None) -> bytes | None:
    """Return EXIF without its orientation; None if it is too damaged for Pillow to read.

    Pillow's writer would take the orientation out itself, and would lay EXIF out anew.
    """
    bare = without_orientation(exif) if exif else None
    if bare is None:
        return None
    with quiet():
        try:
            Image.Exif().load(bare)
        except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
            return None
    return bare
