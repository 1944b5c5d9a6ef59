"""JPEG XL, with the optional package OpenImageIO; read only."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, Decoded, register
from photochrom.photo.codecs.jxl_header import Header, read_header, read_metadata_boxes
from photochrom.photo.codecs.upright import exif_of_upright
from photochrom.photo.container import check_size, decoding
from photochrom.photo.pixels import Pixels

__all__ = ["JXL"]

_MIN_BYTES: Final = 256  # OpenImageIO does not recognize shorter files
_PROFILE: Final = "ICCProfile"


class _Jxl(Codec):
    """JPEG XL of 8 to 16 bits per sample; results are PNG files."""

    name = "JXL"
    suffixes = (".jxl",)
    media_type = "image/jxl"
    signatures = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
    written_as = "PNG"
    extra = "jxl"
    packages = ("OpenImageIO", "brotli")

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode with libjxl, which turns the picture upright."""
        with decoding(name):
            header = read_header(data)
            check_size(header.size, name, max_pixels)
            _check_still(header, name)
            pixels, profile = _decode(data, name)
            info = read_metadata_boxes(data) | {"icc_profile": profile}
            # The orientation in EXIF does not count: the codestream says how to turn the picture.
            info["exif"] = exif_of_upright(info.get("exif"))
            return Decoded(pixels, info, 1)


JXL: Final = register(_Jxl())


def _check_still(header: Header, name: str) -> None:
    if header.is_animated:
        raise UnsupportedPhoto(f"expected a still; {name} is an animation")


def _decode(data: bytes, name: str) -> tuple[Pixels, bytes | None]:
    """Return the samples, upright, and their ICC profile.

    Raises:
        UnsupportedPhoto: the samples are floats.
        ValueError: the file is damaged.
    """
    import OpenImageIO

    # OpenImageIO reads from a path, not from memory.
    with tempfile.TemporaryDirectory(prefix="photochrom-") as folder:
        path = Path(folder) / "photograph.jxl"
        path.write_bytes(data.ljust(_MIN_BYTES, b"\0"))
        file = OpenImageIO.ImageInput.open(str(path))
        if file is None:
            raise ValueError(OpenImageIO.geterror())
        try:
            spec = file.spec()
            if str(spec.format) not in ("uint8", "uint16"):
                raise UnsupportedPhoto(f"expected unsigned samples; {name} has {spec.format} ones")
            samples = file.read_image(spec.format)
            if samples is None:
                raise ValueError(file.geterror())
        finally:
            file.close()
    profile = spec.getattribute(_PROFILE)
    icc = None if profile is None else bytes(bytearray(profile))
    return _pixels(np.asarray(samples), list(spec.channelnames)), icc


def _pixels(samples: Any, channels: list[str]) -> Pixels:
    """Return samples, (H, W, C), without channels that are neither colours nor alpha."""
    wanted = [index for index, name in enumerate(channels) if name in ("Y", "R", "G", "B", "A")]
    return Pixels.split(samples if len(wanted) == len(channels) else samples[..., wanted])
