"""The sessions of the page, without a browser."""

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
import skimage.data
from PIL import Image

from photochrom import Colorizer, ColorOptions, batch, photo
from photochrom.errors import ConfigError
from photochrom.photo.output_profile import output_profile
from photochrom.restoration import restore
from photochrom.web.page.choices import Choices, Mark, parse_palette
from photochrom.web.page.payloads import tray_value, viewer_value
from photochrom.web.page.session import Session
from photochrom.web.page.session_store import SessionStore
from photochrom.web.page.tray import Picture
from tests.pages import album_page
from tests.restoration.scans import scratched
from tests.support import known_color_model, write_pictures


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[SessionStore]:
    made = SessionStore(Colorizer(known_color_model()), tmp_path / "sessions", 2)
    yield made
    made.close()


@pytest.fixture
def session(sessions: SessionStore) -> Session:
    return sessions.open()


def put(session: Session, folder: Path, *names: str) -> list[Picture]:
    added = session.add(write_pictures(folder / "in", *names, side=64))
    for each in added:
        session.queue.wait(each, 60)
    return added


def marked(choices: Choices) -> Choices:
    return choices.with_mark(Mark.parse([[0.5, 0.5]], "#d02020"))


def pixel(path: Path) -> np.ndarray:
    """Return the central pixel, RGB."""
    with Image.open(path) as image:
        return np.asarray(image)[32, 32].astype(int)


def test_photographs_are_coloured_in_their_own_format(session, tmp_path):
    for name in ("a.png", "b.jpg", "c.tif"):
        (picture,) = put(session, tmp_path, name)
        assert (picture.status, picture.size) == ("done", (64, 64))
        stem, suffix = name.split(".")
        assert session.downloads.file(picture).name == f"{stem}-colorized.{suffix}"
        assert not (tmp_path / "in" / name).exists()  # it is the session's own now
        for what in ("before", "after-1", "thumb-1"):
            assert picture.preview_path(what).read_bytes()[:2] == b"\xff\xd8"


def test_a_photograph_in_colour_is_left_alone_until_a_person_wants_it(session, tmp_path):
    rows, columns = np.indices((64, 64), np.uint8) * 3
    colors, sepia = tmp_path / "colors.png", tmp_path / "sepia.png"
    Image.fromarray(np.dstack([rows, columns, 255 - rows])).save(colors)
    Image.fromarray(np.dstack([rows, rows * 0.8, rows * 0.6]).astype(np.uint8)).save(sepia)
    own, tinted = session.add([colors, sepia])
    for each in (own, tinted):
        session.queue.wait(each, 60)
    assert (own.status, own.reason, own.size) == ("skipped", "is in colour already", (64, 64))
    assert tinted.status == "done"
    assert (tray_value(session)["in_color"], tray_value(session)["done"]) == (1, 2)
    assert viewer_value(session, own)["before"].endswith("/1/before.jpg")
    assert own.preview_path("thumb-0").exists()
    with zipfile.ZipFile(session.downloads.make_zip()) as archive:
        assert archive.namelist() == ["sepia-colorized.png"]
    session.color_anew([own, tinted])
    session.queue.wait(own, 60)
    assert (own.status, own.reason, tinted.version) == ("done", "", 1)
    red, green, blue = pixel(session.downloads.file(own))  # this model knows no colour
    assert red == green == blue


