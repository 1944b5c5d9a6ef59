"""JPEG 2000 from other programs is read with all of its bits, and written without loss."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.color import luma
from photochrom.errors import OutputError, PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.boxes import boxes, pack_box
from photochrom.photo.orientation import upright
from photochrom.photo.photo import eight_bits
from photochrom.photo.video_profile import video_profile
from tests.photo import scenes

FOLDER = scenes.CASES / "jpeg2000"


def jp2(samples: np.ndarray, *header: bytes) -> bytes:
    """A JP2 file whose header has these boxes after that of the size."""
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "JPEG2000", irreversible=False, mct=0)
    file = stream.getvalue()
    found = next(box for box in boxes(file) if box.kind == b"jp2h")
    size = file[found.start : found.start + 22]
    return file[: found.start - 8] + pack_box(b"jp2h", size + b"".join(header)) + file[found.stop :]


def colr(number: int) -> bytes:
    return pack_box(b"colr", b"\1\0\0" + struct.pack(">I", number))


def test_colours_of_a_palette_with_equal_entries():
    indices = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64) % 4
    table = np.array([[9, 9, 9], [9, 9, 9], [200, 10, 30], [255, 255, 255]], np.uint8)
    pclr = pack_box(b"pclr", struct.pack(">HB3B", 4, 3, 7, 7, 7) + table.tobytes())
    cmap = pack_box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, channel) for channel in range(3)))
    read = photo.read(jp2(indices, colr(16), pclr, cmap))
    np.testing.assert_array_equal(read.rgb, table[indices])


@pytest.mark.parametrize(
    ("name", "dtype", "expected", "most"),
    [
        ("colour12.jp2", np.uint16, scenes.colour(), 0.07),  # one of 12 bits
        ("colour16.j2k", np.uint16, scenes.colour(), 0),
        ("grey12.jp2", np.uint16, scenes.grey(), 0.07),
        ("grey4.jp2", np.uint8, scenes.grey(), 17),  # one of 4 bits
        ("alpha8.jp2", np.uint8, scenes.colour(), 0),
        ("tiles_lossy.jp2", np.uint8, scenes.colour(), 60),
    ],
)
def test_files_of_other_programs(name, dtype, expected, most):
    read = photo.read(FOLDER / name)
    assert read.luma.dtype == dtype
    assert (read.color is None) == (expected.ndim == 2)
    assert scenes.differences(read, expected).max() <= most
    assert photo.thumbnail(FOLDER / name, 16).shape == (16, 21, 3)


@pytest.mark.parametrize(("bits", "largest"), [(4, 15), (12, 4000)])
def test_the_largest_number_of_any_bits_is_white(bits, largest):
    read = photo.read(FOLDER / f"grey{bits}.jp2")
    white = np.iinfo(read.luma.dtype).max
    assert read.luma.max() == round(largest / (2**bits - 1) * white)


def test_alpha_is_kept():
    read = photo.read(FOLDER / "alpha8.jp2")
    np.testing.assert_array_equal(read.alpha, eight_bits(scenes.alpha()))


def test_a_fourth_channel_that_is_not_alpha_is_ignored():
    """In aerial photographs, the fourth channel is infrared."""
    rgba = np.dstack([eight_bits(scenes.colour()), eight_bits(scenes.alpha())])
    read = photo.read(jp2(rgba, colr(16)))
    assert read.alpha is None
    np.testing.assert_array_equal(read.rgb, rgba[..., :3])


def test_sycc_is_converted():
    rgb = Image.fromarray(eight_bits(scenes.colour()))
    read = photo.read(jp2(np.asarray(rgb.convert("YCbCr")), colr(18)))
    assert np.abs(read.rgb.astype(int) - np.asarray(rgb)).max() <= 3


def test_a_profile_is_applied():
    p3 = video_profile({"color_primaries": 12, "transfer_characteristics": 13}, "")
    data = jp2(eight_bits(scenes.colour()), pack_box(b"colr", b"\2\0\0" + p3))
    assert np.abs(photo.read(data).rgb[10, 10].astype(int) - [253, 60, 0]).max() <= 1


def test_other_colour_spaces_are_refused():
    with pytest.raises(UnsupportedPhoto, match="colour space of JPEG 2000, number 14"):
        photo.read(jp2(eight_bits(scenes.colour()), colr(14)))  # CIELab


def test_metadata_of_exiftool_is_kept_and_the_picture_upright():
    read = photo.read(FOLDER / "exif.jp2")
    assert scenes.differences(read, upright(scenes.colour(), 6)).max() <= 0
    assert b"Anna" in read.metadata.exif
    assert b"Eve" in read.metadata.xmp
    assert b"Hallo" in read.metadata.iptc


def tags(exif):
    """Return the tags of EXIF except the resolution, which is the picture's own."""
    block = Image.Exif()
    block.load(exif)
    return {tag: value for tag, value in block.items() if tag not in (282, 283, 296, 0x8769)}


