"""JPEG XL from other programs is read with all of its bits, upright and in sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.jxl_header import read_header, read_metadata_boxes
from photochrom.photo.orientation import upright
from photochrom.photo.photo import eight_bits
from tests.photo import scenes

pytest.importorskip("OpenImageIO")
pytest.importorskip("brotli")

FOLDER = scenes.CASES / "jxl"


@pytest.mark.parametrize(
    ("name", "dtype", "expected", "most"),
    [
        ("colour16.jxl", np.uint16, scenes.colour(), 0),
        ("grey16.jxl", np.uint16, scenes.grey(), 0),
        ("alpha8.jxl", np.uint8, scenes.colour(), 0),
        ("colour8_lossy.jxl", np.uint8, scenes.colour(), 4),
    ],
)
def test_files_of_other_programs(name, dtype, expected, most):
    read = photo.read(FOLDER / name)
    assert read.luma.dtype == dtype
    assert (read.color is None) == (expected.ndim == 2)
    assert scenes.differences(read, expected).mean() <= most
    assert photo.thumbnail(FOLDER / name, 16).shape == (16, 21, 3)


def test_results_are_png_because_jxl_is_not_written(tmp_path):
    assert photo.read(FOLDER / "colour16.jxl").format == "PNG"
    assert photo.result_suffix(".JXL") == ".png"
    assert "JXL" not in photo.FORMATS


def test_alpha_is_kept():
    read = photo.read(FOLDER / "alpha8.jxl")
    np.testing.assert_array_equal(read.alpha, eight_bits(scenes.alpha()))


def test_a_transcoded_jpeg_is_upright_once_with_its_metadata():
    read = photo.read(FOLDER / "from_jpeg.jxl")
    expected = upright(scenes.colour(), 6)
    assert read.size == (48, 64)
    assert scenes.differences(read, expected).mean() < 4
    tags = Image.Exif()
    tags.load(read.metadata.exif)
    assert (tags[274], tags[315]) == (1, "Anna")
    assert (tags.get_ifd(0x8769)[0xA002], tags.get_ifd(0x8769)[0xA003]) == (48, 64)
    assert b"Eve" in read.metadata.xmp


@pytest.mark.parametrize("name", ["p3_lossy.jxl", "p3_lossless.jxl"])
def test_display_p3_is_converted(name):
    square = photo.read(FOLDER / name).rgb[10:14, 11:21].reshape(-1, 3).mean(0)
    assert np.abs(square - [253, 60, 0]).max() < 6  # P3 of 233, 78, 19, by hand


def test_animations_are_refused():
    with pytest.raises(UnsupportedPhoto, match="animation"):
        photo.read(FOLDER / "animation.jxl")


@pytest.mark.parametrize("name", ["colour16.jxl", "from_jpeg.jxl"])
def test_a_truncated_file_is_named(name):
    data = (FOLDER / name).read_bytes()
    for length in (len(data) - 40, len(data) // 2, 40, 20):
        with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
            photo.read(data[:length])


def test_sizes_are_checked_before_decoding():
    data = (FOLDER / "colour16.jxl").read_bytes()
    with pytest.raises(PhotoTooLarge):
        photo.read(data, max_pixels=64 * 48 - 1)
    # large, height of 30 bits, ratio 1:1
    huge = 0b0 | 0b11 << 1 | (2**30 - 1) << 3 | 1 << 33
    with pytest.raises(PhotoTooLarge):
        photo.read(b"\xff\x0a" + huge.to_bytes(60, "little"))


def test_headers_of_all_files():
    for path in FOLDER.iterdir():
        header = read_header(path.read_bytes())
        assert header.size == (64, 48)
        assert header.is_animated == (path.stem == "animation")


def test_a_box_that_inflates_without_end_is_left_out():
    import brotli

    bomb = b"Exif" + brotli.compress(bytes(1 << 25), quality=1)
    container = b"\0\0\0\x0cJXL \r\n\x87\n" + (len(bomb) + 8).to_bytes(4, "big") + b"brob" + bomb
    assert read_metadata_boxes(container) == {"exif": b""}
