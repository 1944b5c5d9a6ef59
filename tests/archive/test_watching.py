"""`photochrom watch`: a folder whose files are coloured when they are whole."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from photochrom.archive import Manifest, Settings, color_queued, watching
from photochrom.archive.watching import WatchFolder, begin_watch, watch
from photochrom.archive.worker import Worker
from photochrom.errors import OutputFailed
from photochrom.files.transfers import sha256
from tests.commands import invoke, is_coloured, records
from tests.films import slow_film
from tests.support import write_pictures


@pytest.fixture
def folder(tmp_path, monkeypatch, model_folder):
    """An empty folder `in` beside a folder `out`; the working folder is above both."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    Path("in").mkdir()
    return Path("in")


class Watch:
    """A watched folder at a time that tests choose."""

    def __init__(self, manifest, output="out"):
        begin_watch(manifest, Path("in"), Path(output), Settings())
        self.manifest, self.now, self.troubles = manifest, 0.0, []
        self.folder = WatchFolder(
            manifest, Path("in"), settle=5, on_trouble=self.troubles.append, clock=lambda: self.now
        )

    def look(self, seconds):
        """Look at the folder some seconds later, and return what is queued."""
        self.now += seconds
        with self.folder.reporting():
            self.folder.look()
        rows = self.manifest.entries("queued")
        return [os.path.relpath(each.source, "in") for each in rows]


@pytest.fixture
def watched(folder):
    with Manifest("run.sqlite", write=True) as manifest:
        yield Watch(manifest)


def full(*_):
    raise OutputFailed("the disk is full")


def stop(*_):
    raise KeyboardInterrupt


def run(monkeypatch, *arguments, looks=2, code=0):
    """Run the command until it has looked at the folder some times."""
    left = iter(range(looks - 1))
    monkeypatch.setattr(watching.time, "sleep", lambda _: stop() if next(left, None) is None else 0)
    said = invoke("watch", "in", "out", "--settle", 0, *arguments)
    assert said.exit_code == code, said.output
    return said


def test_a_file_is_whole_when_it_stays_as_it_is(watched):
    Path("in/slow.jpg").write_bytes(b"")
    assert watched.look(0) == watched.look(9) == []
    Path("in/slow.jpg").write_bytes(b"beginning")
    assert watched.look(1) == watched.look(4) == []
    Path("in/slow.jpg").write_bytes(b"beginning and end")
    assert watched.look(4) == watched.look(4) == []
    assert watched.look(1) == ["slow.jpg"]
    assert watched.look(9) == ["slow.jpg"]


def test_a_file_that_stays_empty_is_named_once(watched):
    Path("in/empty.jpg").write_bytes(b"")
    assert watched.look(0) == []
    assert watched.troubles == []  # a program may have just begun to write it
    assert watched.look(6) == watched.look(6) == []
    (said,) = watched.troubles
    assert said.endswith("in/empty.jpg is empty; trying again")


def test_a_file_that_vanishes_while_it_is_waited_for_is_forgotten(watched):
    path = Path("in/a.jpg")
    path.write_bytes(b"a")
    assert watched.look(0) == []
    path.rename("elsewhere")
    assert watched.look(4) == []
    Path("elsewhere").rename(path)
    assert watched.look(4) == []
    assert watched.look(5) == ["a.jpg"]


def test_temporary_files_and_others_are_left_alone(watched):
    names = ["a.jpg.part", "b.png.crdownload", "c.tmp", "d.jpg~", "~e.jpg", ".f.jpg", "notes.txt"]
    for name in names:
        Path("in", name).write_bytes(b"some")
    watched.look(0)
    assert watched.look(9) == []
    Path("in/a.jpg.part").rename("in/a.jpg")
    watched.look(0)
    assert watched.look(9) == ["a.jpg"]


def test_results_in_the_watched_folder_are_not_coloured(folder):
    write_pictures(folder / "more", "a.png")
    (folder / "results").mkdir()
    write_pictures(folder / "results", "old.png")
    with Manifest("run.sqlite", write=True) as manifest:
        watched = Watch(manifest, "in/results")
        watched.look(0)
        assert watched.look(9) == ["more/a.png"]


def test_a_watched_folder_in_that_of_the_results(folder, monkeypatch):
    """A result of in/in/a.png would be out/in/a.png, if out were the folder above."""
    write_pictures(folder / "in", "a.png")
    with Manifest("run.sqlite", write=True) as manifest:
        begin_watch(manifest, folder, Path(), Settings())
        rows = watch(manifest, folder, interval=0.01, settle=0)
        assert next(rows).status == "done"
        assert is_coloured(Path("in/a.png"))
        monkeypatch.setattr(watching.time, "sleep", stop)
        with pytest.raises(KeyboardInterrupt):
            next(rows)
        assert manifest.counts()["done"] == sum(manifest.counts().values()) == 1


def test_trouble_is_reported_once(watched):
    Path("in/a.jpg").write_bytes(b"a")
    watched.look(0)
    Path("out").rename("gone")
    assert watched.look(9) == watched.look(1) == []
    assert len(watched.troubles) == 1
    assert "out is not there" in watched.troubles[0]
    Path("gone").rename("out")
    assert watched.look(1) == ["a.jpg"]


