"""The judge, the tally and the baselines."""

from __future__ import annotations

import math
from dataclasses import asdict

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.color import luma
from photochrom.errors import DataError
from photochrom.scoring import (
    AucTally,
    Judge,
    Survey,
    Truth,
    ab_error,
    auc,
    best_constant,
    flat_color,
    to_lab,
)
from photochrom.scoring.metrics import PSNR_CEILING

Rgb = npt.NDArray[np.uint8]
Lab = npt.NDArray[np.float32]


def photo(name: str, size: int = 64) -> Rgb:
    picture = getattr(skimage.data, name)()
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def flat(a: float, b: float, size: int = 8) -> Lab:
    return np.full((size, size, 3), (50, a, b), np.float32)


def noise(seed: int, size: int = 12) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def test_one_bin_only_rebalancing_changes_nothing() -> None:
    tally = AucTally()
    tally.add(flat(20, 30), flat(1, 2))
    tally.add(flat(90, 0, 5), flat(2, 1, 5))
    assert tally.auc_rebalanced() == pytest.approx(tally.auc())


def test_rebalanced_auc_by_the_weights_of_the_paper() -> None:
    true, pred = to_lab(photo("astronaut")), to_lab(photo("coffee"))
    tally = AucTally()
    tally.add(pred, true)
    bins = np.rint(true[..., 1:] / 10).reshape(-1, 2)
    _, place, count = np.unique(bins, axis=0, return_inverse=True, return_counts=True)
    weight = 1 / count[place.ravel()]
    distance = np.linalg.norm(pred[..., 1:] - true[..., 1:], axis=-1).ravel()
    curve = [np.average(distance <= threshold, weights=weight) for threshold in range(151)]
    assert tally.auc_rebalanced() == pytest.approx(100 * np.mean(curve), abs=1e-3)
    assert tally.auc() == pytest.approx(auc(pred, true))


def test_a_rare_colour_counts_as_much_as_a_common_one() -> None:
    true = flat(0, 0, 10)
    true[0, 0, 1] = 60
    tally = AucTally()
    tally.add(flat(0, 0, 10), true)
    share = (151 - 60) / 151
    assert tally.auc() == pytest.approx(100 * (99 + share) / 100, rel=1e-6)
    assert tally.auc_rebalanced() == pytest.approx(100 * (1 + share) / 2, rel=1e-6)


def test_an_empty_tally_has_no_number() -> None:
    assert math.isnan(AucTally().auc())
    assert math.isnan(AucTally().auc_rebalanced())


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(5)))
def test_the_order_does_not_matter(order: list[int]) -> None:
    sorted_judge, shuffled_judge = Judge(), Judge()
    for judge, seeds in ((sorted_judge, range(5)), (shuffled_judge, order)):
        for seed in seeds:
            judge.add(str(seed), noise(seed), noise(seed + 50))
    expected = sorted_judge.scores().to_dict()
    assert shuffled_judge.scores().to_dict() == pytest.approx(expected, rel=1e-12)


def test_photographs_count_alike_whatever_their_size() -> None:
    judge = Judge()
    small, large = photo("chelsea", 16), photo("astronaut", 64)
    one = judge.add("small", flat_color(luma(small)), small)
    two = judge.add("large", flat_color(luma(large)), large)
    scores = judge.scores()
    for key in ("psnr", "ssim", "ciede2000", "ab_error", "auc", "ab_argmax_accuracy"):
        mean = (getattr(one, key) + getattr(two, key)) / 2
        assert getattr(scores, key) == pytest.approx(mean), key
    assert [photo.name for photo in judge.photos] == ["small", "large"]
    assert scores.photos == 2


def test_identical_pictures_are_capped_so_that_means_stay_finite() -> None:
    judge, picture = Judge(), photo("coffee")
    assert judge.add("same", picture, picture).psnr == PSNR_CEILING
    scores = judge.scores()
    assert all(math.isfinite(value) for value in scores.to_dict().values())
    assert (scores.ciede2000, scores.ab_error, scores.colorfulness_gap) == (0, 0, 0)
    assert scores.auc == scores.auc_rebalanced == pytest.approx(100)


