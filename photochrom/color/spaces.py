"""Convert pixels between RGB, luma, CIE Lab, CIE Luv, YUV and YCbCr.

Arrays are RGB in that order, channels last. Floating-point RGB is non-linear sRGB (IEC 61966-2-1)
in [0, 1]. Lab and Luv are CIE 1976 under D65: L in [0, 100], a and b about [-128, 127],
u about [-134, 220], v about [-140, 122]. YUV and YCbCr follow ITU-R BT.601: Y in [0, 1];
U in [-0.436, 0.436] and V in [-0.615, 0.615]; Cb and Cr in [-0.5, 0.5].

*Luma* is BT.601's Y' = 0.299 R' + 0.587 G' + 0.114 B', the plane that a JPEG file stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color.bands import in_bands
from photochrom.color.levels import BT601

__all__ = [
    "LUMA_WEIGHTS",
    "SPACES",
    "ColorSpace",
    "FloatArray",
    "IntArray",
    "Samples",
    "grey_level",
    "lab_to_rgb",
    "luma",
    "luv_to_rgb",
    "rgb_to_lab",
    "rgb_to_luv",
    "rgb_to_ycbcr",
    "rgb_to_yuv",
    "space",
    "ycbcr_to_rgb",
    "yuv_to_rgb",
]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Samples = TypeVar("Samples", bound=IntArray)  # the result has the depth of the argument

LUMA_WEIGHTS: Final[FloatArray] = BT601.weights

# CIE XYZ of linear sRGB (IEC 61966-2-1), with OpenCV's digits, and its D65 white.
_LINEAR_TO_XYZ: Final = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    np.float32,
)
_XYZ_TO_LINEAR: Final = np.array(
    [
        [3.240479, -1.53715, -0.498535],
        [-0.969256, 1.875991, 0.041556],
        [0.055648, -0.204043, 1.057311],
    ],
    np.float32,
)
_WHITE: Final = np.array([0.950456, 1.0, 1.088754], np.float32)
_UV_WEIGHTS: Final = np.array([1, 15, 3], np.float32)
_WHITE_UV: Final = np.array([4, 9], np.float32) * _WHITE[:2] / (_WHITE @ _UV_WEIGHTS)


_F_SLOPE, _F_OFFSET = np.float32(841 / 108), np.float32(4 / 29)  # of CIE Lab's f near black

_YUV_GAINS: Final[FloatArray] = np.array([1, 0.436 / 0.5, 0.615 / 0.5], np.float32)


# --- transfer curve -------------------------------------------------------------------------


def _linear(rgb: FloatArray) -> FloatArray:
    """Return linear light for non-linear sRGB."""
    bright = cv2.pow((np.maximum(rgb, 0) + 0.055) / 1.055, 2.4)
    return np.where(rgb <= 0.04045, rgb / 12.92, bright).astype(np.float32, copy=False)


def _encoded(linear: FloatArray) -> FloatArray:
    """Apply the sRGB curve; below zero it continues as a straight line, so nothing is clipped."""
    bright = 1.055 * cv2.pow(np.maximum(linear, 0), 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, bright).astype(np.float32, copy=False)


def _convert(pixels: FloatArray, code: int) -> FloatArray:
    """Convert pixels of any shape (..., 3) with OpenCV, which takes pictures only."""
    flat = np.ascontiguousarray(pixels, np.float32).reshape(-1, 1, 3)
    return np.asarray(cv2.cvtColor(flat, code), np.float32).reshape(pixels.shape)


# --- spaces ---------------------------------------------------------------------------------


def rgb_to_lab(rgb: FloatArray) -> FloatArray:
    """Convert RGB in [0, 1], (..., 3), to CIE Lab (D65)."""
    # Not by OpenCV, which is slower, and spends 0.13 s on tables before its first pixel.
    flat = np.ascontiguousarray(_linear(rgb), np.float32).reshape(-1, 1, 3)
    xyz = np.asarray(cv2.transform(flat, _LINEAR_TO_XYZ / _WHITE[:, None]), np.float32)
    f = np.where(xyz > 216 / 24389, cv2.pow(xyz, 1 / 3), xyz * _F_SLOPE + _F_OFFSET)
    x, y, z = np.moveaxis(f.reshape(rgb.shape), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def lab_to_rgb(lab: FloatArray) -> FloatArray:
    """Convert CIE Lab (D65), (..., 3), to RGB; colours out of gamut lie outside [0, 1]."""
    # Not by OpenCV, which clips to [0, 1]; the caller needs to know how far out a colour lies.
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], -1)
    xyz: FloatArray = np.where(f > 6 / 29, f * f * f, (f - 4 / 29) * (108 / 841)) * _WHITE
    return _from_xyz(xyz)


def rgb_to_luv(rgb: FloatArray) -> FloatArray:
    """Convert RGB in [0, 1], (..., 3), to CIE Luv (D65)."""
    return _convert(_linear(rgb), cv2.COLOR_LRGB2Luv)


def luv_to_rgb(luv: FloatArray) -> FloatArray:
    """Convert CIE Luv (D65), (..., 3), to RGB; colours out of gamut lie outside [0, 1]."""
    lightness = luv[..., 0]
    y = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    gain = 1 / np.maximum(13 * lightness, 1e-3)
    u = luv[..., 1] * gain + _WHITE_UV[0]
    v = np.maximum(luv[..., 2] * gain + _WHITE_UV[1], 1e-3)
    xyz = np.stack([y * 2.25 * u / v, y, y * (3 - 0.75 * u - 5 * v) / v], -1)
    return _from_xyz(xyz)


def _lightness(grey: FloatArray) -> FloatArray:
    """Return the lightness L of grey pixels in CIE Lab.

    Args:
        grey: R = G = B in [0, 1].

    Returns:
        L in [0, 100], of the same shape.
    """
    y = _linear(grey)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * np.float32(24389 / 27))


def _luv_lightness(grey: FloatArray) -> FloatArray:
    """Return the lightness of grey pixels in CIE Luv, as `rgb_to_luv` rounds it."""
    return rgb_to_luv(grey[..., None].repeat(3, -1))[..., 0]


def _same(grey: FloatArray) -> FloatArray:
    return grey


def rgb_to_ycbcr(rgb: FloatArray) -> FloatArray:
    """Convert RGB in [0, 1], (..., 3), to BT.601 Y in [0, 1], Cb and Cr in [-0.5, 0.5]."""
    y = rgb @ LUMA_WEIGHTS
    return np.stack([y, (rgb[..., 2] - y) / 1.772, (rgb[..., 0] - y) / 1.402], -1)


def ycbcr_to_rgb(ycbcr: FloatArray) -> FloatArray:
    """Convert BT.601 YCbCr, (..., 3), to RGB; colours out of gamut lie outside [0, 1]."""
    y, cb, cr = ycbcr[..., 0], ycbcr[..., 1], ycbcr[..., 2]
    r, b = y + 1.402 * cr, y + 1.772 * cb
    g = (y - LUMA_WEIGHTS[0] * r - LUMA_WEIGHTS[2] * b) / LUMA_WEIGHTS[1]
    return np.stack([r, g, b], -1)


def rgb_to_yuv(rgb: FloatArray) -> FloatArray:
    """Convert RGB in [0, 1], (..., 3), to BT.601 Y'UV."""
    return rgb_to_ycbcr(rgb) * _YUV_GAINS