def test_a_folder_that_cannot_be_read_is_reported_once(watched, monkeypatch):
    unreadable = [Path("in/locked")]

    def walk_files(_, *, locked):
        locked += unreadable
        return iter([])

    monkeypatch.setattr(watching, "walk_files", walk_files)
    for _ in range(3):
        watched.look(9)
    assert watched.troubles == ["cannot read the folder in/locked; trying again"]
    unreadable.clear()
    watched.look(9)
    unreadable.append(Path("in/locked"))
    watched.look(9)
    assert len(watched.troubles) == 2


def test_everything_is_coloured_once(folder, monkeypatch):
    write_pictures(folder / "more", "a.png")
    slow_film(folder / "film.mkv", "astronaut", count=2)
    before = (folder / "more" / "a.png").read_bytes()
    said = run(monkeypatch)
    assert "watching in; results go to out" in said.stderr
    assert "stopped; the same command goes on" in said.stderr
    assert is_coloured(Path("out/more/a.png"))
    assert Path("out/film.mkv").is_file()
    assert (folder / "more" / "a.png").read_bytes() == before
    written = Path("out/more/a.png").stat().st_mtime_ns
    write_pictures(folder, "b.jpg")
    said = run(monkeypatch, "--vividness", "0.3", "--json")  # other settings count from now on
    assert [Path(each["source"]).name for each in records(said)] == ["b.jpg"]
    assert Path("out/more/a.png").stat().st_mtime_ns == written


def test_what_fails_is_tried_again_when_it_changes(folder, monkeypatch):
    (folder / "a.png").write_bytes(b"no picture")
    write_pictures(Path("good"), "a.png", "b.png")
    looks = []

    def sleep(_):
        looks.append(1)
        if len(looks) == 3:
            shutil.copy("good/a.png", folder / "a.png")
        if len(looks) == 6:
            shutil.copy("good/b.png", folder / "a.png")
            os.utime(folder / "a.png", (0, 0))
        if len(looks) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", sleep)
    said = invoke("watch", "in", "out", "--settle", 0)
    assert said.exit_code == 0
    assert said.stderr.count("a.png is not a picture of a known kind") == 1
    assert said.stderr.count("a.png is coloured") == 2  # its result was replaced


def test_a_photograph_that_is_replaced_while_it_is_coloured(watched):
    write_pictures(Path(), "in/a.png", "other.png")
    watched.look(0)
    watched.look(9)
    old = Worker(Settings())(watched.manifest.claim(1))
    shutil.copy("other.png", "in/a.png")
    assert watched.look(0) == watched.look(9) == []  # not in two workers at once
    assert [each.status for each in watched.manifest.record(*old)] == ["queued"]
    assert watched.look(9) == ["a.png"]
    (row,) = color_queued(watched.manifest)
    assert row.source_sha256 == sha256("in/a.png") != old[0].source_sha256
    assert row.output_sha256 == sha256("out/a.png") != old[0].output_sha256
    assert watched.look(9) == []


def test_a_file_that_could_not_be_added_is_added_later(watched, monkeypatch):
    Path("in/a.jpg").write_bytes(b"a")
    watched.look(0)
    with monkeypatch.context() as patch:
        patch.setattr(watched.manifest, "add", full)
        assert watched.look(9) == []
    assert watched.look(0) == ["a.jpg"]


def test_a_file_whose_change_could_not_be_recorded_is_queued_later(watched, monkeypatch):
    Path("in/a.jpg").write_bytes(b"a")
    watched.look(0)
    watched.look(9)
    watched.manifest.record(replace(*watched.manifest.claim(1), status="done"))
    Path("in/a.jpg").write_bytes(b"another")
    watched.look(0)
    with monkeypatch.context() as patch:
        patch.setattr(watched.manifest, "record", full)
        assert watched.look(9) == []
    assert watched.look(0) == ["a.jpg"]


def test_a_file_that_vanishes_and_comes_back_between_two_looks(watched):
    path = Path("in/a.jpg")
    path.write_bytes(b"a")
    watched.look(0)
    watched.look(9)
    path.rename("elsewhere")
    (row,) = watched.manifest.entries()
    assert watched.folder.without_vanished(replace(row, status="failed")).status == "cancelled"
    Path("elsewhere").rename(path)
    assert watched.look(0) == ["a.jpg"]


def test_a_file_that_vanishes_before_it_is_coloured(folder):
    write_pictures(folder, "a.png")
    with Manifest("run.sqlite", write=True) as manifest:
        begin_watch(manifest, folder, Path("out"), Settings())
        watched = WatchFolder(manifest, folder, settle=0)
        watched.look()
        (folder / "a.png").unlink()
        rows = watch(manifest, folder, settle=0)
        assert next(rows).error == "it vanished before it was coloured"
        assert not manifest.find(str((folder / "a.png").absolute()))


def test_mistakes_are_named(folder):
    assert "there is no folder nowhere" in invoke("watch", "nowhere", "out").stderr
    assert invoke("watch", "in", "in").exit_code == 2
    Path("file").touch()
    said = invoke("watch", "in", "file")
    assert said.exit_code == 2
    assert said.stderr == "photochrom: expected a folder to write to; file is none\n"
    with Manifest("out/.photochrom.sqlite", write=True) as manifest:
        begin_watch(manifest, folder, Path("out"), Settings())
    Path("other").mkdir()
    assert (
        "as the watched folder, with which out/.photochrom.sqlite was begun"
        in invoke("watch", "other", "out").stderr
    )
