"""JPEG 2000: JP2 files and bare codestreams, at 8 to 16 bits per sample.

Pillow decodes up to 8 bits, and deep grey. OpenCV decodes deep colour, of which Pillow keeps only
8 bits, and encodes. Neither reads or writes metadata, which `jpeg2000_header` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageFile, Jpeg2KImagePlugin

from photochrom.color import IntArray
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, Decoded, register, save_with_pillow
from photochrom.photo.codecs.jpeg2000_header import (
    CMYK,
    SYCC,
    Header,
    add_metadata,
    read_header,
)
from photochrom.photo.container import check_size, decoding
from photochrom.photo.metadata import Metadata, orientation_of
from photochrom.photo.pixels import Pixels, pixels_of, rescale, unpremultiply

__all__ = ["JPEG2000"]

_MIN_SIDE: Final = 32  # pixels; OpenCV encodes six resolutions
_LOSSLESS: Final = (cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000)


class _Jpeg2000(Codec):
    """JPEG 2000; written without loss, as JP2."""

    name = "JPEG2000"
    suffixes = (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc")
    media_type = "image/jp2"
    signatures = (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
    alpha = True
    deep = True
    keeps = frozenset({"exif", "xmp", "iptc", "dpi"})
    reader = Jpeg2KImagePlugin.Jpeg2KImageFile

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the size in the codestream, and refuse samples that would be misread."""
        header = read_header(data)
        check_size(header.size, name, max_pixels)
        _check_channels(header, name)

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode with Pillow, or with OpenCV where Pillow would drop bits."""
        with decoding(name):
            image = self.open(data, name, max_pixels)
            header = read_header(data)
            pixels = _pixels(image, header, data, name)
            info = header.info | {"dpi": image.info.get("dpi")}
            return Decoded(pixels, info, orientation_of(info))

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss: with OpenCV, or with Pillow where a side is too short for it."""
        if min(rgb.shape[:2]) < _MIN_SIDE:
            if rgb.dtype != np.uint8:
                raise ValueError(f"at 16 bits, expected sides of at least {_MIN_SIDE} pixels")
            return add_metadata(save_with_pillow(self, rgb, alpha, irreversible=False), metadata)
        # OpenCV expects BGR.
        planes: Any = np.ascontiguousarray(
            rgb[..., ::-1] if alpha is None else np.dstack([rgb[..., ::-1], alpha])
        )
        with _quiet_opencv():
            ok, file = cv2.imencode(".jp2", planes, _LOSSLESS)
        if not ok:
            raise ValueError("OpenCV cannot encode the picture")
        return add_metadata(file.tobytes(), metadata)


JPEG2000: Final = register(_Jpeg2000())


def _check_channels(header: Header, name: str) -> None:
    """Refuse channels that Pillow and OpenCV do not decode, or would decode wrongly."""
    count, bits = len(header.bits), max(header.bits)
    if count > 4 or bits > 16:
        raise UnsupportedPhoto(
            f"expected up to 4 channels of up to 16 bits; {name} has {count} of {bits} bits"
        )
    if header.is_unknown_space:
        raise UnsupportedPhoto(
            f"expected grey, RGB, sYCC or CMYK; {name} has another colour space of JPEG 2000, "
            f"number {header.color_space}"
        )
    is_plain = count in (3, 4) and header.color_space not in (CMYK, SYCC) and not header.is_signed
    if bits > 8 and count > 1 and not is_plain:
        raise UnsupportedPhoto(
            f"expected grey or RGB, where there are more than 8 bits per sample; {name} has {bits} "
            f"bits and {'a channel beside grey' if count == 2 else 'other colours'}"
        )


def _pixels(image: ImageFile.ImageFile, header: Header, data: bytes, name: str) -> Pixels:
    """Return the samples, with all of their bits and over the whole range of 8 or 16 bits."""
    if header.palette is not None and image.mode in ("P", "PA"):
        return Pixels.split(_look_up(image, header.palette))
    if max(header.bits) > 8 and len(header.bits) > 1:
        samples = _decode_deep(data)
        return _split(rescale(samples, header.bits), header)
    if header.color_space == CMYK:
        return pixels_of(image, name)
    image.load()
    samples = np.asarray(image).astype(np.uint16 if image.mode == "I;16" else np.uint8)
    # Pillow moves the bits of each sample to the left.
    unused = np.subtract(samples.itemsize * 8, header.bits).astype(samples.dtype)
    return _split(rescale(samples >> unused, header.bits), header)


def _look_up(image: ImageFile.ImageFile, palette: npt.NDArray[np.uint8]) -> IntArray:
    """Return the colours of a picture of indices; Pillow's own table leaves out equal ones."""
    image.load()
    indices = np.asarray(image) if image.mode == "P" else np.asarray(image)[..., 0]
    return np.take(palette, indices, axis=0, mode="clip")


def _split(samples: IntArray, header: Header) -> Pixels:
    """Return samples as `Pixels`, without a last channel that is not alpha."""
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        if header.alpha == "none":
            samples = samples[..., :-1]
        elif header.alpha == "premultiplied":
            samples = unpremultiply(samples)
    return Pixels.split(samples)


_quiet_lock: Final = Lock()
_quiet_calls = 0
_level_before = 0


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Suppress OpenCV's messages, in as many threads at once as there are."""
    global _quiet_calls, _level_before
    with _quiet_lock:
        if not _quiet_calls:
            _level_before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        _quiet_calls += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_calls -= 1
            if not _quiet_calls:
                cv2.utils.logging.setLogLevel(_level_before)


def _decode_deep(data: bytes) -> npt.NDArray[np.uint16]:
    """Decode RGB or RGBA of more than 8 bits with OpenCV, (H, W, 3 or 4).

    Raises:
        ValueError: the file is damaged.
    """
    with _quiet_opencv():
        samples: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise ValueError("the codestream cannot be decoded")
    order = [2, 1, 0, 3][: samples.shape[2]]  # OpenCV returns BGR
    return np.asarray(samples[..., order], np.uint16)
