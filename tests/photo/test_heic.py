"""HEIC from other programs is read with its luma, upright and in sRGB, and written."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.color import luma
from photochrom.errors import PhotoError, PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.heic import HEIC
from photochrom.photo.orientation import upright
from photochrom.photo.photo import eight_bits
from tests.photo import scenes

pillow_heif = pytest.importorskip("pillow_heif")

FOLDER = scenes.CASES / "heic"
P3 = {"color_primaries": 12, "transfer_characteristics": 13}


def encoded(samples: np.ndarray, **options) -> bytes:
    """A HEIC file as pillow-heif writes it, (H, W, 3) uint8 or uint16."""
    mode = "RGB" if samples.dtype == np.uint8 else "RGB;16"
    size = samples.shape[1], samples.shape[0]
    file = pillow_heif.from_bytes(mode, size, samples.tobytes())
    stream = io.BytesIO()
    file.save(stream, **{"quality": -1, "chroma": 444} | options)
    return stream.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[274], tags[315] = orientation, "Anna"
    tags.get_ifd(0x8769).update({0xA002: 64, 0xA003: 48})
    return tags.tobytes()


@pytest.mark.parametrize(
    ("name", "dtype", "expected", "most"),
    [
        ("colour8.heic", np.uint8, scenes.colour(), 1.5),
        ("colour10.heic", np.uint16, scenes.colour(), 1.5),
        ("colour12.heif", np.uint16, scenes.colour(), 4),  # with halved chroma
        ("grey8.heic", np.uint8, scenes.grey(), 1),
        ("grey10.heic", np.uint16, scenes.grey(), 1),
        ("alpha8.heic", np.uint8, scenes.colour(), 1.5),
        ("two_with_exif.heic", np.uint8, scenes.colour(), 4),
    ],
)
def test_files_of_other_programs(name, dtype, expected, most):
    read = photo.read(FOLDER / name)
    assert read.luma.dtype == dtype
    assert (read.color is None) == (expected.ndim == 2)
    assert scenes.differences(read, expected).mean() < most
    assert photo.thumbnail(FOLDER / name, 16).shape == (16, 21, 3)


def test_ten_bits_span_sixteen():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    picture = np.tile(ramp[None, :, None], (48, 1, 3))
    read = photo.read(encoded(picture, matrix_coefficients=0))
    assert read.luma.dtype == np.uint16
    assert read.luma[0, 0] == 0
    assert read.luma[0, -1] == 65535
    assert np.abs(read.luma.astype(int) - picture[..., 0]).max() <= 65535 / 1023  # one of 10 bits


def test_alpha_is_kept():
    read = photo.read(FOLDER / "alpha8.heic")
    assert np.abs(read.alpha.astype(int) - eight_bits(scenes.alpha())).max() <= 2


def test_the_primary_picture_counts_and_thumbnails_do_not():
    assert photo.read(FOLDER / "two_with_exif.heic").tint == "colour"  # the second one is grey
    assert photo.read(FOLDER / "p3_thumbnail.heic").size == (64, 48)
    first, second = np.zeros((48, 64, 3), np.uint8), np.full((24, 32, 3), 200, np.uint8)
    file = pillow_heif.from_bytes("RGB", (64, 48), first.tobytes())
    file.add_frombytes("RGB", (32, 24), second.tobytes())
    stream = io.BytesIO()
    file.save(stream, primary_index=1)
    read = photo.read(stream.getvalue())
    assert read.size == (32, 24)
    assert abs(int(read.luma.mean()) - 200) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_file_turns_the_picture_and_exif_does_not_turn_it_again(orientation):
    stored = eight_bits(scenes.colour())
    data = encoded(stored, exif=exif(orientation), matrix_coefficients=0)
    read = photo.read(data)
    np.testing.assert_array_equal(read.rgb, upright(stored, orientation))
    tags = Image.Exif()
    tags.load(read.metadata.exif)
    assert (tags[274], tags[315]) == (1, "Anna")
    assert (tags.get_ifd(0x8769)[0xA002], tags.get_ifd(0x8769)[0xA003]) == read.size


def test_exif_alone_does_not_turn_the_picture():
    """As ISO/IEC 23008-12 says; heif-enc 1.15 writes such files."""
    assert photo.read(FOLDER / "two_with_exif.heic").size == (64, 48)


def test_metadata_is_kept(tmp_path):
    read = photo.read(FOLDER / "two_with_exif.heic").metadata
    assert b"Eve" in read.xmp
    assert b"Anna" in read.exif
    photo.write(tmp_path / "new.heic", eight_bits(scenes.colour()), metadata=read)
    again = photo.read(tmp_path / "new.heic").metadata
    assert (again.exif, again.xmp) == (read.exif, read.xmp)


def test_display_p3_is_converted_whether_icc_or_nclx_names_it():
    by_icc = photo.read(FOLDER / "p3_thumbnail.heic")
    by_nclx = photo.read(encoded(eight_bits(scenes.colour()), matrix_coefficients=0, **P3))
    for read in (by_icc, by_nclx):
        square = read.rgb[9:15, 10:22].reshape(-1, 3).mean(0)
        assert np.abs(square - [253, 60, 0]).max() < 2  # P3 of 233, 78, 19, by hand


def test_grey_stays_grey_in_display_p3():
    grey = np.repeat(eight_bits(scenes.grey())[..., None], 3, 2)
    read = photo.read(encoded(grey, matrix_coefficients=0, **P3))
    assert read.tint == "grey"
    assert np.abs(read.luma.astype(int) - grey[..., 0]).max() <= 1


def test_hdr_is_refused_by_name():
    data = encoded(scenes.colour(), color_primaries=9, transfer_characteristics=16)
    with pytest.raises(UnsupportedPhoto, match=r"HDR \(PQ\)"):
        photo.read(data)


@pytest.mark.parametrize("quality", [None, 100])
def test_luma_is_written(quality):
    rgb = eight_bits(scenes.colour())
    read = photo.read(photo.encode(rgb, format="HEIC", quality=quality))
    difference = np.abs(read.luma.astype(int) - luma(rgb))
    assert difference.mean() < (0.5 if quality is None else 0.001)
    assert quality is None or np.array_equal(read.rgb, rgb)


def test_alpha_is_written():
    rgb, alpha = eight_bits(scenes.colour()), eight_bits(scenes.alpha())
    read = photo.read(photo.encode(rgb, format="HEIC", alpha=alpha, quality=100))
    np.testing.assert_array_equal(read.alpha, alpha)


def test_a_truncated_file_is_named():
    data = (FOLDER / "p3_thumbnail.heic").read_bytes()
    for length in (len(data) - 1, len(data) // 2, 400, 60, 30):
        with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
            photo.read(data[:length])


def test_sizes_are_checked_before_decoding():
    data = bytearray((FOLDER / "grey8.heic").read_bytes())
    with pytest.raises(PhotoTooLarge):
        photo.read(bytes(data), max_pixels=64 * 48 - 1)
    struct.pack_into(">II", data, data.index(b"ispe") + 8, 30_000, 30_000)
    with pytest.raises(PhotoTooLarge, match="900,000,000 "):
        photo.read(bytes(data))


def test_a_size_that_the_pixels_do_not_have_is_refused():
    data = bytearray((FOLDER / "grey8.heic").read_bytes())
    struct.pack_into(">II", data, data.index(b"ispe") + 8, 8, 8)
    try:
        assert photo.read(bytes(data)).size in ((8, 8), (64, 48))
    except PhotoError as error:
        assert str(error)  # noqa: PT017


def test_brands_of_heic_are_recognized():
    for brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        assert HEIC.matches(struct.pack(">I", 16) + b"ftyp" + brand + bytes(4))
    assert not HEIC.matches(struct.pack(">I", 16) + b"ftypisom" + bytes(4))
