"""Write pictures in other colour spaces than sRGB: Display P3, Adobe RGB, or the scan's own.

The colours are the same in each space, but for rounding: a viewer that reads the profile shows the
same picture. Both named spaces hold all colours of sRGB, so nothing is clipped.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeAlias, cast, get_args

import cv2
import numpy as np
from PIL import Image, ImageCms

from photochrom.color import IntArray
from photochrom.errors import ConfigError
from photochrom.photo.profile import srgb_profile
from photochrom.photo.shaper import Shaper, shaper_of

__all__ = ["PROFILES", "OutputProfile", "ProfileName", "output_profile", "profile_of"]

ProfileName: TypeAlias = Literal["srgb", "display-p3", "adobe-rgb"]
PROFILES: Final[tuple[str, ...]] = get_args(ProfileName)
"""The names of the colour spaces that pictures can be written in."""

_BAND_PIXELS: Final = 1 << 18  # pixels that are converted at a time, which limits the memory
# The colorants, adapted to D50, and the curves of both spaces. Adobe RGB (1998), 4.3.2 and 4.3.4;
# Display P3: SMPTE EG 432-1 with D65 and the curve of IEC 61966-2-1.
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_SPACES: Final = {
    "display-p3": (
        "Display P3",
        ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
        _SRGB_CURVE,
    ),
    "adobe-rgb": (
        "Adobe RGB (1998)",
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        (563 / 256,),
    ),
}
_D50: Final = (0.9642, 1.0, 0.8249)
# The Bradford adaptation of both spaces' white to D50.
_D65_TO_D50: Final = (
    1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00925, 0.01508, 0.75168,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class OutputProfile:
    """A colour space to write in.

    Attributes:
        icc: its ICC profile, which the file gets.
    """

    icc: bytes

    def from_srgb(self, rgb: IntArray) -> IntArray:
        """Convert sRGB, (H, W, 3) uint8 or uint16, to this space; the dtype stays."""
        if self.icc == srgb_profile():
            return rgb
        result = np.empty_like(rgb)
        rows = max(1, _BAND_PIXELS // rgb.shape[1])
        for top in range(0, rgb.shape[0], rows):
            band = cast("IntArray", np.ascontiguousarray(rgb[top : top + rows]))
            result[top : top + rows] = self._band(band)
        return result

    def _band(self, rgb: IntArray) -> IntArray:
        shaper = shaper_of(self.icc)
        if shaper is not None:
            return _by_matrix(shaper, rgb)
        if rgb.dtype == np.uint16:  # LittleCMS gets no 16 bits from Pillow
            eight = np.asarray(self._transform.apply(Image.fromarray((rgb >> 8).astype(np.uint8))))
            return eight.astype(np.uint16) * np.uint16(257)
        return np.asarray(self._transform.apply(Image.fromarray(rgb)), np.uint8)

    @cached_property
    def _transform(self) -> ImageCms.ImageCmsTransform:
        """LittleCMS's transform from sRGB, for profiles that are defined by tables."""
        source, target = (
            ImageCms.ImageCmsProfile(io.BytesIO(icc)) for icc in (srgb_profile(), self.icc)
        )
        return ImageCms.buildTransform(source, target, "RGB", "RGB")


def _by_matrix(shaper: Shaper, rgb: IntArray) -> IntArray:
    """Convert sRGB, (H, W, 3), by a matrix and curves; clipped to what the profile holds."""
    top = np.iinfo(rgb.dtype).max
    levels = np.linspace(0, 1, top + 1)
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    linear = cv2.transform(light.astype(np.float32)[rgb], np.linalg.inv(shaper.matrix))
    result = np.empty_like(rgb)
    for channel, curve in enumerate(shaper.curves):
        encoded = np.interp(linear[..., channel], curve, np.linspace(0, 1, len(curve)))
        result[..., channel] = np.rint(encoded * top)
    return result


def output_profile(name: str) -> OutputProfile:
    """Return a colour space by its name, a member of `PROFILES`.

    Raises:
        ConfigError: there is no such colour space.
    """
    if name not in PROFILES:
        raise ConfigError(f"expected one of the profiles {', '.join(PROFILES)}; received {name!r}")
    return OutputProfile(srgb_profile() if name == "srgb" else _matrix_profile(name))


def profile_of(icc: bytes) -> OutputProfile | None:
    """Return the colour space of a scan's own profile; None if it cannot hold colours.

    Profiles for grey, for inks and for scanners without a way back cannot be written in.
    """
    profile = OutputProfile(icc)
    try:
        profile.from_srgb(np.zeros((1, 1, 3), np.uint8))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, struct.error):
        return None
    return profile


@lru_cache(maxsize=len(_SPACES))
def _matrix_profile(name: str) -> bytes:
    """Return a profile of version 4 that consists of a matrix and a curve (ICC.1:2022)."""
    description, colorants, curve = _SPACES[name]
    kind = (
        0 if len(curve) == 1 else 3
    )  # function types of parametricCurveType: a power; a power with a linear part
    trc = struct.pack(f">4s4xHxx{len(curve)}i", b"para", kind, *map(_fixed, curve))
    tags = {
        b"desc": _text(description),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(_D50),
        b"chad": struct.pack(">4s4x9i", b"sf32", *map(_fixed, _D65_TO_D50)),
        **{
            tag: _xyz(each)
            for tag, each in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), trc),
    }
    return _packed(tags)


def _packed(tags: dict[bytes, bytes]) -> bytes:
    """Return a profile with these tags; equal ones are stored once."""
    offsets: dict[bytes, int] = {}
    body, begin = b"", 132 + 12 * len(tags)
    for data in tags.values():
        if data not in offsets:
            offsets[data] = begin + len(body)
            body += data + bytes(-len(data) % 4)
    table = b"".join(
        struct.pack(">4sII", tag, offsets[data], len(data)) for tag, data in tags.items()
    )
    head = struct.pack(
        ">I4xI4s4s4s12s4s28x3i48x",
        begin + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ",
        np.array([2020, 1, 1, 0, 0, 0], ">u2").tobytes(), b"acsp", *map(_fixed, _D50),
    )  # fmt: skip
    return head + struct.pack(">I", len(tags)) + table + body


def _fixed(value: float) -> int:
    """Return a number as s15Fixed16."""
    return round(value * 65536)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *map(_fixed, values))


def _text(text: str) -> bytes:
    """Return a multiLocalizedUnicodeType with one English text."""
    encoded = text.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(encoded), 28) + encoded
