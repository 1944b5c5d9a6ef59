"""GIF, which is recognized so that messages can name it, and refused."""

from __future__ import annotations

from typing import Final

from PIL import GifImagePlugin, ImageFile

from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, known_formats, register

__all__ = ["GIF"]


class _Gif(Codec):
    """GIF: animations are refused as such, stills as a format that is not read."""

    name = "GIF"
    signatures = (b"GIF87a", b"GIF89a")
    reader = GifImagePlugin.GifImageFile

    def check_pages(self, image: ImageFile.ImageFile, name: str) -> None:
        """Refuse the file in any case.

        Raises:
            UnsupportedPhoto: always.
        """
        super().check_pages(image, name)
        raise UnsupportedPhoto(f"{name} holds GIF data; the formats read are {known_formats()}")


GIF: Final = register(_Gif())
