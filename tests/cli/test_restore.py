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


def test_a_copy_that_is_kept_is_not_said_to_be_made(scans):
    call("in/scratched.png", "-o", "out", "--restore", ALL)
    Path("out/scratched.png").unlink()
    before = Path("out/scratched-restored.png").stat().st_mtime_ns
    again = call("in/scratched.png", "-o", "out", "--restore", ALL, "--exists", "skip")
    assert contents(Path("out")) == ["scratched-restored.png", "scratched.png"]
    assert Path("out/scratched-restored.png").stat().st_mtime_ns == before
    assert "filled in" not in again.stderr
    assert "scratched-restored.png exists already, and was kept" in again.stderr
    assert "no damage" not in again.stderr


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


def test_copies_of_a_format_without_metadata_are_png(scans):
    result = call("in", "-o", "out", "--restore", ALL, "--suffix", ".bmp")
    assert result.exit_code == 0
    assert contents(Path("out")) == ["clean.bmp", "scratched-restored.png", "scratched.bmp"]


def test_a_summary_says_in_how_many_nothing_was_found(scans):
    assert (
        "no damage to repair was found in 1 (" in call("in", "-o", "out", "--restore", ALL).stderr
    )
    assert "no damage" not in call("in", "-o", "plain").stderr


def test_the_option_can_be_repeated_or_name_all(scans):
    for name, options in {
        "a": ["--restore", "dust", "--restore", " scratches"],
        "b": ["--restore", "dust,scratches"],
        "c": ["--restore", "all"],
    }.items():
        call("in/scratched.png", "-o", name, *options)
    copies = [Path(name, "scratched-restored.png").read_bytes() for name in "abc"]
    assert copies[0] == copies[1]
    assert "specks and" in call("in/scratched.png", "-o", "d", "--restore", "all").stderr


def test_before_and_after_beside_a_copy(scans):
    result = call("in/scratched.png", "-o", "new.png", "--restore", ALL, "--compare", "both.jpg")
    assert result.exit_code == 0, result.stderr
    assert Path("both.jpg").exists()
    assert Path("new-restored.png").exists()


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
        (["--restore", "dust", "--variants", "2"], "expected --restore or --variants, not both"),
        (["--restore", "dust", "--split"], "expected --restore or --split, not both"),
    ],
)
def test_what_does_not_go_together(arguments, words, scans):
    result = call("in", "-o", "out", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not Path("out").exists()
