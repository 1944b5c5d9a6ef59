"""HEIC and HEIF, with the optional package pillow-heif: reads 8 to 12 bits per sample, writes 8."""

from __future__ import annotations

import io
import re
import struct
from typing import Any, Final

import numpy as np

from photochrom.color import IntArray
from photochrom.errors import UnreadablePhoto
from photochrom.photo.codecs.base import Codec, Decoded, register
from photochrom.photo.codecs.boxes import brands, missing_bytes
from photochrom.photo.codecs.upright import exif_of_upright
from photochrom.photo.container import check_size, decoding
from photochrom.photo.metadata import Metadata
from photochrom.photo.pixels import Pixels, rescale, unpremultiply
from photochrom.photo.profile import srgb_profile
from photochrom.photo.video_profile import video_profile

__all__ = ["HEIC"]

_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# The `ispe` box, a full box of 20 bytes: it holds the size of an image item in pixels.
_SIZES: Final = re.compile(rb"\0\0\0\x14ispe\0\0\0\0(.{8})", re.DOTALL)


class _Heic(Codec):
    """HEIC. If a file has several pictures, the primary one is read. Quality 100 is lossless."""

    name = "HEIC"
    suffixes = (".heic", ".heif", ".hif")
    media_type = "image/heic"
    alpha = True
    max_side = 16384
    default_quality = 90
    extra = "heif"
    packages = ("pillow_heif",)
    keeps = frozenset({"exif", "xmp"})

    def matches(self, head: bytes) -> bool:
        """Return whether the file's brands name HEIC."""
        return not _BRANDS.isdisjoint(brands(head))

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the sizes of all pictures in the file, and whether its end is missing.

        A crop can hide a large picture, and libheif leaves missing tiles grey.
        """
        for found in _SIZES.finditer(data):
            check_size(struct.unpack(">II", found[1]), name, max_pixels)
        if missing := missing_bytes(data):
            raise UnreadablePhoto(f"{name} is damaged or truncated: {missing:,} bytes are missing")

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode the primary picture; libheif turns it upright."""
        with decoding(name):
            self.check(data, name, max_pixels)
            import pillow_heif

            file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
            image = file[file.primary_index]
            check_size(image.size, name, max_pixels)
            profile = image.info.get("icc_profile") or video_profile(
                image.info.get("nclx_profile"), name
            )
            info = {
                "exif": exif_of_upright(image.info.get("exif")),
                "xmp": image.info.get("xmp"),
                "icc_profile": profile,
            }
            # EXIF's orientation does not count in HEIF: the file itself says how to turn it.
            return Decoded(_pixels(image), info, 1)

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode with x265."""
        import pillow_heif

        samples: Any = np.ascontiguousarray(rgb if alpha is None else np.dstack([rgb, alpha]))
        size = samples.shape[1], samples.shape[0]
        file = pillow_heif.from_bytes("RGB" if alpha is None else "RGBA", size, samples.tobytes())
        file.info["icc_profile"] = metadata.icc or srgb_profile()
        # Matrix 0 keeps RGB as it is, which only lossless files need.
        exact = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
        options = exact if quality == 100 else {"quality": quality}
        stream = io.BytesIO()
        file.save(stream, exif=metadata.exif, xmp=metadata.xmp, **options)
        return stream.getvalue()


HEIC: Final = register(_Heic())


def _pixels(image: Any) -> Pixels:
    """Decode a picture of pillow-heif, whose samples of 10 or 12 bits become 16 bits."""
    samples: IntArray = np.array(image)  # a copy: older versions free their memory with the file
    kind, _, bits = image.mode.partition(";")
    if bits and bits != "16":
        samples = rescale(samples, int(bits))
    if kind.endswith("a"):  # alpha has been multiplied in
        samples = unpremultiply(samples)
    return Pixels.split(samples)
