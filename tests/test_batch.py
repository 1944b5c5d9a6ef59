"""What goes where, and what becomes of it, when there are many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.batch import Job, plan, run
from photochrom.errors import ConfigError, OutputError
from tests.support import contents, model, write_pictures


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which we stand."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def archive(place: Path) -> Path:
    """a.png and b.jpg, with c.png one folder and d.tif two folders down, and no pictures."""
    write_pictures(place / "in", "b.jpg", "a.png", "sub/c.png", "sub/deep/d.tif")
    (place / "in" / "notes.txt").write_text("not a picture")
    return place


def pairs(jobs: list[Job]) -> list[tuple[str, str]]:
    return [(job.source.as_posix(), job.target.as_posix()) for job in jobs]


# --- plan -----------------------------------------------------------------------------------


def test_a_file_into_a_folder(archive):
    assert pairs(plan(["in/a.png"], Path("out"))) == [("in/a.png", "out/a.png")]


def test_a_file_into_a_file(archive):
    assert pairs(plan(["in/a.png"], Path("new.jpg"))) == [("in/a.png", "new.jpg")]


def test_a_file_into_a_folder_with_the_name_of_a_picture(archive):
    Path("album.jpg").mkdir()
    assert pairs(plan(["in/a.png"], Path("album.jpg"))) == [("in/a.png", "album.jpg/a.png")]


def test_a_folder_without_the_folders_within(archive):
    found = pairs(plan(["in"], Path("out")))
    assert found == [("in/a.png", "out/a.png"), ("in/b.jpg", "out/b.jpg")]


def test_a_folder_with_the_folders_within_keeps_its_shape(archive):
    found = plan(["in"], Path("out"), recursive=True)
    targets = [job.target.as_posix() for job in found]
    assert targets == ["out/a.png", "out/b.jpg", "out/sub/c.png", "out/sub/deep/d.tif"]


@pytest.mark.parametrize(
    ("pattern", "targets"),
    [
        ("in/*.png", ["out/a.png"]),
        ("in/*", ["out/a.png", "out/b.jpg"]),
        ("in/?.jpg", ["out/b.jpg"]),
        ("in/[ab].*", ["out/a.png", "out/b.jpg"]),
        ("in/**/*.png", ["out/a.png", "out/sub/c.png"]),
        ("in/*/*.png", ["out/sub/c.png"]),
        ("**/d.tif", ["out/in/sub/deep/d.tif"]),
        ("./in/s*/c.png", ["out/sub/c.png"]),
    ],
)
def test_patterns_keep_what_comes_after_their_first_wildcard(pattern, targets, archive):
    assert [job.target.as_posix() for job in plan([pattern], Path("out"))] == targets


def test_a_pattern_that_begins_like_a_folder(place):
    """`in/sub*.png` means in/sub1.png too where there is a folder in/sub."""
    write_pictures(place / "in", "sub1.png", "sub/c.png")
    assert pairs(plan(["in/sub*.png"], Path("out"))) == [("in/sub1.png", "out/sub1.png")]


def test_a_file_whose_name_looks_like_a_pattern(place):
    write_pictures(place, "scan[1].png")
    assert pairs(plan(["scan[1].png"], Path("out"))) == [("scan[1].png", "out/scan[1].png")]


def test_files_folders_and_patterns_together(archive):
    write_pictures(archive, "e.png", "more/f.png")
    found = pairs(plan(["e.png", "in", "more/*.png"], Path("out")))
    assert [target for _, target in found] == ["out/e.png", "out/a.png", "out/b.jpg", "out/f.png"]


@pytest.mark.parametrize("suffix", [".png", ".JPG"])
def test_another_suffix(suffix, archive):
    found = plan(["in"], Path("out"), suffix=suffix)
    assert [job.target.name for job in found] == [f"a{suffix}", f"b{suffix}"]


@pytest.mark.parametrize("suffix", [".gif", "png", "", ".txt"])
def test_a_suffix_that_cannot_be_written(suffix, archive):
    with pytest.raises(ConfigError, match=rf"expected results to end in one of .*{suffix!r}"):
        plan(["in"], Path("out"), suffix=suffix)


def test_two_photographs_for_one_place(archive):
    write_pictures(archive, "other/a.png")
    with pytest.raises(
        ConfigError, match=r"in/a\.png and other/a\.png would both go to out/a\.png"
    ):
        plan(["in/a.png", "other/a.png"], Path("out"))


def test_two_photographs_that_another_suffix_brings_together(place):
    write_pictures(place / "in", "a.jpg", "a.png")
    plan(["in"], Path("out"))
    with pytest.raises(ConfigError, match="would both go to"):
        plan(["in"], Path("out"), suffix=".png")


@pytest.mark.parametrize("output", ["in", "./in", "in/sub/..", "link", "in/a.png", "twin.png"])
def test_an_original_is_never_a_target(output, archive):
    Path("link").symlink_to("in", target_is_directory=True)
    Path("twin.png").symlink_to("in/a.png")
    with pytest.raises(OutputError, match="is an original and is never written over"):
        plan(["in/a.png"], Path(output))


def test_an_original_under_another_name_of_its_folder_is_never_a_target(archive, monkeypatch):
    """As where letters' case does not matter, or a disk is mounted twice."""
    Path("IN").symlink_to("in")
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)  # which knows nothing of either
    with pytest.raises(OutputError, match="is an original"):
        plan(["in"], Path("IN"))


