"""The guide of a grey photograph: lightness and segments at the size of a network's output."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.model.guide import Guide, find_segments, segment_means


def halves(height: int = 64, width: int = 96) -> np.ndarray:
    """A picture that is dark on the left and light on the right."""
    picture = np.full((height, width), 0.2, np.float32)
    picture[:, width // 2 :] = 0.8
    return picture


def test_two_flat_halves_are_two_segments():
    segments = find_segments(halves(), (32, 48))
    assert segments.shape == (32, 48)
    assert len(np.unique(segments[:, :23])) == 1
    assert len(np.unique(segments[:, 25:])) == 1
    assert segments[0, 0] != segments[0, -1]


def test_a_slow_change_of_light_is_no_edge():
    sky = np.tile(np.linspace(0.3, 0.9, 96, dtype=np.float32), (64, 1))
    assert find_segments(sky, (32, 48)).max() == 0


def test_features_part_what_is_alike_in_grey():
    flat = np.full((64, 64), 0.5, np.float32)
    features = np.zeros((16, 16, 2), np.float32)
    features[:8, :, 0] = features[8:, :, 1] = 1
    segments = find_segments(flat, (32, 32), features)
    assert segments[0, 0] != segments[-1, 0]
    assert find_segments(flat, (32, 32)).max() == 0


@pytest.mark.parametrize("grid", [(1, 1), (2, 3), (4, 512), (33, 20)])
def test_segments_are_numbered_without_gaps_whatever_the_photograph(grid):
    noise = np.random.default_rng(0).random((2 * grid[0], 2 * grid[1])).astype(np.float32)
    segments = find_segments(noise, grid)
    assert segments.shape == grid
    assert segments.dtype == np.int32
    np.testing.assert_array_equal(np.unique(segments), np.arange(segments.max() + 1))


def test_where_nothing_is_flat_every_place_is_its_own_segment():
    board = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((4, 4))).astype(np.float32)
    assert find_segments(board, (32, 32)).max() == 32 * 32 - 1


def test_a_narrow_strip_is_split_like_any_other():
    assert find_segments(halves(2, 96), (1, 48)).max() == 1


def test_means_over_segments():
    segments = np.array([[0, 0, 1], [0, 1, 1]], np.int32)
    values = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_allclose(segment_means(values, segments), [[8 / 3, 11 / 3], [22 / 3, 25 / 3]])


def test_a_guide_has_lightness_from_black_to_white_at_the_size_of_the_answer():
    lab = halves(256, 256) * 100
    guide = Guide.of(lab, "lab", (64, 64), None)
    assert guide.lightness.shape == guide.segments.shape == (64, 64)
    assert guide.lightness[0, 0] == pytest.approx(0.2, abs=1e-4)
    assert guide.lightness[0, -1] == pytest.approx(0.8, abs=1e-4)
    assert guide.segments.max() == 1
    np.testing.assert_allclose(
        Guide.of(halves(256, 256), "yuv", (64, 64), None).lightness, guide.lightness, atol=1e-3
    )
