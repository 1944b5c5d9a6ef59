"""GIF with one frame; read only, because 256 colours are too few for a coloured photograph."""

from __future__ import annotations

from typing import Final

from PIL import GifImagePlugin, ImageFile

from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, register

__all__ = ["GIF"]


class _Gif(Codec):
    """GIF stills; results are PNG files. Animations are films."""

    name = "GIF"
    suffixes = (".gif",)
    media_type = "image/gif"
    signatures = (b"GIF87a", b"GIF89a")
    written_as = "PNG"
    reader = GifImagePlugin.GifImageFile

    def check_pages(self, image: ImageFile.ImageFile, name: str) -> None:
        """Refuse animations, and name what colours them."""
        try:
            super().check_pages(image, name)
        except UnsupportedPhoto as error:
            raise UnsupportedPhoto(f"{error} (use film for animations)") from error


GIF: Final = register(_Gif())
