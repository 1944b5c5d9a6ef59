"""Bad input is refused, with an error that says what is wrong and names the file."""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from photochrom import photo
from photochrom.errors import (
    PhotoError,
    PhotoTooLarge,
    PhotoTypeError,
    PhotoValueError,
    SeveralPages,
    UnreadablePhoto,
    UnsupportedPhoto,
)
from tests.photo import scenes
from tests.photo.photo_files import pil_bytes

NOISE = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
IMAGE = Image.fromarray(NOISE)
DEEP = NOISE.astype(np.uint16) * np.uint16(257)


def saved(kind: str, image: Image.Image = IMAGE, **options) -> bytes:
    return pil_bytes(image, kind, **options)


def tiff(samples: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **options)
    return stream.getvalue()


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), (80 * i, 0, 0)) for i in range(3)]
    return saved(kind, frames[0], save_all=True, append_images=frames[1:])


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def png_of_size(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return patched(saved("PNG"), 12, head + struct.pack(">I", zlib.crc32(head)))


def jpeg12() -> bytes:
    data = saved("JPEG")
    return patched(data, data.index(b"\xff\xc0") + 4, b"\x0c")


def avif10() -> bytes:
    data = saved("AVIF")
    at = data.index(b"av1C") + 6
    return patched(data, at, bytes([data[at] | 0x40]))


def many_scans() -> bytes:
    data = saved("JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * 500 + data[-2:]


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def deep_png() -> bytes:
    return cv2.imencode(".png", DEEP)[1].tobytes()


CASES = {
    "an empty file": ("a.jpg", b"", UnreadablePhoto, "is empty"),
    "not a picture": ("a.jpg", b"Dear diary, " * 50, UnreadablePhoto, "not a picture"),
    "half a JPEG": ("a.jpg", half(saved("JPEG")), UnreadablePhoto, "damaged or truncated"),
    "half a PNG": ("a.png", half(saved("PNG")), UnreadablePhoto, "damaged or truncated"),
    "half a 16-bit PNG": ("a.png", half(deep_png()), UnreadablePhoto, "damaged or truncated"),
    "half a WebP": ("a.webp", half(saved("WEBP")), UnreadablePhoto, "damaged or truncated"),
    "half an AVIF": ("a.avif", half(saved("AVIF")), UnreadablePhoto, "damaged or truncated"),
    "half a BMP": ("a.bmp", half(saved("BMP")), UnreadablePhoto, "damaged or truncated"),
    "half a TIFF": ("a.tif", half(saved("TIFF")), UnreadablePhoto, "damaged or truncated"),
    "a 16-bit TIFF without its end": (
        "a.tif",
        tiff(DEEP, photometric="rgb")[:-2000],
        UnreadablePhoto,
        "damaged or truncated",
    ),
    "a deflated 16-bit TIFF without its end": (
        "a.tif",
        tiff(DEEP, photometric="rgb", compression="zlib")[:-2000],
        UnreadablePhoto,
        "damaged or truncated",
    ),
    "a planar 16-bit TIFF without its end": (
        "a.tif",
        tiff(np.moveaxis(DEEP, -1, 0), photometric="rgb", planarconfig="separate")[:-2000],
        UnreadablePhoto,
        "damaged or truncated",
    ),
    "only a signature": ("a.png", saved("PNG")[:8], UnreadablePhoto, "damaged or truncated"),
    "no pixels": ("a.png", png_of_size(0, 5), UnreadablePhoto, "at least one pixel; .* is 0 × 5"),
    "too many pixels": (
        "a.png",
        png_of_size(200_000, 100_000),
        PhotoTooLarge,
        "expected 250,000,000 pixels at most; .* has 20,000,000,000",
    ),
    "a JPEG of many scans": (
        "a.jpg",
        many_scans(),
        UnsupportedPhoto,
        "500 scans at most; .* has 51",
    ),
    "a GIF animation": ("a.gif", animation("GIF"), UnsupportedPhoto, "animation of 3 frames"),
    "an animated PNG": ("a.png", animation("PNG"), UnsupportedPhoto, "animation of 3 frames"),
    "an animated WebP": ("a.webp", animation("WEBP"), UnsupportedPhoto, "animation of 3 frames"),
    "an animated AVIF": ("a.avif", animation("AVIF"), UnsupportedPhoto, "animation of 3 frames"),
    "a TIFF of three pages": (
        "a.tif",
        tiff(np.stack([DEEP] * 3), photometric="rgb"),
        SeveralPages,
        "expected one page; .*a.tif has 3 pages",
    ),
    "a floating-point TIFF": (
        "a.tif",
        tiff(NOISE.astype(np.float32), photometric="rgb"),
        UnsupportedPhoto,
        "floating-point",
    ),
    "a 32-bit TIFF": (
        "a.tif",
        tiff(NOISE.astype(np.uint32), photometric="rgb"),
        UnsupportedPhoto,
        "expected 8 or 16 bits per sample; .* has 32",
    ),
    "a signed TIFF": (
        "a.tif",
        tiff(NOISE[..., 0].astype(np.int16), photometric="minisblack"),
        UnsupportedPhoto,
        "signed",
    ),
    "a big-endian BigTIFF": (
        "a.tif",
        tiff(NOISE, photometric="rgb", byteorder=">", bigtiff=True),
        UnsupportedPhoto,
        "big-endian",
    ),
    "a 16-bit CMYK TIFF": (
        "a.tif",
        tiff(np.dstack([DEEP, DEEP[..., 0]]), photometric="separated"),
        UnsupportedPhoto,
        "expected CMYK of 8 bits",
    ),
    "a BMP of 64 bits per pixel": (
        "a.bmp",
        patched(saved("BMP"), 28, b"\x40\0"),
        UnsupportedPhoto,
        "a.bmp is not supported: Unsupported BMP pixel depth",
    ),
    "a 12-bit JPEG": ("a.jpg", jpeg12(), UnsupportedPhoto, "expected 8 or 16 bits.* has 12"),
    "a 10-bit AVIF": ("a.avif", avif10(), UnsupportedPhoto, "expected 8 or 16 bits.* has 10"),
    "a PDF": ("a.pdf", b"%PDF-1.7\n" + bytes(100), SeveralPages, "pages must be chosen"),
    "a film": ("a.mp4", struct.pack(">I", 24) + b"ftypisom" + bytes(99), UnsupportedPhoto, "video"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_files(case, tmp_path):
    name, data, error, message = CASES[case]
    path = tmp_path / name
    path.write_bytes(data)
    for look in (photo.read, lambda source: photo.thumbnail(source, 32)):
        with pytest.raises(error, match=message) as caught:
            look(path)
        assert type(caught.value) is error
        assert str(path) in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_bad_places(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadablePhoto, match=r"there is no file .*nothing\.jpg"):
        photo.read(tmp_path / "nothing.jpg")
    with pytest.raises(UnreadablePhoto, match="is a folder"):
        photo.read(tmp_path)
    with pytest.raises(UnreadablePhoto, match="not a regular file"):
        photo.read(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadablePhoto, match="cannot read"):
        photo.read("a\0b.jpg")


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret.jpg"
    path.write_bytes(saved("JPEG"))

    def locked(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", locked)
    with pytest.raises(UnreadablePhoto, match=r"no permission to read .*secret\.jpg"):
        photo.read(path)


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (io.StringIO("text"), PhotoTypeError, "binary mode"),
        (17, PhotoTypeError, "received int"),
        (None, PhotoTypeError, "received NoneType"),
        (b"", UnreadablePhoto, "<bytes> is empty"),
        (np.zeros((5, 5, 2), np.uint8), PhotoValueError, r"received shape \(5, 5, 2\)"),
        (np.zeros(5, np.uint8), PhotoValueError, "1, 3 or 4 channels"),
        (np.zeros((0, 5), np.uint8), UnreadablePhoto, "at least one pixel"),
        (np.zeros((5, 5), np.int64), PhotoTypeError, "received int64"),
        (np.zeros((5, 5), object), PhotoTypeError, "received object"),
        (np.full((5, 5), 2.0), PhotoValueError, r"floats in \[0, 1\]; received .* 2 to 2"),
        (np.full((5, 5), np.nan), PhotoValueError, "received NaN"),
        (np.zeros((5, 5), np.complex64), PhotoTypeError, "complex64"),
    ],
)
def test_bad_objects(source, error, message):
    with pytest.raises(error, match=message):
        photo.read(source)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "JPEG2000"])
def test_the_limit_counts_before_decoding(kind):
    with pytest.raises(PhotoTooLarge, match=re.escape("has 3,072 (64 × 48)")):
        photo.read(saved(kind), max_pixels=9)
    with pytest.raises(PhotoTooLarge):
        photo.read(NOISE, max_pixels=9)
    with pytest.raises(PhotoTooLarge):
        photo.read(IMAGE, max_pixels=9)


OPTIONAL = ("heic/two_with_exif.heic", "jxl/from_jpeg.jxl", "jpeg2000/colour12.jp2")
VALID = [
    *((scenes.CASES / name).read_bytes() for name in OPTIONAL),
    scenes.dng(scenes.grey(), scenes.LINEAR_RAW),
    *(saved(kind, IMAGE.resize((24, 16))) for kind in ("JPEG", "PNG", "WEBP", "AVIF", "BMP")),
    saved("TIFF", compression="tiff_lzw"),
    saved("TIFF", IMAGE.convert("L")),
    saved("GIF"),
    cv2.imencode(".png", DEEP[:16, :24])[1].tobytes(),
    tiff(DEEP[:16, :24], photometric="rgb"),
    tiff(np.moveaxis(DEEP[:16, :24], -1, 0), photometric="rgb", planarconfig="separate"),
    photo.encode(NOISE, format="JPEG", metadata=photo.Metadata(b"II*\0\x08\0\0\0" + bytes(99))),
]


def fate(data: bytes) -> None:
    """Check that data give a photograph or a PhotoError; anything else fails the test."""
    for look in (photo.read, lambda source: photo.thumbnail(source, 8)):
        try:
            look(data)
        except PhotoError as error:
            assert str(error)  # noqa: PT017


fuzzed = settings(
    max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@fuzzed
@given(st.binary(max_size=400), st.sampled_from(VALID))
def test_random_bytes(tail, valid):
    fate(tail)
    fate(valid[:12] + tail)


@pytest.mark.slow
@fuzzed
@given(st.data(), st.sampled_from(VALID))
def test_truncations(data, valid):
    fate(valid[: data.draw(st.integers(0, len(valid)))])


@pytest.mark.slow
@fuzzed
@given(st.data(), st.sampled_from(VALID))
def test_flipped_bits(data, valid):
    damaged = bytearray(valid)
    places = st.integers(0, min(len(valid), 700) - 1) | st.integers(0, len(valid) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=12)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    fate(bytes(damaged))
