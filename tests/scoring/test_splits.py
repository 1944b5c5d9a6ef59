"""The three parts of a set of photographs, and paired differences of scores."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom.errors import DataError
from photochrom.scoring import PARTS, Album, Judge, PhotoScores, paired_difference, part_of

# --- parts ------------------------------------------------------------------------------------


def test_parts_are_fixed_for_ever():
    names = ["00003_0004.webp", "astronaut.png", "Übung.jpg", "000.png", "001.png", "002.png"]
    found = [part_of(name) for name in names]
    assert found == ["test", "choose", "test", "choose", "test", "choose"]


def test_folders_do_not_count():
    for folder in ("", "val/", "/elsewhere/deep/down/"):
        assert part_of(f"{folder}astronaut.png") == part_of(Path(folder) / "astronaut.png")
        assert part_of(f"{folder}astronaut.png") == part_of("astronaut.png")


def test_parts_are_of_about_one_size():
    counts = Counter(part_of(f"{number:05}.jpg") for number in range(3000))
    assert set(counts) == set(PARTS)
    assert all(900 < count < 1100 for count in counts.values())


def test_an_album_of_a_part(tmp_path):
    for number in range(12):
        Image.fromarray(skimage.data.astronaut()[::8, ::8]).save(tmp_path / f"{number}.png")
    whole = [name for name, _ in Album(tmp_path, size=32)]
    parts = {part: [name for name, _ in Album(tmp_path, size=32, part=part)] for part in PARTS}
    assert sorted(name for names in parts.values() for name in names) == sorted(whole)
    assert all(part_of(name) == part for part, names in parts.items() for name in names)
    some = Album(tmp_path, size=32, part="test", limit=2)
    assert (len(some), some.part) == (2, "test")


def test_a_part_of_nothing(tmp_path):
    Image.fromarray(skimage.data.coffee()[:64, :64]).save(tmp_path / "astronaut.png")
    with pytest.raises(DataError, match=r"part «test» of .*none of its 1 belongs to it"):
        Album(tmp_path, part="test")


# --- differences --------------------------------------------------------------------------------


def scored(psnrs: list[float]) -> list[PhotoScores]:
    picture = skimage.data.coffee()[:32, :32]
    one = Judge(quick=True).add("", picture, picture)
    return [replace(one, name=str(n), psnr=psnr) for n, psnr in enumerate(psnrs)]


def test_a_difference_is_of_pairs():
    rng = np.random.default_rng(0)
    base = rng.normal(25, 5, 400)
    better = base + rng.normal(2, 1, 400)
    found = paired_difference(scored(list(better)), scored(list(base)), "psnr")
    apart = better - base
    assert found.mean == pytest.approx(apart.mean())
    assert found.standard_error == pytest.approx(apart.std(ddof=1) / 20)
    assert found.standard_error < 0.06 < base.std() / 20
    assert found.photos == 400
    assert found.text("dB", 1) == "+2.0 ± 0.1 dB"


def test_what_is_not_known_of_both_does_not_count():
    found = paired_difference(scored([math.nan, 3, 5]), scored([1, 2, math.nan]), "psnr")
    assert (found.mean, found.photos) == (1, 1)
    assert math.isnan(found.standard_error)
    assert found.text() == "+1.00 ± ?"
    assert paired_difference([], [], "psnr").photos == 0


def test_other_photographs_have_no_difference():
    with pytest.raises(DataError, match="the same photographs"):
        paired_difference(scored([1, 2]), scored([1]), "psnr")


def test_an_accent_taken_apart_is_the_same_name():
    assert part_of("caf\u00e9.jpg") == part_of("cafe\u0301.jpg")
