"""`photochrom archive`: photographs on any storage, and a manifest of what became of each."""

from __future__ import annotations

import csv
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.archive.entry import CHANGED, Entry
from photochrom.archive.manifest import Manifest
from photochrom.files import locks
from tests.commands import invoke, is_coloured
from tests.support import write_pictures


@pytest.fixture
def scans(tmp_path, monkeypatch, model_folder):
    """Three grey photographs in a folder with a subfolder; the working folder is above it."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "scans", "a.png", "b.jpg")
    write_pictures(tmp_path / "scans" / "more", "c.tif")
    return tmp_path / "scans"


def run(*arguments, code=0, manifest="run.sqlite", output="out"):
    said = invoke(
        "archive", "run", *arguments, "--manifest", manifest, *(["-o", output] if output else [])
    )
    assert said.exit_code == code, said.output
    return said


def rows(manifest="run.sqlite"):
    with Manifest(manifest) as opened:
        return {Path(entry.source.partition("::")[0]).name: entry for entry in opened.entries()}


def test_an_archive_is_coloured_once(scans):
    said = run(scans)
    assert "done: 3 of 3 photographs" in said.stderr
    assert sorted(path.name for path in Path("out").rglob("*.*")) == ["a.png", "b.jpg", "c.tif"]
    assert is_coloured(Path("out/more/c.tif"))
    first = rows()
    entry = first["a.png"]
    assert (entry.status, entry.format, entry.attempts) == ("done", "PNG", 1)
    assert entry.source_size == (scans / "a.png").stat().st_size
    assert entry.output_size == Path("out/a.png").stat().st_size
    assert len(entry.source_sha256) == len(entry.output_sha256) == 64
    written = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*")}
    assert "0 photographs added" in run(scans).stderr
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert rows() == first


def test_the_originals_keep_their_luma_and_their_bytes(scans):
    before = {path: path.read_bytes() for path in scans.rglob("*.*")}
    run(scans)
    grey, new = photo.read(scans / "a.png"), photo.read("out/a.png")
    assert np.abs(new.luma.astype(int) - grey.luma).max() <= 1
    assert {path: path.read_bytes() for path in before} == before


def test_results_inside_the_source_are_no_photographs(scans):
    run(scans, output=str(scans / "coloured"))
    run(scans, output=str(scans / "coloured"))
    assert len(rows()) == 3


def test_a_result_never_replaces_an_original_or_a_stranger(scans):
    said = run(scans, code=2, output=str(scans))
    assert "is an original and is never written over" in said.stderr
    Path("out").mkdir()
    Path("out/a.png").write_text("mine")
    run(scans, code=1, manifest="other.sqlite")
    assert Path("out/a.png").read_text() == "mine"
    assert "exists already" in rows("other.sqlite")["a.png"].error


def test_a_failure_is_named_and_tried_again_when_asked(scans):
    good = (scans / "a.png").read_bytes()
    (scans / "a.png").write_bytes(b"not a picture")
    assert "a.png" in run(scans, code=1).stderr
    assert "done: 2 of 3 photographs, failed: 1" in run(code=1, output=None).stderr
    listed = invoke("archive", "status", "run.sqlite", "--failed")
    assert "failed            1" in listed.output
    assert "a.png is not a picture of a known kind" in listed.output
    (scans / "a.png").write_bytes(good)
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    entry = rows()["a.png"]
    assert (entry.status, entry.attempts, entry.error) == ("done", 2, "")
    assert rows()["b.jpg"].attempts == 1


def test_a_source_that_has_changed_is_noticed_and_its_result_replaced_when_asked(scans):
    run(scans)
    old = Path("out/a.png").read_bytes()
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(scans / "a.png")
    run(scans, code=1)
    assert rows()["a.png"].error == CHANGED
    assert Path("out/a.png").read_bytes() == old
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    assert Path("out/a.png").read_bytes() != old
    assert invoke("archive", "verify", "run.sqlite", "--sources").exit_code == 0


def test_a_result_of_a_run_that_was_killed_is_recognized(scans):
    run(scans)
    source, output = str(scans / "a.png"), str(Path("out/a.png").absolute())
    with Manifest("run.sqlite", write=True) as opened:  # killed before it could keep the row
        opened.record(Entry(source, output, "running", attempts=1))
    before = Path("out/a.png").stat().st_mtime_ns
    run(output=None)
    assert rows()["a.png"].status == "done"
    assert Path("out/a.png").stat().st_mtime_ns == before


def test_verify_finds_what_is_missing_or_differs(scans):
    run(scans)
    Path("out/a.png").unlink()
    data = bytearray(Path("out/b.jpg").read_bytes())
    data[-20] ^= 1
    Path("out/b.jpg").write_bytes(data)
    said = invoke("archive", "verify", "run.sqlite")
    assert said.exit_code == 1
    assert "a.png: there is no such file" in said.stderr
    assert "b.jpg is not the result that the manifest describes" in said.stderr
    assert "1 result as recorded, 2 not" in said.stderr


def test_other_settings_need_another_manifest(scans):
    run(scans)
    said = run(scans, "--vividness", "0.2", code=2)
    assert "settings that run.sqlite was begun with" in said.stderr
    assert "expected the output" in run(scans, code=2, output="elsewhere").stderr
    assert "expected --output" in run(scans, code=2, manifest="new.sqlite", output=None).stderr


def test_only_one_run_at_a_time(scans):
    with Manifest("run.sqlite", write=True):
        assert "another run is using the manifest" in run(scans, code=2).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_a_look_at_a_manifest_is_in_nobodys_way(scans, monkeypatch):
    run(scans)
    with Manifest("run.sqlite") as looking, locks.shared_lock(Path("run.sqlite.lock")) as look:
        assert not looking.is_running  # although another command looks at the same moment
        monkeypatch.setattr(locks.time, "sleep", lambda _: look.close())
        with Manifest("run.sqlite", write=True):
            assert looking.is_running
        assert not looking.is_running


def test_a_file_that_is_no_manifest(scans):
    Path("run.sqlite").write_text("something else, long enough to be a database " * 40)
    assert "expected run.sqlite to be a manifest" in run(scans, code=2).stderr
    for command in ("status", "verify", "retry"):
        assert invoke("archive", command, "nowhere.sqlite").exit_code == 2
    assert not Path("nowhere.sqlite").exists()


@pytest.mark.parametrize("folder", [".", "..", "/", "scans"])
def test_a_folder_is_no_manifest(scans, folder):
    said = run(scans, code=2, manifest=folder)
    assert f"expected a file as the manifest; {folder} is a folder" in said.stderr
    Path("watched").mkdir()
    said = invoke("watch", "scans", "watched", "--manifest", folder)
    assert said.exit_code == 2
    assert f"expected a file as the manifest; {folder} is a folder" in said.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["scans", "watched"]
    assert not list(Path("..").glob("*.lock"))


def test_results_of_one_name_go_to_two_files(scans):
    write_pictures(scans, "a.bmp", "a.gif")
    run(scans, "--suffix", ".jpg")
    made = {path.name for path in Path("out").glob("*.*")}
    assert made == {"a.jpg", "a.gif.jpg", "a.png.jpg", "b.jpg"}


def test_names_that_differ_in_case_only_go_to_two_files_everywhere(scans):
    write_pictures(scans, "A.png", "a-2.png")
    run(scans)
    assert {name: Path(row.output).name for name, row in rows().items()} == {
        "A.png": "A.png",
        "a-2.png": "a-2.png",
        "a.png": "a-3.png",
        "b.jpg": "b.jpg",
        "c.tif": "c.tif",
    }
    assert "done: 5 of 5" in run(scans).stderr


def test_tables(scans):
    pq = pytest.importorskip("pyarrow.parquet")
    run(scans)
    for suffix in ("csv", "jsonl", "parquet"):
        assert invoke("archive", "export", "run.sqlite", f"t.{suffix}").exit_code == 0
    with Path("t.csv").open(encoding="utf-8", newline="") as file:
        from_csv = list(csv.DictReader(file))
    from_json = [json.loads(line) for line in Path("t.jsonl").read_text("utf-8").splitlines()]
    from_parquet = pq.read_table("t.parquet").to_pylist()
    assert from_json == from_parquet
    assert [{key: str(value) for key, value in row.items()} for row in from_json] == from_csv
    assert len(from_json) == 3
    assert invoke("archive", "export", "run.sqlite", "t.csv").exit_code == 1
    assert "expected a file that ends in" in invoke("archive", "export", "run.sqlite", "t.x").stderr


# --- storages -------------------------------------------------------------------------------


def test_from_one_bucket_to_another(scans, bucket):
    for path in scans.rglob("*.*"):
        bucket.pipe_file(f"/in/{path.relative_to(scans).as_posix()}", path.read_bytes())
    run("memory://in", output="memory://out")
    here = run(scans, manifest="here.sqlite")
    assert here.exit_code == 0
    assert {name: entry.output_sha256 for name, entry in rows().items()} == {
        name: entry.output_sha256 for name, entry in rows("here.sqlite").items()
    }
    assert sorted(bucket.find("/out")) == ["/out/a.png", "/out/b.jpg", "/out/more/c.tif"]
    assert invoke("archive", "verify", "run.sqlite", "--sources").exit_code == 0
    pattern = run("memory://in/*.png", manifest="one.sqlite", output="memory://out2")
    assert "done: 1 of 1 photograph" in pattern.stderr


def test_members_of_zips_and_tars(scans):
    with zipfile.ZipFile("held.zip", "w", zipfile.ZIP_DEFLATED) as held:
        held.write(scans / "a.png", "deep/a.png")
        held.writestr("notes.txt", "no picture")
    with tarfile.open("held.tar", "w") as tar:
        tar.add(scans / "b.jpg", "b.jpg")
        tar.add(scans / "more" / "c.tif", "c.tif")
    run("held.zip", "held.tar")
    assert {str(path) for path in Path("out").rglob("*.*")} == {
        "out/held/deep/a.png", "out/held/b.jpg", "out/held/c.tif",
    }  # fmt: skip
    run(scans, manifest="here.sqlite", output="here")
    assert {name: entry.output_sha256 for name, entry in rows().items()} == {
        name: entry.output_sha256 for name, entry in rows("here.sqlite").items()
    }


def test_what_is_not_there_is_named(scans):
    assert "there is no nowhere" in run("nowhere", code=2).stderr
    assert "memory://nowhere" in run("memory://nowhere", code=2, manifest="m.sqlite").stderr


@pytest.mark.slow
def test_processes_give_the_same_bytes(scans):
    run(scans)
    run(scans, "--executor", "processes", "--workers", "2", manifest="p.sqlite", output="out2")
    assert {name: entry.output_sha256 for name, entry in rows().items()} == {
        name: entry.output_sha256 for name, entry in rows("p.sqlite").items()
    }


def test_damaged_results_are_made_anew_when_asked(scans):
    run(scans)
    good = {path: path.read_bytes() for path in Path("out").rglob("*.*")}
    Path("out/a.png").unlink()
    Path("out/b.jpg").write_bytes(b"damaged")
    assert invoke("archive", "verify", "run.sqlite", "--requeue").exit_code == 1
    assert "goes on" in invoke("archive", "status", "run.sqlite").stderr
    run(output=None)
    assert {path: path.read_bytes() for path in good} == good
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0


def test_a_mistake_leaves_no_manifest(scans):
    for mistake in (["nowhere"], [scans, "--palette", "nocolour"], [scans, "--model", "nowhere"]):
        run(*mistake, code=2)
        assert not Path("run.sqlite").exists()
    run(scans, code=2, output=str(scans))  # the originals would be written over
    assert not Path("run.sqlite").exists()
    run(scans)
    run("--vividness", "0.9", code=2, output=None)
