"""TIFF at 8 and 16 bits per sample, with one photograph.

Pillow decompresses the samples; what they mean is decided here.
"""

from __future__ import annotations

import ctypes
import io
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, TiffImagePlugin

from photochrom.color import IntArray
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, Decoded, register
from photochrom.photo.codecs.tiff_layout import WHITE_IS_ZERO, Layout, check_layout
from photochrom.photo.codecs.tiff_pages import first_directory, photograph_first, plane_file
from photochrom.photo.codecs.tiff_writing import damaged_exif, encode_tiff
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size, decoding, quiet
from photochrom.photo.deep import deep_samples, is_deep
from photochrom.photo.metadata import Metadata
from photochrom.photo.pixels import Pixels, pixels_of
from photochrom.photo.tiff_tags import tiff_info

__all__ = ["TIFF"]

_WIDTH, _HEIGHT = 256, 257
_BAND_PIXELS: Final = 1 << 18  # pixels that are divided by alpha at a time, which limits the memory


class _UnknownLayout(UnsupportedPhoto):
    """Pillow does not know how the samples are stored."""


class _Reader(TiffImagePlugin.TiffImageFile):
    """Pillow's TIFF reader, without its global size limit and without turning the picture.

    It gives plain samples as they are stored, whatever they mean.
    """

    def _setup(self) -> None:
        for tag, value in Layout.parse(self.tag_v2).tags_for_pillow().items():
            self.tag_v2[tag] = value
        try:
            super()._setup()
        except SyntaxError as error:
            if str(error) != "unknown pixel mode":
                raise
            raise _UnknownLayout from error

    def load_prepare(self) -> None:
        self._size = self._tile_size
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        return None


