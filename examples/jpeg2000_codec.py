"""JPEG 2000 as a format of your own: the complete example of docs/how-to/add-a-file-format.md."""

from __future__ import annotations

from PIL import Jpeg2KImagePlugin

from photochrom.color import IntArray
from photochrom.photo import Codec, Metadata, register
from photochrom.photo.codecs.base import save_with_pillow


class Jpeg2000(Codec):
    """JPEG 2000 of 8 bits a sample, without metadata."""

    name = "JPEG2000"  # as Pillow names it
    suffixes = (".jp2", ".j2k")
    media_type = "image/jp2"
    signatures = (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
    alpha = True
    reader = Jpeg2KImagePlugin.Jpeg2KImageFile

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss, so that luma is exact."""
        return save_with_pillow(self, rgb, alpha, irreversible=False)


register(Jpeg2000())
