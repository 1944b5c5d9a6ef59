"""Photographs of one album share the colours of the things that they all show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photochrom import ColorOptions, SharedColors
from photochrom.errors import ConfigError
from photochrom.guidance.reference import Reference

RED, BLUE = (30.0, 20.0), (-10.0, -40.0)


def things(*order: int) -> np.ndarray:
    """(4, 6 per thing, 8) float32: features of different things, side by side."""
    return np.repeat(np.eye(8, dtype=np.float32)[list(order)], 6, axis=0)[None].repeat(4, axis=0)


def painted(features: np.ndarray, *colors: tuple[float, float]) -> Reference:
    """A photograph whose things have these colours, from left to right."""
    chroma = np.repeat(np.array(colors, np.float32), 6, axis=0)[None].repeat(4, axis=0)
    return Reference(features, chroma)


def noisy(features: np.ndarray, seed: int) -> np.ndarray:
    """The same things in another photograph: features are never quite equal."""
    other = features + np.random.default_rng(seed).normal(0, 0.05, features.shape)
    return np.float32(other / np.linalg.norm(other, axis=-1, keepdims=True))


def test_the_same_thing_gets_the_mean_colour():
    one, other = things(0, 1), noisy(things(0, 1), 1)
    shared = SharedColors([painted(one, RED, RED), painted(other, BLUE, RED)])
    mixed = shared.mix(one, painted(one, RED, RED).chroma)
    assert mixed[:, :4] == pytest.approx(np.mean([RED, BLUE], 0) + np.zeros((4, 4, 2)), abs=1.5)
    assert mixed[:, 8:] == pytest.approx(RED + np.zeros((4, 4, 2)), abs=1.5)
    assert len(shared) == 2


def test_both_photographs_get_the_same_colours():
    one, other = things(0, 1), noisy(things(0, 1), 1)
    photographs = [painted(one, RED, BLUE), painted(other, BLUE, BLUE)]
    shared = SharedColors(photographs)
    first, second = (shared.mix(each.features, each.chroma) for each in photographs)
    assert np.abs(first - second).max() < 2


def test_a_photograph_of_other_things_keeps_its_colours():
    shared = SharedColors([painted(things(0, 1), RED, RED), painted(things(4, 5), BLUE, BLUE)])
    own = painted(things(0, 1), RED, RED)
    assert np.array_equal(shared.mix(own.features, own.chroma), own.chroma)


def test_an_empty_album_changes_nothing():
    own = painted(things(0), RED)
    assert np.array_equal(SharedColors([]).mix(own.features, own.chroma), own.chroma)


def test_the_finer_detail_of_a_photograph_stays():
    features = things(0, 0, 0, 0)
    shared = SharedColors([painted(noisy(features, 1), *[BLUE] * 4)])
    chroma = np.zeros((8, 48, 2), np.float32)
    chroma[::2, ::2] = 4
    mixed = shared.mix(features, chroma)
    assert mixed[::2, ::2].mean() - mixed[1::2, 1::2].mean() == pytest.approx(4, abs=0.1)


def test_a_model_that_cannot_compare_photographs(warm, camera):
    with pytest.raises(ConfigError, match="expected a model that can compare photographs"):
        warm.predict(camera).as_references()


def test_variants_have_no_shared_colours():
    with pytest.raises(ConfigError, match="received shared"):
        ColorOptions(variants=2, shared=SharedColors([]))


def test_a_colour_that_was_given_travels_where_things_look_alike():
    one, other = things(0, 1), noisy(things(0, 1), 1)
    red, blue = painted(one, RED, BLUE), painted(other, BLUE, BLUE)
    given = np.zeros(one.shape[:2], np.float32)
    given[:, :6] = 1
    shared = SharedColors([replace(red, given=given), blue])
    mixed = shared.mix(other, blue.chroma)
    assert mixed[:, :5] == pytest.approx(RED + np.zeros((4, 5, 2)), abs=2)
    assert mixed[:, 7:] == pytest.approx(BLUE + np.zeros((4, 5, 2)), abs=2)


def test_an_album_is_reduced_to_what_a_photograph_needs():
    photographs = [things(0, 1), noisy(things(0, 1), 1), things(4, 5)]
    parts = [SharedColors([painted(each, RED, BLUE)]) for each in photographs]
    whole = SharedColors.joined(parts)
    assert whole.related_to(parts[0]) == parts[1]
    assert whole.related_to(parts[2]) == SharedColors([])
    assert parts[0] != parts[1]
    own = painted(photographs[0], RED, BLUE)
    assert np.array_equal(
        whole.mix(own.features, own.chroma), parts[1].mix(own.features, own.chroma)
    )
