"""Casts, tinted shadows, uneven colour and patches: cases made by hand, and photographs."""

from __future__ import annotations

import math
import sys

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from photochrom.color import luma, merge
from photochrom.errors import MissingExtra
from photochrom.scoring import (
    Judge,
    Segments,
    block_spread,
    cast,
    chroma_dark,
    chroma_light,
    colorfulness_abs,
    flat_color,
    missing_measures,
    patchiness,
    to_lab,
)


def flat(lightness: float, a: float, b: float, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    return np.full((*size, 3), (lightness, a, b), np.float32)


def photo(name: str, size: int = 128) -> np.ndarray:
    picture = getattr(skimage.data, name)()
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


# --- casts, shadows and lights, blocks --------------------------------------------------------


def test_a_cast_is_the_length_of_the_mean():
    assert cast(flat(50, 3, -4)) == pytest.approx(5)
    balanced = np.concatenate([flat(50, 30, 10), flat(50, -30, -10)])
    assert cast(balanced) == pytest.approx(0, abs=1e-5)


def test_chroma_is_measured_where_the_truth_is_dark_or_light():
    true = np.concatenate([flat(5, 0, 0), flat(50, 40, 0), flat(95, 0, 2)])
    answer = np.concatenate([flat(20, 6, 8), flat(5, 90, 0), flat(95, 0, 0)])
    assert chroma_dark(answer, true) == pytest.approx(10)
    assert chroma_dark(true, true) == 0
    assert (chroma_light(answer, true), chroma_light(true, true)) == (0, pytest.approx(2))


def test_a_photograph_without_such_places_has_no_number():
    assert math.isnan(chroma_dark(flat(12, 9, 9), flat(12, 0, 0)))
    assert math.isnan(chroma_light(flat(90, 9, 9), flat(90, 0, 0)))


def test_spread_is_within_blocks_and_not_between_them():
    blocks = np.concatenate([flat(50, 40, 0, (16, 16)), flat(50, -40, 0, (16, 16))])
    assert block_spread(blocks) == 0
    stripes = flat(50, 0, 0)
    stripes[::2, :, 1], stripes[1::2, :, 1] = 3, -3
    stripes[:, ::2, 2], stripes[:, 1::2, 2] = 4, -4
    assert block_spread(stripes) == pytest.approx(5)


@given(st.integers(1, 40), st.integers(1, 40))
def test_blocks_of_any_picture(height, width):
    assert block_spread(flat(50, 7, 7, (height, width))) == pytest.approx(0, abs=1e-5)


# --- colourfulness as published by others -----------------------------------------------------


def test_absolute_colourfulness_by_its_formula():
    picture = photo("coffee")
    r, g, b = picture.astype(float).transpose(2, 0, 1)
    rg, yb = abs(r - g), abs((r + g) / 2 - b)
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colorfulness_abs(picture) == pytest.approx(expected, rel=1e-5)


# --- patchiness -------------------------------------------------------------------------------


def jacket(stain: tuple[float, float] | None) -> tuple[np.ndarray, np.ndarray]:
    """A blue disc, shaded from the left, on a beige wall: its luma and its Lab."""
    rows, columns = np.indices((160, 200))
    disc = np.hypot(rows - 80, columns - 100) < 60
    grey = np.where(disc, 60 + columns * 0.2, 190).astype(np.uint8)
    chroma = np.where(disc[..., None], (0.0, -25.0), (2.0, 8.0))
    if stain:
        near = np.exp(-((rows - 70) ** 2 + (columns - 110) ** 2) / (2 * 16**2))[..., None]
        chroma = chroma + (disc[..., None] * near) * np.subtract(stain, (0.0, -25.0))
    return grey, to_lab(merge(grey, chroma.astype(np.float32)))


def test_a_stain_on_one_object_is_seen():
    grey, clean = jacket(None)
    _, stained = jacket((30.0, 10.0))
    segments = Segments.of(grey)
    assert patchiness(clean, segments) < 1
    assert patchiness(stained, segments) > 4


def test_colour_that_follows_shading_or_objects_is_no_patch():
    grey, clean = jacket(None)
    segments = Segments.of(grey)
    shaded = clean.copy()
    shaded[..., 1:] *= 0.5 + grey[..., None] / np.float32(200)
    assert patchiness(shaded, segments) < 1
    assert patchiness(flat(50, 40, 40, grey.shape), segments) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_fine_texture_in_colour_changes_little_and_a_stain_much(name):
    true = photo(name, 256)
    lab, segments = to_lab(true), Segments.of(luma(true))
    rng, own = np.random.default_rng(0), patchiness(lab, segments)
    textured, stained = lab.copy(), lab.copy()
    textured[..., 1:] += rng.normal(0, 8, (256, 256, 2)).astype(np.float32)
    rows, columns = np.indices((256, 256))
    stain = np.exp(-((rows - 128) ** 2 + (columns - 128) ** 2) / (2 * 40**2))
    stained[..., 1] += (40 * stain).astype(np.float32)
    assert patchiness(textured, segments) == pytest.approx(own, abs=0.3)
    assert patchiness(stained, segments) > own + 1


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_size_hardly_matters(name):
    small, large = photo(name, 256), photo(name, 512)
    found = [patchiness(to_lab(p), Segments.of(luma(p))) for p in (small, large)]
    assert found[0] == pytest.approx(found[1], rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (11, 13)])
def test_patches_of_tiny_pictures(shape):
    segments = Segments.of(np.full(shape, 90, np.uint8))
    assert patchiness(flat(50, 5, 5, shape), segments) == pytest.approx(0, abs=1e-4)


def test_segments_of_another_picture():
    with pytest.raises(ValueError, match=r"shape \(20, 20\); received one of shape \(20, 30, 3\)"):
        patchiness(flat(50, 0, 0, (20, 30)), Segments.of(np.zeros((20, 20), np.uint8)))


def test_without_scikit_image(monkeypatch):
    true = photo("coffee")
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(MissingExtra, match=r"measuring patchiness needs .*photochrom\[metrics\]"):
        Segments.of(luma(true))
    for module in ("color_statistics", "export"):
        monkeypatch.setattr(f"photochrom.scoring.{module}.has_segmentation", lambda: False)
    judge = Judge()
    scores = judge.add("coffee", flat_color(luma(true)), true)
    assert math.isnan(scores.patchiness)
    assert not math.isnan(scores.block_spread)
    assert "patchiness" not in judge.scores().to_dict()
    assert missing_measures()[-2:] == [
        "no patchiness: pip install scikit-image",
        "or, for all measures: pip install 'photochrom[metrics]'",
    ]
