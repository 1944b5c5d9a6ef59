"""Open a picture's container and check its head, before a single pixel is decoded."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from photochrom.errors import PhotochromError, PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.formats import KNOWN
from photochrom.photo.tiffs import check_tiff, depth_error

__all__ = ["DEFAULT_MAX_PIXELS", "decoding", "open_container", "quiet"]

DEFAULT_MAX_PIXELS: Final = 250_000_000

_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)
_MAX_SCANS: Final = 500  # encoders make ten or so
_LOCK: Final = RLock()  # warnings.catch_warnings is not safe among threads


class _Tiff(TiffImagePlugin.TiffImageFile):
    """Pillow's reader, without its global size limit and without turning the picture."""

    def load_prepare(self) -> None:
        self._size = self._tile_size
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        return None


# The classes are called, not Image.open: its limit on pixels is global, ours is an argument.
_READERS: Final[dict[str, type[ImageFile.ImageFile]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "TIFF": _Tiff,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings about odd files to ourselves; for short work only."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Whatever a decoder throws at a bad file leaves as an `UnreadablePhoto`."""
    try:
        yield
    except PhotochromError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"{name} has more pixels than Pillow opens: {error}") from error
    except MemoryError as error:
        raise PhotoTooLarge(f"there is not enough memory to decode {name}") from error
    except Exception as error:
        raise UnreadablePhoto(f"{name} is damaged or truncated: {error}") from error


def open_container(
    data: bytes, held: str, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
) -> ImageFile.ImageFile:
    """The opened but undecoded picture, whose size, depth and page count are as they should be.

    Args:
        data: the whole file.
        held: its format, out of `FORMATS` or "GIF".
        name: what messages call it.
        max_pixels: the most pixels it may have.

    Raises:
        PhotoError: it is damaged, too large, or of a kind that is not handled.
    """
    with decoding(name), quiet():
        if held == "AVIF":
            _check_avif_depth(data, name)
        elif held == "JPEG":
            _check_jpeg(data, name)
        elif held == "TIFF":
            check_tiff(data, name)
        elif held == "PNG" and len(data) >= 24:
            check_size(struct.unpack_from(">II", data, 16), name, max_pixels)
        image = _READERS[held](io.BytesIO(data))
        check_size(image.size, name, max_pixels)
        _check_single(image, held, name)
        return image


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Refuse pictures with no pixels and pictures with too many.

    Raises:
        UnreadablePhoto: a side is zero.
        PhotoTooLarge: there are more than `max_pixels`.
    """
    width, height = size
    if width <= 0 or height <= 0:
        raise UnreadablePhoto(f"expected at least one pixel; {name} is {width} × {height}")
    if width * height > max_pixels:
        raise PhotoTooLarge(
            f"{name} has {width * height:,} pixels ({width} × {height}); the limit is "
            f"{max_pixels:,}. Raise max_pixels to read it"
        )


def _check_single(image: ImageFile.ImageFile, held: str, name: str) -> None:
    frames = 1 if held == "TIFF" else int(getattr(image, "n_frames", 1))
    if frames > 1:
        raise UnsupportedPhoto(f"expected a still; {name} is an animation of {frames} frames")
    if held == "GIF":
        raise UnsupportedPhoto(f"{name} holds GIF data; the formats read are {KNOWN}")


def _check_jpeg(data: bytes, name: str) -> None:
    """Find the frame header (SOF); look at its precision and, where they may be many, its scans.

    Each scan goes over the whole picture, and takes no more than some bytes to ask for.
    """
    at = 2
    while at + 5 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if data[at + 4] != 8:
                raise depth_error(name, data[at + 4])
            scans = data.count(b"\xff\xda", at) if marker in _PROGRESSIVE else 1
            if scans > _MAX_SCANS:
                raise UnsupportedPhoto(f"expected {_MAX_SCANS} scans at most; {name} has {scans:,}")
            return
        at += 1 if marker == 0xFF else 2 + length


def _check_avif_depth(data: bytes, name: str) -> None:
    """Look at the flags high_bitdepth and twelve_bit of the first AV1 configuration box."""
    at = data.find(b"av1C")
    if at < 0 or at + 6 >= len(data):
        return
    flags = data[at + 6]
    if flags & 0x40:
        raise depth_error(name, 12 if flags & 0x20 else 10)
