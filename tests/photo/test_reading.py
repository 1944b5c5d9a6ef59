"""Photographs of every format, mode and depth are read."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from photochrom import photo
from photochrom.color import luma
from photochrom.errors import PhotochromError
from tests.photo.photo_files import pil_bytes

LOSSLESS = {"PNG": {}, "TIFF": {}, "BMP": {}, "WEBP": {"lossless": True}}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_colour_is_exact(kind, rgb):
    read = photo.read(pil_bytes(Image.fromarray(rgb), kind, **LOSSLESS[kind]))
    assert read.format == kind
    assert read.tint == "colour"
    np.testing.assert_array_equal(read.rgb, rgb)
    np.testing.assert_array_equal(read.luma, luma(rgb))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_colour_is_close(kind, rgb):
    read = photo.read(pil_bytes(Image.fromarray(rgb), kind, quality=95))
    assert np.abs(read.rgb.astype(int) - rgb).mean() < 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP"])
def test_grey_is_exact_and_holds_no_colour(kind, grey):
    read = photo.read(pil_bytes(Image.fromarray(grey), kind, **LOSSLESS[kind]))
    np.testing.assert_array_equal(read.luma, grey)
    assert read.color is None
    assert read.tint == "grey"
    assert read.is_monochrome
    assert read.size == (96, 96)
    assert read.rgb.shape == (96, 96, 3)
    assert not read.rgb.flags.writeable


def test_grey_jpeg_keeps_the_stored_plane(grey):
    data = pil_bytes(Image.fromarray(grey), "JPEG", quality=90)
    np.testing.assert_array_equal(photo.read(data).luma, np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.jpg"), ("JPEG", "a.tif")])
def test_the_content_counts_and_not_the_name(kind, name, tmp_path, camera):
    Image.fromarray(camera).save(tmp_path / name, kind)
    assert photo.read(tmp_path / name).format == kind
    assert photo.thumbnail(tmp_path / name, 32).shape[2] == 3


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("turn", [1, 6])
def test_jpeg_in_colour_keeps_the_stored_plane(rgb, subsampling, turn):
    """Colours are upsampled and clipped when they become RGB; luma is not."""
    options = {"quality": 75, "subsampling": subsampling}
    data = pil_bytes(Image.fromarray(rgb), "JPEG", **options)
    stored = Image.open(io.BytesIO(data))
    stored.draft("YCbCr", None)
    plane = np.asarray(stored)[..., 0]
    exif = Image.Exif()
    exif[0x0112] = turn
    read = photo.read(pil_bytes(Image.fromarray(rgb), "JPEG", exif=exif, **options))
    np.testing.assert_array_equal(read.luma, np.rot90(plane, -1) if turn == 6 else plane)
    assert np.abs(read.luma.astype(int) - luma(read.rgb)).max() > 0


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_kept(mode, kind, rgb, alpha):
    image = Image.fromarray(rgb).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    read = photo.read(pil_bytes(image, kind, **options))
    np.testing.assert_array_equal(read.alpha, alpha)
    np.testing.assert_array_equal(read.rgb, np.asarray(image.convert("RGB")))


def test_palette_with_transparency(rgb):
    image = Image.fromarray(rgb).quantize(64)
    read = photo.read(pil_bytes(image, "PNG", transparency=3))
    np.testing.assert_array_equal(read.rgb, np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(read.alpha == 0, np.asarray(image) == 3)


def test_grey_palette_is_grey(grey):
    image = Image.fromarray(grey).quantize(16)
    assert photo.read(pil_bytes(image, "PNG")).tint == "grey"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit(kind, grey):
    image = Image.fromarray(grey).convert("1")
    read = photo.read(pil_bytes(image, kind))
    np.testing.assert_array_equal(read.luma, np.asarray(image) * np.uint8(255))


def test_bmp_of_sixteen_bits_a_pixel():
    """BMP with 5, 6 and 5 bits for the channels, not 16 bits per sample."""
    head = struct.pack("<2sIHHI", b"BM", 70 + 16, 0, 0, 70)
    head += struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 16, 3, 16, 0, 0, 0, 0)
    head += struct.pack("<IIII", 0xF800, 0x07E0, 0x001F, 0)
    read = photo.read(head + struct.pack("<8H", *[0xF800] * 8))
    np.testing.assert_array_equal(read.rgb, np.tile(np.uint8([255, 0, 0]), (2, 4, 1)))


def test_transparent_colour_of_png(rgb):
    key = tuple(int(v) for v in rgb[5, 5])
    read = photo.read(pil_bytes(Image.fromarray(rgb), "PNG", transparency=key))
    np.testing.assert_array_equal(read.alpha == 0, (rgb == rgb[5, 5]).all(-1))


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind, rgb):
    image = Image.fromarray(rgb).convert("CMYK")
    read = photo.read(pil_bytes(image, kind))
    assert np.abs(read.rgb.astype(int) - rgb).mean() < 4


def test_sixteen_bit_grey_png(deep):
    data = cv2.imencode(".png", deep[..., 0])[1].tobytes()
    read = photo.read(data)
    assert read.luma.dtype == np.uint16
    np.testing.assert_array_equal(read.luma, deep[..., 0])


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_png(channels, deep):
    samples = np.dstack([deep, deep[..., 0]])[..., :channels]
    order = [2, 1, 0, 3][:channels]
    read = photo.read(cv2.imencode(".png", samples[..., order])[1].tobytes())
    np.testing.assert_array_equal(read.rgb, deep)
    np.testing.assert_array_equal(read.luma, luma(deep))
    if channels == 4:
        np.testing.assert_array_equal(read.alpha, deep[..., 0])


def test_sixteen_bit_grey_and_alpha_png(deep):
    grey, alpha = deep[..., 0], deep[..., 1]
    rows = np.dstack([grey, alpha]).astype(">u2").reshape(len(grey), -1).view(np.uint8)
    body = np.hstack([np.zeros((len(grey), 1), np.uint8), rows]).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 16, 4, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    read = photo.read(data + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b""))
    np.testing.assert_array_equal(read.luma, grey)
    np.testing.assert_array_equal(read.alpha, alpha)


@pytest.mark.parametrize("compression", [1, 5, 8])
def test_sixteen_bit_tiff(compression, deep):
    flags = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    data = cv2.imencode(".tif", deep[..., ::-1], flags)[1].tobytes()
    np.testing.assert_array_equal(photo.read(data).rgb, deep)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "layout", ["grey", "white-is-zero", "rgb", "rgba", "planar", "grey-alpha", "tiled", "big"]
)
def test_sixteen_bit_tiff_layouts(order, layout, deep):
    samples, options = deep, {"photometric": "rgb"}
    if layout in ("grey", "white-is-zero"):
        kind = "minisblack" if layout == "grey" else "miniswhite"
        samples, options = deep[..., 0], {"photometric": kind}
    elif layout == "rgba":
        samples = np.dstack([deep, deep[..., 1]])
        options["extrasamples"] = ["unassalpha"]
    elif layout == "planar":
        samples, options["planarconfig"] = np.moveaxis(deep, -1, 0), "separate"
    elif layout == "grey-alpha":
        samples = deep[..., :2]
        options = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
        options["planarconfig"] = "contig"
    elif layout == "tiled":
        options["tile"] = (32, 32)
    if (order, layout) == (">", "big"):
        pytest.skip("refused; see the refusals")
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, byteorder=order, bigtiff=layout == "big", **options)
    read = photo.read(stream.getvalue())
    if layout in ("grey", "grey-alpha"):
        np.testing.assert_array_equal(read.luma, deep[..., 0])
    elif layout == "white-is-zero":
        np.testing.assert_array_equal(read.luma, 65535 - deep[..., 0])
    else:
        np.testing.assert_array_equal(read.rgb, deep)
    if layout in ("rgba", "grey-alpha"):
        np.testing.assert_array_equal(read.alpha, deep[..., 1])


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", bool, np.float32, np.float64])
def test_arrays(shape, dtype):
    array = np.random.default_rng(0).random(shape)
    if np.dtype(dtype).kind == "u":
        array = array * np.iinfo(dtype).max
    array = (array > 0.5) if dtype is bool else array.astype(dtype)
    read = photo.read(array)
    assert read.luma.shape == (4, 6)
    deep = dtype not in (np.uint8, bool)
    assert read.luma.dtype == (np.uint16 if deep else np.uint8)
    assert (read.alpha is not None) == (shape[-1] == 4)
    assert read.format == "PNG"
    if np.dtype(dtype).kind == "u" and len(shape) == 2:
        np.testing.assert_array_equal(read.luma, array)


def test_every_kind_of_source_reads_alike(tmp_path, rgb):
    path = tmp_path / "cat.png"
    Image.fromarray(rgb).save(path)
    data = path.read_bytes()
    with path.open("rb") as file, Image.open(path) as image:
        sources = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data)]
        for source in [*sources, file, image, rgb]:
            np.testing.assert_array_equal(photo.read(source).rgb, rgb)
    assert photo.read(path).name == str(path)
    assert photo.read(data, name="upload").name == "upload"


def test_a_suffix_may_be_unknown_but_not_wrong(tmp_path, rgb):
    for name in ("scan", "scan.dat", "scan.PNG"):
        Image.fromarray(rgb).save(tmp_path / name, "PNG")
        assert photo.read(tmp_path / name).format == "PNG"


def test_pillow_images_of_odd_modes(rgb):
    for mode in ("YCbCr", "HSV", "RGBa", "RGBX", "P", "CMYK"):
        image = Image.fromarray(rgb).convert("RGBA").convert("RGBa") if mode == "RGBa" else None
        read = photo.read(image or Image.fromarray(rgb).convert(mode))
        assert read.rgb.shape == rgb.shape
    for mode in ("F", "I", "LAB"):
        image = Image.new(mode, (4, 4))
        with pytest.raises(PhotochromError, match="mode"):
            photo.read(image)


def test_the_limit_is_an_argument(rgb):
    data = pil_bytes(Image.fromarray(rgb), "TIFF", compression="tiff_lzw")
    was = Image.MAX_IMAGE_PIXELS
    try:
        Image.MAX_IMAGE_PIXELS = 10  # not our limit: nothing may come of it
        for kind in ("JPEG", "PNG", "BMP", "AVIF"):
            photo.read(pil_bytes(Image.fromarray(rgb), kind))
        photo.read(data)
    finally:
        Image.MAX_IMAGE_PIXELS = was


def test_nothing_on_stderr(tmp_path, rgb):
    """Neither Python's warnings nor a C library's may reach the user."""
    damaged = bytearray(pil_bytes(Image.fromarray(rgb), "JPEG", exif=_long_exif()))
    damaged[30:60] = b"\xff" * 30
    (tmp_path / "a.jpg").write_bytes(damaged)
    png = bytearray(pil_bytes(Image.fromarray(rgb), "PNG"))
    png[200:220] = bytes(20)
    (tmp_path / "b.png").write_bytes(png)
    tiff = pil_bytes(Image.fromarray(rgb), "TIFF", compression="tiff_lzw")
    (tmp_path / "c.tif").write_bytes(tiff[: len(tiff) // 2])
    (tmp_path / "e.tif").write_bytes(tiff[:-10] + b"II")
    cut = cv2.imencode(".tif", rgb.astype(np.uint16) * 257)[1].tobytes()
    (tmp_path / "d.tif").write_bytes(cut[:9000])
    code = (
        "import sys\nfrom photochrom import photo\nfrom photochrom.errors import PhotoError\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        photo.read(path)\n    except PhotoError:\n        pass\n"
    )
    paths = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, *paths],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert (done.returncode, done.stderr) == (0, "")


def _long_exif() -> bytes:
    exif = Image.Exif()
    exif[270] = "a description that is long enough to live outside of its entry"
    return exif.tobytes()