def test_the_gap_is_signed() -> None:
    judge, picture = Judge(), photo("astronaut")
    judge.add("grey", flat_color(luma(picture)), picture)
    scores = judge.scores()
    assert scores.colorfulness == 0
    assert scores.colorfulness_gap == -scores.colorfulness_true < 0


def test_lab_at_hand_gives_the_same_scores() -> None:
    one, two = photo("astronaut"), photo("coffee")
    plain, quick = Judge(), Judge()
    plain.add("x", one, two)
    quick.add("x", one, two, true_lab=to_lab(two))
    assert asdict(plain.scores()) == asdict(quick.scores())


def test_a_truth_is_measured_once_for_all_answers() -> None:
    one, two = photo("astronaut"), photo("coffee")
    plain, shared, truth = Judge(), Judge(), Truth(two)
    for name, pred in (("x", one), ("y", flat_color(luma(two)))):
        plain.add(name, pred, two)
        shared.add(name, pred, truth)
    assert plain.scores().to_dict() == shared.scores().to_dict()
    assert truth.segments is truth.segments
    same = shared.add("same", two, truth)
    for key in ("cast", "chroma_dark", "block_spread", "patchiness", "colorfulness_abs"):
        assert getattr(same, key) == getattr(same, f"{key}_true"), key


def test_a_quick_judge_leaves_out_what_takes_long() -> None:
    quick, whole = Judge(quick=True), Judge()
    for judge in (quick, whole):
        judge.add("x", photo("astronaut"), photo("coffee"))
    scores = quick.scores()
    assert math.isnan(scores.lpips)
    assert math.isnan(scores.patchiness)
    assert scores.to_dict().items() <= whole.scores().to_dict().items()


def test_means_are_over_the_photographs_that_have_such_places() -> None:
    judge = Judge()
    night, day = photo("rocket") // np.uint8(20), photo("chelsea") // np.uint8(4) + np.uint8(90)
    known = judge.add("night", night, night)
    assert math.isnan(judge.add("day", day, day).chroma_dark)
    assert judge.scores().chroma_dark == known.chroma_dark > 0
    assert "chroma_light" not in judge.scores().to_dict()


def test_what_cannot_be_judged_is_named_and_leaves_no_trace() -> None:
    judge, picture = Judge(), photo("coffee")
    with pytest.raises(DataError, match=r"harbour\.png: expected a prediction of shape"):
        judge.add("harbour.png", picture[:-1], picture)
    with pytest.raises(DataError, match="at least 11 pixels"):
        judge.add("tiny.png", picture[:5], picture[:5])
    with pytest.raises(DataError, match="at least one photograph"):
        judge.scores()


def test_the_constant_of_one_colour_is_that_colour() -> None:
    survey = Survey()
    survey.add(flat(12, 30))
    constant = survey.constant()
    assert (constant.a, constant.b) == pytest.approx((12, 30), abs=1e-3)
    assert (constant.argmax, constant.argmax_accuracy) == ("b", 100)


def test_no_other_constant_is_nearer() -> None:
    trues = [to_lab(photo(name)) for name in ("astronaut", "coffee", "chelsea", "rocket")]
    survey = Survey()
    for true in trues:
        survey.add(true)
    constant = survey.constant()

    def mean_error(a: float, b: float) -> float:
        return float(np.mean([ab_error(flat(a, b, 64), true) for true in trues]))

    least = mean_error(constant.a, constant.b)
    for a in (-4, 0, 4):
        for b in (-4, 0, 4):
            assert least <= mean_error(constant.a + a, constant.b + b) + 1e-2


def test_the_argmax_that_is_right_more_often() -> None:
    reds = np.full((12, 12, 3), (200, 60, 160), np.uint8)
    reds[:3] = (200, 190, 40)
    constant = best_constant([reds])
    assert constant.argmax == "a"
    assert constant.argmax_accuracy == pytest.approx(75)
    with pytest.raises(DataError, match="at least one photograph"):
        best_constant([])


def test_flat_color_keeps_luma() -> None:
    grey = np.asarray(luma(photo("rocket")), np.uint8)
    assert np.array_equal(flat_color(grey), np.repeat(grey[..., None], 3, 2))
    tinted = luma(flat_color(grey, 10, 25)).astype(int)
    assert np.abs(tinted - grey).max() <= 1
