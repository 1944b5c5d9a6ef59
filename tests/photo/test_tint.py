"""Sepia, cyanotype and faded prints are monochrome; colour photographs are not."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom import photo
from photochrom.color import lab_to_rgb, luma, rgb_to_lab

# what black, middle grey and white become
TONES = {
    "sepia": ((38, 22, 12), (150, 112, 72), (250, 236, 205)),
    "strong sepia": ((40, 14, 0), (170, 110, 50), (255, 226, 160)),
    "cyanotype": ((8, 24, 66), (70, 122, 168), (234, 244, 248)),
    "faded": ((70, 58, 50), (150, 138, 120), (226, 214, 184)),
    "selenium": ((20, 14, 24), (122, 112, 124), (244, 242, 240)),
    "split": ((16, 20, 44), (128, 126, 120), (250, 238, 208)),
}


def toned(grey: np.ndarray, tone: str) -> np.ndarray:
    points = np.array(TONES[tone], float)
    curves = [np.interp(np.arange(256), (0, 128, 255), points[:, i]) for i in range(3)]
    return np.stack([np.rint(curve).astype(np.uint8)[grey] for curve in curves], -1)


def jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def worn_sepia(rgb: np.ndarray) -> np.ndarray:
    """A print whose tint is stronger in some places than in others, with a worn left edge."""
    rng = np.random.default_rng(6)
    lab = rgb_to_lab(np.divide(rgb, 255, dtype=np.float32))
    stain = cv2.GaussianBlur(rng.normal(0, 1, rgb.shape[:2]), (0, 0), 25)
    strength = 1 + 0.4 * stain / np.abs(stain).max()
    lab[..., 0] = 25 + lab[..., 0] * 0.6
    lab[..., 1:] = strength[..., None] * (4, 26)
    lab[:, :9] = (93, 2, 18)
    return np.rint(np.clip(lab_to_rgb(lab), 0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("quality", [None, 95, 75, 60])
def test_tinted_photographs(tone, quality, colour_photos):
    for name, rgb in colour_photos.items():
        scan = toned(luma(rgb), tone)
        scan = scan if quality is None else jpeg(scan, quality)
        assert photo.tint_of(scan) == "tinted", name


@pytest.mark.slow
@pytest.mark.parametrize("tone", TONES)
def test_tinted_photographs_with_grain_and_stains(tone, colour_photos):
    rng = np.random.default_rng(5)
    for name, rgb in colour_photos.items():
        scan = toned(luma(rgb), tone).astype(float) + rng.normal(0, 6, rgb.shape)
        stain = cv2.GaussianBlur(rng.normal(0, 1, rgb.shape[:2]), (0, 0), 40)
        scan += (stain / np.abs(stain).max() * 4)[..., None] * (1, 0.8, 0.5)
        assert photo.tint_of(np.clip(scan, 0, 255).astype(np.uint8)) == "tinted", name


def test_a_sepia_print_with_a_worn_edge_and_uneven_tone(colour_photos):
    """Its tint depends on the place, but there is nothing in it without tint."""
    for name, rgb in colour_photos.items():
        assert photo.tint_of(worn_sepia(rgb)) == "tinted", name


def test_colour_photographs(colour_photos):
    for name, rgb in colour_photos.items():
        assert photo.tint_of(rgb) == "colour", name
        assert photo.tint_of(jpeg(rgb, 50)) == "colour", name


@pytest.mark.parametrize("name", ["camera", "moon", "page", "text", "coins", "brick"])
@pytest.mark.parametrize("quality", [None, 90, 40])
def test_grey_photographs(name, quality):
    grey = getattr(skimage.data, name)()
    rgb = np.repeat(grey[..., None], 3, axis=2)
    assert photo.tint_of(rgb if quality is None else jpeg(rgb, quality)) == "grey"


def test_a_grey_photograph_with_one_coloured_thing():
    grey = np.repeat(skimage.data.camera()[..., None], 3, axis=2)
    grey[200:240, 200:240] = (200, 40, 40)
    assert photo.tint_of(grey) == "colour"


def test_flat_and_tiny_pictures():
    assert photo.tint_of(np.full((8, 8, 3), 99, np.uint8)) == "grey"
    assert photo.tint_of(np.zeros((1, 1, 3), np.uint8)) == "grey"
    assert photo.tint_of(np.full((1, 5000, 3), (120, 90, 60), np.uint8)) == "tinted"


def test_a_sepia_scan_is_read_by_its_luma(colour_photos):
    scan = toned(luma(colour_photos["china"]), "sepia")
    read = photo.read(scan)
    assert read.tint == "tinted"
    assert read.is_monochrome
    np.testing.assert_array_equal(read.luma, luma(scan))
    np.testing.assert_array_equal(read.rgb, scan)


def test_sixteen_bits_are_judged_alike(colour_photos):
    for name in ("china", "coffee"):
        scan = toned(luma(colour_photos[name]), "sepia").astype(np.uint16) * np.uint16(257)
        assert photo.read(scan).tint == "tinted"
        assert photo.read(colour_photos[name].astype(np.uint16) * np.uint16(257)).tint == "colour"
