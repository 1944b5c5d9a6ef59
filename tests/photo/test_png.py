"""PNG: transparent values, gamma and damaged chunks."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.errors import UnreadablePhoto
from tests.photo.test_profiles import matrix_profile

GREY, RGB = 0, 2  # colour types
# White, red, green and blue of Adobe RGB (1998) and of sRGB
ADOBE = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


def chunk(kind: bytes, data: bytes) -> bytes:
    end = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + end


def png(samples: np.ndarray, depth: int, *chunks: bytes) -> bytes:
    """A PNG file of (H, W) or (H, W, 3) integers below 2 ** depth."""
    height, width = samples.shape[:2]
    flat = samples.reshape(height, -1)
    if depth == 16:
        rows = flat.astype(">u2").view(np.uint8)
    else:
        bits = flat[..., None] >> np.arange(depth - 1, -1, -1) & 1
        rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    body = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    kind = GREY if samples.ndim == 2 else RGB
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = (chunk(b"IHDR", head), *chunks, chunk(b"IDAT", zlib.compress(body)))
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IEND", b"")])


def random(depth: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 2**depth, shape)


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chromaticities(values: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values)))


KEYS = {1: (0, 1), 2: (0, 1, 3), 4: (0, 5, 15), 8: (0, 7, 255), 16: (0, 255, 0x1234, 0xFFFF)}


@pytest.mark.parametrize(("depth", "key"), [(depth, key) for depth in KEYS for key in KEYS[depth]])
def test_a_transparent_grey_value(depth, key):
    samples = random(depth, 12, 21)
    samples[3, 4:9] = key
    read = photo.read(png(samples, depth, chunk(b"tRNS", struct.pack(">H", key))))
    np.testing.assert_array_equal(read.alpha == 0, samples == key)
    scale = 255 // (2**depth - 1) if depth < 8 else 1
    np.testing.assert_array_equal(read.luma, samples * scale)


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_high_bits_of_a_transparent_value_do_not_count(depth):
    """As in libpng."""
    samples = random(depth, 12, 21)
    key = samples[5, 6]
    high = int(key) | 0xFF << depth & 0xFFFF
    read = photo.read(png(samples, depth, chunk(b"tRNS", struct.pack(">H", high))))
    np.testing.assert_array_equal(read.alpha == 0, samples == key)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour(depth):
    samples = random(depth, 12, 21, 3)
    key = struct.pack(">3H", *samples[5, 6])
    read = photo.read(png(samples, depth, chunk(b"tRNS", key)))
    np.testing.assert_array_equal(read.alpha == 0, (samples == samples[5, 6]).all(-1))
    np.testing.assert_array_equal(read.rgb, samples)


def encoded(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("value", [1.0, 0.55556, 0.3])
@pytest.mark.parametrize(
    ("depth", "shape"),
    [(4, (16, 16)), (8, (16, 16)), (16, (16, 16)), (8, (16, 16, 3)), (16, (16, 16, 3))],
)
def test_gamma_is_converted(depth, shape, value):
    samples = random(depth, *shape)
    read = photo.read(png(samples, depth, gamma(value)))
    top = 65535 if depth == 16 else 255
    expected = encoded((samples / (2**depth - 1)) ** (1 / value)) * top
    got = read.luma if len(shape) == 2 else read.rgb
    assert np.abs(got - expected).max() <= 0.5 + 1e-5 * top


@pytest.mark.parametrize(
    "chunks",
    [
        (gamma(1 / 2.2),),
        (gamma(0.47),),
        (gamma(1 / 2.2), chromaticities(SRGB)),
        (gamma(1), chunk(b"sRGB", b"\0")),
        (gamma(0),),
        (gamma(1 / 2.2), chromaticities((0,) * 8)),
        (gamma(1 / 2.2), chromaticities((0.3,) * 8)),
        (chromaticities(ADOBE),),
    ],
)
def test_what_means_srgb_or_nothing_changes_nothing(chunks):
    for samples in (random(8, 16, 16), random(8, 16, 16, 3)):
        read = photo.read(png(samples, 8, *chunks))
        np.testing.assert_array_equal(read.luma if samples.ndim == 2 else read.rgb, samples)


def test_a_profile_wins_over_gamma(rgb):
    icc = chunk(b"iCCP", b"a\0\0" + zlib.compress(matrix_profile()))
    plain, both = png(rgb, 8, icc), png(rgb, 8, icc, gamma(1))
    np.testing.assert_array_equal(photo.read(plain).rgb, photo.read(both).rgb)


@pytest.mark.parametrize("depth", [8, 16])
def test_chromaticities_agree_with_a_profile(depth, rgb):
    samples = rgb.astype(int) * (257 if depth == 16 else 1)
    read = photo.read(png(samples, depth, gamma(1 / 2.2), chromaticities(ADOBE)))
    source = ImageCms.ImageCmsProfile(io.BytesIO(matrix_profile()))
    target = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(Image.fromarray(rgb), source, target, renderingIntent=1)
    got = read.rgb / (257 if depth == 16 else 1)
    assert np.abs(got - np.asarray(expected)).max() <= 1.5
    assert np.abs(got - rgb).mean() > 2


def test_another_white_stays_white():
    """Its chromaticities are those of the CIE's illuminant A."""
    samples = np.full((8, 8, 3), 255)
    warm = (0.4476, 0.4074, *SRGB[2:])
    read = photo.read(png(samples, 8, gamma(1 / 2.2), chromaticities(warm)))
    assert read.luma.min() >= 254


def test_alpha_is_not_converted():
    samples = random(4, 12, 21)
    key = samples[5, 6]
    read = photo.read(png(samples, 4, gamma(1), chunk(b"tRNS", struct.pack(">H", key))))
    np.testing.assert_array_equal(read.alpha == 0, samples == key)


def spoilt(data: bytes, kind: bytes) -> bytes:
    """Make the checksum of a chunk wrong."""
    at = data.index(kind)
    end = at + 4 + struct.unpack_from(">I", data, at - 4)[0]
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"tEXt", b"Title\0A cat"),
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
        (b"abCd", b"unknown"),
    ],
)
def test_an_ancillary_chunk_with_a_wrong_checksum_is_passed_over(kind, body):
    samples = random(8, 12, 21)
    whole = png(samples, 8, chunk(kind, body), chunk(b"tEXt", b"Artist\0Somebody"))
    np.testing.assert_array_equal(photo.read(spoilt(whole, kind)).luma, samples)


@pytest.mark.parametrize("kind", [b"gAMA", b"cHRM", b"sRGB", b"pHYs"])
def test_an_ancillary_chunk_of_a_wrong_size_is_passed_over(kind):
    samples = random(8, 12, 21)
    for size in (0, 3, 40):
        whole = png(samples, 8, chunk(kind, bytes(size)))
        np.testing.assert_array_equal(photo.read(whole).luma, samples)


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT"])
def test_a_critical_chunk_with_a_wrong_checksum_is_refused(kind):
    with pytest.raises(UnreadablePhoto, match=f"checksum of its chunk {kind.decode()} is wrong"):
        photo.read(spoilt(png(random(8, 12, 21), 8), kind))
