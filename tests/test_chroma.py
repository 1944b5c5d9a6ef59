"""From a network's answer to chroma that follows the edges of the photograph."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from photochrom.chroma import decode, enlarge
from photochrom.errors import InvalidModel
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
    with pytest.raises(InvalidModel, match=r"expected \(height, width, 2\) .*'chroma'; received"):
        decode(np.zeros(shape, np.float32), card())


@pytest.mark.parametrize("shape", [(4, 6, 2), (4, 6, 313), (3,)])
def test_a_distribution_of_a_wrong_shape(shape):
    with pytest.raises(InvalidModel, match=r"\(height, width, 3\) .*'distribution'; received"):
        decode(np.zeros(shape, np.float32), DISTRIBUTION)


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
    """At which columns a plane has gone a tenth, half and nine tenths of its way."""
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
    """With no edge to follow it is as smooth as plain enlarging, and stays within its bounds."""
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
