"""AVIF from other programs is read with its luma, upright and in sRGB."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom import photo
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.avif_header import code_points
from photochrom.photo.photo import eight_bits
from tests.photo import scenes

FOLDER = scenes.CASES / "avif"


@pytest.mark.parametrize(
    ("name", "expected", "most"),
    [
        ("alpha8.avif", scenes.colour(), 2),
        ("ffmpeg.avif", scenes.colour(), 1),
        ("grey8.avif", scenes.grey(), 1),
        ("magick.avif", scenes.colour(), 2),
        ("svt.avif", scenes.colour(), 3),  # with halved chroma
        ("turned.avif", np.rot90(scenes.colour()), 2),
    ],
)
def test_files_of_other_programs(name, expected, most):
    read = photo.read(FOLDER / name)
    assert (read.color is None) == (expected.ndim == 2)
    assert scenes.differences(read, expected).mean() < most


def test_alpha_is_kept():
    read = photo.read(FOLDER / "alpha8.avif")
    assert np.abs(read.alpha.astype(int) - eight_bits(scenes.alpha())).max() <= 2


def test_display_p3_that_only_code_points_name_is_converted():
    square = photo.read(FOLDER / "p3.avif").rgb[9:15, 10:22].reshape(-1, 3).mean(0)
    assert np.abs(square - [253, 60, 0]).max() < 2  # P3 of 233, 78, 19, by hand


def test_hdr_is_refused_by_name():
    with pytest.raises(UnsupportedPhoto, match=r"HDR \(PQ\)"):
        photo.read(FOLDER / "hdr.avif")


def test_a_profile_wins_over_code_points():
    data = (FOLDER / "hdr.avif").read_bytes()
    assert code_points(data) == {"color_primaries": 9, "transfer_characteristics": 16}
    assert code_points(data.replace(b"colrnclx", b"colrprof")) is None


def test_a_damaged_header_names_no_colours():
    data = (FOLDER / "p3.avif").read_bytes()
    for length in range(0, 400, 3):
        assert code_points(data[:length]) in (None, code_points(data))
    for at in range(400):
        code_points(data[:at] + b"\xff" + data[at + 1 :])  # raises nothing
