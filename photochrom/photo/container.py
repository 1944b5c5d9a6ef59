"""Open an image file and check its header, before any pixels are decoded.

A small file can claim to be huge, so the limits must be checked before memory is allocated.
"""

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

_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)  # frame headers (SOF) of progressive JPEG
_MAX_SCANS: Final = 500  # of a progressive JPEG; encoders make about ten
_LOCK: Final = RLock()  # warnings.catch_warnings is not thread-safe


class _Tiff(TiffImagePlugin.TiffImageFile):
    """Pillow's TIFF reader, without its global size limit and without turning the picture."""

    def load_prepare(self) -> None:
        self._size = self._tile_size
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        return None


# These classes are used instead of Image.open, whose limit on pixels is global.
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
    """Suppress Pillow's warnings about unusual files.

    For short blocks only: other threads wait for the lock.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Convert whatever a decoder raises for a damaged file to a `PhotoError`.

    Args:
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the block raised an exception that is not one of Photochrom's.
        PhotoTooLarge: there is not enough memory, or the picture exceeds Pillow's limit.
    """
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
    data: bytes, file_format: str, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
) -> ImageFile.ImageFile:
    """Open a picture without decoding it, and check its size, depth and number of pages.

    Args:
        data: the whole file.
        file_format: its format, a key of `FORMATS` or "GIF".
        name: the photograph's name in messages.
        max_pixels: the largest number of pixels.

    Raises:
        PhotoError: the file is damaged, too large or not supported.
    """
    with decoding(name), quiet():
        if file_format == "AVIF":
            _check_avif_depth(data, name)
        elif file_format == "JPEG":
            _check_jpeg(data, name)
        elif file_format == "TIFF":
            check_tiff(data, name)
        elif file_format == "PNG" and len(data) >= 24:
            # Width and height in the IHDR chunk; Pillow would read the rest of the head first.
            check_size(struct.unpack_from(">II", data, 16), name, max_pixels)
        image = _READERS[file_format](io.BytesIO(data))
        check_size(image.size, name, max_pixels)
        _check_single(image, file_format, name)
        return image


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Refuse pictures with no pixels or with too many.

    Args:
        size: width and height.
        name: the photograph's name in messages.
        max_pixels: the largest number of pixels.

    Raises:
        UnreadablePhoto: width or height is 0.
        PhotoTooLarge: there are more than `max_pixels` pixels.
    """
    width, height = size
    if width <= 0 or height <= 0:
        raise UnreadablePhoto(f"expected at least one pixel; {name} is {width} × {height}")
    if width * height > max_pixels:
        raise PhotoTooLarge(
            f"{name} has {width * height:,} pixels ({width} × {height}); the limit is "
            f"{max_pixels:,}. Raise max_pixels to read it"
        )


def _check_single(image: ImageFile.ImageFile, file_format: str, name: str) -> None:
    """Refuse animations, and GIF in any case."""
    # A TIFF's pages have been counted by `check_tiff`, which ignores reduced copies.
    frames = 1 if file_format == "TIFF" else int(getattr(image, "n_frames", 1))
    if frames > 1:
        raise UnsupportedPhoto(f"expected a still; {name} is an animation of {frames} frames")
    if file_format == "GIF":
        raise UnsupportedPhoto(f"{name} holds GIF data; the formats read are {KNOWN}")


def _check_jpeg(data: bytes, name: str) -> None:
    """Check the precision of a JPEG, and the number of scans of a progressive one.

    Every scan makes the decoder go over the whole picture, but takes only a few bytes in the file.
    So a small hostile file could keep it busy for hours.
    """
    # Walk the segments up to the frame header (SOF).
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
    """Refuse an AVIF of more than 8 bits, by the flags of its first AV1 configuration box."""
    at = data.find(b"av1C")
    if at < 0 or at + 6 >= len(data):
        return
    flags = data[at + 6]
    if flags & 0x40:  # high_bitdepth; 0x20 is twelve_bit
        raise depth_error(name, 12 if flags & 0x20 else 10)
