"""Batches: what happens to each of many photographs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.batch import Job, plan, run
from tests.support import contents, model, write_pictures


def test_every_photograph_is_coloured_and_told_of_in_order(archive, warm):
    jobs = plan(["in"], Path("out"), recursive=True)
    outcomes = list(run(jobs, warm))
    assert [outcome.job for outcome in outcomes] == jobs
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert contents(Path("out")) == ["a.png", "b.jpg", "sub/c.png", "sub/deep/d.tif"]
    for outcome in outcomes:
        with Image.open(outcome.job.target) as image:
            assert image.mode == "RGB"
        assert outcome.size == (24, 24)
        assert outcome.tint == "grey"
        assert outcome.seconds > 0
        assert outcome.mean_chroma > 5


def test_the_number_of_workers_changes_nothing(archive, vivid):
    for workers in (1, 3):
        list(run(plan(["in"], Path(f"out{workers}"), recursive=True), vivid, workers=workers))
    for path in contents(Path("out1")):
        assert (Path("out1") / path).read_bytes() == (Path("out3") / path).read_bytes()


def test_originals_are_not_touched(archive, warm):
    files = [archive / "in" / name for name in contents(archive / "in")]
    before = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files]
    list(run(plan(["in"], Path("in/colour"), recursive=True), warm))
    after = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files]
    assert after == before


def with_one_there() -> list[Job]:
    Path("out").mkdir()
    Path("out/a.png").write_bytes(b"mine")
    return plan(["in"], Path("out"))


def test_a_result_that_is_there_is_an_error(archive, warm):
    first, second = run(with_one_there(), warm)
    assert (first.status, second.status) == ("failed", "done")
    assert "out/a.png exists already" in first.reason
    assert Path("out/a.png").read_bytes() == b"mine"


def test_a_result_that_is_there_is_skipped(archive, warm):
    first, second = run(with_one_there(), warm, exists="skip")
    assert (first.status, first.reason, second.status) == ("skipped", "exists already", "done")
    assert Path("out/a.png").read_bytes() == b"mine"


def test_a_dead_link_where_a_result_should_be_is_something_there(archive, warm):
    Path("out").mkdir()
    Path("out/a.png").symlink_to("gone.png")
    first, second = run(plan(["in"], Path("out")), warm, exists="skip")
    assert (first.status, second.status) == ("skipped", "done")
    assert not Path("out/gone.png").exists()


def test_a_result_that_is_there_is_written_over(archive, warm):
    assert [outcome.status for outcome in run(with_one_there(), warm, exists="overwrite")] == [
        "done",
        "done",
    ]
    with Image.open("out/a.png") as image:
        assert image.mode == "RGB"


def with_a_broken_one(place: Path) -> list[Job]:
    write_pictures(place / "in", *(f"{number}.png" for number in range(9)))
    (place / "in" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return plan(["in"], Path("out"))


def test_a_failure_may_stop_what_has_not_begun(place, warm):
    outcomes = list(run(with_a_broken_one(place), warm, workers=1, fail_fast=True))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", *["cancelled"] * 7]
    assert {outcome.reason for outcome in outcomes[2:]} == {"an earlier photograph failed"}
    assert contents(Path("out")) == ["0.png"]


def test_a_failure_is_passed_over(place, warm):
    outcomes = list(run(with_a_broken_one(place), warm, workers=2))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", *["done"] * 7]
    assert len(contents(Path("out"))) == 8


def test_a_failure_names_its_photograph(place, warm):
    failed = list(run(with_a_broken_one(place), warm))[1]
    assert str(Path("in/1.png")) in failed.reason


def test_a_photograph_over_the_limit_fails_by_name(place):
    write_pictures(place / "in", "a.png")
    (outcome,) = run(plan(["in"], Path("out")), Colorizer(model(), max_pixels=100))
    assert outcome.status == "failed"
    assert "in/a.png" in outcome.reason


def test_a_failure_of_the_network_names_the_photograph_too(place, broken):
    write_pictures(place / "in", "a.png")
    (outcome,) = run(plan(["in"], Path("out")), Colorizer(broken))
    assert outcome.status == "failed"
    assert "in/a.png" in outcome.reason
    assert "NaN" in outcome.reason
    assert not Path("out").exists()


def test_running_out_of_memory_is_a_failure_by_name(place, warm, monkeypatch):
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    write_pictures(place / "in", "a.png")
    monkeypatch.setattr("photochrom.batch.running.read", exhausted)
    (outcome,) = run(plan(["in"], Path("out")), warm)
    assert (outcome.status, outcome.reason) == ("failed", "in/a.png: out of memory")


def test_photographs_in_colour_are_skipped(place, warm, astronaut):
    write_pictures(place / "in", "a.png")
    Image.fromarray(astronaut).save(place / "in" / "b.png")
    jobs = plan(["in"], Path("out"))
    grey, colour = run(jobs, warm)
    assert (grey.status, colour.status) == ("done", "skipped")
    assert (colour.reason, colour.tint, colour.size) == (
        "is in colour already",
        "colour",
        (256, 256),
    )
    assert contents(Path("out")) == ["a.png"]
    again = run(jobs, warm, exists="overwrite", in_color="recolor")
    assert [outcome.status for outcome in again] == ["done"] * 2


def test_the_quality_is_handed_on(archive, vivid):
    for quality in (20, 100):
        list(run([Job(Path("in/b.jpg"), Path(f"out/{quality}.jpg"))], vivid, quality=quality))
    assert Path("out/20.jpg").stat().st_size < Path("out/100.jpg").stat().st_size


def test_a_file_stands_where_the_folder_should(archive, warm):
    Path("out").write_text("I was here first")
    (outcome,) = run(plan(["in/a.png"], Path("out/deep")), warm)
    assert outcome.status == "failed"
    assert "in/a.png" in outcome.reason
    assert "cannot make the folder" in outcome.reason
    assert Path("out").read_text() == "I was here first"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_not_be_written(archive, warm):
    Path("out").mkdir(mode=0o555)
    (outcome,) = run(plan(["in/a.png"], Path("out")), warm)
    assert outcome.status == "failed"
    assert "cannot write" in outcome.reason


def test_a_name_that_is_too_long_for_the_system(archive, warm):
    (outcome,) = run([Job(Path("in/a.png"), Path("out") / f"{'x' * 300}.png")], warm)
    assert outcome.status == "failed"
    assert "in/a.png" in outcome.reason


def test_no_drafts_are_left_behind(place, warm):
    list(run(with_a_broken_one(place), warm))
    assert not [path for path in place.rglob("*") if path.name.startswith(".photochrom-")]
