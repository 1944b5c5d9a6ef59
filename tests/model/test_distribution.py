"""Decoding a network's output to chroma, and the other results that it gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photochrom.errors import InvalidModel
from photochrom.model.card import DecodingParams
from photochrom.model.distribution import Distribution, decode
from photochrom.model.guide import Guide
from photochrom.model.variants import variants
from tests.support import BINS, card

DISTRIBUTION = card(output_kind="distribution", bins=BINS)


# --- decode ---------------------------------------------------------------------------------


def test_chroma_is_scaled_as_the_card_says():
    output = np.random.default_rng(0).uniform(-1, 1, (4, 6, 2)).astype(np.float32)
    found = decode(output, card(output_scale=110.0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, output * 110, rtol=1e-6)


def test_a_distribution_becomes_its_mean():
    logits = np.random.default_rng(1).normal(0, 3, (4, 6, 3)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    found = decode(logits, DISTRIBUTION)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, shares @ BINS, atol=1e-4)


@pytest.mark.parametrize("winner", range(3))
def test_a_network_that_is_sure_gets_its_bin(winner):
    logits = np.full((2, 2, 3), -1e4, np.float32)
    logits[..., winner] = 1e4
    np.testing.assert_allclose(decode(logits, DISTRIBUTION), np.tile(BINS[winner], (2, 2, 1)))


def test_a_network_that_knows_nothing_gives_the_mean_of_the_bins():
    found = decode(np.zeros((1, 1, 3), np.float32), DISTRIBUTION)
    np.testing.assert_allclose(found[0, 0], np.mean(BINS, 0), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6, 1), (4, 6), (1, 4, 6, 2)])
def test_chroma_of_a_wrong_shape(shape):
    with pytest.raises(
        InvalidModel, match=r"expected output of shape \(height, width, 2\) .*'chroma'; received"
    ):
        decode(np.zeros(shape, np.float32), card())


@pytest.mark.parametrize("shape", [(4, 6, 2), (4, 6, 313), (3,)])
def test_a_distribution_of_a_wrong_shape(shape):
    with pytest.raises(InvalidModel, match=r"\(height, width, 3\) .*'distribution'; received"):
        decode(np.zeros(shape, np.float32), DISTRIBUTION)


# --- likely colours -------------------------------------------------------------------------


def test_likely_colours_are_those_of_the_place():
    logits = np.full((2, 2, 3), -20, np.float32)
    logits[0, 1] = np.log([0.7, 0.295, 0.005])
    found = Distribution.of(logits, DISTRIBUTION).color_candidates(0, 1, 6, DecodingParams())
    assert [share for _, share in found] == pytest.approx([0.7, 0.3], abs=0.01)
    np.testing.assert_allclose([chroma for chroma, _ in found], BINS[:2], atol=2)


def test_no_two_likely_colours_are_alike():
    near = card(output_kind="distribution", bins=[[40.0, 0.0], [42.0, 2.0], [-40.0, 0.0]])
    logits = np.log(np.array([[[0.4, 0.4, 0.2]]], np.float32))
    found = Distribution.of(logits, near).color_candidates(0, 0, 6, DecodingParams())
    assert len(found) == 2
    np.testing.assert_allclose(found[0][0], [41, 1], atol=0.5)


def test_rare_colours_are_thought_of_but_no_likelier_than_they_are():
    weighed = card(output_kind="distribution", bins=BINS, bin_weights=[1.0, 1.0, 60.0])
    shares = np.array([0.64, 0.345, 0.015], np.float32)
    found = Distribution.of(np.log(shares)[None, None], weighed).color_candidates(
        0, 0, 6, DecodingParams(rebalancing=1.0)
    )
    assert [share for _, share in found] == pytest.approx(list(shares), abs=0.01)


# --- readings -------------------------------------------------------------------------------

RARE = card(output_kind="distribution", bins=BINS, bin_weights=[4.0, 1.0, 0.25])


def spread(seed: int = 0, size: tuple[int, int] = (6, 8)) -> Distribution:
    logits = np.random.default_rng(seed).normal(0, 1, (*size, 3)).astype(np.float32)
    return Distribution.of(logits, RARE)


def test_gamma_weighs_bins_by_their_rarity():
    shares = Distribution.of(np.zeros((1, 1, 3), np.float32), RARE).probabilities(
        DecodingParams(rebalancing=1)
    )
    np.testing.assert_allclose(shares[0, 0], np.array([4, 1, 0.25]) / 5.25, rtol=1e-5)


def test_half_a_gamma_is_half_the_way_of_the_logarithm():
    flat = Distribution.of(np.zeros((1, 1, 3), np.float32), RARE)
    none, half, whole = (
        np.log(flat.probabilities(DecodingParams(rebalancing=g))[0, 0]) for g in (0, 0.5, 1)
    )
    gaps = [x - x.mean() for x in (none, half, whole)]
    np.testing.assert_allclose(gaps[1], (gaps[0] + gaps[2]) / 2, atol=1e-5)


def test_a_low_temperature_sharpens():
    found = spread()
    warm, cold = (found.probabilities(DecodingParams(temperature=t)).max(-1) for t in (1, 0.3))
    assert (cold > warm).all()


def test_gain_multiplies():
    found = spread()
    np.testing.assert_allclose(
        found.mean(DecodingParams(gain=2)), 2 * found.mean(DecodingParams()), rtol=1e-5
    )


def energy(chroma: np.ndarray) -> float:
    return float((chroma**2).sum())


def test_a_restored_picture_is_as_colourful_as_its_distribution():
    logits = np.random.default_rng(5).normal(0, 1, (6, 8, 3)).astype(np.float32)
    logits[..., 2] = -20  # only the two colours that are not opposites
    found = Distribution.of(logits, DISTRIBUTION)
    likely = float((found.probabilities(DecodingParams()) @ (found.bins**2).sum(-1)).sum())
    dull, half, whole = (
        energy(found.mean(DecodingParams(chroma_restoration=r))) for r in (0, 0.5, 1)
    )
    assert dull < 0.9 * likely
    assert whole == pytest.approx(likely, rel=1e-3)
    assert half == pytest.approx((dull * likely) ** 0.5, rel=1e-3)


def test_what_is_restored_is_one_factor_for_the_whole_picture():
    found = spread(7)
    plain, restored = found.mean(DecodingParams()), found.mean(DecodingParams(chroma_restoration=1))
    factors = restored / plain
    assert factors.min() > 1.05
    np.testing.assert_allclose(factors, factors[0, 0, 0], rtol=1e-4)


def test_no_chroma_is_more_than_doubled():
    logits = np.zeros((2, 2, 3), np.float32)  # its mean is next to grey, its colours are not
    found = Distribution.of(logits, DISTRIBUTION)
    assert (
        energy(found.mean(DecodingParams(chroma_restoration=1)))
        <= 4 * energy(found.mean(DecodingParams())) + 1e-3
    )


def guided(logits: np.ndarray, lightness: float | np.ndarray = 0.5) -> Distribution:
    """A distribution with a guide: the left half is one segment, the right half another."""
    segments = np.zeros(logits.shape[:2], np.int32)
    segments[:, logits.shape[1] // 2 :] = 1
    level = np.broadcast_to(np.float32(lightness), segments.shape)
    return Distribution.of(logits.astype(np.float32), RARE, Guide(level, segments))


def test_places_of_a_segment_agree_as_far_as_they_are_asked_to():
    logits = np.random.default_rng(1).normal(0, 2, (4, 8, 3))
    each, half, all_as_one = (
        guided(logits).mean(DecodingParams(agreement=share)) for share in (0, 0.5, 1)
    )
    for part in (np.s_[:, :4], np.s_[:, 4:]):
        assert np.ptp(all_as_one[part], axis=(0, 1)).max() < 1e-3
        assert 0 < half[part].std() < each[part].std()
    assert np.abs(all_as_one[0, 0] - all_as_one[0, -1]).max() > 1


def test_without_a_guide_the_other_fields_of_a_reading_still_work():
    logits = np.random.default_rng(1).normal(0, 2, (4, 8, 3)).astype(np.float32)
    found = Distribution.of(logits, RARE)
    np.testing.assert_array_equal(
        found.mean(DecodingParams(agreement=1, clean_tones=1)), found.mean(DecodingParams())
    )


def test_caution_takes_colour_where_none_is_likelier_than_another():
    logits = np.zeros((1, 8, 3), np.float32)
    logits[0, :4, 0], logits[0, 4:, 0] = 20, 0.3
    found = guided(logits)
    plain, cautious = found.mean(DecodingParams()), found.mean(DecodingParams(caution=1))
    np.testing.assert_allclose(cautious[0, :4], plain[0, :4], rtol=1e-5)
    assert energy(cautious[:, 4:]) < 0.5 * energy(plain[:, 4:])


def test_black_and_white_are_clean():
    logits = np.zeros((1, 4, 3), np.float32)
    logits[..., 0] = 20
    found = guided(logits, np.array([[0.0, 0.3, 0.7, 1.0]]))
    clean = found.mean(DecodingParams(clean_tones=1))
    np.testing.assert_array_equal(clean[0, [0, 3]], 0)
    np.testing.assert_allclose(clean[0, 1:3], np.tile(BINS[0], (2, 1)), atol=1e-3)


def leaning() -> Distribution:
    """The distribution of a picture with a colour cast, whose first row is grey."""
    logits = np.random.default_rng(2).normal(0, 3, (6, 8, 3))
    logits[..., 0] += 2
    logits[0] = [-30, 30, 30]
    card_of_grey = replace(RARE, bins=[[40.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    segments = np.zeros((6, 8), np.int32)
    guide = Guide(np.full((6, 8), 0.02, np.float32), segments)
    return Distribution.of(logits.astype(np.float32), card_of_grey, guide)


def test_a_gain_whose_cast_is_corrected_keeps_the_mean_colour_and_greys_grey():
    plain = leaning().mean(DecodingParams())
    loud = leaning().mean(DecodingParams(gain=1.5))
    corrected = leaning().mean(DecodingParams(gain=1.5, cast_correction=1))
    assert np.abs(loud.mean((0, 1)) - plain.mean((0, 1))).max() > 1
    np.testing.assert_allclose(corrected.mean((0, 1)), plain.mean((0, 1)), atol=1e-3)
    np.testing.assert_allclose(corrected[0], 0, atol=1e-3)


def test_where_no_gain_adds_a_cast_none_is_corrected():
    """Chroma that black loses is not a cast: lit areas must not get the opposite colour."""
    clean = leaning().mean(DecodingParams(clean_tones=0.9))
    np.testing.assert_array_equal(
        leaning().mean(DecodingParams(clean_tones=0.9, cast_correction=1)), clean
    )


@pytest.mark.parametrize("share", ["agreement", "caution", "clean_tones", "cast_correction"])
def test_a_share_of_a_reading_is_no_more_than_all(share):
    with pytest.raises(InvalidModel, match=f"vivid.{share} to be a number from 0 to 1"):
        card(vivid=DecodingParams(**{share: 1.2}))


@pytest.mark.parametrize("restored", [1, 1.6])
def test_where_all_is_grey_nothing_is_restored(restored):
    grey = card(output_kind="distribution", bins=[[0.0, 0.0]] * 3)
    found = Distribution.of(np.zeros((2, 2, 3), np.float32), grey)
    np.testing.assert_array_equal(
        found.mean(DecodingParams(chroma_restoration=restored)), np.zeros((2, 2, 2))
    )


def test_vividness_goes_from_faithful_to_vivid():
    made = card(faithful=DecodingParams(), vivid=DecodingParams(1, 0.25, 3, 1), vividness=0.5)
    # Halfway: the arithmetic mean, but for the temperature the geometric mean.
    assert made.decoding_params() == DecodingParams(0.5, 0.5, 2, 0.5)
    assert made.decoding_params(0) == DecodingParams()
    assert made.decoding_params(1) == DecodingParams(1, 0.25, 3, 1)
    with pytest.raises(ValueError, match=r"vividness from 0 to 1; received 1\.5"):
        made.decoding_params(1.5)


def test_a_sure_network_is_confident_and_an_unsure_one_is_not():
    logits = np.zeros((1, 2, 3), np.float32)
    logits[0, 0, 0] = 30
    found = Distribution.of(logits, RARE)
    sure, unsure = found.confidence(found.mean(DecodingParams()))[0]
    assert sure > 0.99
    assert unsure < 0.01  # the mean of three far colours is none of them


def test_a_palette_draws_to_its_colours():
    flat = Distribution.of(np.zeros((2, 2, 3), np.float32), RARE)
    drawn = flat.with_palette(np.array([[0, 40]], np.float32)).mean(DecodingParams())
    np.testing.assert_allclose(drawn, np.tile([0, 40], (2, 2, 1)), atol=2)


# --- variants -------------------------------------------------------------------------------


def two_halves() -> Distribution:
    """A distribution: on the left red or green, on the right certainly green."""
    logits = np.full((16, 16, 3), -8, np.float32)
    logits[:, :8, 0], logits[:, :8, 1] = 1, 0.8
    logits[:, 8:, 1] = 8
    return Distribution.of(logits, DISTRIBUTION)


def test_variants_change_a_whole_region_and_leave_the_others():
    first, second = variants(two_halves(), DecodingParams(temperature=0.3), 2)
    assert (first[4:12, 2:6, 0] > first[4:12, 2:6, 1]).all()
    assert (second[4:12, 2:6, 1] > second[4:12, 2:6, 0]).all()
    assert np.ptp(second[4:12, 2:6], axis=(0, 1)).max() < 2
    np.testing.assert_allclose(second[:, 10:], first[:, 10:], atol=2)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_as_many_variants_as_wanted(count):
    found = variants(spread(), DecodingParams(), count)
    assert len(found) == count
    assert all(each.shape == (6, 8, 2) and np.isfinite(each).all() for each in found)


def test_variants_are_the_same_every_time():
    for one, other in zip(
        *(variants(spread(3), DecodingParams(), 4) for _ in range(2)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("restored", [-1, 11])
def test_restoration_is_bounded(restored):
    with pytest.raises(
        InvalidModel, match=r"faithful\.chroma_restoration to be a number from 0 to 10"
    ):
        card(faithful=DecodingParams(chroma_restoration=restored))
