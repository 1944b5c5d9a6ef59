"""The common formats as other programs write them: each file is named after its program.

All hold one of two pictures of `scenes`: "grey", or else the one in colour; "luma" is grey of the
one in colour. "16" are files of 16 bits a sample, and "alpha" those with transparency.

The programs: ImageMagick 6.9, GraphicsMagick 1.3, FFmpeg 5.1, Netpbm 11.1, cwebp 1.2, cjpeg and
jpegtran 2.1, pngcrush 1.8, OptiPNG 0.7, ppm2tiff and tiffcp 4.5.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photochrom import photo
from photochrom.color import luma
from photochrom.photo.photo import eight_bits
from tests.photo import scenes

FILES = sorted(scenes.CASES.glob("*/written/*"))
PICTURES = [path for path in FILES if path.parents[1].name != "film"]
# Mean differences in levels of 255: of files in which chroma is halved or levels are few
MOST = {".webp": 3, ".jpg": 2, ".tif": 2, ".bmp": 3}


def expected(name: str) -> np.ndarray:
    if "luma" in name:
        return luma(eight_bits(scenes.colour())).astype(np.uint16) * 257
    return scenes.grey() if "grey" in name else scenes.colour()


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_what_was_written(path: Path):
    read = photo.read(path)
    assert read.luma.dtype == (np.uint16 if "16" in path.stem else np.uint8)
    difference = scenes.differences(read, expected(path.stem)).mean()
    is_lossless = path.suffix == ".png" or "lossless" in path.stem
    assert difference <= (0 if is_lossless else MOST[path.suffix])
    if "alpha" in path.stem and path.suffix != ".tif":  # GraphicsMagick says "unspecified" there
        assert np.abs(read.alpha.astype(int) - eight_bits(scenes.alpha())).max() <= 1
    assert photo.thumbnail(path, 16).shape == (16, 21, 3)


@pytest.mark.parametrize("kind", ["bmp", "jpeg", "png", "tiff", "webp"])
def test_each_format_is_tried_with_files_of_several_programs(kind):
    programs = {path.stem.split("_")[0] for path in PICTURES if path.parents[1].name == kind}
    assert len(programs) >= 3
    assert sum(path.parents[1].name == kind for path in PICTURES) >= 5
