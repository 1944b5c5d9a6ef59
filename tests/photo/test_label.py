"""A label stands below a photograph, and the photograph itself is unchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from photochrom import photo
from photochrom.provenance.luma import compare_luma
from tests.commands import call


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("height", [239, 240])
def test_the_photograph_is_unchanged(kind, height, vivid, camera):
    grey = camera[:height]
    plain = vivid.colorize(grey)
    made = plain.labelled()
    assert made.luma.shape[0] > height
    np.testing.assert_array_equal(made.luma[:height], grey)
    np.testing.assert_array_equal(made.rgb[:height], plain.rgb)
    data = made.encode(kind)
    back = photo.read(data)
    strip = back.rgb[height + 2 :].astype(int)
    assert strip.min() < 150 < 235 < strip.max()  # grey text on light grey
    assert np.ptp(strip, axis=2).max() <= 3  # without colour
    assert compare_luma(photo.read(grey), back, data)[0]


def test_deep_and_transparent_photographs_and_narrow_ones(warm, deep):
    made = warm.colorize(deep)
    labelled = replace(made, alpha=np.zeros_like(made.luma)).labelled()
    assert labelled.luma.dtype == labelled.alpha.dtype == np.uint16
    assert (labelled.luma[-1] == 245 * 257).all()
    assert (labelled.alpha[240:] == 65535).all()
    assert warm.colorize(deep[:, :3]).labelled().luma.shape[1] == 3


def test_the_command(shoebox):
    assert call("in/a.png", "-o", "plain.png").exit_code == 0
    result = call("in/a.png", "-o", "new.png", "--label", "--compare", "both.png")
    assert result.exit_code == 0, result.stderr
    plain, new = photo.read("plain.png"), photo.read("new.png")
    np.testing.assert_array_equal(new.rgb[:24], plain.rgb)
    assert new.size[1] > 24
    both = photo.read("both.png").size
    assert call("in/a.png", "-o", "p.png", "--compare", "plain-both.png").exit_code == 0
    assert both == photo.read("plain-both.png").size
    stream = call("-", "--label", stdin=Path("in/a.png").read_bytes())
    assert photo.read(stream.stdout_bytes).size == new.size
    refused = call("in/a.png", "-o", "x.png", "--label", "--pages", "all")
    assert refused.exit_code == 2
