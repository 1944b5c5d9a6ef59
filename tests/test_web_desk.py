"""The photographs behind the page, without a browser."""

from __future__ import annotations

import io
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.errors import ConfigError
from photochrom.web.page.choices import Choices, Mark, parse_palette
from photochrom.web.page.session import Picture, Session
from photochrom.web.page.session_store import Desks
from tests.support import told, write_pictures


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    made = Desks(Colorizer(told()), tmp_path / "desks", 2)
    yield made
    made.close()


@pytest.fixture
def desk(desks: Desks) -> Session:
    return desks.open()


def put(desk: Session, folder: Path, *names: str) -> list[Picture]:
    added = desk.add(write_pictures(folder / "in", *names, side=64))
    for each in added:
        desk.wait(each, 60)
    return added


def pixel(path: Path) -> np.ndarray:
    """The one in the middle, RGB."""
    with Image.open(path) as image:
        return np.asarray(image)[32, 32].astype(int)


def test_photographs_are_coloured_in_their_own_format(desk, tmp_path):
    for name in ("a.png", "b.jpg", "c.tif"):
        (picture,) = put(desk, tmp_path, name)
        assert (picture.status, picture.size) == ("done", (64, 64))
        assert desk.saved(picture).name == name
        assert not (tmp_path / "in" / name).exists()  # it is the desk's own now
        for what in ("before", "after-1", "thumb-1"):
            assert picture.shown(what).read_bytes()[:2] == b"\xff\xd8"


