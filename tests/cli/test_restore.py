"""`photochrom colorize --restore` writes repaired copies beside the ordinary results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom import photo
from photochrom.batch import running
from photochrom.provenance import verify
from photochrom.restoration import restore
from tests.commands import call, invoke, records
from tests.restoration.scans import scratched
from tests.support import contents

ALL = "dust,scratches,fading"


@pytest.fixture
def scans(place: Path, monkeypatch: pytest.MonkeyPatch, model_folder: Path) -> Path:
    """The working directory, with a clean and a scratched scan in `in`."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    (place / "in").mkdir()
    camera = skimage.data.camera()
    Image.fromarray(camera).save("in/clean.png")
    Image.fromarray(scratched(camera)).save("in/scratched.png")
    return place


def test_a_copy_is_written_only_where_damage_is_found(scans):
    result = call("in", "-o", "out", "--restore", ALL)
    assert result.exit_code == 0
    assert contents(Path("out")) == ["clean.png", "scratched-restored.png", "scratched.png"]
    assert "out/scratched-restored.png: " in result.stderr
    assert "scratches filled in" in result.stderr
    assert "2 photographs were coloured" in result.stderr
    call("in", "-o", "plain")
    for name in ("clean.png", "scratched.png"):
        assert (Path("out") / name).read_bytes() == (Path("plain") / name).read_bytes()
    scan = np.asarray(Image.open("in/scratched.png"))
    copy = photo.read("out/scratched-restored.png")
    repaired = restore(scan).photo.luma
    assert np.abs(copy.luma.astype(int) - repaired).max() <= 1


def test_json_tells_of_the_copy(scans):
    clean, damaged = records(call("in", "-o", "out", "--restore", ALL, "--json"))
    assert clean["repaired"] is None
    assert "filled in" in damaged["repaired"]
    assert damaged["targets"] == ["out/scratched.png", "out/scratched-restored.png"]


def test_the_copy_tells_what_was_changed(scans):
    call("in/scratched.png", "-o", "new.png", "--restore", "scratches")
    report = verify("new-restored.png", original="in/scratched.png")
    assert report.repaired.endswith("filled in")
    assert not report.problems
    assert "It was repaired, which has changed its luma" in " ".join(report.facts)
    plain = verify("new.png", original="in/scratched.png")
    assert (plain.repaired, plain.problems) == ("", [])
    assert "was repaired" in invoke("verify", "new-restored.png").stdout


def test_a_later_run_adds_the_copies(scans):
    call("in", "-o", "out")
    before = (scans / "out/scratched.png").stat().st_mtime_ns
    result = call("in", "-o", "out", "--restore", ALL, "--exists", "skip")
    assert result.exit_code == 0
    assert contents(Path("out")) == ["clean.png", "scratched-restored.png", "scratched.png"]
    assert (scans / "out/scratched.png").stat().st_mtime_ns == before
    again = call("in/scratched.png", "-o", "out", "--restore", ALL, "--exists", "skip")
    assert "1 file was skipped" in again.stderr


def test_a_run_that_goes_on_leaves_clean_photographs_alone(scans, monkeypatch):
    call("in", "-o", "out", "--restore", ALL)
    before = {name: (scans / "out" / name).stat().st_mtime_ns for name in contents(Path("out"))}
    monkeypatch.setattr(running, "color_photo", None)  # nothing may be coloured
    again = call("in", "-o", "out", "--restore", ALL, "--exists", "skip")
    assert again.exit_code == 0, again.stderr
    assert "2 files were skipped" in again.stderr
    after = {name: (scans / "out" / name).stat().st_mtime_ns for name in contents(Path("out"))}
    assert after == before


def test_a_copy_of_an_earlier_run_is_named(scans):
    call("in/scratched.png", "-o", "out", "--restore", ALL)
    Image.open("in/clean.png").save("in/scratched.png")
    result = call("in/scratched.png", "-o", "out", "--restore", ALL, "--exists", "overwrite")
    assert "out/scratched-restored.png is from an earlier run" in result.stderr


def test_a_format_that_cannot_say_it_is_refused(scans):
    result = call("in", "-o", "out", "--restore", ALL, "--suffix", ".bmp")
    assert result.exit_code == 1
    assert "can say that it was repaired, such as PNG or JPEG; received BMP" in result.stderr
    assert contents(Path("out")) == ["clean.bmp"]


def test_a_dry_run_says_that_it_depends(scans):
    said = call("in/clean.png", "-o", "out", "--restore", ALL, "--dry-run").stdout
    assert said.splitlines()[1] == ("in/clean.png → out/clean-restored.png (if damage is found)")


def test_no_file_is_replaced_by_a_copy(scans):
    Image.open("in/clean.png").save("in/scratched-restored.png")
    result = call("in", "-o", "both", "--restore", ALL)
    assert result.exit_code == 0, result.stderr
    assert contents(Path("both")) == [
        "clean.png",
        "scratched-restored-2.png",
        "scratched-restored.png",
        "scratched.png",
    ]
    Path("in/scratched-restored.png").unlink()
    Path("out").mkdir()
    Path("out/scratched-restored.png").write_bytes(b"mine")
    result = call("in", "-o", "out", "--restore", ALL)
    assert result.exit_code == 1
    assert Path("out/scratched-restored.png").read_bytes() == b"mine"


def test_a_negative_is_repaired_as_a_positive(scans):
    scan = np.asarray(Image.open("in/scratched.png"))
    Image.fromarray(255 - scan).save("negative.png")
    assert call("negative.png", "--negative", "--restore", ALL).exit_code == 0
    copy = photo.read("negative-colorized-restored.png").luma
    assert np.abs(copy.astype(int) - restore(scan).photo.luma).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--restore", "rust"], "--restore: expected some of dust, scratches, fading"),
        (["--restore", "dust", "--pages", "all"], "expected --restore or --pages, not both"),
        (["--restore", "dust", "--variants", "2"], "received variants and repaired copies"),
        (["--restore", "dust", "--split"], "received split and repaired copies"),
    ],
)
def test_what_does_not_go_together(arguments, words, scans):
    result = call("in", "-o", "out", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not Path("out").exists()
