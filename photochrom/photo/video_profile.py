"""Make ICC profiles from the code points by which video formats name colour spaces (H.273)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from photochrom.errors import UnsupportedPhoto

__all__ = ["video_profile"]

_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
_D50_XYZ: Final = np.array([0.9642, 1.0, 0.8249])  # the white of all ICC profiles
# x and y of red, green, blue and white, by the number of the primaries
_PRIMARIES: Final = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_SRGB_PRIMARIES: Final = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_GAMMAS: Final = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}  # by the number of the transfer function
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # gamma, a, b, c, d
_PQ: Final = 16
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def video_profile(nclx: Mapping[str, Any] | None, name: str) -> bytes | None:
    """Return the ICC profile of a colour space that code points name; None for sRGB.

    The curves of BT.709, BT.601 and HLG count as that of sRGB, as on a screen for sRGB.

    Args:
        nclx: "color_primaries" and "transfer_characteristics", as pillow-heif has them; None if
            there are none.
        name: the photograph's name in messages.

    Raises:
        UnsupportedPhoto: the transfer function is PQ, whose levels a screen for sRGB cannot show.
    """
    if nclx is None:
        return None
    transfer = int(nclx["transfer_characteristics"])
    if transfer == _PQ:
        raise UnsupportedPhoto(
            f"expected a picture for ordinary screens; {name} is HDR (PQ). Export it as SDR first"
        )
    primaries = _PRIMARIES.get(int(nclx["color_primaries"]), _SRGB_PRIMARIES)
    gamma = _GAMMAS.get(transfer)
    is_srgb = primaries == _SRGB_PRIMARIES and gamma is None
    return None if is_srgb else _profile(primaries, gamma)


@lru_cache(maxsize=8)
def _profile(primaries: tuple[tuple[float, float], ...], gamma: float | None) -> bytes:
    """Make a matrix-and-curve profile (ICC.1:2022), version 4.

    Args:
        primaries: x and y of red, green, blue and white.
        gamma: exponent of the curve; None for the curve of sRGB.
    """
    numbers = _SRGB_CURVE if gamma is None else (gamma,)
    curve = b"para" + struct.pack(">4xHxx", 3 if gamma is None else 0) + _fixed(numbers)
    text = "video".encode("utf-16-be")
    words = b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
    tags = {b"desc": words, b"cprt": words, b"wtpt": _xyz(_D50_XYZ)}
    tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, _colorants(primaries).T), strict=True))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += struct.pack(">4sII", tag, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    kinds = (b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = struct.pack(">I4xI4s4s4s12x4s28x", at + len(body), 0x04000000, *kinds)
    return (head + _fixed(_D50_XYZ)).ljust(128, b"\0") + table + body


def _colorants(primaries: tuple[tuple[float, float], ...]) -> npt.NDArray[np.float64]:
    """Return XYZ of red, green and blue for white D50, as the columns of a 3 × 3 matrix."""
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    matrix, white = xyz[:, :3], xyz[:, 3]
    matrix = matrix * np.linalg.solve(matrix, white)
    adapted = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ matrix)


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _fixed(values: Any) -> bytes:
    """Return numbers as s15Fixed16Number."""
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)
