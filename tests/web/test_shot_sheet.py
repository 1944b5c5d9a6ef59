"""The preview sheet of a film on the page, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("av")

from photochrom import Colorizer
from photochrom.errors import ConfigError, PhotochromError
from photochrom.film.job import Span
from photochrom.web import Settings
from photochrom.web.page import shot_sheet
from photochrom.web.page.choices import Mark
from photochrom.web.page.payloads import shots_value
from photochrom.web.page.sheet_shot import SheetShot
from photochrom.web.page.shot_sheet import Look, ShotSheet
from photochrom.web.page.shot_sheets import ShotSheets
from photochrom.web.state import ServiceState
from tests.films import panned, write_film
from tests.services import until
from tests.support import known_color_model

MARK = Mark.parse([[0.25, 0.5]], "#b01010")


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Three shots of 8 frames."""
    frames = panned(8) + panned(8, name="coffee") + panned(8, name="chelsea")
    return write_film(tmp_path_factory.mktemp("films") / "three.mkv", frames, pix_fmt="yuv444p")


@pytest.fixture
def sheet(warm, film, tmp_path) -> ShotSheet:
    return ShotSheet(warm, film, tmp_path)


def test_a_frame_of_each_shot_is_shown_in_colour(sheet):
    sheet.prepare(Span())
    assert sheet.is_searching
    sheet.find()
    assert (sheet.status, sheet.is_busy) == ("done", False)
    value = shots_value(sheet, 2)
    assert value["chosen"] == 2
    assert np.allclose([each["start"] for each in value["shots"]], [0, 0.32, 0.64], atol=0.002)
    for shot in sheet.shots:
        with Image.open(sheet.picture_path(shot.number)) as image:
            r, _, b = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3).mean(0)
        assert (image.size, r - b > 5) == ((96, 64), True)
        assert sheet.picture_path(shot.number, small=True).is_file()
    assert shots_value(None, 2) == {}


def test_only_so_many_shots_are_looked_for_at_a_time(sheet, monkeypatch):
    monkeypatch.setattr(shot_sheet, "MAX_SHOTS", 2)
    sheet.prepare(Span(end=0.9))
    sheet.find()
    assert (sheet.status, len(sheet.shots)) == ("more", 2)
    sheet.prepare_more()
    sheet.find()
    assert (sheet.status, [each.number for each in sheet.shots]) == ("done", [1, 2, 3])


def test_a_search_is_stopped(sheet):
    sheet.prepare(Span())
    sheet.stop()
    sheet.find()
    assert (sheet.status, sheet.shots, sheet.is_busy) == ("stopped", [], False)


def test_what_is_no_film_is_named(warm, tmp_path):
    path = tmp_path / "words.mp4"
    path.write_text("words " * 100)
    sheet = ShotSheet(warm, path, tmp_path)
    sheet.find()
    assert sheet.status == "failed"
    assert sheet.reason.startswith("cannot read the film words.mp4")


def test_colours_become_hints_and_outlast_another_search(sheet):
    sheet.prepare(Span())
    sheet.find()
    second = sheet.shots[1]
    with pytest.raises(ConfigError, match="takes a reference"):  # this model takes none
        sheet.set_marks(second, (MARK,))
    assert second.marks == ()
    second.marks = (MARK,)
    ((time, hint),) = sheet.hints()
    assert (round(time, 2), hint.points, hint.color) == (0.48, ((24, 32),), (176, 16, 16))
    ((moment, section),) = sheet.hint_spans().items()
    assert (moment, np.round(section, 2).tolist()) == (time, [0.32, 0.6])
    second.marks = ()
    sheet.set_look(Look(all_shots=True))
    assert sheet.hint_spans() == {}
    sheet.color_outdated()
    sheet.set_look(Look(vividness=0.1))
    assert sheet.is_busy
    sheet.color_outdated()
    assert [each.version for each in sheet.shots] == [3, 3, 3]
    second.marks = (MARK,)
    sheet.prepare(Span(0.3))
    assert sheet.shots == [second]
    assert sorted(path.name for path in sheet.folder.iterdir()) == [
        "2-thumb.jpg",
        "2.jpg",
        "2.npy",
    ]


def test_a_shot_copies_colours_from_a_photograph_of_its_own(film, tmp_path):
    sheet = ShotSheet(Colorizer(known_color_model(compares=True)), film, tmp_path)
    sheet.prepare(Span())
    sheet.find()
    first, second, _ = sheet.shots
    blue, red, grey = (tmp_path / name for name in ("blue.png", "red.png", "grey.png"))
    for path, color in ((blue, (0, 40, 120)), (red, (120, 40, 0))):
        Image.fromarray(panned(1)[0] // 2 + np.array(color, np.uint8)).save(path)
    Image.fromarray(panned(1)[0][..., 0]).save(grey)

    def blueness(shot: SheetShot) -> float:
        with Image.open(sheet.picture_path(shot.number)) as image:
            r, _, b = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3).mean(0)
        return b - r

    plain = blueness(first), blueness(second)
    sheet.set_photograph(first, str(blue))
    sheet.color_outdated()
    assert blueness(first) > plain[0] + 30
    assert blueness(second) == plain[1]
    ((_, section),) = sheet.references()
    assert np.round(section, 2).tolist() == [0, 0.28]
    assert shots_value(sheet, 1)["shots"][0]["photograph"].endswith("/1/photograph.jpg?2")
    for bad, message in (
        (grey, "grey.png is grey"),
        (tmp_path / "1.npy", "1.npy is not a picture"),
    ):
        with pytest.raises(PhotochromError, match=message):
            sheet.set_photograph(first, str(bad))
    assert first.photograph
    assert first.photograph.file == str(blue)

    sheet.set_look(Look(all_shots=True))
    sheet.set_photograph(second, str(red))
    sheet.color_outdated()
    assert blueness(first) > 0 > blueness(second)  # each follows its own first
    assert len(sheet.references()) == 4
    sheet.set_photograph(second, "")
    sheet.color_outdated()
    assert blueness(second) > plain[1] + 30
    sheet.prepare(Span())
    assert sheet.shots == [first]


def test_sheets_are_deleted_with_their_files(warm, film):
    service = ServiceState(warm, Settings(page=False))
    sheets = ShotSheets(service)
    sheet = sheets.add(film)
    sheets.find(sheet)
    until(lambda: sheet.status == "done")
    assert sheets.get(sheet.key) is sheet
    sheet.used -= 13 * 3600
    sheets.clear_unused()
    assert sheets.get(sheet.key) is None
    until(lambda: not sheet.folder.exists())
    service.close()
