"""Decode 16 bits per sample, of which Pillow keeps only 8."""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from photochrom.photo.pixels import Pixels, add_alpha

__all__ = ["deep_pixels", "deep_samples", "is_deep"]

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


def deep_pixels(image: ImageFile.ImageFile, low: ImageFile.ImageFile) -> Pixels:
    """Decode 16-bit samples of a file whose last channel, of 2 or 4, is alpha.

    Args:
        image: the opened picture; it is decoded here.
        low: the same picture, opened once more; for the low bytes.
    """
    if _rawmode(image.tile[0]).startswith("LA"):  # two big-endian samples, decoded as four bytes
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        image.load()
        return Pixels.split(np.asarray(image).view(">u2").astype(np.uint16))
    key = image.info.get("transparency")
    pixels = Pixels.split(deep_samples(image, low))
    return pixels if key is None else add_alpha(pixels, key)


def deep_samples(image: ImageFile.ImageFile, low: ImageFile.ImageFile) -> npt.NDArray[np.uint16]:
    """Decode 16-bit samples as two 8-bit pictures, the high bytes and the low bytes.

    Pillow decodes every compression, but keeps only the byte that is the high one in the byte
    order of the raw mode. With the opposite byte order it keeps the low byte.

    Args:
        image: the opened picture, with three or four channels; it is decoded here.
        low: the same picture, opened once more; for the low bytes.

    Returns:
        (H, W, C) uint16.
    """
    low.tile = [_with_other_byte(tile) for tile in low.tile]
    image.load()
    low.load()
    samples = np.asarray(image).astype(np.uint16)
    samples <<= 8
    samples |= np.asarray(low)
    return samples


def _with_other_byte(tile: Any) -> Any:
    """Return a tile whose raw mode has the opposite byte order."""
    raw = _rawmode(tile)
    other = raw[:-1] + _OTHER_BYTE[raw[-1]]
    return tile._replace(args=other if isinstance(tile.args, str) else (other, *tile.args[1:]))
