"""A GIF of one frame is a photograph; one of several frames is a film."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import OutputError, PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.photo import eight_bits
from tests.photo import scenes

FOLDER = scenes.CASES / "gif"


@pytest.mark.parametrize("name", ["grey_interlaced.gif", "magick.gif"])
def test_grey_is_kept_exactly(name):
    read = photo.read(FOLDER / name)
    assert read.tint == "grey"
    assert np.abs(read.luma.astype(int) - eight_bits(scenes.grey())).max() <= 1
    assert photo.thumbnail(FOLDER / name, 16).shape == (16, 21, 3)


@pytest.mark.parametrize("name", ["palette.gif", "clear.gif", "ffmpeg.gif"])
def test_palettes(name):
    read = photo.read(FOLDER / name)
    seen = np.ones((48, 64), bool) if read.alpha is None else read.alpha > 0
    assert scenes.differences(read, scenes.colour())[seen].mean() < 20  # a palette of 256 colours


def test_transparency():
    read = photo.read(FOLDER / "clear.gif")
    np.testing.assert_array_equal(read.alpha > 0, eight_bits(scenes.alpha()) > 60)


def test_results_are_png_because_gif_is_not_written():
    read = photo.read(FOLDER / "clear.gif")
    assert read.format == "PNG"
    assert photo.result_suffix(".gif") == ".png"
    with pytest.raises(OutputError, match=r"has the suffix '\.gif'"):
        photo.write("new.gif", read.rgb)


def test_an_animation_is_named_as_a_film():
    with pytest.raises(UnsupportedPhoto, match=r"animation of 3 frames \(use film"):
        photo.read(FOLDER / "animation.gif")


def test_a_truncated_file_is_named():
    data = (FOLDER / "palette.gif").read_bytes()
    for length in (len(data) - 200, len(data) // 2, 30, 7):
        with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
            photo.read(data[:length])


def test_sizes_are_checked_before_decoding():
    stream = io.BytesIO()
    Image.new("L", (64, 48)).save(stream, "GIF")
    with pytest.raises(PhotoTooLarge):
        photo.read(stream.getvalue(), max_pixels=64 * 48 - 1)