def test_what_is_hidden_in_a_folder_is_left_out(archive):
    write_pictures(archive / "in", "._a.png", ".thumbs/a.png", "@eaDir/a.png")
    found = [job.source.name for job in plan(["in"], Path("out"), recursive=True)]
    assert found == ["a.png", "b.jpg", "c.png", "d.tif"]
    assert [job.source.name for job in plan(["in/._a.png"], Path("out"))] == ["._a.png"]


def test_a_folder_within_that_cannot_be_read(archive, monkeypatch):
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    jobs = plan(["in"], Path("out"), recursive=True)
    assert Path("in/sub/deep") in [job.source for job in jobs]  # fails in its turn
    outcomes = run(jobs, Colorizer(model()), keep_going=True)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert [outcome.reason for outcome in failed] == ["no permission to read in/sub/deep"]
    assert len(plan(["in"], Path("out"))) == 2


def test_an_original_named_by_a_link_is_never_a_target(archive):
    Path("twin.png").symlink_to("in/a.png")
    with pytest.raises(OutputError, match="is an original"):
        plan(["twin.png"], Path("in/a.png"))


def test_another_original_of_the_same_batch_is_never_a_target(place):
    write_pictures(place, "x/a.jpg", "x/a.png")
    with pytest.raises(OutputError, match=r"x/a\.png is an original"):
        plan(["x/a.jpg", "x/a.png"], Path("x"), suffix=".png")


@pytest.mark.parametrize("inputs", [["in"], ["in/**/*.*"], [str(Path("in").absolute())]])
def test_results_within_the_folder_are_not_taken_for_photographs(inputs, archive):
    inputs = [str(archive / "in")] if Path(inputs[0]).is_absolute() else inputs
    before = pairs(plan(inputs, Path("in/colour"), recursive=True))
    write_pictures(archive / "in/colour", "a.png", "sub/c.png")
    assert pairs(plan(inputs, Path("in/colour"), recursive=True)) == before


def test_results_may_go_to_a_folder_above(archive):
    assert pairs(plan(["in/sub"], Path())) == [("in/sub/c.png", "c.png")]
    assert pairs(plan(["in/sub/*.png"], Path())) == [("in/sub/c.png", "c.png")]


@pytest.mark.parametrize("text", ["gone.png", "gone/*.png", "gone/", "x" * 300, "nul\0.png"])
def test_an_input_that_is_not_there(text, archive):
    with pytest.raises(ConfigError, match=r"there is no|cannot look for photographs"):
        plan([text], Path("out"))


