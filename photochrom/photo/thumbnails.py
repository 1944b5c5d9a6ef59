"""Small colour copies, quickly: what training streams."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import JpegImagePlugin

from photochrom.color import IntArray
from photochrom.errors import ConfigError
from photochrom.photo.container import DEFAULT_MAX_PIXELS, decoding, open_container
from photochrom.photo.metadata import orientation_of
from photochrom.photo.orientation import upright
from photochrom.photo.photo import eight_bits
from photochrom.photo.pixels import pixels_of
from photochrom.photo.profile import to_srgb
from photochrom.photo.reading import Decoded, decode
from photochrom.photo.source import format_held, name_of, read_bytes

__all__ = ["thumbnail"]


def thumbnail(source: str | os.PathLike[str] | bytes, min_side: int) -> npt.NDArray[np.uint8]:
    """A small copy of a photograph, upright and in sRGB; alpha is dropped.

    Args:
        source: a path or bytes.
        min_side: the shorter side of the result, or the photograph's own where that is shorter:
            nothing is enlarged.

    Returns:
        RGB, (H, W, 3) uint8.

    Raises:
        PhotoError: as in `read`.
        ConfigError: `min_side` is not positive.
    """
    if min_side < 1:
        raise ConfigError(f"expected a side of at least 1 pixel; received {min_side}")
    name = name_of(source)
    data = read_bytes(source, name)
    held = format_held(data, source, name)
    if held == "JPEG":
        decoded = _drafted(data, name, min_side)
    else:
        decoded = decode(data, held, name, DEFAULT_MAX_PIXELS)
    small: Any = _shrunk(eight_bits(decoded.pixels.samples), min_side)
    icc = decoded.info.get("icc_profile")
    if small.ndim == 3:
        small = to_srgb(small, icc if isinstance(icc, bytes) else None)
    else:
        small = np.repeat(small[..., None], 3, axis=2)
    turned = upright(small, decoded.orientation)
    return np.asarray(turned if turned.flags.writeable else turned.copy(), np.uint8)


def _drafted(data: bytes, name: str, min_side: int) -> Decoded:
    """A JPEG decoded at a half, a quarter or an eighth of its size, where that is enough."""
    with decoding(name):
        image = open_container(data, "JPEG", name)
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        image.draft(None, (min_side, min_side))
        return Decoded(pixels_of(image, name), image.info, orientation_of(image))


def _shrunk(samples: IntArray, min_side: int) -> IntArray:
    height, width = samples.shape[:2]
    scale = min_side / min(height, width)
    if scale >= 1:
        return samples
    size = max(min_side, round(width * scale)), max(min_side, round(height * scale))
    small: Any = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
