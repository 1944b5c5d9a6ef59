"""Colour spaces agree with scikit-image, and the merge keeps luma for any chroma."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.color
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from photochrom import color
from photochrom.color import spaces
from tests.support import exact_luma

SPACES = list(color.SPACES)
REFERENCES = [("lab", 0.05), ("luv", 0.05), ("yuv", 1e-4)]


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).random((120, 200, 3), np.float32)


@pytest.fixture(scope="module")
def real(astronaut: np.ndarray) -> np.ndarray:
    return astronaut.astype(np.float32) / 255


# --- spaces ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "limit"), REFERENCES)
@pytest.mark.parametrize("kind", ["noise", "real"])
def test_spaces_agree_with_scikit_image(name, limit, kind, request):
    rgb = request.getfixturevalue(kind)
    theirs = getattr(skimage.color, f"rgb2{name}")(rgb.astype(np.float64))
    assert np.abs(color.space(name).from_rgb(rgb) - theirs).max() < limit


@pytest.mark.parametrize(("name", "limit"), REFERENCES)
def test_what_scikit_image_wrote_is_read_back(name, limit, real):
    theirs = getattr(skimage.color, f"rgb2{name}")(real.astype(np.float64))
    np.testing.assert_allclose(color.space(name).to_rgb(theirs.astype("f4")), real, atol=1e-3)


def test_ycbcr_is_scaled_yuv(noise):
    ycbcr = color.rgb_to_ycbcr(noise)
    assert np.abs(ycbcr[..., 1:]).max() <= 0.5
    np.testing.assert_allclose(ycbcr * [1, 0.872, 1.23], color.rgb_to_yuv(noise), atol=1e-6)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", ["noise", "real"])
def test_spaces_go_round(name, kind, request):
    rgb = request.getfixturevalue(kind)
    space = color.space(name)
    np.testing.assert_allclose(space.to_rgb(space.from_rgb(rgb)), rgb, atol=1e-3)


@pytest.mark.parametrize("name", SPACES)
def test_black_and_white_go_round(name):
    ends = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    space = color.space(name)
    np.testing.assert_allclose(space.to_rgb(space.from_rgb(ends)), ends, atol=1e-3)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("shape", [(3,), (7, 3), (1, 1, 3), (2, 3, 4, 3)])
def test_spaces_take_any_leading_shape(name, shape, noise):
    rgb = noise.reshape(-1)[: np.prod(shape)].reshape(shape)
    space = color.space(name)
    flat = space.from_rgb(rgb.reshape(-1, 3))
    np.testing.assert_allclose(space.from_rgb(rgb), flat.reshape(shape), atol=1e-5)
    assert space.to_rgb(flat.reshape(shape)).shape == shape


@pytest.mark.parametrize("name", SPACES)
def test_spaces_take_views(name, noise):
    view = noise.transpose(1, 0, 2)[::2, ::-1]
    assert not view.flags.c_contiguous
    space = color.space(name)
    there = space.from_rgb(view)
    np.testing.assert_allclose(there, space.from_rgb(view.copy()), atol=1e-6)
    np.testing.assert_allclose(space.to_rgb(there[:, ::-1]), view[:, ::-1], atol=1e-3)


@pytest.mark.parametrize("name", SPACES)
def test_nothing_is_clipped_on_the_way_to_rgb(name):
    far = np.array([[50, 100, -100]] if name in ("lab", "luv") else [[0.5, 0.4, -0.4]], np.float32)
    space = color.space(name)
    rgb = space.to_rgb(far)
    assert rgb.min() < 0 or rgb.max() > 1


def test_an_unknown_space():
    with pytest.raises(
        ValueError, match="one of the colour spaces lab, luv, yuv, ycbcr; received 'hsv'"
    ):
        color.space("hsv")


# --- luma -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_luma_is_the_rounded_formula(dtype):
    top = np.iinfo(dtype).max
    rgb = np.random.default_rng(1).integers(0, top + 1, (300, 300, 3)).astype(dtype)
    found, exact = color.luma(rgb), exact_luma(rgb)
    assert found.dtype == dtype
    assert np.abs(found - exact).max() <= 0.51  # a tie may go either way
    clear = np.abs(exact % 1 - 0.5) > 0.01
    np.testing.assert_array_equal(found[clear], np.rint(exact)[clear])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_luma_of_grey_is_that_grey(dtype):
    ramp = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(16, -1)
    np.testing.assert_array_equal(color.luma(np.dstack([ramp] * 3)), ramp)


def test_luma_takes_views(astronaut):
    view = astronaut[::-1, ::2, ::-1]
    np.testing.assert_array_equal(color.luma(view), color.luma(view.copy()))


@pytest.mark.parametrize("name", SPACES)
def test_grey_levels_are_those_of_grey_pixels(name):
    ramp = np.arange(256, dtype=np.uint8)[None]
    grey = np.dstack([ramp] * 3).astype(np.float32) / 255
    expected = color.space(name).from_rgb(grey)[..., 0]
    np.testing.assert_allclose(color.grey_level(ramp, name), expected, atol=1e-4)


def test_chroma_planes_are_those_of_a_jpeg():
    from PIL import Image

    rgb = np.random.default_rng(2).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(rgb).convert("YCbCr")).astype(int)
    for ours, plane in zip(color.chroma_planes(rgb), (1, 2), strict=True):
        assert np.abs(ours - theirs[..., plane]).max() <= 1


# --- the merge ------------------------------------------------------------------------------

wild = st.one_of(
    st.floats(-300, 300, width=32),
    st.sampled_from([0.0, 1e6, -1e6, float("nan"), float("inf"), float("-inf"), 3e38, -3e38]),
)


@st.composite
def greys_and_chromas(draw):
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    grey = draw(hnp.arrays(dtype, shape))
    return grey, draw(hnp.arrays(np.float32, (*shape, 2), elements=wild))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
@settings(max_examples=120, deadline=None)
@given(pair=greys_and_chromas())
def test_luma_survives_any_chroma(name, pair):
    grey, chroma = pair
    rgb = color.merge(grey, chroma, name)
    assert rgb.dtype == grey.dtype
    assert rgb.shape == (*grey.shape, 3)
    assert np.abs(exact_luma(rgb) - grey).max() <= 1
    assert np.abs(color.luma(rgb).astype(int) - grey).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", SPACES)
def test_every_grey_without_chroma_stays_as_it_is(name, dtype):
    ramp = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(16, -1)
    rgb = color.merge(ramp, np.zeros((*ramp.shape, 2), np.float32), name)
    np.testing.assert_array_equal(rgb, np.dstack([ramp] * 3))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", SPACES)
def test_black_stays_black_and_white_white(name, dtype):
    ends = np.array([[0, np.iinfo(dtype).max]], dtype)
    chroma = np.random.default_rng(4).uniform(-100, 100, (50, 2, 2)).astype(np.float32)
    rgb = color.merge(ends.repeat(50, 0), chroma, name)
    np.testing.assert_array_equal(rgb, np.dstack([ends.repeat(50, 0)] * 3))


@pytest.mark.parametrize("name", SPACES)
def test_chroma_shrinks_towards_grey_and_keeps_its_direction(name):
    rng = np.random.default_rng(5)
    grey = rng.integers(2000, 63000, (80, 80)).astype(np.uint16)
    reach = 150 if name in ("lab", "luv") else 0.6
    chroma = rng.uniform(-reach, reach, (*grey.shape, 2)).astype(np.float32)
    level = color.grey_level(grey, name)
    free = color.space(name).to_rgb(np.dstack([level, chroma]))
    asked = color.rgb_to_ycbcr(free)[..., 1:]
    given_ = color.rgb_to_ycbcr(color.merge(grey, chroma, name).astype(np.float32) / 65535)[..., 1:]
    lengths = np.linalg.norm(asked, axis=-1), np.linalg.norm(given_, axis=-1)
    clear = lengths[1] > 0.01
    assert clear.mean() > 0.9
    assert (lengths[1] < 0.99 * lengths[0]).mean() > 0.3  # many did not fit
    assert (lengths[1] <= lengths[0] + 1e-4)[clear].all()
    cosine = (asked * given_).sum(-1) / np.maximum(lengths[0] * lengths[1], 1e-9)
    assert cosine[clear].min() > 0.99999


@pytest.mark.parametrize("name", SPACES)
def test_colours_that_fit_are_given_as_asked(name, astronaut):
    grey = color.luma(astronaut)
    chroma = color.space(name).from_rgb(astronaut.astype(np.float32) / 255)[..., 1:]
    level = color.grey_level(grey, name)
    free = color.space(name).to_rgb(np.dstack([level, chroma]))
    tint = free - exact_luma(free)[..., None] + (grey / 255)[..., None]
    fits = ((tint >= 0) & (tint <= 1)).all(-1)
    assert fits.mean() > 0.5
    asked = color.rgb_to_ycbcr(free)[..., 1:] * 255
    given_ = color.rgb_to_ycbcr(color.merge(grey, chroma, name) / np.float32(255))[..., 1:] * 255
    assert np.abs(asked - given_)[fits].max() <= 0.6


@pytest.mark.parametrize("name", ["yuv", "ycbcr"])
def test_a_photograph_comes_back_from_its_own_luma_and_chroma(name, astronaut):
    chroma = color.space(name).from_rgb(astronaut.astype(np.float32) / 255)[..., 1:]
    back = color.merge(color.luma(astronaut), chroma, name).astype(int)
    assert np.abs(back - astronaut).max() <= 5  # dark pixels give way to the rounding of luma
    assert np.abs(back - astronaut).mean() < 0.5


@pytest.mark.parametrize("name", SPACES)
def test_the_merge_takes_views(name, camera):
    grey = camera.T[::2, ::-1]
    chroma = np.random.default_rng(6).uniform(-20, 20, (2, *grey.shape)).astype(np.float32)
    view = chroma.transpose(1, 2, 0)
    assert not grey.flags.c_contiguous
    assert not view.flags.c_contiguous
    together = color.merge(grey.copy(), view.copy(), name)
    np.testing.assert_array_equal(color.merge(grey, view, name), together)


def test_the_merge_works_band_by_band_as_on_the_whole(monkeypatch, camera):
    chroma = np.random.default_rng(7).uniform(-60, 60, (*camera.shape, 2)).astype(np.float32)
    whole = color.merge(camera, chroma)
    monkeypatch.setattr("photochrom.color.bands._BAND_PIXELS", 1000)
    np.testing.assert_array_equal(color.merge(camera, chroma), whole)


def test_the_merge_leaves_what_it_is_given(camera):
    chroma = np.full((*camera.shape, 2), 500, np.float32)
    before = camera.copy()
    color.merge(camera, chroma)
    np.testing.assert_array_equal(camera, before)
    assert (chroma == 500).all()


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (5, 4, 2), (4, 4, 2), (2, 4, 5)])
def test_chroma_of_another_shape(shape):
    grey = np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match=r"expected chroma of shape \(4, 5, 2\); received \("):
        color.merge(grey, np.zeros(shape, np.float32))


def test_lab_needs_no_table_of_opencv(monkeypatch):
    # OpenCV's tables take longer to compute than a small photograph to colour.
    monkeypatch.setattr(spaces.cv2, "cvtColor", None)
    spaces._grey_levels.cache_clear()
    levels = color.grey_level(np.array([[0, 255]], np.uint8), "lab")
    np.testing.assert_allclose(levels, [[0, 100]], atol=1e-4)
    rgb = np.random.default_rng(0).random((8, 8, 3), np.float32)
    np.testing.assert_allclose(color.rgb_to_lab(rgb), skimage.color.rgb2lab(rgb), atol=0.02)


@pytest.mark.parametrize("shape", [(480, 640), (481, 643), (2000, 3001), (480, 640, 3)])
def test_a_quick_copy_looks_like_the_careful_one(shape):
    noise = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 6)
    size = 150, 110
    quick, careful = (color.downscale(picture, size, quick=each) for each in (True, False))
    assert quick.shape == (*size[::-1], *shape[2:])
    assert np.abs(quick.astype(int) - careful).mean() < 1
