"""ICC profiles: from the colours that a file means to sRGB, and the profile that is written."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from photochrom.color import IntArray
from photochrom.photo.shaper import Shaper, shaper_of

__all__ = ["SRGB_NAME", "srgb_profile", "to_srgb"]

SRGB_NAME: Final = "sRGB"
_NODES: Final = 33
_BAND_PIXELS: Final = 1 << 18
_PROFILES: Final = 8  # that are kept ready; one may have 16 MB
_NEAR: Final = 2  # levels of 255 within which a profile is as good as sRGB


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """A small sRGB profile, the same bytes every day."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = np.array([2020, 1, 1, 0, 0, 0], ">u2").tobytes()  # the day it was made
    return bytes(profile)


@lru_cache(maxsize=_PROFILES)
def _transform(icc: bytes, mode: str) -> Any:
    """LittleCMS's transform from this profile to sRGB; None if it is broken or not for `mode`."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if source.profile.xcolor_space.strip() != mode:
            return None
        target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
        return ImageCms.buildTransform(
            source,
            target,
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _apply(transform: Any, samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    mode = "CMYK" if samples.shape[2] == 4 else "RGB"
    image = Image.fromarray(np.ascontiguousarray(samples), mode=mode)
    return np.array(transform.apply(image))


@lru_cache(maxsize=_PROFILES)
def _is_srgb(icc: bytes) -> bool:
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(27, 27, 3)
    change = _apply(_transform(icc, "RGB"), grid).astype(int) - grid
    return bool(np.abs(change).max() <= _NEAR)


@lru_cache(maxsize=4)
def _table(icc: bytes) -> npt.NDArray[np.float32]:
    """(33, 33, 33, 3): sRGB in [0, 255] at the nodes of a lattice over RGB."""
    steps = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)
    flat = _apply(_transform(icc, "RGB"), grid.reshape(_NODES, -1, 3))
    return flat.reshape(_NODES, _NODES, _NODES, 3).astype(np.float32)


def _interpolated(table: npt.NDArray[np.float32], rgb: npt.NDArray[np.uint16]) -> IntArray:
    """Trilinear interpolation of (N, 3) uint16 samples."""
    steps = np.rint(np.linspace(0, 255, _NODES)).astype(np.float32) * 257
    place = np.minimum(np.searchsorted(steps, rgb, side="right") - 1, _NODES - 2)
    share = (rgb - steps[place]) / (steps[place + 1] - steps[place])
    total = np.zeros(rgb.shape, np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner) == 1, share, 1 - share).prod(-1, keepdims=True)
        r, g, b = (place + corner).T
        total += weight * table[r, g, b]
    return np.rint(total * 257).astype(np.uint16)


def _deep_band(icc: bytes, shaper: Shaper | None, band: npt.NDArray[np.uint16]) -> IntArray:
    if shaper is not None:
        return shaper.to_srgb(band)
    return _interpolated(_table(icc), band.reshape(-1, 3)).reshape(band.shape)


def to_srgb(color: IntArray, icc: bytes | None) -> IntArray:
    """Colour samples as their profile means them → sRGB.

    Eight bits go through LittleCMS. Sixteen go through the profile's own matrix and curves, or,
    where it has none, through a lattice sampled from LittleCMS. Without a profile, or with a
    broken one, RGB is taken for sRGB and CMYK for ideal inks.

    Args:
        color: RGB (H, W, 3) uint8 or uint16, or CMYK (H, W, 4) uint8.
        icc: the embedded profile.

    Returns:
        RGB (H, W, 3) of the same dtype; the same array where nothing has to change.
    """
    mode = "CMYK" if color.shape[2] == 4 else "RGB"
    transform = _transform(icc, mode) if icc else None
    if transform is None:
        return color if mode == "RGB" else _ideal_inks(color)
    assert icc is not None
    if mode == "RGB" and _is_srgb(icc):
        return color
    result = np.empty((*color.shape[:2], 3), color.dtype)
    shaper = shaper_of(icc) if color.dtype == np.uint16 else None
    rows = max(1, _BAND_PIXELS // color.shape[1])
    for top in range(0, color.shape[0], rows):
        band: Any = color[top : top + rows]
        deep = band.dtype == np.uint16
        done = _deep_band(icc, shaper, band) if deep else _apply(transform, band)
        result[top : top + rows] = done
    return result


def _ideal_inks(cmyk: IntArray) -> IntArray:
    image = Image.fromarray(np.ascontiguousarray(cmyk), mode="CMYK")
    return np.array(image.convert("RGB"))
