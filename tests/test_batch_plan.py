"""Batches: the path of each photograph's result."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photochrom import Colorizer
from photochrom.batch import Job, plan, run
from photochrom.errors import ConfigError, OutputError
from photochrom.photo import READABLE_SUFFIXES
from tests.support import contents, model, write_pictures


def pairs(jobs: list[Job]) -> list[tuple[str, str]]:
    return [(job.source.as_posix(), job.target.as_posix()) for job in jobs]


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
    """`in/sub*.png` matches in/sub1.png even if there is a folder in/sub."""
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


def test_results_of_formats_that_are_not_written_have_another_suffix(place):
    write_pictures(place / "in", "a.gif", "b.png")
    assert [job.target.name for job in plan(["in"], Path("out"))] == ["a.png", "b.png"]
    assert [job.target.name for job in plan(["in"], Path("out"), suffix=".tif")] == [
        "a.tif",
        "b.tif",
    ]
    with pytest.raises(OutputError, match=r"out\.gif has the suffix '\.gif'"):
        plan(["in/b.png"], Path("out.gif"))


def test_a_photograph_beside_its_raw_file_keeps_its_name(place, monkeypatch):
    """Cameras write a raw file and a JPEG with the same name."""
    monkeypatch.setitem(READABLE_SUFFIXES, ".nef", "RAW")
    write_pictures(place / "in", "a.jpg", "b.JPG", "d.jpg")
    for name in ("a.nef", "b.NEF", "c.nef"):
        (place / "in" / name).write_bytes(b"")
    found = {job.source.name: job.target.name for job in plan(["in"], Path("out"))}
    assert found == {
        "a.jpg": "a.jpg",
        "a.nef": "a.nef.jpg",
        "b.JPG": "b.JPG",
        "b.NEF": "b.NEF.jpg",
        "c.nef": "c.jpg",
        "d.jpg": "d.jpg",
    }


@pytest.mark.parametrize("output", ["in", "./in", "in/sub/..", "link", "in/a.png", "twin.png"])
def test_an_original_is_never_a_target(output, archive):
    Path("link").symlink_to("in", target_is_directory=True)
    Path("twin.png").symlink_to("in/a.png")
    with pytest.raises(OutputError, match="is an original and is never written over"):
        plan(["in/a.png"], Path(output))


def test_an_original_under_another_name_of_its_folder_is_never_a_target(archive, monkeypatch):
    """A file can have two names: on a file system without case, or a disk mounted twice."""
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
    outcomes = run(jobs, Colorizer(model()))
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert [outcome.reason for outcome in failed] == ["no permission to read in/sub/deep"]
    Path("out/sub/deep").mkdir()
    again = list(run(jobs, Colorizer(model()), exists="skip"))
    assert [each.status for each in again].count("failed") == 1
    assert Path("in/sub/deep") in [job.source for job in plan(["in/**/*.*"], Path("out"))]
    assert len(plan(["in"], Path("out"))) == 2


@pytest.mark.parametrize(("inputs", "recursive"), [(["in"], True), (["in/**/*.*"], False)])
def test_a_folder_that_can_be_listed_and_no_more(archive, monkeypatch, inputs, recursive):
    is_file = Path.is_file

    def refused(path):
        if path.parent.name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refused)
    found = plan(inputs, Path("out"), recursive=recursive)
    assert "in/sub/deep/d.tif" in [job.source.as_posix() for job in found]


def test_results_stay_below_their_folder(archive):
    found = plan(["in/*/../b.jpg"], Path("out"))
    assert pairs(found) == [("in/sub/../b.jpg", "out/b.jpg")]
    found = plan(["in/sub/*/../../../in/a.png"], Path("out"))
    assert [job.target.as_posix() for job in found] == ["out/a.png"]


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
    with pytest.raises(ConfigError, match="expected photographs; found none in"):
        plan(inputs, Path("out"))


def test_links_that_lead_nowhere_fail_in_their_turn(archive):
    Path("in/round.png").symlink_to("in/round.png")
    Path("in/circle.png").symlink_to("circle.png")
    Path("in/dead.png").symlink_to("gone.png")
    for inputs in (["in"], ["in/*"]):
        jobs = plan(inputs, Path("in/out"))
        assert len(jobs) == 5
        outcomes = list(run(jobs, Colorizer(model()), exists="overwrite"))
        failed = [each.job.source.name for each in outcomes if each.status == "failed"]
        assert failed == ["circle.png", "dead.png", "round.png"]


def test_a_pattern_goes_through_no_link_and_no_copies_of_a_nas(archive):
    for name in ("loop", "other", "third"):  # from here to here in ever more ways
        Path("in/sub", name).symlink_to("..", target_is_directory=True)
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
