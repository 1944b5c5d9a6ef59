"""The metrics against scikit-image, published pairs, and cases worked by hand."""

from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage.color
import skimage.data
import skimage.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from photochrom.scoring import (
    ab_argmax_accuracy,
    ab_error,
    auc,
    ciede2000,
    colorfulness,
    delta_e_2000,
    psnr,
    ssim,
    to_lab,
)

Rgb = npt.NDArray[np.uint8]

# Sharma, Wu, Dalal (2005), table 1: L1 a1 b1 L2 a2 b2 ΔE00.
SHARMA = np.loadtxt(
    io.StringIO("""
    50 2.6772 -79.7751 50 0 -82.7485 2.0425
    50 3.1571 -77.2803 50 0 -82.7485 2.8615
    50 2.8361 -74.0200 50 0 -82.7485 3.4412
    50 -1.3802 -84.2814 50 0 -82.7485 1.0000
    50 -1.1848 -84.8006 50 0 -82.7485 1.0000
    50 -0.9009 -85.5211 50 0 -82.7485 1.0000
    50 0 0 50 -1 2 2.3669
    50 -1 2 50 0 0 2.3669
    50 2.4900 -0.0010 50 -2.4900 0.0009 7.1792
    50 2.4900 -0.0010 50 -2.4900 0.0010 7.1792
    50 2.4900 -0.0010 50 -2.4900 0.0011 7.2195
    50 2.4900 -0.0010 50 -2.4900 0.0012 7.2195
    50 -0.0010 2.4900 50 0.0009 -2.4900 4.8045
    50 -0.0010 2.4900 50 0.0010 -2.4900 4.8045
    50 -0.0010 2.4900 50 0.0011 -2.4900 4.7461
    50 2.5 0 50 0 -2.5 4.3065
    50 2.5 0 73 25 -18 27.1492
    50 2.5 0 61 -5 29 22.8977
    50 2.5 0 56 -27 -3 31.9030
    50 2.5 0 58 24 15 19.4535
    50 2.5 0 50 3.1736 0.5854 1.0000
    50 2.5 0 50 3.2972 0 1.0000
    50 2.5 0 50 1.8634 0.5757 1.0000
    50 2.5 0 50 3.2592 0.3350 1.0000
    60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
    63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
    61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
    35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
    22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
    36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
    90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
    90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
    6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
    2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
    """)
)

pictures = hnp.arrays(np.uint8, (12, 13, 3))


def photo(name: str, size: int = 128) -> Rgb:
    picture = getattr(skimage.data, name)()
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Rgb, Rgb]]:
    astronaut, chelsea = photo("astronaut"), photo("chelsea")
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 1.2), np.uint8)
    return [(astronaut, chelsea), (astronaut, blurred), (astronaut, astronaut[:, ::-1].copy())]


def test_delta_e_on_the_published_pairs() -> None:
    there = delta_e_2000(SHARMA[:, :3], SHARMA[:, 3:6])
    back = delta_e_2000(SHARMA[:, 3:6], SHARMA[:, :3])
    np.testing.assert_allclose(there, SHARMA[:, 6], atol=6e-5)
    np.testing.assert_allclose(back, there, atol=1e-9)


def test_delta_e_as_scikit_image_has_it_in_single_precision() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.uniform([0, -100, -100], [100, 100, 100], (2, 20000, 3)).astype(np.float32)
    ours, theirs = delta_e_2000(one, two), skimage.color.deltaE_ciede2000(one, two)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_ciede2000_of_photographs(pairs: list[tuple[Rgb, Rgb]]) -> None:
    for one, two in pairs:
        theirs = skimage.color.deltaE_ciede2000(*(skimage.color.rgb2lab(p) for p in (one, two)))
        assert ciede2000(to_lab(one), to_lab(two)) == pytest.approx(theirs.mean(), abs=0.01)


def test_ssim_as_scikit_image_has_it(pairs: list[tuple[Rgb, Rgb]]) -> None:
    for one, two in pairs:
        theirs = skimage.metrics.structural_similarity(
            one,
            two,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=255,
        )
        assert ssim(one, two) == pytest.approx(theirs, abs=1e-5)


