"""Convert 16-bit colours exactly by matrix-and-curve ICC profiles (Adobe RGB, Display P3)."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageCms

__all__ = ["Shaper", "encode_srgb", "shaper_of"]

Curve = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shaper:
    """A matrix-and-curve profile.

    Attributes:
        curves: for red, green and blue, linear light for each of the 65,536 levels, float32.
        matrix: 3 × 3, from the profile's linear RGB to linear sRGB.
    """

    curves: tuple[Curve, Curve, Curve]
    matrix: npt.NDArray[np.float32]

    def to_srgb(self, rgb: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
        """Convert (H, W, 3) uint16 to sRGB of the same shape; colours outside sRGB are clipped."""
        linear = np.stack([curve[rgb[..., i]] for i, curve in enumerate(self.curves)], -1)
        light = np.clip(cv2.transform(linear, self.matrix), 0, 1)
        return np.asarray(np.rint(encode_srgb(light) * 65535), np.uint16)


def encode_srgb(light: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return sRGB's encoding of linear light, both in [0, 1] and of float type."""
    bright = 1.055 * cv2.pow(light, 1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright)


@lru_cache(maxsize=4)
def shaper_of(icc: bytes) -> Shaper | None:
    """Return the matrix and curves of a profile; None if it is defined by a table instead."""
    tags = _tags(icc)
    if any(name in tags for name in ("A2B0", "A2B1")):
        return None
    try:
        r, g, b = (_curve(tags[name]) for name in ("rTRC", "gTRC", "bTRC"))
        matrix = np.linalg.inv(_srgb_colorants()) @ _colorants(icc)
    except (KeyError, ValueError, IndexError, TypeError, struct.error, np.linalg.LinAlgError):
        return None
    return Shaper((r, g, b), matrix.astype(np.float32))


def _tags(icc: bytes) -> dict[str, bytes]:
    """Return the data of each tag of a profile."""
    count = min(struct.unpack_from(">I", icc, 128)[0], 100)  # a damaged profile may claim millions
    table = [struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count)]
    return {name.decode("latin-1"): icc[at : at + size] for name, at, size in table}


def _colorants(icc: bytes) -> npt.NDArray[np.float64]:
    """Return the XYZ of a profile's red, green and blue, as the columns of a 3 × 3 matrix."""
    profile: Any = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
    columns = profile.red_colorant, profile.green_colorant, profile.blue_colorant
    return np.array([column[0] for column in columns], np.float64).T


@lru_cache(maxsize=1)
def _srgb_colorants() -> npt.NDArray[np.float64]:
    """Return the colorants of sRGB."""
    return _colorants(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def _curve(tag: bytes) -> Curve:
    """Evaluate a curveType or parametricCurveType (ICC.1:2022, 10.6 and 10.18) at all levels."""
    x = np.linspace(0, 1, 65536)
    if tag[:4] == b"para":
        return _parametric(tag, x).astype(np.float32)
    if tag[:4] != b"curv":
        raise ValueError(f"expected a curve in the profile; received a tag of type {tag[:4]!r}")
    count = struct.unpack_from(">I", tag, 8)[0]
    points = np.frombuffer(tag, ">u2", count, 12)
    if count == 0:  # the identity
        return x.astype(np.float32)
    if count == 1:  # a single gamma, in 1/256
        return np.asarray(x ** (points[0] / 256), np.float32)
    return np.interp(x, np.linspace(0, 1, count), points / 65535).astype(np.float32)


def _parametric(tag: bytes, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Evaluate a parametricCurveType of any of its five kinds."""
    kind = struct.unpack_from(">H", tag, 8)[0]
    count = (1, 3, 4, 5, 7)[kind]
    params = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    gamma, a, b, c, d, e, f = params + [0.0] * (7 - count)
    if kind == 0:
        return np.asarray(x**gamma)
    if kind in (1, 2):  # constant below -b / a; kind 2 adds c everywhere
        c, d, e, f = 0.0, -b / a, c, c
    power = np.maximum(a * x + b, 0) ** gamma
    return np.asarray(np.where(x >= d, power + e, c * x + f))