class _Tiff(Codec):
    """TIFF and little-endian BigTIFF, with one photograph beside reduced copies and masks."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    media_type = "image/tiff"
    signatures = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    alpha = True
    deep = True
    keeps = frozenset({"exif", "xmp", "iptc", "dpi", "aspect", "tags"})
    reader = _Reader

    def check_pages(self, image: ImageFile.ImageFile, name: str) -> None:
        """Do nothing: `photograph_first` has looked through the pages."""

    def open(
        self, data: bytes, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> ImageFile.ImageFile:
        """Open the photograph's page without decoding it."""
        return self._open_page(*_prepare(data, name, max_pixels), name, max_pixels)

    def _open_page(
        self, data: bytes, layout: Layout, name: str, max_pixels: int
    ) -> ImageFile.ImageFile:
        """Open the first page; see `_prepare`."""
        try:
            return super().open(data, name, max_pixels)
        except _UnknownLayout as error:
            raise UnsupportedPhoto(
                f"{layout.samples} samples of {layout.bits[0]} bits with photometric "
                f"interpretation {layout.photometric} are not supported in a TIFF; {name} has them"
            ) from error

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode the photograph's page."""
        with decoding(name):
            data, layout = _prepare(data, name, max_pixels)
            if layout.is_plain and layout.is_planar:
                pixels = _pixels(*_planes(data, layout), layout)
            elif layout.is_plain:
                image = self._open_page(data, layout, name, max_pixels)
                low = self._open_page(data, layout, name, max_pixels) if is_deep(image) else image
                pixels = _pixels(*_split(_samples(image, low, layout), layout), layout)
            else:
                pixels = pixels_of(self._open_page(data, layout, name, max_pixels), name)
            return Decoded(pixels, *tiff_info(data))

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode without loss."""
        return encode_tiff(rgb, alpha, metadata)

    def omitted_metadata(self, metadata: Metadata) -> tuple[str, ...]:
        """Name EXIF that is too damaged for Pillow to copy."""
        return damaged_exif(metadata.exif) if metadata.exif else ()


TIFF: Final = register(_Tiff())


@lru_cache(maxsize=1)
def _silence_libtiff() -> None:
    """Keep libtiff from printing its errors to the terminal; Pillow raises them anyway.

    Pillow does so for warnings. Where libtiff is a part of Pillow's own library (Windows), its
    functions cannot be reached, and its errors are printed.
    """
    with suppress(AttributeError, OSError):
        library: Any = Image.core  # type: ignore[attr-defined]  # Pillow's C library
        ctypes.CDLL(library.__file__).TIFFSetErrorHandler(None)


def _prepare(data: bytes, name: str, max_pixels: int) -> tuple[bytes, Layout]:
    """Check a file, and return it with the photograph's page as the first, and that page's layout.

    Raises:
        PhotoError: the file is damaged, too large or not supported.
    """
    _silence_libtiff()
    with decoding(name), quiet():
        data = photograph_first(data, name)
        directory = first_directory(data)
        layout = Layout.parse(directory)
        check_layout(layout, directory, len(data), name)
        check_size((int(directory[_WIDTH]), int(directory[_HEIGHT])), name, max_pixels)
        return data, layout


def _samples(
    image: ImageFile.ImageFile, low: ImageFile.ImageFile, layout: Layout
) -> npt.NDArray[Any]:
    """Decode plain samples, (H, W) or (H, W, C) uint8 or uint16, as they are stored.

    Args:
        image: the opened page.
        low: the same page, opened once more if it is deep.
        layout: the layout of the page.
    """
    if is_deep(image):
        return deep_samples(image, low)
    samples = np.asarray(image)
    if layout.bits[0] == 16 and samples.dtype == np.uint8:  # pairs, decoded as four bytes
        is_native = image.use_load_libtiff  # type: ignore[attr-defined]  # libtiff swaps bytes
        order = ">" if image.tag_v2.prefix == b"MM" else "<"  # type: ignore[attr-defined]
        samples = samples.view("=u2" if is_native else f"{order}u2")
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def _split(samples: npt.NDArray[Any], layout: Layout) -> tuple[npt.NDArray[Any], IntArray | None]:
    """Return grey (H, W) or RGB (H, W, 3), and alpha."""
    if samples.ndim == 2:
        return samples, None
    color = samples[..., 0] if layout.colors == 1 else samples[..., :3]
    return color, None if layout.alpha is None else np.ascontiguousarray(samples[..., layout.alpha])


def _planes(data: bytes, layout: Layout) -> tuple[npt.NDArray[Any], IntArray | None]:
    """Decode separate planes, one after the other; return as `_split` does."""
    with quiet():
        directory = first_directory(data)

    def plane(index: int) -> npt.NDArray[Any]:
        with quiet():
            image = _Reader(io.BytesIO(plane_file(data, directory, index, layout.samples)))
        samples = np.asarray(image)
        return samples.astype(samples.dtype.newbyteorder("="), copy=False)

    color = plane(0) if layout.colors == 1 else np.dstack([plane(i) for i in range(3)])
    return color, None if layout.alpha is None else plane(layout.alpha)


def _pixels(color: npt.NDArray[Any], alpha: IntArray | None, layout: Layout) -> Pixels:
    """Divide by associated alpha, and turn grey in which 0 is white around."""
    if alpha is not None and layout.is_premultiplied:
        color = _unpremultiply(color, alpha)
    if layout.photometric == WHITE_IS_ZERO:
        color = np.invert(color)
    color = np.ascontiguousarray(color)
    return Pixels(grey=color, alpha=alpha) if color.ndim == 2 else Pixels(color=color, alpha=alpha)


def _unpremultiply(color: npt.NDArray[Any], alpha: IntArray) -> npt.NDArray[Any]:
    """Divide grey (H, W) or RGB (H, W, 3) by alpha (H, W), in bands of rows."""
    result = np.empty_like(color)
    top = np.uint32(np.iinfo(color.dtype).max)
    rows = max(1, _BAND_PIXELS // color.shape[1])
    for row in range(0, color.shape[0], rows):
        band = slice(row, row + rows)
        divisor = np.maximum(alpha[band], 1).astype(np.uint32)
        if color.ndim == 3:
            divisor = divisor[..., None]
        result[band] = np.minimum((color[band] * top + divisor // 2) // divisor, top)
    return result