@pytest.mark.parametrize("inputs", [["empty"], ["in/*.txt"], ["empty", "in/*.txt"]])
def test_nothing_to_do(inputs, archive):
    Path("empty").mkdir()
    with pytest.raises(ConfigError, match="expected photographs; there are none in"):
        plan(inputs, Path("out"))


def test_links_that_lead_nowhere_fail_in_their_turn(archive):
    Path("in/round.png").symlink_to("in/round.png")
    Path("in/circle.png").symlink_to("circle.png")
    Path("in/dead.png").symlink_to("gone.png")
    for inputs in (["in"], ["in/*"]):
        jobs = plan(inputs, Path("in/out"))
        assert len(jobs) == 5
        outcomes = list(run(jobs, Colorizer(model()), keep_going=True, exists="overwrite"))
        failed = [each.job.source.name for each in outcomes if each.status == "failed"]
        assert failed == ["circle.png", "dead.png", "round.png"]


def test_a_pattern_goes_through_no_link_and_no_copies_of_a_nas(archive):
    Path("in/sub/loop").symlink_to("..", target_is_directory=True)
    write_pictures(archive / "in", "@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg")
    found = [str(job.source) for job in plan(["in/**/*.*"], Path("out"))]
    assert found == [str(job.source) for job in plan(["in"], Path("out"), recursive=True)]
    assert plan(["in/sub/loop/*.png"], Path("out"))


@pytest.mark.parametrize("inputs", [["in"], ["in/*.*"], ["in/a.png", "in/b.jpg"]])
def test_a_file_for_many_photographs(inputs, archive):
    with pytest.raises(ConfigError, match=r"expected a folder .*; received new\.jpg"):
        plan(inputs, Path("new.jpg"))


def test_an_empty_name_is_no_folder(archive):
    with pytest.raises(ConfigError, match="received an empty name"):
        plan([""], Path("out"))


def test_other_files_that_are_never_targets(archive):
    write_pictures(archive, "out/a.png")
    with pytest.raises(OutputError, match=r"out/a\.png is an original"):
        plan(["in"], Path("out"), originals=[Path("out/a.png")])


def test_planning_writes_nothing(archive):
    before = contents(archive)
    plan(["in"], Path("out"), recursive=True)
    assert contents(archive) == before
    assert not Path("out").exists()


# --- run ------------------------------------------------------------------------------------


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
    first, second = run(with_one_there(), warm, keep_going=True)
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


def test_a_failure_stops_what_has_not_begun(place, warm):
    outcomes = list(run(with_a_broken_one(place), warm, workers=1))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", *["stopped"] * 7]
    assert {outcome.reason for outcome in outcomes[2:]} == {"an earlier photograph failed"}
    assert contents(Path("out")) == ["0.png"]


def test_a_failure_may_be_passed_over(place, warm):
    outcomes = list(run(with_a_broken_one(place), warm, keep_going=True, workers=2))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", *["done"] * 7]
    assert len(contents(Path("out"))) == 8


def test_a_failure_names_its_photograph(place, warm):
    failed = list(run(with_a_broken_one(place), warm, keep_going=True))[1]
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
    monkeypatch.setattr("photochrom.batch.read", exhausted)
    (outcome,) = run(plan(["in"], Path("out")), warm)
    assert (outcome.status, outcome.reason) == ("failed", "in/a.png: out of memory")


def test_photographs_in_colour_may_be_skipped(place, warm, astronaut):
    write_pictures(place / "in", "a.png")
    Image.fromarray(astronaut).save(place / "in" / "b.png")
    jobs = plan(["in"], Path("out"))
    grey, colour = run(jobs, warm, keep_colour=True)
    assert (grey.status, colour.status) == ("done", "skipped")
    assert (colour.reason, colour.tint, colour.size) == (
        "is in colour already",
        "colour",
        (256, 256),
    )
    assert contents(Path("out")) == ["a.png"]
    assert [outcome.status for outcome in run(jobs, warm, exists="overwrite")] == ["done"] * 2


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
    list(run(with_a_broken_one(place), warm, keep_going=True))
    assert not [path for path in place.rglob("*") if path.suffix == ".tmp"]
