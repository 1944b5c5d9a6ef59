"""Hints show their colour at any vividness, spread over their object and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

import photochrom
from photochrom import Hint, color
from photochrom.guidance.binding import Binding
from photochrom.guidance.hints import owners
from photochrom.model.guide import Guide
from photochrom.scoring import to_lab
from tests.pictures import colour_pictures

pytestmark = pytest.mark.slow  # the default network colours three photographs first

EXACT = 2.0  # units of ab
STILL = 4.0  # units of ab that the far half may move on average
GREY = (128, 128, 128)
PLACES = [(0, 110, 330), (1, 220, 150), (2, 300, 200), (0, 300, 120)]  # picture, x, y


@pytest.fixture(scope="module")
def predictions() -> list[photochrom.Prediction]:
    colorizer = photochrom.Colorizer()
    return [colorizer.predict(color.luma(truth)) for truth in colour_pictures()[:3]]


def ab(shown: np.ndarray) -> np.ndarray:
    return to_lab(np.asarray(shown, np.uint8))[..., 1:]


def fitting(prediction: photochrom.Prediction, x: int, y: int) -> tuple[int, int, int]:
    """Return a greenish blue that is within the gamut at that luma."""
    luma = prediction.photo.luma[y - 2 : y + 3, x - 2 : x + 3].mean().astype(np.uint8)
    red, green, blue = color.merge(luma[None, None], np.array([[[-8, -14]]], np.float32))[0, 0]
    return int(red), int(green), int(blue)


@pytest.mark.parametrize("vividness", [0, None, 1])
def test_a_hint_is_shown_exactly_and_the_far_half_stays(predictions, vividness):
    moved = []
    for number, x, y in PLACES:
        prediction = predictions[number]
        plain = ab(prediction.color(vividness=vividness).rgb)
        rows, columns = np.indices(plain.shape[:2])
        height, width = plain.shape[:2]
        far = np.hypot((rows - y) / height, (columns - x) / width) > 0.5
        for rgb in (fitting(prediction, x, y), GREY):
            shown = ab(prediction.color(vividness=vividness, hints=[Hint.at(x, y, rgb)]).rgb)
            chosen = ab(np.array([[rgb]]))[0, 0]
            there = shown[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1))
            assert np.linalg.norm(there - chosen) < EXACT
            moved.append(np.linalg.norm(shown - plain, axis=-1)[far].mean())
    assert np.mean(moved) < STILL


def test_several_hints_each_hold_their_own_place(predictions):
    prediction, places = predictions[0], [(110, 330), (300, 120), (240, 385)]
    colors = [fitting(prediction, *places[0]), GREY, fitting(prediction, *places[2])]
    hints = [Hint.at(x, y, rgb) for (x, y), rgb in zip(places, colors, strict=True)]
    shown = ab(prediction.color(hints=hints).rgb)
    for (x, y), rgb in zip(places, colors, strict=True):
        there = shown[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1))
        assert np.linalg.norm(there - ab(np.array([[rgb]]))[0, 0]) < EXACT


def test_more_hints_than_opencv_has_channels(predictions):
    prediction, places = predictions[0], [(110, 330), (240, 385)]
    around = [Hint.at(20 + 2 * number, 20, GREY, 1) for number in range(140)]
    rgb = fitting(prediction, *places[0])
    shown = ab(prediction.color(hints=[*around, Hint.at(*places[0], rgb)]).rgb)
    x, y = places[0]
    there = shown[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1))
    assert np.linalg.norm(there - ab(np.array([[rgb]]))[0, 0]) < EXACT


def test_the_thing_follows(predictions):
    """The astronaut's other sleeve and chest, from a hint on the sleeve."""
    rgb = fitting(predictions[0], 110, 330)
    shown = ab(predictions[0].color(hints=[Hint.at(110, 330, rgb)]).rgb)
    chosen = ab(np.array([[rgb]]))[0, 0]
    assert np.linalg.norm(shown[370:400, 230:250].mean((0, 1)) - chosen) < 10


def test_what_is_painted_takes_the_colour_and_the_rest_of_the_object_does_not(predictions):
    prediction = predictions[0]
    path, radius = ((90, 300), (110, 330), (140, 350)), 20.0
    shape = prediction.photo.luma.shape
    painted = owners([Hint(path, GREY, radius)], shape, shape) >= 0
    away = owners([Hint(path, GREY, 4 * radius)], shape, shape) < 0
    plain = ab(prediction.color().rgb)
    assert np.linalg.norm(plain, axis=-1)[painted].mean() > 10  # coloured, so that grey differs
    shown = ab(prediction.color(hints=[Hint(path, GREY, radius, spread=False)]).rgb)
    assert np.linalg.norm(shown, axis=-1)[painted].mean() < EXACT
    assert np.linalg.norm(shown - plain, axis=-1)[away].mean() < 0.5