def test_one_that_is_no_photograph_is_named_and_the_others_are_done(session, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no")
    broken, *_ = session.add([bad, *write_pictures(tmp_path / "in", "a.png", "b.png")])
    for each in session.tray.pictures.values():
        session.queue.wait(each, 60)
    assert [each.status for each in session.tray.pictures.values()] == ["failed", "done", "done"]
    assert "bad.jpg is not a picture" in broken.reason


def test_names_are_safe_and_differ(session, tmp_path):
    files = write_pictures(tmp_path / "in", "1.png", "2.png", "3.png")
    added = session.add(files, ["../../a.png", "a.png", "scan"])
    for each in added:
        session.queue.wait(each, 60)
    assert [each.name for each in added] == ["a.png", "a (2).png", "scan.png"]


def test_a_file_that_is_named_twice_is_taken_once(session, tmp_path):
    first, second = write_pictures(tmp_path / "in", "a.png", "b.png")
    added = session.add([first, first, second])
    for each in added:
        session.queue.wait(each, 60)
    assert [(each.name, each.status) for each in added] == [("a.png", "done"), ("b.png", "done")]
    assert session.add([first]) == []


def test_a_file_is_named_for_what_it_holds(session, tmp_path):
    (made,) = write_pictures(tmp_path, "a.png")
    (picture,) = session.add([made], ["scan.jpg"])
    session.queue.wait(picture, 60)
    assert picture.name == "scan.png"
    with Image.open(session.downloads.file(picture)) as image:
        assert image.format == "PNG"


@pytest.mark.slow
def test_the_photographs_on_a_page_are_found_and_can_be_one_again(session, tmp_path):
    scan = tmp_path / "page.png"
    Image.fromarray(album_page((228, 218, 196))[0]).save(scan)
    (picture,) = session.add([scan])
    session.queue.wait(picture, 60)
    assert (picture.status, picture.found) == ("done", 4)
    assert session.renderings.color_candidates(picture, 0.02, 0.02) is None  # on the paper
    with pytest.raises(ConfigError, match="one of the 4 photographs"):
        session.edits.change(picture, lambda own: own.with_mark(Mark(((0.02, 0.02),), (9, 9, 200))))
    on_paper = pixel(session.downloads.file(picture))
    assert on_paper[0] > on_paper[2] + 20
    session.edits.change(picture, lambda choices: replace(choices, album=False))
    red, green, blue = pixel(session.downloads.file(picture))  # this model knows no colour
    assert red == green == blue
    assert picture.found == 4  # so that a person can switch it on again


def test_negatives_are_inverted_one_or_all(session, tmp_path):
    first, second = put(session, tmp_path, "a.png", "b.png")
    before = pixel(session.downloads.file(second))
    session.edits.change(first, lambda choices: replace(choices, negative=True))
    assert first.choices.cleared().negative
    session.set_scan(negative=True, restore=False)
    while session.queue.is_busy:
        time.sleep(0.01)
    assert [each.choices.negative for each in (first, second)] == [True, True]
    assert (pixel(session.downloads.file(second)) == 255 - before).all()


def test_damage_is_repaired_in_one_or_all(session, tmp_path):
    scan = scratched(skimage.data.camera())
    for name in ("a.png", "b.png"):
        Image.fromarray(scan).save(tmp_path / name)
    first, second = session.add([tmp_path / "a.png", tmp_path / "b.png"])
    for each in (first, second):
        session.queue.wait(each, 60)
    session.edits.change(first, lambda choices: replace(choices, restore=True))
    assert first.choices.cleared().restore
    repaired = restore(scan).photo.luma
    assert abs(photo.read(session.downloads.file(first)).luma - repaired.astype(int)).max() <= 1
    assert abs(photo.read(session.downloads.file(second)).luma - scan.astype(int)).max() <= 1
    session.set_scan(negative=False, restore=True)
    while session.queue.is_busy:
        time.sleep(0.01)
    assert abs(photo.read(session.downloads.file(second)).luma - repaired.astype(int)).max() <= 1


def test_files_are_saved_in_the_colour_space_that_was_chosen_last(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    for name in ("display-p3", "adobe-rgb"):
        session.downloads.profile = name
        with Image.open(session.downloads.file(picture)) as image:
            assert image.info["icc_profile"] == output_profile(name).icc


def test_a_document_is_told_where_to_go(session, tmp_path):
    scans = tmp_path / "scans.tif"
    first = Image.new("L", (64, 64), 90)
    first.save(scans, save_all=True, append_images=[first])
    (picture,) = session.add([scans])
    session.queue.wait(picture, 60)
    assert picture.reason == (
        "expected one page; scans.tif has 2 pages. The tab Document colours it."
    )


def test_a_colour_by_hand_reaches_the_file_at_full_size(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    session.edits.change(picture, marked)
    red, green, _ = pixel(session.downloads.file(picture))
    assert red > green + 20
    session.edits.undo(picture)
    assert picture.choices == Choices()
    red, green, blue = pixel(session.downloads.file(picture))
    assert red == green == blue


def test_what_is_undone_is_done_again_until_something_else_is_changed(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    session.edits.change(picture, marked)
    session.edits.change(picture, lambda choices: choices.without_mark(0))
    session.edits.undo(picture)
    session.edits.undo(picture)
    session.edits.redo(picture)
    assert picture.choices == marked(Choices())
    session.edits.set_vividness(picture, 0.25)
    session.edits.redo(picture)
    assert picture.choices == Choices(vividness=0.25)
    session.edits.redo(picture)  # there is nothing more
    session.edits.undo(picture)
    session.edits.change(picture, marked)
    assert (len(picture.choices.marks), picture.undone) == (2, [])


def test_vividness_outlasts_an_undo(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    session.edits.change(picture, marked)
    session.edits.set_vividness(picture, 0.25)
    session.edits.undo(picture)
    assert picture.choices == Choices(vividness=0.25)
    assert picture.history == []


def test_all_become_as_vivid_those_that_wait_too(session, tmp_path):
    done = put(session, tmp_path, "a.png", "b.png")
    session.queue.pause(wanted=True)
    (waiting,) = session.add(write_pictures(tmp_path / "more", "c.png"))
    session.set_vividness(0.25)
    session.queue.pause(wanted=False)
    while session.queue.is_busy:
        time.sleep(0.01)
    assert [each.choices.vividness for each in (*done, waiting)] == [0.25] * 3
    assert [each.version for each in (*done, waiting)] == [2, 2, 1]


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Session]:
    made = SessionStore(Colorizer(known_color_model(compares=True)), tmp_path / "sessions", 2)
    yield made.open()
    made.close()


def put_likenesses(session: Session, folder: Path, *gammas: float) -> list[Picture]:
    """Add pictures that look much alike."""
    columns = np.linspace(0, 1, 64)[None].repeat(64, 0)
    files = [folder / f"{gamma}.png" for gamma in gammas]
    for gamma, file in zip(gammas, files, strict=True):
        Image.fromarray((255 * columns**gamma).astype(np.uint8)).save(file)
    added = session.add(files)
    settle(session)
    return added


def settle(session: Session) -> None:
    while session.queue.is_busy:
        time.sleep(0.01)


def test_the_photographs_of_an_album_share_colours_as_those_of_a_batch_do(album, tmp_path):
    pictures = put_likenesses(album, tmp_path, 1.0, 1.1)
    alone = [pixel(album.downloads.file(each)) for each in pictures]
    album.sharing.set(wanted=True)
    settle(album)
    assert tray_value(album)["sharing"]
    assert [each.version for each in pictures] == [2, 2]
    colorizer = Colorizer(known_color_model(compares=True))
    jobs = [batch.Job(each.source, tmp_path / f"{each.number}.png") for each in pictures]
    options = ColorOptions(shared=batch.share_colors(jobs, colorizer))
    list(batch.run(jobs, colorizer, options=options))
    for each, job in zip(pictures, jobs, strict=True):
        assert album.downloads.file(each).read_bytes() == job.target.read_bytes()
    album.sharing.set(wanted=False)
    settle(album)
    assert (tray_value(album)["sharing"], tray_value(album)["compared"]) == (False, None)
    after = [pixel(album.downloads.file(each)) for each in pictures]
    assert np.array_equal(alone, after)


def test_a_colour_by_hand_travels_to_photographs_that_look_alike(album, tmp_path):
    album.sharing.set(wanted=True)
    first, second, other = put_likenesses(album, tmp_path, 1.0, 1.1, 99.0)
    assert [len(each.shared) for each in (first, second, other)] == [1, 1, 0]
    before, version = pixel(album.downloads.file(second)), other.version
    album.edits.change(first, marked)
    settle(album)
    red, green, _ = pixel(album.downloads.file(second)) - before
    assert red > green + 20
    assert other.version == version  # nothing changes there
    album.remove(first.number)
    settle(album)
    assert len(second.shared) == 0


def test_photographs_that_cannot_be_compared_are_coloured_each_by_itself(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    with pytest.raises(ConfigError, match="can compare photographs"):
        session.sharing.set(wanted=True)
    assert (session.sharing.wanted, picture.version) == (False, 1)


def test_cancel_stops_what_is_to_be_shown_anew(session, tmp_path):
    done = put(session, tmp_path, *(f"{n}.png" for n in range(8)))
    with ExitStack() as held:
        for picture in done:
            held.enter_context(picture.lock)
        session.set_vividness(0.25)
        session.queue.cancel()
    while session.queue.is_busy:
        time.sleep(0.01)
    assert sum(each.choices.vividness == 0.25 for each in done) < 8


def test_nothing_is_likely_where_no_photograph_is(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    for x, y in ((-1, 0.5), (0.5, float("nan"))):
        assert session.renderings.color_candidates(picture, x, y) == []


def test_what_cannot_be_done_leaves_all_as_it_was(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    before = picture.preview_path("after-1").read_bytes()
    with pytest.raises(ConfigError, match="distribution"):
        # this model has one answer
        session.edits.change(picture, lambda choices: choices.with_variant(2))
    assert (picture.choices, picture.version, picture.history) == (Choices(), 1, [])
    assert picture.preview_path("after-1").read_bytes() == before


@pytest.mark.parametrize(
    ("points", "color", "radius"),
    [
        ([[-0.1, 0.5]], "#fff000", None),
        ([[0.5, "x"]], "#fff000", None),
        ([[0.5, float("nan")]], "#fff000", None),
        ([[0.5]], "#fff000", None),
        ([], "#fff000", None),
        ([[0.5, 0.5]] * 1001, "#fff000", None),
        ("points", "#fff000", None),
        ([[0.5, 0.5]], "reed", None),
        ([[0.5, 0.5]], "#fff000", 0),
        ([[0.5, 0.5]], "#fff000", 0.6),
        ([[0.5, 0.5]], "#fff000", "wide"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(points, color, radius):
    with pytest.raises(ConfigError, match="expected"):
        Mark.parse(points, color, radius)


def test_a_click_spreads_over_its_object_and_a_brush_does_not():
    click = Mark.parse([[1, 1]], "#010203").to_hint((10, 20))
    assert (click.points, click.radius, click.spread) == (((9.5, 19.5),), None, True)
    stroke = Mark.parse([[0, 0], [0.5, 0.5]], "#010203", 0.1).to_hint((10, 20))
    assert (stroke.points, stroke.radius, stroke.spread) == (((0, 0), (5, 10)), 1, False)


def test_an_eraser_takes_away_the_marks_that_it_touches():
    point, stroke = Mark(((0.1, 0.1),), (9, 9, 9)), Mark(((0.2, 0.9), (0.9, 0.9)), (9, 9, 9), 0.05)
    choices = Choices(marks=(point, stroke))
    for touched, kept in (
        (((0.12, 0.1),), (stroke,)),
        (((0.5, 0.7), (0.5, 0.86)), (point,)),  # across the middle of the stroke
        (((0.5, 0.5),), (point, stroke)),
        (((0.1, 0.1), (0.5, 0.9)), ()),
    ):
        assert choices.erased(Mark(touched, (0, 0, 0), 0.04), (400, 300)).marks == kept


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"vividness": 1.1}, "vividness from 0 to 1"),
        ({"variant": 6}, "one of 6 alternatives"),
        ({"variant": -1}, "one of 6 alternatives"),
        ({"variant": 1, "palette": ((1, 2, 3),)}, "without hints, palette"),
        ({"variant": 1, "marks": (Mark(((0.5, 0.5),), (1, 2, 3)),)}, "without hints, palette"),
        ({"palette": ((1, 2, 300),)}, "from 0 to 255"),
    ],
)
def test_choices_are_checked_as_the_options_of_all_interfaces_are(choices, words):
    with pytest.raises(ConfigError, match=words):
        Choices(**choices)


def test_a_vividness_out_of_range_changes_nothing(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    for change in (session.set_vividness, lambda v: session.edits.set_vividness(picture, v)):
        with pytest.raises(ConfigError, match="vividness from 0 to 1"):
            change(2.0)
    assert (picture.choices, picture.version) == (Choices(), 1)


def test_what_is_chosen_replaces_what_it_cannot_be_combined_with():
    mark = Mark.parse([[0.5, 0.5]], "#d02020")
    marked = Choices(variant=2).with_mark(mark)
    assert (marked.variant, marked.marks) == (0, (mark,))
    varied = marked.with_palette(((1, 2, 3),)).with_variant(3)
    assert (varied.variant, varied.marks, varied.palette) == (3, (), ())
    copied = varied.with_palette(((1, 2, 3),), "theirs.png")
    assert (copied.variant, copied.reference, copied.copied_from) == (0, None, "theirs.png")
    assert copied.with_palette(((4, 5, 6),)).copied_from == ""  # typed, so not from the file
    assert copied.without_copied_colors() == Choices()


def test_a_palette_in_words():
    assert parse_palette(" #010203,#040506  #070809 ") == ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    with pytest.raises(ConfigError, match="#RRGGBB"):
        parse_palette("bluest")


def test_a_browser_may_still_ask_for_the_last_versions_only(session, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    for number in range(6):
        session.edits.set_vividness(picture, number / 6)
    kept = sorted(path.name for path in picture.folder.glob("after-*.jpg"))
    assert kept == ["after-5.jpg", "after-6.jpg", "after-7.jpg"]


def test_a_zip_holds_what_is_done_as_it_was_chosen(session, tmp_path):
    first, _ = put(session, tmp_path, "a.png", "b.png")
    session.edits.change(first, marked)
    with zipfile.ZipFile(session.downloads.make_zip()) as archive:
        assert archive.namelist() == ["a-colorized.png", "b-colorized.png"]
        red, green, _ = np.asarray(Image.open(io.BytesIO(archive.read("a-colorized.png"))))[32, 32]
    assert red > green


def test_a_zip_names_what_it_lacks(session, tmp_path, monkeypatch):
    _, second = put(session, tmp_path, "a.png", "b.png")
    settle(session)
    second.source.write_bytes(b"broken")
    second.saved_as = None
    with zipfile.ZipFile(session.downloads.make_zip()) as archive:
        assert archive.namelist() == ["a-colorized.png", "not saved.txt"]
        assert archive.read("not saved.txt").startswith(b"b-colorized.png: ")
    zips = len(list(tmp_path.rglob("*.zip")))
    monkeypatch.setattr(session.downloads, "file", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        session.downloads.make_zip()
    assert len(list(tmp_path.rglob("*.zip"))) == zips


def test_names_in_a_zip_differ_though_a_suffix_was_added(session, tmp_path):
    files = write_pictures(tmp_path / "in", "1.png", "2.png")
    for each in session.add(files, ["scan", "scan.png"]):
        session.queue.wait(each, 60)
    with zipfile.ZipFile(session.downloads.make_zip()) as archive:
        assert archive.namelist() == ["scan-colorized.png", "scan-colorized (2).png"]


def test_what_is_cancelled_twice_is_counted_once(session, tmp_path):
    pictures = put(session, tmp_path, "a.png", "b.png", "c.png", "d.png")
    held = threading.Event()
    session.queue.change(pictures, lambda _: None, lambda _: held.wait(60))
    session.queue.cancel()
    session.queue.cancel()
    held.set()
    session.queue._pool.shutdown(wait=True)
    assert session.queue.is_idle


def test_a_queue_that_is_paused_goes_on_or_is_cancelled(session, tmp_path):
    held, colored = threading.Event(), session.queue._color
    session.queue._color = lambda picture: held.wait(60) and colored(picture)
    first, second, third, fourth = session.add(
        write_pictures(tmp_path / "in", "a.png", "b.png", "c.png", "d.png")
    )
    session.queue.pause(wanted=True)
    held.set()
    for each in (first, second):  # they had begun
        session.queue.wait(each, 60)
    assert [third.status, fourth.status] == ["queued", "queued"]
    assert session.queue.is_busy
    session.queue.pause(wanted=False)
    session.queue.wait(third, 60)
    session.queue.wait(fourth, 60)
    while session.queue.is_busy:
        time.sleep(0.01)
    held.clear()
    more = session.add(write_pictures(tmp_path / "more", *(f"{n}.png" for n in range(4))))
    session.queue.cancel()
    held.set()
    for each in more:
        session.queue.wait(each, 60)
    assert [each.status for each in more] == ["done", "done", "cancelled", "cancelled"]


def test_what_is_taken_away_is_deleted(session, sessions, tmp_path):
    (picture,) = put(session, tmp_path, "a.png")
    session.remove(picture.number)
    assert not session.tray.pictures
    assert not picture.folder.exists()
    assert sessions.open(session.key) is session
    assert sessions.open("nobody's") is not session
    assert sessions.get("nobody's") is None


def test_a_session_that_is_not_used_is_cleared(sessions, tmp_path):
    old = sessions.open()
    put(old, tmp_path, "a.png")
    old.used = 0
    sessions.clear_unused()
    assert sessions.get(old.key) is None
    assert not list((tmp_path / "sessions").rglob("original"))


def test_an_example_is_copied_not_moved(session, tmp_path):
    (original,) = write_pictures(tmp_path, "a.png")
    copy = session.tray.copy_file(original)
    assert copy.read_bytes() == original.read_bytes()
    assert original.exists()
    shutil.rmtree(tmp_path / "sessions")