def test_metadata_is_written(tmp_path):
    metadata = photo.read(FOLDER / "exif.jp2").metadata
    metadata = photo.Metadata(metadata.exif, metadata.xmp, metadata.iptc, (300, 150))
    photo.write(tmp_path / "new.jp2", eight_bits(scenes.colour()), metadata=metadata)
    again = photo.read(tmp_path / "new.jp2").metadata
    assert tags(again.exif) == tags(metadata.exif)
    assert (again.xmp, again.iptc) == (metadata.xmp, metadata.iptc)
    assert [round(side) for side in again.dpi] == [300, 150]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_pictures_are_written_without_loss(bits, with_alpha):
    rgb, alpha = scenes.colour(), scenes.alpha() if with_alpha else None
    if bits == 8:
        rgb, alpha = eight_bits(rgb), None if alpha is None else eight_bits(alpha)
    read = photo.read(photo.encode(rgb, format="JPEG2000", alpha=alpha))
    np.testing.assert_array_equal(read.rgb, rgb)
    np.testing.assert_array_equal(read.luma, luma(rgb))
    assert read.alpha is None if alpha is None else np.array_equal(read.alpha, alpha)


def test_small_pictures():
    rgb = eight_bits(scenes.colour())[:5, :7]
    np.testing.assert_array_equal(photo.read(photo.encode(rgb, format="JPEG2000")).rgb, rgb)
    with pytest.raises(OutputError, match="sides of at least 32 pixels"):
        photo.encode(scenes.colour()[:5, :7], format="JPEG2000")


@pytest.mark.parametrize("name", ["colour12.jp2", "colour16.j2k", "grey12.jp2", "alpha8.jp2"])
def test_a_truncated_file_is_named_and_nothing_printed(name, capfd):
    data = (FOLDER / name).read_bytes()
    for length in (len(data) - 20, len(data) // 2, 60, 20):
        with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
            photo.read(data[:length])
    assert capfd.readouterr().err == ""


def test_sizes_are_checked_before_decoding():
    data = bytearray((FOLDER / "colour16.j2k").read_bytes())
    with pytest.raises(PhotoTooLarge):
        photo.read(bytes(data), max_pixels=64 * 48 - 1)
    struct.pack_into(">II", data, 8, 60_000, 60_000)
    with pytest.raises(PhotoTooLarge, match="3,600,000,000 "):
        photo.read(bytes(data))


def test_a_size_in_the_header_that_hides_a_larger_one():
    data = bytearray((FOLDER / "colour12.jp2").read_bytes())
    at = data.index(b"ihdr") + 4
    struct.pack_into(">II", data, at, 8, 8)
    with pytest.raises(PhotoTooLarge):
        photo.read(bytes(data), max_pixels=100)


def test_another_profile_is_written():
    p3 = video_profile({"color_primaries": 12, "transfer_characteristics": 13}, "")
    rgb = eight_bits(scenes.colour())
    data = photo.encode(rgb, format="JPEG2000", metadata=photo.Metadata(icc=p3, dpi=(300, 300)))
    assert p3 in data
    assert np.abs(photo.read(data).rgb.astype(int) - rgb).mean() < 0.5  # twice through 8 bits
