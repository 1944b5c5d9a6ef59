"""Damage that is drawn: it looks like a scan, and its targets say where it is."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.training.damage import SIDE, VISIBLE, damaged, example
from tests.pictures import colour_pictures


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return colour_pictures()[0].mean(-1).astype(np.uint8)


def test_the_same_seed_draws_the_same(grey):
    first, second = (example(grey, np.random.default_rng(5)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


def test_examples_are_scans_with_targets_and_weights(grey):
    for seed in range(40):
        scan, target, weight = example(grey, np.random.default_rng(seed))
        assert {each.shape for each in (scan, target, weight)} == {(SIDE, SIDE)}
        assert scan.min() >= 0
        assert scan.max() <= 1
        assert set(np.unique(target)) <= {0, 1}
        assert set(np.unique(weight)) <= {0, 1}
        assert (weight[target == 1] == 1).all()
        assert target.mean() < 0.5


def test_many_examples_are_clean_and_many_are_not(grey):
    damaged_count = sum(
        bool(example(grey, np.random.default_rng(seed))[1].any()) for seed in range(60)
    )
    assert 20 < damaged_count < 50


@pytest.mark.parametrize("shape", [(90, 120), (64, 500)])
def test_photographs_that_are_small_are_enlarged(shape):
    rng = np.random.default_rng(1)
    scan, _, _ = example(rng.integers(0, 256, shape).astype(np.uint8), rng)
    assert scan.shape == (SIDE, SIDE)


def test_damage_is_local():
    flat = np.full((200, 300), 0.5, np.float32)
    for seed in range(20):
        change = np.abs(damaged(flat, np.random.default_rng(seed)) - flat)
        assert 0 < (change > VISIBLE[1]).mean() < 0.4
