"""ICC profiles: convert colours to sRGB, and make the profile for written files."""

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
_NODES: Final = 33  # nodes of the lattice along each side
_BAND_PIXELS: Final = 1 << 18  # pixels that are converted at a time, which limits the memory
_CACHED_PROFILES: Final = 8  # few, since a profile may have 16 MB
_MAX_DIFFERENCE: Final = 2  # levels of 255 up to which a profile counts as sRGB


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """Return a small sRGB profile, whose bytes are always the same."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = np.array([2020, 1, 1, 0, 0, 0], ">u2").tobytes()  # instead of the current time
    return bytes(profile)


@lru_cache(maxsize=_CACHED_PROFILES)
def _transform(icc: bytes, mode: str) -> Any:
    """Return LittleCMS's transform from a profile to sRGB; None if the profile is unusable."""
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
    """Apply a transform to RGB (H, W, 3) or CMYK (H, W, 4)."""
    mode = "CMYK" if samples.shape[2] == 4 else "RGB"
    image = Image.fromarray(np.ascontiguousarray(samples), mode=mode)
    return np.array(transform.apply(image))


@lru_cache(maxsize=_CACHED_PROFILES)
def _is_srgb(icc: bytes) -> bool:
    """Whether a profile changes colours so little that they can be kept as they are."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(27, 27, 3)
    difference = _apply(_transform(icc, "RGB"), grid).astype(int) - grid
    return bool(np.abs(difference).max() <= _MAX_DIFFERENCE)


@lru_cache(maxsize=4)
def _table(icc: bytes) -> npt.NDArray[np.float32]:
    """Return sRGB in [0, 255] at the nodes of a lattice over RGB, (33, 33, 33, 3)."""
    steps = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)
    flat = _apply(_transform(icc, "RGB"), grid.reshape(_NODES, -1, 3))
    return flat.reshape(_NODES, _NODES, _NODES, 3).astype(np.float32)


def _interpolate(table: npt.NDArray[np.float32], rgb: npt.NDArray[np.uint16]) -> IntArray:
    """Look up (N, 3) uint16 samples in a lattice, by trilinear interpolation."""
    steps = np.rint(np.linspace(0, 255, _NODES)).astype(np.float32) * 257
    node = np.minimum(np.searchsorted(steps, rgb, side="right") - 1, _NODES - 2)
    share = (rgb - steps[node]) / (steps[node + 1] - steps[node])
    total = np.zeros(rgb.shape, np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner) == 1, share, 1 - share).prod(-1, keepdims=True)
        r, g, b = (node + corner).T
        total += weight * table[r, g, b]
    return np.rint(total * 257).astype(np.uint16)


def _deep_band(icc: bytes, shaper: Shaper | None, band: npt.NDArray[np.uint16]) -> IntArray:
    """Convert a band of 16-bit samples: exactly if there is a shaper, else by the lattice."""
    if shaper is not None:
        return shaper.to_srgb(band)
    return _interpolate(_table(icc), band.reshape(-1, 3)).reshape(band.shape)


def to_srgb(color: IntArray, icc: bytes | None) -> IntArray:
    """Convert colours to sRGB by their profile.

    LittleCMS converts 8 bits. Pillow gives it no 16 bits, so these are converted by the profile's
    own matrix and curves, or, if it has none, by a lattice sampled from LittleCMS. Without a
    profile, or with a damaged one, RGB is taken for sRGB and CMYK for ideal inks.

    Args:
        color: RGB (H, W, 3) uint8 or uint16, or CMYK (H, W, 4) uint8.
        icc: the embedded profile, or None.

    Returns:
        sRGB, (H, W, 3) of the same dtype; the argument itself if nothing has to change.
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
        is_deep = band.dtype == np.uint16
        converted = _deep_band(icc, shaper, band) if is_deep else _apply(transform, band)
        result[top : top + rows] = converted
    return result


def _ideal_inks(cmyk: IntArray) -> IntArray:
    """Convert CMYK to RGB by the simple formula, as if inks were perfect filters."""
    image = Image.fromarray(np.ascontiguousarray(cmyk), mode="CMYK")
    return np.array(image.convert("RGB"))