def test_one_that_is_no_photograph_is_named_and_the_others_are_done(desk, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no")
    broken, *_ = desk.add([bad, *write_pictures(tmp_path / "in", "a.png", "b.png")])
    for each in desk.pictures.values():
        desk.wait(each, 60)
    assert [each.status for each in desk.pictures.values()] == ["failed", "done", "done"]
    assert "bad.jpg is not a picture" in broken.reason


def test_names_are_safe_and_differ(desk, tmp_path):
    files = write_pictures(tmp_path / "in", "1.png", "2.png", "3.png")
    added = desk.add(files, ["../../a.png", "a.png", "scan"])
    for each in added:
        desk.wait(each, 60)
    assert [each.name for each in added] == ["a.png", "a (2).png", "scan.png"]


def test_a_file_that_is_named_twice_is_taken_once(desk, tmp_path):
    first, second = write_pictures(tmp_path / "in", "a.png", "b.png")
    added = desk.add([first, first, second])
    for each in added:
        desk.wait(each, 60)
    assert [(each.name, each.status) for each in added] == [("a.png", "done"), ("b.png", "done")]
    assert desk.add([first]) == []


def test_a_file_is_named_for_what_it_holds(desk, tmp_path):
    (made,) = write_pictures(tmp_path, "a.png")
    (picture,) = desk.add([made], ["scan.jpg"])
    desk.wait(picture, 60)
    assert picture.name == "scan.png"
    with Image.open(desk.saved(picture)) as image:
        assert image.format == "PNG"


def test_a_colour_by_hand_reaches_the_file_at_full_size(desk, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    desk.choose(picture, picture.choices.with_mark(Mark.of(0.5, 0.5, "#d02020")))
    red, green, _ = pixel(desk.saved(picture))
    assert red > green + 20
    desk.undo(picture)
    assert picture.choices == Choices()
    red, green, blue = pixel(desk.saved(picture))
    assert red == green == blue


def test_vividness_outlasts_an_undo(desk, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    desk.choose(picture, picture.choices.with_mark(Mark.of(0.5, 0.5, "#d02020")))
    desk.choose(picture, replace(picture.choices, vividness=0.25), undoable=False)
    desk.undo(picture)
    assert picture.choices == Choices(vividness=0.25)
    assert picture.earlier == []


def test_all_become_as_vivid_those_that_wait_too(desk, tmp_path):
    done = put(desk, tmp_path, "a.png", "b.png")
    desk.pause(wanted=True)
    (waiting,) = desk.add(write_pictures(tmp_path / "more", "c.png"))
    desk.vivify(0.25)
    desk.pause(wanted=False)
    while desk.is_busy:
        time.sleep(0.01)
    assert [each.choices.vividness for each in (*done, waiting)] == [0.25] * 3
    assert [each.version for each in (*done, waiting)] == [2, 2, 1]


def test_cancel_stops_what_is_to_be_shown_anew(desk, tmp_path):
    done = put(desk, tmp_path, *(f"{n}.png" for n in range(8)))
    with ExitStack() as held:
        for picture in done:
            held.enter_context(picture.lock)
        desk.vivify(0.25)
        desk.cancel()
    while desk.is_busy:
        time.sleep(0.01)
    assert sum(each.choices.vividness == 0.25 for each in done) < 8


def test_nothing_is_likely_where_no_photograph_is(desk, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    nan = float("nan")
    for number, x, y in ((9, 0.5, 0.5), (picture.number, -1, 0.5), (picture.number, 0.5, nan)):
        assert desk.color_candidates(number, x, y) == []


def test_what_cannot_be_done_leaves_all_as_it_was(desk, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    before = picture.shown("after-1").read_bytes()
    with pytest.raises(ConfigError, match="distribution"):
        desk.choose(picture, replace(picture.choices, variant=2))  # this model has one answer
    assert (picture.choices, picture.version, picture.earlier) == (Choices(), 1, [])
    assert picture.shown("after-1").read_bytes() == before


def test_a_mark_is_a_place_and_a_colour():
    for wrong in ((-0.1, 0.5, "#fff000"), (0.5, "x", "#fff000"), (0.5, 0.5, "red"), (2, 0, "")):
        with pytest.raises(ConfigError, match="expected"):
            Mark.of(*wrong)
    assert Mark.of(1, 1, "#010203").on((10, 20)).points == ((9.5, 19.5),)


def test_a_palette_in_words():
    assert parse_palette(" #010203,#040506  #070809 ") == ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    with pytest.raises(ConfigError, match="#RRGGBB"):
        parse_palette("blue")


def test_a_browser_may_still_ask_for_the_last_versions_only(desk, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    for number in range(6):
        desk.choose(picture, replace(picture.choices, vividness=number / 6))
    kept = sorted(path.name for path in picture.folder.glob("after-*.jpg"))
    assert kept == ["after-5.jpg", "after-6.jpg", "after-7.jpg"]


def test_a_zip_holds_what_is_done_as_it_was_chosen(desk, tmp_path):
    first, _ = put(desk, tmp_path, "a.png", "b.png")
    desk.choose(first, first.choices.with_mark(Mark.of(0.5, 0.5, "#d02020")))
    with zipfile.ZipFile(desk.zipped()) as archive:
        assert archive.namelist() == ["a.png", "b.png"]
        red, green, _ = np.asarray(Image.open(io.BytesIO(archive.read("a.png"))))[32, 32]
    assert red > green


def test_names_in_a_zip_differ_though_a_suffix_was_added(desk, tmp_path):
    files = write_pictures(tmp_path / "in", "1.png", "2.png")
    for each in desk.add(files, ["scan", "scan.png"]):
        desk.wait(each, 60)
    with zipfile.ZipFile(desk.zipped()) as archive:
        assert archive.namelist() == ["scan.png", "scan (2).png"]


def test_a_queue_that_is_paused_goes_on_or_is_cancelled(desk, tmp_path):
    held, colored = threading.Event(), desk._color
    desk._color = lambda picture: held.wait(60) and colored(picture)
    first, second, third, fourth = desk.add(
        write_pictures(tmp_path / "in", "a.png", "b.png", "c.png", "d.png")
    )
    desk.pause(wanted=True)
    held.set()
    for each in (first, second):  # they had begun
        desk.wait(each, 60)
    assert [third.status, fourth.status] == ["waiting", "waiting"]
    assert desk.is_busy
    desk.pause(wanted=False)
    desk.wait(third, 60)
    desk.wait(fourth, 60)
    while desk.is_busy:
        time.sleep(0.01)
    held.clear()
    more = desk.add(write_pictures(tmp_path / "more", *(f"{n}.png" for n in range(4))))
    desk.cancel()
    held.set()
    for each in more:
        desk.wait(each, 60)
    assert [each.status for each in more] == ["done", "done", "cancelled", "cancelled"]


def test_what_is_taken_away_is_deleted(desk, desks, tmp_path):
    (picture,) = put(desk, tmp_path, "a.png")
    desk.remove(picture.number)
    assert not desk.pictures
    assert not picture.folder.exists()
    assert desks.open(desk.key) is desk
    assert desks.open("nobody's") is not desk
    assert desks.get("nobody's") is None


def test_a_desk_that_is_not_used_is_cleared(desks, tmp_path):
    old = desks.open()
    put(old, tmp_path, "a.png")
    old.used = 0
    desks.clear_unused()
    assert desks.get(old.key) is None
    assert not list((tmp_path / "desks").rglob("original"))


def test_an_example_is_borrowed_not_taken(desk, tmp_path):
    (original,) = write_pictures(tmp_path, "a.png")
    copy = desk.borrowed(original)
    assert copy.read_bytes() == original.read_bytes()
    assert original.exists()
    shutil.rmtree(tmp_path / "desks")
