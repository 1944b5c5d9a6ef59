"""Disks that are full, folders that vanish in the middle of a run, odd names and odd clocks."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pytest

from photochrom.archive import worker
from photochrom.archive.worker import Worker
from photochrom.errors import StorageError
from photochrom.files import listing, remote, storage
from tests.commands import invoke
from tests.faults.runs import Before, hashes, left_over, rows, run
from tests.support import contents, write_pictures

NEVER, LONG_AGO = 2**33, 0


@pytest.fixture
def small_disk(place):
    """A disk of 400 kB; a function gives it another size, or makes it read-only."""
    disk = place / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield lambda options: subprocess.run(
        ["mount", "-o", f"remount,{options}", str(disk)], check=True
    )
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def midway(monkeypatch):
    """A function that says what happens before the third photograph is read."""

    def install(action):
        color, count = Worker._color, iter(range(1, 1000))

        def acting(self, entry):
            if next(count) == 3:
                action()
            return color(self, entry)

        monkeypatch.setattr(Worker, "_color", acting)

    return install


# --- disks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["disk/out", "disk/out-%d.tar"])
def test_a_full_disk_stops_the_run_and_nothing_fails(scans, small_disk, output):
    write_pictures(scans, *(f"{number}.bmp" for number in range(6)), side=200)
    shards = ["--shard-size", "2"] if output.endswith(".tar") else []
    # One worker, so that the first results are written before the disk is full.
    said = run("scans", *shards, "--workers", "1", output=output, code=1)
    assert "No space left on device" in said
    assert "The run can go on when there is room" in said
    assert "Traceback" not in said
    assert {entry.status for entry in rows().values()} == {"done", "queued", "running"}
    assert not left_over("disk")
    before = Before()
    assert before.done
    small_disk("size=20m")
    run(output="")
    before.check()
    assert {entry.status for entry in rows().values()} == {"done"}
    assert not left_over("disk")
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0


def test_a_full_disk_of_temporary_files_stops_the_run(scans, small_disk, monkeypatch):
    write_pictures(scans, *(f"{number}.bmp" for number in range(6)), side=300)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", "disk")
        said = run("scans", output="out/%d.tar", code=1)
    assert "cannot write disk/photochrom-" in said
    assert "No space left on device" in said
    assert not list(Path("disk").iterdir())
    run(output="")
    assert {entry.status for entry in rows().values()} == {"done"}


def test_a_full_disk_of_the_manifest_stops_the_run(scans, small_disk):
    manifest = "disk/run.sqlite"
    Path("disk/filling").write_bytes(bytes(200_000))
    write_pictures(scans, *(f"{number:03}.png" for number in range(24)))
    said = run("scans", manifest=manifest, code=1)
    assert "cannot read or write the manifest disk/run.sqlite: database or disk is full" in said
    before = Before(manifest)
    assert before.done
    small_disk("size=20m")
    run("scans", manifest=manifest)
    before.check(manifest)
    assert [entry.status for entry in rows(manifest).values()] == ["done"] * 30
    run("scans", manifest="calm.sqlite", output="calm")
    assert hashes(manifest) == hashes("calm.sqlite")


def test_a_manifest_is_not_begun_on_a_full_disk(scans, small_disk):
    Path("disk/filling").write_bytes(bytes(390_000))
    said = run("scans", manifest="disk/run.sqlite", code=1)
    assert said.startswith("photochrom: cannot read or write the manifest disk/run.sqlite: disk")
    Path("disk/filling").unlink()
    run("scans", manifest="disk/run.sqlite")


def test_a_folder_that_becomes_read_only(scans, small_disk, midway):
    midway(lambda: small_disk("ro"))
    said = run("scans", "--workers", "1", output="disk/out", code=1)
    assert said.count("Read-only file system") == 4
    small_disk("rw")
    before = Before()
    assert len(before.done) == 2
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    before.check()
    assert {entry.status for entry in rows().values()} == {"done"}


# --- folders --------------------------------------------------------------------------------


def test_a_source_folder_that_vanishes(scans, midway):
    midway(lambda: scans.rename("away"))
    said = run("scans", "--workers", "1", code=1)
    assert said.count("there is no such file") == 4
    assert "done: 2 of 6 photographs, failed: 4" in said
    Path("away").rename(scans)
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    assert contents(Path("out")) == contents(scans)


def test_an_output_folder_that_vanishes_is_made_again(scans, midway):
    midway(lambda: shutil.rmtree("out"))
    run("scans", "--workers", "1")
    assert len(contents(Path("out"))) == 4
    said = invoke("archive", "verify", "run.sqlite")
    assert said.exit_code == 1
    assert "4 results as recorded, 2 not" in said.stderr


def test_an_output_folder_that_becomes_a_file(scans, midway):
    def spoil():
        Path("out").rename("old")
        Path("out").write_text("a file")

    midway(spoil)
    said = run("scans", "--workers", "1", code=1)
    assert said.count("cannot make the folder") == 4
    Path("out").unlink()
    Path("old").rename("out")
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    assert contents(Path("out")) == contents(scans)


def test_a_link_to_nothing_fails_alone(scans):
    (scans / "gone.png").symlink_to("nowhere.png")
    said = run("scans", code=1)
    assert "gone.png: there is no such file" in said
    assert "done: 6 of 7 photographs, failed: 1" in said


def test_a_listing_that_breaks_off_is_completed_by_the_next_run(scans, monkeypatch):
    def broken(folder):
        yield folder / "a.png"
        raise OSError(5, "Input/output error", str(folder / "more"))

    with monkeypatch.context() as patch:
        patch.setattr(listing, "walk_files", broken)
        said = run("scans", code=1)
    assert "cannot list scans: [Errno 5] Input/output error" in said
    run("scans")
    assert len(rows()) == 6


def test_an_upload_that_is_cut_leaves_nothing(tmp_path, monkeypatch):
    """On a storage where a file shows while it is written, as over SFTP."""
    from fsspec.implementations.local import LocalFileSystem

    def cut(self, path, data, **_):
        Path(path).write_bytes(data[:3])
        raise ConnectionError("the line is cut")

    monkeypatch.setattr(remote, "_FIRST_WAIT", 0)
    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "pipe_file", cut)
        with pytest.raises(StorageError, match="the line is cut"):
            storage.write(f"file://{tmp_path}/a.png", b"a photograph")
    assert not list(tmp_path.iterdir())
    storage.write(f"file://{tmp_path}/a.png", b"a photograph")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"a photograph"]


# --- names and clocks -----------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="such names are Linux's")
@pytest.mark.parametrize("shards", [False, True])
def test_names_that_are_not_utf8(scans, shards):
    name = os.fsdecode(b"caf\xe9.png")
    shutil.copy(scans / "a.png", scans / name)
    run("scans", output="out/%d.tar" if shards else "out")
    assert str(scans / name) in rows()
    assert "0 photographs added" in run("scans", output="")
    assert invoke("archive", "verify", "run.sqlite", "--sources").exit_code == 0
    if shards:
        return
    assert name in contents(Path("out"))
    for suffix in ("csv", "jsonl", "parquet"):
        assert invoke("archive", "export", "run.sqlite", f"t.{suffix}").exit_code == 0
    with Path("t.csv").open(encoding="utf-8", newline="") as file:
        assert any(row["source"].endswith("caf\\udce9.png") for row in csv.DictReader(file))


def test_clocks_that_are_wrong(scans, monkeypatch):
    class Wrong(datetime):
        @classmethod
        def now(cls, zone):
            return cls(1970, 1, 1, tzinfo=zone)

    os.utime(scans / "a.png", (NEVER, NEVER))
    os.utime(scans / "b.jpg", (LONG_AGO, LONG_AGO))
    with monkeypatch.context() as patch:
        patch.setattr(worker, "datetime", Wrong)
        run("scans")
    assert {entry.finished for entry in rows().values()} == {"1970-01-01T00:00:00Z"}
    before = Before()
    assert "0 photographs added" in run("scans")
    before.check()
