"""Convert samples to sRGB by a stated gamma and chromaticities, as PNG files give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray
from photochrom.photo.photo import eight_bits
from photochrom.photo.pixels import Pixels
from photochrom.photo.shaper import Shaper, encode_srgb

__all__ = ["gamma_to_srgb"]

_SRGB_GAMMA: Final = 1 / 2.2
_TOLERANCE: Final = 0.05  # difference between gammas that counts as none, as in libpng
# White, red, green and blue: x and y of each.
_SRGB_CHROMATICITIES: Final = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_MAX_DIFFERENCE: Final = 0.002  # difference between chromaticities that counts as none
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_BAND_PIXELS: Final = 1 << 18  # pixels that are converted at a time, which limits the memory


def gamma_to_srgb(pixels: Pixels, gamma: float, chromaticities: Sequence[float] | None) -> Pixels:
    """Convert samples to sRGB.

    Args:
        pixels: grey or RGB; alpha is kept.
        gamma: the exponent with which light was encoded, for example 1 / 2.2, which is taken for
            the curve of sRGB.
        chromaticities: x and y of white, red, green and blue; None for those of sRGB, which are
            also assumed instead of impossible ones. They do not concern grey.

    Returns:
        New pixels, or `pixels` itself if nothing has to change.
    """
    if gamma <= 0:
        return pixels
    matrix = None if pixels.color is None else _matrix(chromaticities)
    if matrix is None and abs(gamma / _SRGB_GAMMA - 1) <= _TOLERANCE:
        return pixels
    if matrix is not None and pixels.color is not None:
        curve = (np.linspace(0, 1, 65536) ** (1 / gamma)).astype(np.float32)
        return replace(pixels, color=_convert(pixels.color, Shaper((curve,) * 3, matrix)))
    top = np.iinfo(pixels.samples.dtype).max
    light = np.linspace(0, 1, top + 1) ** (1 / gamma)
    table = np.rint(encode_srgb(light) * top).astype(pixels.samples.dtype)
    name = "grey" if pixels.color is None else "color"
    return replace(pixels, **{name: table[pixels.samples]})


def _matrix(chromaticities: Sequence[float] | None) -> npt.NDArray[np.float32] | None:
    """Return the matrix from linear RGB to linear sRGB; None if it would change nothing."""
    if chromaticities is None or len(chromaticities) != len(_SRGB_CHROMATICITIES):
        return None
    if np.abs(np.subtract(chromaticities, _SRGB_CHROMATICITIES)).max() <= _MAX_DIFFERENCE:
        return None
    try:
        with np.errstate(all="raise"):
            white, source = _to_xyz(chromaticities)
            target_white, target = _to_xyz(_SRGB_CHROMATICITIES)
            cones = (_BRADFORD @ target_white) / (_BRADFORD @ white)
            adapted = np.linalg.inv(_BRADFORD) @ (cones[:, None] * (_BRADFORD @ source))
            return np.asarray(np.linalg.inv(target) @ adapted, np.float32)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None


def _to_xyz(chromaticities: Sequence[float]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the XYZ of white, and the matrix from linear RGB to XYZ."""
    x, y = np.reshape(np.asarray(chromaticities, np.float64), (4, 2)).T
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    return white, primaries * np.linalg.solve(primaries, white)


def _convert(color: IntArray, shaper: Shaper) -> IntArray:
    """Convert RGB, (H, W, 3), in bands of rows."""
    result = np.empty_like(color)
    rows = max(1, _BAND_PIXELS // color.shape[1])
    for top in range(0, color.shape[0], rows):
        band: Any = color[top : top + rows]
        if color.dtype == np.uint16:
            result[top : top + rows] = shaper.to_srgb(band)
        else:
            deep = shaper.to_srgb(band.astype(np.uint16) * np.uint16(257))
            result[top : top + rows] = eight_bits(deep)
    return result