def yuv_to_rgb(yuv: FloatArray) -> FloatArray:
    """Convert BT.601 Y'UV, (..., 3), to RGB; colours out of gamut lie outside [0, 1]."""
    return ycbcr_to_rgb(yuv / _YUV_GAINS)


def _from_xyz(xyz: FloatArray) -> FloatArray:
    """Convert CIE XYZ (D65), (..., 3), to RGB, without clipping."""
    flat = xyz.astype(np.float32, copy=False).reshape(-1, 1, 3)
    return _encoded(np.asarray(cv2.transform(flat, _XYZ_TO_LINEAR), np.float32).reshape(xyz.shape))


@dataclass(frozen=True)
class ColorSpace:
    """A colour space whose first channel is lightness or luma and whose other two are chroma.

    Attributes:
        name: its key in `SPACES`.
        from_rgb: converts RGB in [0, 1], (..., 3) float32, to this space.
        to_rgb: converts this space to RGB, without clipping.
        from_grey: converts grey levels in [0, 1] to the first channel.
    """

    name: str
    from_rgb: Callable[[FloatArray], FloatArray]
    to_rgb: Callable[[FloatArray], FloatArray]
    from_grey: Callable[[FloatArray], FloatArray]


SPACES: Final = {
    "lab": ColorSpace("lab", rgb_to_lab, lab_to_rgb, _lightness),
    "luv": ColorSpace("luv", rgb_to_luv, luv_to_rgb, _luv_lightness),
    "yuv": ColorSpace("yuv", rgb_to_yuv, yuv_to_rgb, _same),
    "ycbcr": ColorSpace("ycbcr", rgb_to_ycbcr, ycbcr_to_rgb, _same),
}


def space(name: str) -> ColorSpace:
    """Return the colour space of a name.

    Raises:
        ValueError: `name` is not a key of `SPACES`.
    """
    if name not in SPACES:
        raise ValueError(
            f"expected one of the colour spaces {', '.join(SPACES)}; received {name!r}"
        )
    return SPACES[name]


# --- luma -----------------------------------------------------------------------------------


def luma(rgb: Samples) -> Samples:
    """Return the BT.601 luma of a picture, rounded to whole levels.

    Args:
        rgb: (H, W, 3) uint8 or uint16.

    Returns:
        (H, W) of the same dtype.
    """
    if rgb.dtype == np.uint8:
        grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
        return cast("Samples", np.asarray(grey, np.uint8))
    result = np.empty(rgb.shape[:2], np.uint16)

    def band(rows: slice) -> None:
        exact = cv2.transform(rgb[rows].astype(np.float32), LUMA_WEIGHTS[None, :])
        np.rint(exact, out=result[rows], casting="unsafe")

    in_bands(band, rgb.shape)
    return cast("Samples", result)


@lru_cache(maxsize=8)
def _grey_levels(name: str, top: int) -> FloatArray:
    """Return the first channel of space `name` for every grey level from 0 to `top`."""
    levels = SPACES[name].from_grey(np.linspace(0, 1, top + 1, dtype=np.float32))
    levels.flags.writeable = False
    return levels


def grey_level(grey: IntArray, name: str) -> FloatArray:
    """Return the first channel of grey pixels in a colour space: L, or Y in [0, 1].

    Args:
        grey: luma of the pixels, (H, W) uint8 or uint16.
        name: a key of `SPACES`.

    Returns:
        (H, W) float32.
    """
    return np.asarray(_grey_levels(name, int(np.iinfo(grey.dtype).max))[grey])