def test_psnr_as_scikit_image_has_it(pairs: list[tuple[Rgb, Rgb]]) -> None:
    for one, two in pairs:
        theirs = skimage.metrics.peak_signal_noise_ratio(one, two, data_range=255)
        assert psnr(one, two) == pytest.approx(theirs)


def test_psnr_by_hand() -> None:
    black = np.zeros((11, 11, 3), np.uint8)
    assert psnr(black, black + np.uint8(255)) == pytest.approx(0)
    assert psnr(black, black + np.uint8(1)) == pytest.approx(20 * np.log10(255))
    assert psnr(black, black) == np.inf


@settings(max_examples=25, deadline=None)
@given(pictures, pictures)
def test_metrics_are_symmetric(one: Rgb, two: Rgb) -> None:
    lab1, lab2 = to_lab(one), to_lab(two)
    assert psnr(one, two) == psnr(two, one)
    assert ssim(one, two) == pytest.approx(ssim(two, one), abs=1e-4)
    assert ciede2000(lab1, lab2) == pytest.approx(ciede2000(lab2, lab1), abs=1e-3)
    assert auc(lab1, lab2) == auc(lab2, lab1)


@settings(max_examples=25, deadline=None)
@given(pictures)
def test_a_picture_is_like_itself(picture: Rgb) -> None:
    lab = to_lab(picture)
    assert ssim(picture, picture) == pytest.approx(1, abs=1e-4)
    assert ciede2000(lab, lab) == 0
    assert ab_error(lab, lab) == 0
    assert auc(lab, lab) == pytest.approx(100)
    assert ab_argmax_accuracy(lab, lab) == 100


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_grey_is_not_colourful(grey: npt.NDArray[np.uint8]) -> None:
    assert colorfulness(np.repeat(grey[..., None], 3, 2)) == 0


def test_colourfulness_by_its_formula() -> None:
    picture = photo("coffee")
    r, g, b = picture.astype(float).transpose(2, 0, 1)
    rg, yb = r - g, (r + g) / 2 - b
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colorfulness(picture) == pytest.approx(expected, rel=1e-5)


def test_auc_counts_thresholds() -> None:
    true = np.zeros((1, 6, 3), np.float32)
    pred = true.copy()
    pred[0, :, 1] = 0, 0.5, 1, 149.5, 150, 151  # within 151, 150, 150, 1, 1 and 0 thresholds
    assert auc(pred, true) == pytest.approx(100 * (151 + 150 + 150 + 1 + 1) / 151 / 6)


def test_auc_is_the_area_that_the_paper_draws(pairs: list[tuple[Rgb, Rgb]]) -> None:
    one, two = (to_lab(picture) for picture in pairs[0])
    distance = np.linalg.norm(one[..., 1:] - two[..., 1:], axis=-1)
    curve = [(distance <= threshold).mean() for threshold in range(151)]
    assert auc(one, two) == pytest.approx(100 * np.mean(curve), abs=1e-3)


def test_ab_error_by_hand() -> None:
    true = np.zeros((2, 2, 3), np.float32)
    assert ab_error(true + np.array([50, 3, 4], np.float32), true) == pytest.approx(5)


def test_argmax_accuracy_is_that_of_keras() -> None:
    rng = np.random.default_rng(1)
    pred, true = rng.normal(0, 30, (2, 40, 40, 3)).astype(np.float32)
    expected = (pred[..., 1:].argmax(-1) == true[..., 1:].argmax(-1)).mean()
    assert ab_argmax_accuracy(pred, true) == pytest.approx(100 * expected, abs=0.1)


def test_grey_answers_a() -> None:
    grey = to_lab(np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, 2))
    always_a = np.zeros_like(grey)
    always_a[..., 1] = 10
    assert ab_argmax_accuracy(grey, always_a) == 100


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"shape \(12, 12, 3\); received \(12, 13, 3\)"):
        psnr(np.zeros((12, 13, 3), np.uint8), np.zeros((12, 12, 3), np.uint8))
    with pytest.raises(ValueError, match="at least 11 pixels"):
        ssim(np.zeros((10, 30, 3), np.uint8), np.zeros((10, 30, 3), np.uint8))
