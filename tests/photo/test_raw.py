"""Raw files are developed at 16 bits, upright; those of monochrome cameras are grey."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import OutputError, PhotoTooLarge, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs import RAW_SUFFIXES
from photochrom.photo.codecs.raw_directories import holds_raw, missing_bytes
from photochrom.photo.orientation import upright
from tests.photo import scenes
from tests.photo.photo_files import pil_bytes
from tests.photo.scenes import BAYER_TAGS, CFA, COLOUR_TAGS, LINEAR_RAW, dng

rawpy = pytest.importorskip("rawpy")

MONOCHROME = dng(scenes.grey(), LINEAR_RAW)
LINEAR = dng(scenes.colour(), LINEAR_RAW, extra=COLOUR_TAGS)
BAYER = dng(scenes.grey(), CFA, extra=COLOUR_TAGS + BAYER_TAGS)


def developed(light: np.ndarray) -> np.ndarray:
    """Return linear light in [0, 1] encoded as sRGB."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def test_a_monochrome_camera_is_read_as_grey():
    read = photo.read(MONOCHROME)
    assert read.color is None
    assert read.luma.dtype == np.uint16
    light = scenes.grey() / np.quantile(scenes.grey(), 0.999)
    error = np.abs(read.luma / 65535 - developed(np.minimum(light, 1)))
    assert error.mean() < 0.02
    order = np.argsort(scenes.grey().ravel(), kind="stable")
    assert (np.diff(read.luma.ravel()[order].astype(int)) >= 0).all()  # no level is lost or crossed


@pytest.mark.parametrize("data", [LINEAR, BAYER], ids=["linear", "bayer"])
def test_colour_is_developed_at_sixteen_bits(data):
    read = photo.read(data)
    assert read.rgb.dtype == np.uint16
    assert read.size == (64, 48)
    assert len(np.unique(read.luma)) > 256


def test_colours_are_those_of_srgb():
    read = photo.read(LINEAR)
    expected = developed(np.clip(scenes.colour() / 65535, 0, 1)) * 65535
    inside = read.rgb[32:42, 42:46].reshape(-1, 3).mean(0) / expected[32:42, 42:46].mean((0, 1))
    assert inside.max() / inside.min() < 1.15  # the white balance of the camera, and no cast


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("samples", [scenes.grey(), scenes.colour()], ids=["grey", "colour"])
def test_pictures_are_turned_upright_once(orientation, samples):
    extra = COLOUR_TAGS if samples.ndim == 3 else ()
    straight = photo.read(dng(samples, LINEAR_RAW, extra=extra))
    read = photo.read(dng(samples, LINEAR_RAW, orientation, extra))
    np.testing.assert_array_equal(read.rgb, upright(straight.rgb, orientation))
    tags = Image.Exif()
    tags.load(read.metadata.exif)
    assert (tags.get(274, 1), tags[315]) == (1, "Anna")


def test_the_white_balance_of_the_camera_is_used():
    grey = np.repeat(scenes.grey()[..., None] // 2, 3, 2)
    grey[..., 0] //= 2  # the camera saw half of the red
    neutral = [(tag, kind, [0.5, 1, 1] if tag == 50728 else value)
               for tag, kind, value in COLOUR_TAGS]  # fmt: skip
    read = photo.read(dng(grey, LINEAR_RAW, extra=neutral))
    r, g, b = read.rgb[40, 30].astype(float)
    assert max(r, g, b) / min(r, g, b) < 1.1


def test_results_are_jpeg_because_raw_is_not_written(tmp_path):
    read = photo.read(BAYER)
    assert read.format == "JPEG"
    assert photo.result_suffix(".NEF") == ".jpg"
    with pytest.raises(OutputError, match=r"has the suffix '\.dng'"):
        photo.write(tmp_path / "new.dng", read.rgb)


@pytest.mark.parametrize("name", ["a.dng", "a.tif", "a.NEF", "noname"])
def test_the_suffix_does_not_matter(name, tmp_path):
    (tmp_path / name).write_bytes(MONOCHROME)
    assert photo.read(tmp_path / name).luma.dtype == np.uint16
    assert photo.thumbnail(tmp_path / name, 16).shape == (16, 21, 3)


def test_a_jpeg_named_like_a_raw_file_is_read(tmp_path):
    (tmp_path / "a.nef").write_bytes(pil_bytes(Image.new("L", (8, 8)), "JPEG"))
    assert photo.read(tmp_path / "a.nef").size == (8, 8)


def test_what_libraw_does_not_know_is_refused(tmp_path):
    for name, data in {
        "a.cr2": pil_bytes(Image.new("L", (8, 8)), "TIFF"),
        "b.raw": bytes(2000),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnsupportedPhoto, match="not a raw file that LibRaw can develop"):
            photo.read(tmp_path / name)


@pytest.mark.parametrize("data", [MONOCHROME, BAYER], ids=["monochrome", "bayer"])
def test_a_truncated_file_is_named_and_nothing_printed(data, capfd):
    for length in (len(data) - 1, len(data) // 2):
        with pytest.raises(UnreadablePhoto, match="bytes are missing"):
            photo.read(data[:length])
    assert capfd.readouterr().err == ""


def test_black_is_not_taken_for_a_photograph():
    """LibRaw fills samples that it cannot decode with black."""
    with pytest.raises(UnreadablePhoto, match="holds no samples"):
        photo.read(dng(np.zeros((48, 64), np.uint16), LINEAR_RAW))


def test_sizes_are_checked_before_developing():
    with pytest.raises(PhotoTooLarge):
        photo.read(BAYER, max_pixels=64 * 48 - 1)
    huge = bytearray(BAYER)
    for tag in (256, 257):
        at = huge.index(struct.pack("<HH", tag, 4))
        struct.pack_into("<I", huge, at + 8, 50_000)
    with pytest.raises(PhotoTooLarge, match="2,500,000,000 "):
        photo.read(bytes(huge))


def test_a_preview_stands_in_where_libraw_cannot_develop(monkeypatch):
    picture = Image.new("RGB", (960, 720), (200, 100, 50))
    preview = pil_bytes(picture, "JPEG", quality=95)
    with rawpy.imread(io.BytesIO(BAYER)) as file:
        found = file.sizes

    class Undeveloped:
        sizes = found

        def __enter__(self) -> Undeveloped:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def postprocess(self, **options: object) -> None:
            raise rawpy.LibRawFileUnsupportedError(b"JPEG XL in DNG")

        def extract_thumb(self) -> object:
            return rawpy.Thumbnail(rawpy.ThumbFormat.JPEG, preview)

    monkeypatch.setattr(rawpy, "imread", lambda stream: Undeveloped())
    with pytest.warns(UserWarning, match="its preview of 960 × 720 pixels is used"):
        read = photo.read(BAYER)
    assert read.size == (960, 720)
    assert b"Anna" in read.metadata.exif


def test_raw_files_are_told_from_tiff_files():
    assert holds_raw(MONOCHROME)
    assert holds_raw(BAYER)
    assert holds_raw(b"II*\0\x10\0\0\0CR\2\0" + bytes(100))
    assert not holds_raw(pil_bytes(Image.new("L", (8, 8)), "TIFF"))
    assert not holds_raw(b"II*\0")
    assert missing_bytes(MONOCHROME) == 0
    assert {".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf"} <= RAW_SUFFIXES