def halves() -> Guide:
    """A grid of 15 × 15 cells: the eight columns on the left are one segment, the rest another."""
    segments = np.repeat((np.arange(15) > 7)[None], 15, 0).astype(np.int32)
    return Guide(np.full((15, 15), 0.5, np.float32), segments)


def test_the_segment_of_a_hint_follows_more_than_another():
    """Both cells differ equally from the hint's cell and are equally far from it."""
    features = np.zeros((15, 15, 2), np.float32)
    features[..., 0], features[..., 1] = 0.6, 0.8
    features[5:10, 5:10] = (1, 0)
    binding = Binding.of([Hint.at(30, 30, GREY)], (60, 60), (60, 60), halves(), features)
    assert binding.followers.follow_weight[7, 4] > binding.followers.follow_weight[7, 10] + 0.3
    assert (
        binding.followers.correction_weight[7, 4, 0]
        > binding.followers.correction_weight[7, 10, 0] + 0.1
    )


def test_a_hint_that_spreads_ends_where_another_is_painted():
    features = np.ones((15, 15, 1), np.float32)
    hints = [Hint.at(10, 30, (200, 30, 30)), Hint(((50, 0), (50, 59)), GREY, 6, spread=False)]
    followers = Binding.of(hints, (60, 60), (60, 60), halves(), features).followers
    assert (followers.follow_weight[:, 12] == 1).all()
    np.testing.assert_array_equal(followers.correction_weight[:, 12], [[0, 1]] * 15)
    assert followers.correction_weight[7, 6, 1] == 0


def test_what_looks_altogether_different_does_not_follow_though_of_the_same_segment():
    features = np.zeros((15, 15, 2), np.float32)
    features[..., 1] = 1
    features[4:11, 4:8] = (1, 0)
    binding = Binding.of([Hint.at(22, 30, GREY)], (60, 60), (60, 60), halves(), features)
    assert binding.followers.follow_weight[1, 5] < 0.1
    assert binding.followers.correction_weight[1, 5, 0] == 0


def test_a_hint_that_lies_over_an_edge_is_of_both_segments():
    binding = Binding.of([Hint.at(32, 30, GREY, 8)], (60, 60), (60, 60), halves(), None)
    assert binding.followers.correction_weight[2, 5, 0] == pytest.approx(
        binding.followers.correction_weight[2, 10, 0], abs=0.1
    )


def test_a_hint_on_a_strong_texture_is_exact():
    """Black and white stripes as wide as a pixel, seen by the network at half the size."""
    luma = np.full((600, 600), 90, np.uint8)
    luma[280:320:2, 280:320], luma[281:320:2, 280:320] = 30, 190
    prediction = photochrom.Colorizer().predict(luma)
    rgb = (105, 125, 110)
    shown = ab(prediction.color(hints=[Hint.at(300, 300, rgb)]).rgb)
    there = shown[297:304, 297:304].mean((0, 1))
    assert np.linalg.norm(there - ab(np.array([[rgb]]))[0, 0]) < EXACT


def test_a_hint_that_a_later_one_covers_is_not_seen():
    hints = [Hint.at(20, 20, (200, 0, 0), 3), Hint.at(20, 20, GREY, 9)]
    binding = Binding.of(hints, (60, 60), (60, 60), halves(), None)
    assert binding.colors == [GREY]
    assert binding.followers.follow_weight[5, 5] == 1
    assert binding.followers.correction_weight.shape == (15, 15, 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (700, 3)])
def test_hints_on_pictures_of_any_shape(size):
    prediction = photochrom.Colorizer().predict(np.full(size, 120, np.uint8))
    hints = [Hint.at(0, 0, GREY), Hint.at(size[1] - 1, size[0] - 1, (130, 120, 110), 1e6)]
    assert prediction.color(hints=hints).rgb.shape == (*size, 3)


@pytest.mark.parametrize("vividness", [0, None, 1])
def test_a_muted_palette_stays_muted(predictions, vividness):
    palette = [(138, 127, 118), (111, 118, 128)]
    most = np.linalg.norm(ab(np.array([palette])), axis=-1).max()
    for prediction in predictions:
        shown = prediction.color(vividness=vividness, palette=palette).rgb
        strength = np.linalg.norm(ab(shown), axis=-1)
        assert strength.mean() < most
        assert np.percentile(strength, 99) < most + EXACT  # luma's own edges may exceed it a little


@pytest.mark.parametrize("vividness", [0, None, 1])
def test_a_muted_reference_stays_muted(vividness):
    truth = colour_pictures()[0]
    muted = color.rgb_to_lab(truth / np.float32(255)) * np.array([1, 0.3, 0.3], np.float32)
    reference = np.rint(np.clip(color.lab_to_rgb(muted), 0, 1) * 255).astype(np.uint8)
    result = photochrom.colorize(color.luma(truth), reference=reference, vividness=vividness)
    allowed, shown = (np.linalg.norm(ab(each), axis=-1) for each in (reference, result.rgb))
    assert np.percentile(shown, 99) < np.percentile(allowed, 99) + EXACT
