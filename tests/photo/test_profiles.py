"""Colour profiles are applied when photographs are read; results are sRGB."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.photo.profile import _deep_band, _table, srgb_profile, to_srgb
from photochrom.photo.shaper import shaper_of
from tests.photo.photo_files import pil_bytes

# D50 colorants (ICC) and gamma of Adobe RGB (1998)
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def matrix_profile(colorants=ADOBE, curve: bytes | None = None) -> bytes:
    """A display profile made of nothing but three colorants, one curve and the white point."""
    curve = curve or b"curv" + struct.pack(">IIH", 0, 1, round(2.19921875 * 256)) + b"\0\0"
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642) + fixed(1) + fixed(0.8249)}
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True):
        tags[name] = b"XYZ " + bytes(4) + b"".join(map(fixed, xyz))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return assembled(tags, b"RGB ")


def assembled(tags: dict[bytes, bytes], space: bytes) -> bytes:
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ "
    )
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head.ljust(128, b"\0") + table + body


def grey_profile() -> bytes:
    curve = b"curv" + struct.pack(">IIH", 0, 1, 256) + b"\0\0"
    white = b"XYZ " + bytes(4) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return assembled({b"wtpt": white, b"kTRC": curve}, b"GRAY")


def by_littlecms(rgb: np.ndarray, icc: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    return np.asarray(
        ImageCms.profileToProfile(
            Image.fromarray(rgb), source, ImageCms.createProfile("sRGB"), renderingIntent=1
        )
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_adobe_rgb_becomes_srgb(kind, rgb):
    options = {"lossless": True} if kind == "WEBP" else {}
    image = Image.fromarray(rgb)
    plain = photo.read(pil_bytes(image, kind, **options)).rgb
    read = photo.read(pil_bytes(image, kind, icc_profile=matrix_profile(), **options))
    assert np.abs(read.rgb.astype(int) - by_littlecms(plain, matrix_profile())).max() <= 1
    assert np.abs(read.rgb.astype(int) - plain).mean() > 2


def test_sixteen_bits_agree_with_eight(rgb):
    icc = matrix_profile()
    deep = to_srgb(rgb.astype(np.uint16) * np.uint16(257), icc)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - by_littlecms(rgb, icc)).max() <= 1


def test_the_lattice_agrees_with_the_matrix(deep):
    icc = matrix_profile()
    exact = _deep_band(icc, shaper_of(icc), deep)
    lattice = _deep_band(icc, None, deep)
    assert _table(icc).shape == (33, 33, 33, 3)
    error = np.abs(lattice.astype(int) - exact)
    assert error.max() <= 2 * 257
    assert error.mean() <= 0.4 * 257


def test_a_grey_ramp_stays_grey_at_sixteen_bits():
    ramp = np.arange(0, 65536, 16, dtype=np.uint16)[None, :, None].repeat(3, 2)
    done = to_srgb(ramp, matrix_profile())
    assert int(np.ptp(done.astype(int), axis=-1).max()) <= 12
    assert (np.diff(done[0, :, 1].astype(int)) >= 0).all()


@pytest.mark.parametrize("kind", range(5))
def test_parametric_curves(kind, rgb):
    numbers = {
        0: (2.2,),
        1: (2.2, 1, 0),
        2: (2.2, 0.95, 0.0, 0.02),
        3: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
        4: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0),
    }[kind]
    curve = b"para" + struct.pack(">IHH", 0, kind, 0) + b"".join(map(fixed, numbers))
    icc = matrix_profile(curve=curve)
    deep = to_srgb(rgb.astype(np.uint16) * np.uint16(257), icc)
    assert np.abs(deep / 257 - to_srgb(rgb, icc)).max() <= 1.5


def test_a_table_for_a_curve(rgb):
    points = np.rint(np.linspace(0, 1, 256) ** 1.8 * 65535).astype(">u2")
    icc = matrix_profile(curve=b"curv" + struct.pack(">II", 0, 256) + points.tobytes())
    deep = to_srgb(rgb.astype(np.uint16) * np.uint16(257), icc)
    assert np.abs(deep / 257 - to_srgb(rgb, icc)).max() <= 1.5


def test_srgb_costs_nothing(rgb, deep):
    for icc in (None, srgb_profile(), b"broken", grey_profile()):
        assert to_srgb(rgb, icc) is rgb
        assert to_srgb(deep, icc) is deep


def test_grey_values_are_kept_under_a_grey_profile(grey):
    read = photo.read(pil_bytes(Image.fromarray(grey), "PNG", icc_profile=grey_profile()))
    np.testing.assert_array_equal(read.luma, grey)


def test_cmyk_under_a_profile_of_another_space(rgb):
    image = Image.fromarray(rgb).convert("CMYK")
    plain = photo.read(pil_bytes(image, "TIFF"))
    tagged = photo.read(pil_bytes(image, "TIFF", icc_profile=matrix_profile()))
    np.testing.assert_array_equal(plain.rgb, tagged.rgb)


def test_a_cmyk_profile_is_honoured(rgb):
    icc = cmyk_profile()
    image = Image.fromarray(rgb).convert("CMYK")
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    expected = ImageCms.profileToProfile(
        image, source, ImageCms.createProfile("sRGB"), renderingIntent=1, outputMode="RGB"
    )
    read = photo.read(pil_bytes(image, "TIFF", icc_profile=icc))
    assert np.abs(read.rgb.astype(int) - np.asarray(expected)).max() <= 1
    assert np.abs(read.rgb.astype(int) - rgb).mean() > 2


def cmyk_profile() -> bytes:
    """A CMYK profile: an 8-bit table with two nodes per side (lut8Type), all inks equally dark."""
    nodes = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), -1).reshape(-1, 4)
    light = np.rint(255 * (1 - nodes.sum(-1) / 4)).astype(np.uint8)
    lab = np.stack([light, np.full(16, 128), np.full(16, 128)], -1).astype(np.uint8)
    ramp = np.arange(256, dtype=np.uint8).tobytes()
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += b"".join(fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table += ramp * 4 + lab.tobytes() + ramp * 3
    white = b"XYZ " + bytes(4) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    profile = bytearray(assembled({b"wtpt": white, b"A2B0": table}, b"CMYK"))
    profile[12:16], profile[20:24] = b"prtr", b"Lab "
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_what_is_written_says_srgb(kind, rgb):
    for pixels in (rgb, rgb.astype(np.uint16) * np.uint16(257)):
        with Image.open(io.BytesIO(photo.encode(pixels, format=kind))) as image:
            assert image.info["icc_profile"] == srgb_profile()
    assert len(srgb_profile()) < 1000
