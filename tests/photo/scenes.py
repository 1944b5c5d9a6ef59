"""The pictures in `tests/cases/{avif,heic,jxl,jpeg2000,gif}`, and the raw files made of them.

Other programs encoded these pictures: avifenc 0.11, heif-enc 1.15, SVT-AV1 4.1, cjxl 0.7,
opj_compress 2.5 with exiftool 12.57, gifsicle 1.93, Pillow, FFmpeg 5.1 and ImageMagick 6.9.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from photochrom.photo import Photo
from photochrom.photo.photo import eight_bits

CASES = Path(__file__).parents[1] / "cases"
Y, X = np.mgrid[:48, :64]


def colour() -> np.ndarray:
    """(48, 64, 3) uint16: two squares before a slope; all corners differ."""
    rgb = np.stack([X * 1000 + 500, Y * 1300 + 700, (X + Y) * 550 + 300], -1)
    rgb[8:16, 8:24] = [60000, 20000, 5000]
    rgb[30:44, 40:48] = [2000, 9000, 52000]
    return np.clip(rgb, 0, 65535).astype(np.uint16)


def grey() -> np.ndarray:
    """(48, 64) uint16."""
    level = X * 600 + Y * 500 + 900
    level[10:20, 5:30] = 64000
    level[30:40, 50:60] = 300
    return level.astype(np.uint16)


def alpha() -> np.ndarray:
    """(48, 64) uint16, from clear to opaque."""
    return (X * 1040).astype(np.uint16)


def differences(photo: Photo, expected: np.ndarray) -> np.ndarray:
    """Return the differences between two photographs' colours, in levels of 255."""
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, 2)
    if photo.luma.dtype == np.uint8:
        return np.abs(photo.rgb.astype(float) - eight_bits(expected))
    return np.abs(photo.rgb.astype(float) - expected) / 257


# --- raw files ------------------------------------------------------------------------------

SHORT, LONG, BYTE, ASCII, RATIONAL, SRATIONAL = 3, 4, 1, 2, 5, 10
CFA, LINEAR_RAW = 32803, 34892
XYZ_TO_SRGB = [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572]
COLOUR_TAGS = [
    (50721, SRATIONAL, XYZ_TO_SRGB),
    (50778, SHORT, [21]),  # daylight
    (50728, RATIONAL, [1, 1, 1]),
]
BAYER_TAGS = [(33421, SHORT, [2, 2]), (33422, BYTE, [0, 1, 1, 2])]


def packed(kind: int, values) -> bytes:
    if kind == ASCII:
        return values
    if kind in (RATIONAL, SRATIONAL):
        form = "<II" if kind == RATIONAL else "<ii"
        return b"".join(struct.pack(form, round(value * 10000), 10000) for value in values)
    code = {BYTE: "B", SHORT: "H", LONG: "I"}[kind]
    return struct.pack(f"<{len(values)}{code}", *values)


def dng(samples: np.ndarray, photometric: int, orientation: int = 1, extra=()) -> bytes:
    """A DNG file of 16 bits without compression, as monochrome cameras and converters write it."""
    height, width, count = (*samples.shape, 1)[:3]
    tags = [
        (254, LONG, [0]), (256, LONG, [width]), (257, LONG, [height]), (258, SHORT, [16] * count),
        (259, SHORT, [1]), (262, SHORT, [photometric]), (271, ASCII, b"Leica\0"),
        (272, ASCII, b"Monochrom\0"), (273, LONG, [0]), (274, SHORT, [orientation]),
        (277, SHORT, [count]), (278, LONG, [height]), (279, LONG, [samples.nbytes]),
        (284, SHORT, [1]), (306, ASCII, b"2012:03:04 05:06:07\0"), (315, ASCII, b"Anna\0"),
        (50706, BYTE, [1, 4, 0, 0]), (50708, ASCII, b"Leica Monochrom\0"),
        (50717, LONG, [65535] * count), *extra,
    ]  # fmt: skip
    tags.sort(key=lambda tag: tag[0])
    start = 8 + 2 + 12 * len(tags) + 4
    body = b"".join(value + bytes(len(value) % 2) for value in _long_values(tags))
    entries, at = b"", start
    for tag, kind, values in tags:
        if tag == 273:
            values = [start + len(body)]
        data = packed(kind, values)
        entries += struct.pack("<HHI", tag, kind, len(values))
        entries += data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", at)
        at += len(data) + len(data) % 2 if len(data) > 4 else 0
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + body + samples.astype("<u2").tobytes()


def _long_values(tags) -> list[bytes]:
    return [data for _, kind, values in tags if len(data := packed(kind, values)) > 4]
