"""`photochrom archive run` with results in tars."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from photochrom.archive.entry import Entry
from photochrom.archive.manifest import Manifest
from tests.commands import invoke, is_coloured
from tests.faults.runs import run
from tests.support import write_pictures


@pytest.fixture
def scans(place, monkeypatch, model_folder):
    """Three grey photographs in a folder with a subfolder; the working folder is above it."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    write_pictures(place / "scans", "a.png", "b.jpg", "more/c.tif")
    return place / "scans"


def rows(manifest: str = "run.sqlite") -> dict[str, Entry]:
    """Return the rows by the names of the sources."""
    with Manifest(manifest) as opened:
        return {Path(entry.source).name: entry for entry in opened.entries()}


def members(path: str) -> list[str]:
    """Return the sorted names of the files in a tar."""
    with tarfile.open(path) as tar:
        return sorted(tar.getnames())


def test_results_in_tars_are_whole_and_can_be_completed(scans):
    good = (scans / "b.jpg").read_bytes()
    (scans / "b.jpg").write_bytes(b"not a picture")
    run(scans, "--shard-size", "2", output="out/c-%03d.tar", code=1)
    with tarfile.open("out/c-000.tar") as tar:
        assert tar.getnames() == ["a.png", "a.json"]
    (scans / "b.jpg").write_bytes(good)
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    with tarfile.open("out/c-000.tar") as tar:
        assert sorted(tar.getnames()) == ["a.json", "a.png", "b.jpg", "b.json"]
        assert is_coloured(tar.extractfile("a.png").read())
        assert json.load(tar.extractfile("b.json"))["source"] == str(scans / "b.jpg")
    with tarfile.open("out/c-001.tar") as tar:
        assert tar.getnames() == ["more/c.tif", "more/c.json"]
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0
    said = run(scans, output="out/c.tar", manifest="new.sqlite", code=2)
    assert "expected a pattern of tars" in said


def test_photographs_that_are_added_later_go_into_the_tar_that_is_not_full(scans):
    run(scans, output="out/%d.tar")
    before = rows()
    write_pictures(scans, "d.png", "e.png")
    run(scans, output="out/%d.tar")
    held = ["a.png", "b.jpg", "more/c.tif", "d.png", "e.png"]
    records = [str(Path(name).with_suffix(".json")) for name in held]
    assert members("out/0.tar") == sorted(held + records)
    assert {name: rows()[name] for name in before} == before
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0


def test_photographs_of_one_name_are_two_samples_of_a_tar(scans):
    write_pictures(scans, "A.gif", "a.jpg", "b.1.png", "b_1.png")
    write_pictures(scans / "more", "b.png")
    run(scans, output="out/%d.tar")
    held = [row.output.partition("::")[0].removeprefix("tar://") for row in rows().values()]
    assert sorted(held) == [
        "A.png", "a-2.jpg", "a-3.png", "b.jpg", "b_1-2.png", "b_1.png", "more/b.png", "more/c.tif",
    ]  # fmt: skip
    records = [str(Path(name).with_suffix(".json")) for name in held]
    assert members("out/0.tar") == sorted(held + records)
    assert "0 photographs added" in run(scans, output="out/%d.tar")
    run(scans, "--shard-size", "1", manifest="each.sqlite", output="each/%d.tar")
    assert members("each/2.tar") == ["a.json", "a.png"]


def test_a_tar_of_somebody_else_is_never_replaced(scans):
    Path("out").mkdir()
    with tarfile.open("out/0.tar", "w") as tar:
        tar.add(scans / "a.png", "a.png")
    theirs = Path("out/0.tar").read_bytes()
    run(scans, output="out/%d.tar", code=1)
    assert "0.tar exists already" in rows()["a.png"].error
    assert invoke("archive", "retry", "run.sqlite").exit_code == 1
    assert Path("out/0.tar").read_bytes() == theirs

    Path("out/0.tar").unlink()
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    Path("out/0.tar").write_bytes(theirs)
    write_pictures(scans, "d.png")
    run(scans, output="out/%d.tar", code=1)
    assert "expected " in rows()["d.png"].error
    assert "0.tar to hold a.json" in rows()["d.png"].error
    assert Path("out/0.tar").read_bytes() == theirs


def test_tars_in_a_folder_with_a_percent_sign(scans):
    for _ in range(2):
        run(scans, output="100% grey/50%-%02d of 9%.tar")
        assert [path.name for path in Path("100% grey").iterdir()] == ["50%-00 of 9%.tar"]
        assert len(rows()) == 3


@pytest.mark.parametrize("size", [0, 700, 2000])
def test_a_damaged_tar_is_made_anew_when_asked(scans, size):
    run(scans, output="out/%d.tar")
    good = Path("out/0.tar").read_bytes()
    Path("out/0.tar").write_bytes(good[:size])
    write_pictures(scans, "d.png")
    run(scans, output="out/%d.tar", code=1)
    assert "verify --requeue lets the next run make it anew" in rows()["d.png"].error
    assert Path("out/0.tar").read_bytes() == good[:size]
    assert invoke("archive", "verify", "run.sqlite", "--requeue").exit_code == 1
    run(output="", code=1)
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    assert members("out/0.tar")[-2:] == ["more/c.json", "more/c.tif"]
    assert len(members("out/0.tar")) == 8
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0


def test_a_result_stays_in_its_tar_where_it_cannot_be_made_anew(scans):
    run(scans, output="out/%d.tar")
    before = members("out/0.tar")
    (scans / "a.png").unlink()
    assert invoke("archive", "verify", "run.sqlite", "--sources", "--requeue").exit_code == 1
    run(output="", code=1)
    assert members("out/0.tar") == before


def test_a_tar_that_has_taken_the_place_of_a_deleted_one_is_not_replaced(scans):
    run(scans, output="out/%d.tar")
    Path("out/0.tar").unlink()
    assert invoke("archive", "verify", "run.sqlite", "--requeue").exit_code == 1
    Path("out/0.tar").write_bytes(b"theirs")
    run(output="", code=1)
    assert Path("out/0.tar").read_bytes() == b"theirs"


def test_other_settings_do_not_replace_the_tar_of_a_run(scans):
    run(scans, output="out/%d.tar")
    before = Path("out/0.tar").read_bytes()
    run(scans, "--vividness", "0.2", manifest="other.sqlite", output="out/%d.tar", code=1)
    assert invoke("archive", "retry", "other.sqlite").exit_code == 1
    assert Path("out/0.tar").read_bytes() == before


def test_a_tar_of_a_run_that_was_killed_is_recognized(scans):
    run(scans, output="out/%d.tar")
    before = Path("out/0.tar").read_bytes()
    Path("run.sqlite").unlink()  # nothing is known of its results
    run(scans, output="out/%d.tar")
    assert Path("out/0.tar").read_bytes() == before
