"""Chroma that follows the edges of the photograph."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from photochrom import color
from photochrom.color.guided import LinearChroma, _evaluate
from tests.support import exact_luma

UNIT = np.float32(400)  # the tests speak of chroma in units of Lab's size


def enlarge(small: np.ndarray, guide: np.ndarray) -> np.ndarray:
    luma = np.rint(guide * 255).astype(np.uint8)
    found = LinearChroma.fit(small / UNIT, luma, "ycbcr")
    y = (luma / 255).astype(np.float32)
    cb, cr, spare = (np.empty_like(y) for _ in range(3))
    _evaluate(found._coefficients_for_rows(len(y)), y, cb, cr, spare)
    return np.dstack([cb, cr]) * UNIT


# --- enlarge --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 1), (7, 300), (64, 64), (241, 333)])
@pytest.mark.parametrize("small", [(1, 1), (1, 9), (8, 8), (16, 40)])
def test_constant_chroma_stays_constant(size, small):
    guide = np.random.default_rng(2).random(size, np.float32)
    chroma = np.tile(np.array([20, -10], np.float32), (*small, 1))
    found = enlarge(chroma, guide)
    assert found.shape == (*size, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.broadcast_to([20, -10], found.shape), atol=0.01)


def step(column: int, shape: tuple[int, int] = (256, 256)) -> np.ndarray:
    guide = np.full(shape, 0.2, np.float32)
    guide[:, column:] = 0.8
    return guide


def crossings(plane: np.ndarray) -> list[int]:
    """The columns at which a plane has made a tenth, half and nine tenths of its change."""
    row = plane[plane.shape[0] // 2]
    share = (row - row[0]) / (row[-1] - row[0])
    return [int(np.argmax(share > part)) for part in (0.1, 0.5, 0.9)]


@pytest.mark.parametrize("column", [64, 125, 128, 131, 190])
def test_chroma_follows_the_edge_of_luma(column):
    """The network works at an eighth; its own edge is off by up to half of its pixel."""
    guide = step(column)
    small = np.zeros((32, 32, 2), np.float32)
    small[:, round(column / 8) :] = [40, -40]
    found = enlarge(small, guide)
    bilinear = cv2.resize(small, guide.shape[::-1], interpolation=cv2.INTER_LINEAR)
    for channel in (0, 1):
        first, half, last = crossings(found[..., channel])
        assert abs(half - column) <= 1
        assert max(column - first, last - column) <= 5
        smooth = crossings(bilinear[..., channel])
        assert last - first < smooth[2] - smooth[0]


def test_both_sides_of_an_edge_keep_their_colours():
    small = np.zeros((32, 32, 2), np.float32)
    small[:, :16], small[:, 16:] = [30, 5], [-20, 25]
    found = enlarge(small, step(128))
    np.testing.assert_allclose(found[:, :100].mean((0, 1)), [30, 5], atol=1)
    np.testing.assert_allclose(found[:, 156:].mean((0, 1)), [-20, 25], atol=1)


def test_chroma_is_not_torn_where_luma_is_flat():
    """Without an edge in the luma, the result is as smooth as a plain enlargement."""
    small = np.random.default_rng(3).uniform(-40, 40, (16, 16, 2)).astype(np.float32)
    found = enlarge(small, np.full((128, 128), 0.5, np.float32))
    assert np.abs(np.diff(found, axis=0)).max() < 8
    assert np.abs(found).max() <= 40


def test_what_is_given_is_left_as_it_is():
    small, guide = np.ones((8, 8, 2), np.float32), step(10, (32, 32))
    before = guide.copy()
    enlarge(small, guide)
    assert (small == 1).all()
    np.testing.assert_array_equal(guide, before)


# --- planes and pixels ----------------------------------------------------------------------


def wild(shape: tuple[int, int], dtype: type = np.uint8) -> tuple[LinearChroma, np.ndarray]:
    rng = np.random.default_rng(5)
    luma = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    chroma = rng.uniform(-90, 90, (6, 9, 2)).astype(np.float32)
    return LinearChroma.fit(chroma, luma, "lab"), luma


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (41, 67), (300, 20)])
def test_luma_stays(shape, dtype):
    chroma, luma = wild(shape, dtype)
    rgb = chroma.rgb(luma)
    assert rgb.dtype == dtype
    assert np.abs(exact_luma(rgb) - luma).max() <= 1


def test_band_by_band_as_on_the_whole(monkeypatch):
    chroma, luma = wild((203, 61))
    whole, halves = chroma.rgb(luma), chroma.planes(luma, halved=True)
    monkeypatch.setattr("photochrom.color.bands._BAND_PIXELS", 1000)
    assert np.abs(chroma.rgb(luma).astype(int) - whole).max() <= 1
    for one, other in zip(chroma.planes(luma, halved=True), halves, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_full_planes_are_those_of_the_pixels():
    chroma, luma = wild((40, 60))
    expected = color.chroma_planes(chroma.rgb(luma))
    for one, other in zip(chroma.planes(luma, halved=False), expected, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2  # RGB is rounded once more


@pytest.mark.parametrize("shape", [(40, 60), (41, 61), (1, 1), (2, 33)])
def test_halved_planes_fit_every_pixel_that_they_cover(shape):
    """No channel of any of the four pixels leaves [0, 255] by more than rounding."""
    chroma, luma = wild(shape)
    cb, cr = chroma.planes(luma, halved=True)
    assert cb.shape == cr.shape == tuple(-(-side // 2) for side in shape)
    spread = [plane.repeat(2, 0).repeat(2, 1)[: shape[0], : shape[1]] for plane in (cb, cr)]
    ycbcr = np.dstack([luma, *(p - 128.0 for p in spread)]).astype(np.float32) / 255
    rgb = color.ycbcr_to_rgb(ycbcr) * 255
    assert rgb.min() > -1.5
    assert rgb.max() < 256.5
