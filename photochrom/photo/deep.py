"""Decode 16 bits a sample, of which Pillow keeps only 8."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageFile

from photochrom.errors import UnsupportedPhoto
from photochrom.photo.container import open_container
from photochrom.photo.pixels import Pixels, add_alpha

__all__ = ["deep_pixels", "is_deep", "odd_tiff_pixels"]

# The byte order in Pillow's raw modes (big, little, native) that keeps the other byte of a sample.
_OTHER_BYTE: Final = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep(image: Image.Image) -> bool:
    """Whether an opened picture has 16-bit samples in several channels."""
    modes = [_rawmode(tile) for tile in getattr(image, "tile", ())]
    return any(mode[-4:-1] == ";16" and not mode.startswith("I") for mode in modes)


def _rawmode(tile: Any) -> str:
    """Return the raw mode of a tile, for example "RGB;16B", or "" if it has none."""
    mode = tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0]
    return mode if isinstance(mode, str) else ""


def deep_pixels(image: ImageFile.ImageFile, data: bytes, file_format: str, name: str) -> Pixels:
    """Decode 16-bit samples as two 8-bit pictures, the high bytes and the low bytes.

    Pillow decodes every compression, but keeps only the byte that is the high one in the byte
    order of the raw mode. With the opposite byte order it keeps the low byte.

    Args:
        image: the opened picture; it is decoded here.
        data: the file that it came from.
        file_format: the format of the file.
        name: the photograph's name in messages.
    """
    raw = _rawmode(image.tile[0])
    if raw.startswith("LA"):  # two big-endian samples, decoded as four bytes
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        image.load()
        return Pixels.split(np.asarray(image).view(">u2").astype(np.uint16))
    low = open_container(data, file_format, name, image.width * image.height)
    low.tile = [_with_other_byte(tile) for tile in low.tile]
    key = image.info.get("transparency")
    image.load()
    low.load()
    samples = np.asarray(image).astype(np.uint16)
    samples <<= 8
    samples |= np.asarray(low)
    if raw.startswith("RGBa"):
        samples = _unpremultiply(samples)
    pixels = Pixels.split(samples)
    return pixels if key is None else add_alpha(pixels, key)


def _with_other_byte(tile: Any) -> Any:
    """Return a tile whose raw mode has the opposite byte order."""
    raw = _rawmode(tile)
    other = raw[:-1] + _OTHER_BYTE[raw[-1]]
    return tile._replace(args=other if isinstance(tile.args, str) else (other, *tile.args[1:]))


def _unpremultiply(rgba: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Divide colours by alpha, for files that store them multiplied with it."""
    alpha = np.maximum(rgba[..., 3:], 1).astype(np.float32)
    rgb = np.minimum(np.rint(rgba[..., :3] * (65535 / alpha)), 65535)
    return np.asarray(np.dstack([rgb.astype(np.uint16), rgba[..., 3]]), np.uint16)


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


def odd_tiff_pixels(data: bytes, name: str) -> Pixels:
    """Decode a 16-bit TIFF of a layout that Pillow misreads; see `tiffs.is_odd`.

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
