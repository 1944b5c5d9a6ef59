"""Check that the luma of a coloured photograph is that of its original."""

from __future__ import annotations

import io
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from photochrom.color import IntArray
from photochrom.photo import FORMATS, Metadata, Photo, read
from photochrom.photo.label import labelled_luma
from photochrom.photo.photo import eight_bits
from photochrom.photo.profile import srgb_profile

__all__ = ["compare_luma"]

_ROUNDING: Final = 1  # level: formats without loss store luma within it, as RGB
_LOSSY: Final = ("WEBP", "AVIF", "HEIC", "JXL")
_CLOSE: Final = 6.0  # levels of 255; the mean difference at quality 30 is 4 to 5


class Comparison(NamedTuple):
    """How the luma of a coloured photograph compares with that of its original.

    Attributes:
        same: whether it is the same, as far as the format can store it.
        clause: a clause that says so, after the file's name.
        same_size: whether the pictures have the same size, apart from a label.
    """

    same: bool
    clause: str
    same_size: bool = True


def compare_luma(original: Photo, result: Photo, data: bytes) -> Comparison:
    """Compare the luma of a coloured photograph with that of its original.

    Where a format stores it without loss, luma must agree within one level. In a JPEG file of
    Photochrom it must be what the encoder makes of the original's luma. Where a format or another
    colour space changes luma, it must be close on average. A label below the result is known.

    Args:
        original: the grey original, or a negative.
        result: the coloured photograph.
        data: the bytes of its file.
    """
    lumas = [original.luma, original.inverted().luma]
    if original.size != result.size:
        lumas = [labelled_luma(each) for each in lumas]
    if lumas[0].shape != result.luma.shape:
        sizes = " and ".join("{} × {}".format(*each.size) for each in (result, original))
        clause = f"has another size than the original ({sizes}), so it is another picture"
        return Comparison(same=False, clause=clause, same_size=False)
    for expected, of in zip(lumas, ("the original", "the negative"), strict=True):
        if _greatest(expected, result.luma) <= _ROUNDING:
            return Comparison(same=True, clause=f"has exactly the luma of {of}")
        if result.format == "JPEG" and _is_encoded_from(expected, data):
            return Comparison(same=True, clause=f"has the luma of {of}, as JPEG stores it")
    mean = min(_mean(each, result.luma) for each in lumas)
    converted = result.icc is not None and result.icc != srgb_profile()
    if mean <= _CLOSE and (converted or result.format in _LOSSY):
        why = "its colour space" if converted else f"the compression of {result.format}"
        but = f"has the luma of the original but for {why}: {mean:.1f} levels on average"
        return Comparison(same=True, clause=but)
    clause = f"has another luma than the original: {mean:.1f} levels of 255 on average"
    return Comparison(same=False, clause=clause)


def _greatest(expected: IntArray, received: IntArray) -> int:
    """Return the greatest difference, in levels of the depth that both have."""
    if expected.dtype != received.dtype:
        expected, received = eight_bits(expected), eight_bits(received)
    return int(np.abs(expected.astype(np.int32) - received).max())


def _mean(expected: IntArray, received: IntArray) -> float:
    difference = eight_bits(expected).astype(np.int16) - eight_bits(received)
    return float(np.abs(difference).mean())


def _is_encoded_from(luma: IntArray, data: bytes) -> bool:
    """Return whether a JPEG file holds what Photochrom's encoder makes of a luma."""
    grey = eight_bits(luma)
    quality = _quality(data)
    if not quality:
        return False
    made = _encode(grey, quality)
    return _greatest(read(made).luma, read(data).luma) <= _ROUNDING


def _quality(data: bytes) -> int:
    """Return the quality that Photochrom's encoder was given; 0 if it was another encoder."""
    table = _table(data)
    dot = np.zeros((8, 8), np.uint8)
    return next((each for each in range(100, 0, -1) if _table(_encode(dot, each)) == table), 0)


def _table(data: bytes) -> list[int]:
    """Return the quantization table of a JPEG file's luma."""
    with Image.open(io.BytesIO(data)) as image:
        tables: dict[int, list[int]] = getattr(image, "quantization", {})
        return list(tables.get(0, []))


def _encode(luma: IntArray, quality: int) -> bytes:
    """Encode luma as Photochrom encodes coloured photographs, with no colour."""
    codec = FORMATS["JPEG"]
    step = 2 if codec.halves_chroma(quality) else 1
    height, width = (-(-side // step) for side in luma.shape)
    neutral = np.full((height, width), 128, np.uint8)
    return codec.encode_planes(luma, neutral, neutral, Metadata(), quality)
