"""The default network is small enough and calibrated, and it uses known colours."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image

import photochrom
from photochrom import ColorOptions, Hint, color
from photochrom.batch import plan, run
from photochrom.errors import ConfigError
from photochrom.guidance.reference import Reference
from photochrom.model.model import default_model
from photochrom.scoring import ab_error, colorfulness, to_lab
from tests.pictures import colour_pictures
from tests.support import exact_luma, write_pictures

LARGEST = 15_000_000  # bytes


@pytest.fixture(scope="module")
def colorizer() -> photochrom.Colorizer:
    return photochrom.Colorizer()


def error(result: photochrom.ColorPhoto, truth: np.ndarray) -> float:
    return ab_error(to_lab(np.asarray(result.rgb, np.uint8)), to_lab(truth))


def test_it_is_small():
    assert (default_model() / "network.onnx").stat().st_size < LARGEST


def test_a_photograph_has_the_same_colours_beside_one_with_hints(colorizer):
    """Without hints, the network leaves out what serves them."""
    lightness = np.random.default_rng(0).random((2, 128, 128, 1), np.float32) * 100
    known = np.zeros((2, 128, 128, 3), np.float32)
    known[1, 40:60, 40:60] = (40, -30, 1)
    both = colorizer.model(lightness, known)
    np.testing.assert_allclose(colorizer.model(lightness[:1])[0], both[0], atol=1e-3)
    assert np.abs(colorizer.model(lightness[1:])[0] - both[1]).max() > 1


def test_its_card_says_where_it_comes_from(colorizer):
    card = colorizer.model.card
    assert card.output_kind == "distribution"
    assert card.licence
    assert card.data
    assert card.scores
    assert card.bin_weights
    assert card.known_scale


@pytest.mark.slow
def test_it_colours_better_than_grey_and_keeps_luma(colorizer):
    ours, grey = [], []
    for truth in colour_pictures():
        luma = color.luma(truth)
        result = colorizer.colorize(luma)
        ours.append(error(result, truth))
        grey.append(ab_error(to_lab(np.dstack([luma] * 3)), to_lab(truth)))
        assert np.abs(exact_luma(result.rgb) - luma).max() <= 1
    assert np.mean(ours) < 0.95 * np.mean(grey)


@pytest.mark.slow
def test_vividness_goes_up(colorizer):
    prediction = colorizer.predict(color.luma(colour_pictures()[0]))
    seen = [colorfulness(np.asarray(prediction.color(vividness=v).rgb)) for v in (0, 0.5, 1)]
    assert seen[0] < seen[1] < seen[2]


def hinted_and_plain(colorizer: photochrom.Colorizer, truth: np.ndarray) -> tuple[float, float]:
    prediction = colorizer.predict(color.luma(truth))
    rng = np.random.default_rng(1)
    places = zip(*(rng.integers(8, side - 8, 10) for side in truth.shape[1::-1]), strict=True)
    hints = [
        Hint.at(int(x), int(y), tuple(truth[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1)).astype(int)))
        for x, y in places
    ]
    return error(prediction.color(hints=hints), truth), error(prediction.color(), truth)


@pytest.mark.slow
def test_ten_true_hints_help(colorizer):
    pairs = [hinted_and_plain(colorizer, truth) for truth in colour_pictures()]
    assert all(hinted < plain for hinted, plain in pairs)
    hinted, plain = np.mean(pairs, 0)
    assert hinted < 0.75 * plain


@pytest.mark.parametrize("vividness", [0.0, None])
@pytest.mark.parametrize("rgb", [(200, 60, 60), (120, 160, 80), (90, 110, 190)])
def test_a_hint_is_shown_as_it_was_given(colorizer, rgb, vividness):
    luma = np.full((256, 256), 120, np.uint8)  # where every one of them fits the gamut
    luma[::16], luma[:, ::16] = 100, 140
    shown = colorizer.colorize(luma, hints=[Hint.at(128, 128, rgb, 12)], vividness=vividness).rgb
    asked = to_lab(np.full((1, 1, 3), rgb, np.uint8))[0, 0, 1:]
    got = to_lab(np.asarray(shown))[124:133, 124:133, 1:].mean((0, 1))
    assert np.linalg.norm(got - asked) < 0.2 * np.linalg.norm(asked)


def test_variants_differ_and_confidence_is_a_share(colorizer):
    prediction = colorizer.predict(color.luma(colour_pictures()[0]))
    first, *others = (np.asarray(v.rgb, int) for v in prediction.variants(4))
    assert len(others) == 3
    assert all(np.abs(first - other).mean() > 0.5 for other in others)
    sure = prediction.confidence()
    assert sure.shape == prediction.photo.luma.shape
    assert 0 <= sure.min() < sure.max() <= 1.001


def test_a_variant_leaves_the_face_as_it_is(colorizer):
    prediction = colorizer.predict(color.luma(skimage.data.astronaut()))
    first, second, *_ = (to_lab(np.asarray(v.rgb)) for v in prediction.variants(4))
    face, suit = np.s_[80:130, 200:250, 1:], np.s_[300:360, 120:200, 1:]
    assert np.abs(first[face] - second[face]).mean() < 3
    assert np.abs(first[suit] - second[suit]).mean() > 10


@pytest.mark.slow
def test_a_photograph_is_its_own_best_reference(colorizer):
    truth = colour_pictures()[5]
    luma = color.luma(truth)
    with_reference = colorizer.colorize(luma, reference=truth)
    assert error(with_reference, truth) < 0.6 * error(colorizer.colorize(luma), truth)


@pytest.mark.slow
def test_many_follow_a_reference_that_is_looked_at_once(colorizer, monkeypatch, tmp_path):
    looked, of = [], Reference.of
    monkeypatch.setattr(Reference, "of", lambda *both: looked.append(both) or of(*both))
    Image.fromarray(colour_pictures()[5]).save(tmp_path / "theirs.png")
    write_pictures(tmp_path / "in", "a.png", "b.png", "c.png")
    jobs = plan([str(tmp_path / "in")], tmp_path / "out")
    done = list(run(jobs, colorizer, options=ColorOptions(reference=tmp_path / "theirs.png")))
    assert [each.status for each in done] == ["done"] * 3
    assert len(looked) == 1


@pytest.mark.parametrize("count", [0, -1])
def test_none_of_what_is_likely_is_not_asked_for(colorizer, count):
    prediction = colorizer.predict(color.luma(colour_pictures()[0]))
    with pytest.raises(ConfigError, match="expected a count of 1 or more"):
        prediction.variants(count)
    with pytest.raises(ConfigError, match="expected a count of 1 or more"):
        prediction.color_candidates(5, 5, count)


def test_likely_colours_of_skin_are_warm(colorizer):
    prediction = colorizer.predict(color.luma(skimage.data.astronaut()))
    (skin, share), *others = prediction.color_candidates(220, 100)
    assert skin[0] > skin[1] > skin[2] - 30
    assert 1 >= share >= max([each for _, each in others], default=0)
    for wrong in ((-1, 0), (512, 0), (0, 512)):
        with pytest.raises(ConfigError, match="a point within 512 × 512"):
            prediction.color_candidates(*wrong)
