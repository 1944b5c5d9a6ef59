"""Read small colour copies of photographs quickly, for training."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray
from photochrom.errors import ConfigError
from photochrom.photo.codecs import codec_named
from photochrom.photo.orientation import upright
from photochrom.photo.photo import eight_bits
from photochrom.photo.profile import to_srgb
from photochrom.photo.source import detect_format, name_of, read_bytes

__all__ = ["thumbnail"]


def thumbnail(source: str | os.PathLike[str] | bytes, min_side: int) -> npt.NDArray[np.uint8]:
    """Read a small copy of a photograph, upright and in sRGB, without alpha.

    Args:
        source: a path or bytes.
        min_side: the shorter side of the result, in pixels. A smaller photograph keeps its size.

    Returns:
        RGB, (H, W, 3) uint8.

    Raises:
        PhotoError: as in `read`.
        ConfigError: `min_side` is below 1.
    """
    if min_side < 1:
        raise ConfigError(f"expected a side of at least 1 pixel; received {min_side}")
    name = name_of(source)
    data = read_bytes(source, name)
    file_format = detect_format(data, name)
    decoded = codec_named(file_format).decode_reduced(data, name, min_side)
    # Shrunk before the profile is applied, which takes longer the more pixels there are.
    small: Any = _shrink(eight_bits(decoded.pixels.samples), min_side)
    icc = decoded.info.get("icc_profile")
    if small.ndim == 3:
        small = to_srgb(small, icc if isinstance(icc, bytes) else None)
    else:
        small = np.repeat(small[..., None], 3, axis=2)
    turned = upright(small, decoded.orientation)
    # Decoded samples may be a read-only view of Pillow's memory; callers may change the result.
    return np.asarray(turned if turned.flags.writeable else turned.copy(), np.uint8)


def _shrink(samples: IntArray, min_side: int) -> IntArray:
    """Shrink samples until the shorter side is `min_side`, or leave them if they are smaller."""
    height, width = samples.shape[:2]
    scale = min_side / min(height, width)
    if scale >= 1:
        return samples
    size = max(min_side, round(width * scale)), max(min_side, round(height * scale))
    small: Any = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
