"""`photochrom colorize --compare`: a picture of before and after, to be shared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.photo.side_by_side import side_by_side
from tests.commands import call
from tests.support import contents


def test_before_and_after_stand_side_by_side(shoebox, camera):
    Image.fromarray(camera).save("in/a.png")
    result = call("in/a.png", "-o", "new.png", "--compare", "both.jpg")
    assert result.exit_code == 0, result.stderr
    both = photo.read("both.jpg")
    width, height = both.size
    assert width > 2 * 240
    assert 240 < height < 300
    rgb = both.rgb[20:220].astype(int)
    chroma = np.abs(rgb[..., 0] - rgb[..., 2])
    assert chroma[:, 20 : width // 2 - 20].mean() < 3 < chroma[:, width // 2 + 20 : -20].mean()
    assert b"compositeWithTrainedAlgorithmicMedia" in (both.metadata.xmp or b"")


def test_large_photographs_are_reduced_and_a_caption_stands_below():
    before, after = np.zeros((400, 900, 3), np.uint8), np.full((800, 1800, 3), 90, np.uint8)
    both = side_by_side(before, after, max_side=600)
    assert both.shape[1] < 2 * 600 + 100
    assert (both[20:200, 30:550] == 0).all()
    assert (both[20:200, 650:1150] == 90).all()
    below = both[290:]
    assert below.min() < 150 < below.max()  # text on light grey


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["in", "-o", "out", "--compare", "both.jpg"], 2, "with one photograph and one result"),
        (
            ["in/a.png", "-o", "a.png", "--variants", "2", "--compare", "both.jpg"],
            2,
            "one photograph and one result",
        ),
        (
            ["in/a.png", "-o", "both.jpg", "--compare", "both.jpg"],
            2,
            "another file than the result",
        ),
        (["in/a.png", "-o", "a.png", "--compare", "in/a.png"], 2, "original"),
        (["in/a.png", "-o", "a.png", "--compare", "both.xyz"], 2, "ends like one of"),
        (["in/a.png", "-o", "a.png", "--compare", "nowhere/both.jpg"], 2, "there is no folder"),
        (["-", "--compare", "both.jpg"], 2, "--compare"),
        (["in/a.png", "-o", "out", "--pages", "1", "--compare", "both.jpg"], 2, "without --pages"),
    ],
)
def test_comparisons_that_make_no_sense(arguments, code, message, shoebox):
    before = contents(shoebox)
    result = call(*arguments, stdin=b"")
    assert message in result.stderr
    assert result.exit_code == code
    assert contents(shoebox) == before


def test_a_reference_is_never_replaced(shoebox, astronaut):
    Image.fromarray(astronaut).save("colour.png")
    arguments = ["--reference", "colour.png", "--compare", "colour.png", "--exists", "overwrite"]
    before = Path("colour.png").read_bytes()
    assert call("in/a.png", "-o", "new.png", *arguments).exit_code == 2
    assert Path("colour.png").read_bytes() == before


def test_a_photograph_in_colour_has_no_comparison(shoebox, astronaut):
    Image.fromarray(astronaut).save("in/a.png")
    assert call("in/a.png", "-o", "new.png", "--compare", "both.jpg").exit_code == 0
    assert not Path("both.jpg").exists()
