"""`photochrom colorize` with colours that are known: hints, palettes, references, vividness."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from tests.commands import call, is_coloured
from tests.support import contents, write_pictures


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with three grey pictures in `in`, and the photograph of a man."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "in", "a.png", "b.png", "c.jpg")
    Image.fromarray(skimage.data.camera()).save("man.png")
    return tmp_path


def mean(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).mean((0, 1))


@pytest.mark.slow
def test_hints_and_a_palette_and_vividness(shipped):
    assert call("man.png", "-o", "plain.png").exit_code == 0
    sky = ("--hint", "60,60,#e0a080,20", "--hint", "460,60,#e0a080,20")  # a sunset
    assert call("man.png", "-o", "hinted.png", *sky).exit_code == 0
    assert call("man.png", "-o", "faithful.png", "--vividness", "0").exit_code == 0
    assert call("man.png", "-o", "green.png", "--palette", "#208020,#103010").exit_code == 0
    plain, hinted, green = (mean(Path(f"{n}.png")) for n in ("plain", "hinted", "green"))
    assert hinted[0] - hinted[2] > plain[0] - plain[2] + 5
    assert green[2] - green[1] < plain[2] - plain[1] - 3  # nothing is blue


@pytest.mark.slow
def test_a_palette_and_a_reference_from_a_picture(shipped):
    Image.fromarray(skimage.data.chelsea()).save("cat.png")
    assert call("man.png", "-o", "a.png", "--palette", "cat.png").exit_code == 0
    assert call("man.png", "-o", "b.png", "--reference", "cat.png").exit_code == 0
    assert is_coloured(Path("b.png"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hint", "1,2"], "--hint: expected a hint as X,Y,COLOR"),
        (["--hint", "900,2,#ff0000"], "expected hints within the picture, 512 × 512"),
        (["--palette", "nowhere.png"], "expected --palette with a picture, or with colours"),
        (["--reference", "nowhere.png"], "--reference: expected a photograph; there is no file"),
        (["--reference", "man.png"], "expected a reference in colour; man.png is grey"),
    ],
)
def test_colours_that_make_no_sense(shipped, arguments, message):
    result = call("man.png", "-o", "new.png", *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert not Path("new.png").exists()


def test_a_hint_is_for_one_photograph(shipped):
    result = call("in", "-o", "out", "--hint", "1,2,#ff0000")
    assert result.exit_code == 2
    assert "expected --hint with one photograph; received 3" in result.stderr


@pytest.mark.slow
def test_several_answers(shipped):
    Path("out").mkdir()
    Path("out/b-2.png").write_bytes(b"mine")
    assert call("in", "-o", "out", "--variants", "3").exit_code == 1
    assert call("in", "-o", "out", "--variants", "3", "--exists", "skip").exit_code == 0
    assert Path("out/b-2.png").read_bytes() == b"mine"
    assert contents(Path("out")) == [
        f"{name}-{n}.{kind}"
        for name, kind in (("a", "png"), ("b", "png"), ("c", "jpg"))
        for n in (1, 2, 3)
    ]
    first, second, third = (mean(Path(f"out/a-{number}.png")) for number in (1, 2, 3))
    assert not np.allclose(first, second, atol=1)
    assert not np.allclose(first, third, atol=1)
    assert call("in/a.png", "-o", "a.png").exit_code == 0
    np.testing.assert_allclose(mean(Path("a.png")), first)
    again = call("in", "-o", "out", "--variants", "3", "--exists", "skip", "--json")
    records = [json.loads(line) for line in again.stdout.splitlines()]
    assert [each["status"] for each in records] == ["skipped"] * 3
    assert records[0]["targets"] == ["out/a-1.png", "out/a-2.png", "out/a-3.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["man.png", "-o", "-", "--variants", "2"], "without --dry-run, --json, --variants"),
        (["man.png", "-o", "new.png", "--variants", "2", "--palette", "#112233"], "without --hint"),
        (["in", "-o", "in", "--variants", "2"], "in/a-1.png is an original"),
    ],
)
def test_several_answers_that_cannot_be(shipped, arguments, message):
    write_pictures(Path("in"), "a-1.png")
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.slow
def test_a_long_palette_is_no_file_name(shipped):
    colours = ",".join(["#112233"] * 60)
    assert call("man.png", "-o", "long.png", "--palette", colours).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--reference", "--palette"])
def test_what_is_followed_is_never_written_over(shipped, option):
    Image.fromarray(skimage.data.chelsea()).save("cat.png")
    before = Path("cat.png").read_bytes()
    for source in ("man.png", "-"):
        arguments = (source, "-o", "cat.png", option, "cat.png", "--exists", "overwrite")
        result = call(*arguments, stdin=Path("man.png").read_bytes())
        assert result.exit_code == 2
        assert "cat.png is an original" in result.stderr
    assert Path("cat.png").read_bytes() == before
