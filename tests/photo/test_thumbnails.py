"""Small copies: quick, upright, in sRGB, and never larger than the photograph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import ConfigError, UnreadablePhoto
from tests.photo.photo_files import pil_bytes
from tests.pictures import sample_image


@pytest.fixture(scope="module")
def china() -> np.ndarray:
    return sample_image("china")


@pytest.mark.slow
@pytest.mark.parametrize("kind", photo.FORMATS)
@pytest.mark.parametrize("side", [16, 50, 100, 300, 427])
def test_the_shorter_side(kind, side, china):
    small = photo.thumbnail(photo.encode(china, format=kind), side)
    assert min(small.shape[:2]) == side
    assert small.dtype == np.uint8
    assert small.flags.writeable
    assert small.shape[1] / small.shape[0] == pytest.approx(640 / 427, abs=1.5 / side)
    expected = cv2.resize(china, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 7


def test_nothing_is_enlarged(rgb):
    assert photo.thumbnail(photo.encode(rgb, format="JPEG"), 5000).shape == rgb.shape


def test_paths_grey_deep_and_transparent_pictures(tmp_path, grey, deep, rgb, alpha):
    Image.fromarray(grey).save(tmp_path / "grey.jpg")
    small = photo.thumbnail(tmp_path / "grey.jpg", 24)
    assert small.shape == (24, 24, 3)
    assert np.ptp(small, axis=-1).max() == 0
    for kind in ("PNG", "TIFF"):
        assert photo.thumbnail(photo.encode(deep, format=kind), 24).shape == (24, 36, 3)
    assert photo.thumbnail(photo.encode(rgb, format="PNG", alpha=alpha), 24).shape == (24, 36, 3)
    cmyk = pil_bytes(Image.fromarray(rgb).convert("CMYK"), "JPEG")
    assert photo.thumbnail(cmyk, 24).shape == (24, 36, 3)


def test_slender_pictures():
    strip = np.zeros((3, 4000, 3), np.uint8)
    assert photo.thumbnail(photo.encode(strip, format="PNG"), 2).shape == (2, 2667, 3)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_truncated(cut, china):
    data = photo.encode(china, format="JPEG")
    with pytest.raises(UnreadablePhoto, match="truncated"):
        photo.thumbnail(data[: int(len(data) * cut)], 64)


def test_a_side_of_nothing(rgb):
    with pytest.raises(ConfigError, match="at least 1 pixel; received 0"):
        photo.thumbnail(photo.encode(rgb, format="PNG"), 0)


@pytest.mark.slow
def test_threads_agree(china, rgb):
    files = [photo.encode(p, format=f) for f in photo.FORMATS for p in (china, rgb)] * 4
    alone = [photo.thumbnail(data, 40) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: photo.thumbnail(data, 40), files))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
