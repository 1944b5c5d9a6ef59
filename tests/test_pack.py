"""`tools/pack.py` packs photographs for training on another machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from PIL import Image

from photochrom import color, photo
from photochrom.errors import DataError
from photochrom.training.sources import find
from tests.pictures import colour_pictures, fill

PACK = Path(__file__).parents[1] / "tools" / "pack.py"


def pack(*arguments: object) -> str:
    command = [sys.executable, PACK, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def photos(tmp_path):
    fill(tmp_path / "photos" / "train" / "deep", 5)
    fill(tmp_path / "photos" / "val", 2)
    grey = colour_pictures()[0].mean(-1).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "photos" / "train" / "grey.png")
    return tmp_path / "photos"


@pytest.mark.slow
def test_training_finds_small_copies_of_what_can_teach_colour(photos, tmp_path):
    said = pack(photos, tmp_path / "out", "--side", 64)
    assert "train: 5 photographs (skipped: 1 grey, 0 broken, 0 tiny) in 1 shards" in said
    assert len(find(tmp_path / "out" / "val")) == 2
    found = find(tmp_path / "out" / "train")
    assert [source.member for source in found] == [f"deep/{n:03}.png.jpg" for n in range(5)]
    for source, path in zip(found, sorted((photos / "train" / "deep").iterdir()), strict=True):
        small, expected = photo.thumbnail(source.read(), 96), photo.thumbnail(path, 64)
        assert source.read().startswith(b"\xff\xd8")
        assert small.shape == (64, 64, 3)
        assert np.abs(color.luma(small).astype(int) - color.luma(expected)).mean() < 4


@pytest.mark.slow
def test_packing_again_gives_the_same_bytes(photos, tmp_path):
    for name in ("one", "two"):
        pack(photos, tmp_path / name)
    one, two = ((tmp_path / name / "train" / "train-000.tar") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_a_file_that_is_small_already_is_taken_as_it_is(tmp_path):
    (tmp_path / "photos").mkdir()
    path = tmp_path / "photos" / "0.webp"
    Image.fromarray(colour_pictures()[1]).resize((160, 120)).save(path, quality=40)
    pack(tmp_path / "photos", tmp_path / "out")
    (found,) = find(tmp_path / "out")
    assert found.member == "0.webp"
    assert found.read() == path.read_bytes()


def test_no_shard_is_larger_than_asked(tmp_path):
    shards = run_path(str(PACK))["Shards"](tmp_path / "train", "train", 100_000)
    sizes = [1, 511, 512, 513, 60_000, 30_000, 8_000, 88_000, 20_000]
    for number, size in enumerate(sizes):
        shards.add(f"{number}{'long' * 40}.jpg", bytes(size))
    shards.close()
    assert [path.name for path in shards.paths] == [f"train-00{n}.tar" for n in range(4)]
    assert all(path.stat().st_size <= 100_000 for path in shards.paths)
    assert [len(source.read()) for source in find(tmp_path / "train")] == sizes


def test_shards_are_not_mixed_with_others(tmp_path):
    with pytest.raises(DataError, match="exists already"):
        run_path(str(PACK))["Shards"](tmp_path, "train", 100_000)
