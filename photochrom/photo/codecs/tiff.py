"""TIFF at 8 and 16 bits a sample, of one page."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageFile, TiffImagePlugin

from photochrom.color import IntArray
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, Decoded, register
from photochrom.photo.codecs.tiff_checks import check_tiff, first_directory, is_odd
from photochrom.photo.codecs.tiff_writing import encode_tiff, uncopied
from photochrom.photo.container import check_size, decoding, quiet
from photochrom.photo.metadata import Metadata
from photochrom.photo.pixels import Pixels
from photochrom.photo.tiff_tags import tiff_info

__all__ = ["TIFF"]


class _Reader(TiffImagePlugin.TiffImageFile):
    """Pillow's TIFF reader, without its global size limit and without turning the picture."""

    def load_prepare(self) -> None:
        self._size = self._tile_size
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        return None


class _Tiff(Codec):
    """TIFF and little-endian BigTIFF, of one page beside reduced copies."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    media_type = "image/tiff"
    signatures = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    alpha = True
    deep = True
    keeps = frozenset({"exif", "xmp", "iptc", "dpi", "aspect", "tags"})
    reader = _Reader

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the directories, so that a file fails before its pixels are decoded."""
        check_tiff(data, name)

    def check_pages(self, image: ImageFile.ImageFile, name: str) -> None:
        """Do nothing: `check_tiff` has counted the pages, and ignores reduced copies."""

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode with Pillow, or with tifffile where Pillow misreads the layout."""
        with decoding(name):
            with quiet():
                check_tiff(data, name)
                directory = first_directory(data, name)
                odd = is_odd(directory)
                if odd:
                    check_size((int(directory[256]), int(directory[257])), name, max_pixels)
            if odd:
                pixels = _odd_pixels(data, name)
            else:
                pixels = self.pixels(self.open(data, name, max_pixels), data, name)
            return Decoded(pixels, *tiff_info(data))

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss."""
        return encode_tiff(rgb, alpha, metadata)

    def unkept(self, metadata: Metadata) -> tuple[str, ...]:
        """Name EXIF that is too damaged for Pillow to copy."""
        return uncopied(metadata.exif) if metadata.exif else ()


TIFF: Final = register(_Tiff())


@contextmanager
def _silent_tifffile() -> Iterator[None]:
    """Suppress tifffile's log messages about unusual files."""
    logger = logging.getLogger("tifffile")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


def _decode_page(page: Any, name: str) -> npt.NDArray[Any]:
    """Decode a page with tifffile.

    Raises:
        UnsupportedPhoto: the compression needs the optional package imagecodecs.
    """
    try:
        return np.asarray(page.asarray())
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        raise UnsupportedPhoto(
            f"{name} is a compressed 16-bit TIFF of a rare layout; "
            f"pip install 'photochrom[archive]' to read it"
        ) from error


def _odd_pixels(data: bytes, name: str) -> Pixels:
    """Decode a 16-bit TIFF of a layout that Pillow misreads; see `is_odd`.

    Args:
        data: the whole file.
        name: the photograph's name in messages.

    Raises:
        UnsupportedPhoto: the photometric interpretation is neither grey nor RGB, or the page
            needs the optional package imagecodecs.
    """
    with _silent_tifffile(), tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        samples = _decode_page(page, name)
        if page.planarconfig == 2 and samples.ndim == 3:
            samples = np.moveaxis(samples, 0, -1)
        kind = int(page.photometric)
    if samples.ndim not in (2, 3) or samples.dtype not in (np.uint8, np.uint16) or kind > 2:
        raise UnsupportedPhoto(
            f"expected grey or RGB samples of 8 or 16 bits; {name} has shape {samples.shape}, "
            f"{samples.dtype}, photometric interpretation {kind}"
        )
    pixels = Pixels.split(samples)
    if kind == 0 and pixels.grey is not None:  # WhiteIsZero
        return Pixels(grey=np.invert(pixels.grey), alpha=pixels.alpha)
    return pixels
