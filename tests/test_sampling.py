"""Some of many."""

from __future__ import annotations

import pytest

from photochrom.sampling import subsample


@pytest.mark.parametrize(
    ("many", "count", "found"),
    [
        (10, 5, [0, 2, 4, 6, 8]),
        (7, 4, [0, 1, 3, 5]),  # not the first four
        (3, 5, [0, 1, 2]),  # each once
        (0, 5, []),
    ],
)
def test_they_are_evenly_spread(many, count, found):
    assert subsample(range(many), count) == found
