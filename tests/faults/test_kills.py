"""Runs of archives that are killed or interrupted, and go on."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from photochrom.archive import drafts
from photochrom.archive.entry import Entry
from photochrom.archive.manifest import Manifest
from photochrom.archive.settings import Settings
from photochrom.files.atomic import atomic_write
from tests.commands import invoke
from tests.faults.runs import Before, hashes, left_over, rows, run, spawned, until
from tests.support import contents, write_pictures

SEED, KILLS = 19, 3


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_by_a_run_that_is_killed(scans):
    write_pictures(scans, *(f"{number:03}.png" for number in range(40)), side=120)
    chance = random.Random(SEED)
    asked = ["archive", "run", "scans", "--manifest", "run.sqlite", "-o", "out", "--json"]
    for _ in range(KILLS):
        before = Before()
        finished = len(before.done) + chance.randrange(12)
        with spawned(*asked) as process:
            until(Path("run.sqlite").exists)
            until(lambda finished=finished: len(Before().done) >= finished)
            time.sleep(chance.uniform(0, 0.03))
            process.kill()
        before.check()
    assert 0 < len(Before().done) < 46
    before = Before()
    run("scans")
    before.check()
    assert {entry.status for entry in rows().values()} == {"done"}
    assert contents(Path("out")) == contents(scans)
    assert not left_over()
    run("scans", manifest="calm.sqlite", output="calm")
    assert hashes() == hashes("calm.sqlite")
    assert invoke("archive", "verify", "run.sqlite").exit_code == 0


def test_drafts_of_a_killed_run_are_deleted_and_those_of_others_are_not(scans):
    run("scans")
    source, output = str(scans / "a.png"), str(Path("out/a.png").absolute())
    entry = Entry(source, output, "running", attempts=3)
    with Manifest("run.sqlite", write=True) as opened:
        opened.record(entry)
    Path("out", f".photochrom-{drafts.draft_of(entry)}.png").write_bytes(b"half a p")
    other = Path("out", ".photochrom-0123456789abcdef.png")
    other.write_bytes(b"somebody else's")
    run(output="")
    assert left_over() == [other]


def test_a_draft_has_the_name_that_was_asked_for(tmp_path):
    with atomic_write(tmp_path / "a.png", overwrite=False, draft="abc") as draft:
        assert draft.name == ".photochrom-abc.png"
        draft.write_bytes(b"")
    with drafts.draft_folder(Entry("a", "tar://b::file:///c.tar")) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_process_that_died_while_it_wrote_is_not_in_the_way_of_the_next(scans, tmp_path):
    """Its attempt is taken up by another process, and goes by the same name."""
    from photochrom.archive.worker import Worker

    (tmp_path / "done").mkdir()
    entry = Entry(str(scans / "a.png"), str(tmp_path / "done" / "a.png"), attempts=1)
    for name in ("", "-2"):
        left = tmp_path / "done" / f".photochrom-{drafts.draft_of(entry)}{name}.png"
        left.write_bytes(b"half a p")
    (done,) = Worker(Settings())([entry])
    assert (done.status, done.error) == ("done", "")
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["a.png"]
    with drafts.draft_folder(entry) as first, drafts.draft_folder(entry) as second:
        assert first != second
        drafts.discard(entry)
        assert not first.exists()
        assert not second.exists()


def test_a_temporary_folder_of_a_killed_run_is_deleted(scans):
    run("scans", output="out/%d.tar")
    with Manifest("run.sqlite", write=True) as opened:
        entries = [replace(each, status="running") for each in opened.entries()]
        for entry in entries:
            opened.record(entry)
    kept = drafts.draft_folder(entries[0])
    folder = kept.__enter__()
    (folder / "shard.tar").write_bytes(b"half a tar")
    run(output="")
    assert not folder.exists()
    assert {entry.status for entry in rows().values()} == {"done"}


def test_an_orphan_that_still_writes_does_not_harm(scans):
    """The process of a killed run, on another machine of a cluster, may live a little longer."""
    from photochrom.archive.worker import Worker

    run("scans")
    entry = rows()[str(scans / "a.png")]
    before = Before()
    (late,) = Worker(Settings())([replace(entry, attempts=0)])
    assert (late.status, late.output_sha256) == ("done", entry.output_sha256)
    before.check()


def test_two_runs_at_once(scans):
    with Manifest("run.sqlite", write=True):
        assert "another run is using the manifest run.sqlite" in run("scans", code=2)
    run("scans")


@pytest.mark.slow
def test_processes_survive_a_death_and_end_with_their_parent(scans):
    """A worker that dies is replaced; Ctrl-C ends all in silence, and so does a kill."""
    write_pictures(scans, *(f"{number:03}.png" for number in range(80)), side=400)
    asked = ["archive", "run", "scans", "--manifest", "run.sqlite", "-o", "out"]
    asked += ["--executor", "processes", "--workers", "1"]
    with spawned(*asked) as process:
        until(lambda: len(Before().done) >= 1)
        _workers(process.pid)[0].kill()
        done = len(Before().done)
        until(lambda: len(Before().done) > done)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    said = Path("said").read_text()
    assert "Traceback" not in said
    assert said.endswith("photochrom: interrupted\n")
    with spawned(*asked) as process:
        done = len(Before().done)
        until(lambda: len(Before().done) > done)
        workers = _workers(process.pid)
        process.kill()
        process.wait()
        assert workers
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
    run(output="")
    assert {entry.status for entry in rows().values()} == {"done"}
    assert not left_over()


def _workers(pid: int) -> list[psutil.Process]:
    """Wait until a run has processes that colour, and return them."""
    found: list[psutil.Process] = []

    def look() -> bool:
        for each in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                if "spawn_main" in " ".join(each.cmdline()):
                    found.append(each)
        return bool(found)

    until(look)
    return found
