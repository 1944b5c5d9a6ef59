"""The pictures and the downloads of the page, over plain HTTP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from photochrom import Colorizer
from photochrom.web.page.routes import EXAMPLES, router
from photochrom.web.page.session import Session
from photochrom.web.page.session_store import SessionStore
from tests.support import known_color_model, write_pictures


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionStore]:
    made = SessionStore(Colorizer(known_color_model()), tmp_path_factory.mktemp("sessions"), 2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def session(sessions: SessionStore, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with a PNG photograph, a TIFF photograph, no picture, and one in colour."""
    folder, session = tmp_path_factory.mktemp("photographs"), sessions.open()
    (folder / "bad.jpg").write_bytes(b"no")
    rows, columns = np.indices((64, 64), np.uint8) * 3
    Image.fromarray(np.dstack([rows, columns, 255 - rows])).save(folder / "colors.png")
    files = write_pictures(folder, "old.png", "b.tif", side=64)
    for each in session.add([*files, folder / "bad.jpg", folder / "colors.png"]):
        session.queue.wait(each, 60)
    return session


@pytest.fixture(scope="module")
def client(sessions: SessionStore) -> TestClient:
    app = FastAPI()
    app.state.sessions = sessions
    app.state.service, app.state.shot_sheets = SimpleNamespace(jobs={}), {}
    app.include_router(router)
    return TestClient(app)


@pytest.mark.parametrize(
    ("number", "name", "kind"),
    [(1, "old-colorized.png", "image/png"), (2, "b-colorized.tif", "image/tiff")],
)
def test_a_result_is_not_named_as_its_original(number, name, kind, client, session):
    answer = client.get(f"/session/{session.key}/{number}/coloured")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert f'attachment; filename="{name}"' in answer.headers["content-disposition"]


def test_all_results_come_in_a_zip_that_says_so(client, session):
    answer = client.get(f"/session/{session.key}/all.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="photographs-colorized.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["old-colorized.png", "b-colorized.tif"]
    assert not list(Path(session.tray.new_path()).parent.glob("*.zip"))


def test_previews_are_pictures(client, session):
    for what in ("before.jpg", "after-1.jpg", "thumb-1.jpg"):
        answer = client.get(f"/session/{session.key}/1/{what}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["cache-control"] == "private, max-age=3600"
    for what in ("before.jpg", "thumb-0.jpg"):  # of one that was in colour already
        assert client.get(f"/session/{session.key}/4/{what}").status_code == 200
    for name in EXAMPLES:
        assert client.get(f"/session/example/{name}").status_code == 200


def test_a_picture_to_share_shows_both_and_says_that_a_machine_made_it(client, session):
    answer = client.get(f"/session/{session.key}/1/share.jpg")
    assert 'filename="old-before-and-after.jpg"' in answer.headers["content-disposition"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.width > 2 * 64, image.height > 64) == ("JPEG", True, True)
    assert b"compositeWithTrainedAlgorithmicMedia" in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "example/secret.jpg",
        "film/nothing/preview.jpg",
        "shots/nothing/1/thumb.jpg",
        "nobody/1/coloured",
        "KEY/3/coloured",  # it is no photograph
        "KEY/4/coloured",  # it was left alone
        "KEY/4/share.jpg",
        "KEY/9/coloured",
        "KEY/x/coloured",
        "KEY/1/after-9.jpg",
        "KEY/1/original.jpg",
        "KEY/1/after-..%2F..%2Foriginal.jpg",
        "KEY/9999999999999999999999/coloured",
    ],
)
def test_nothing_else_is_given_away(path, client, session):
    answer = client.get(f"/session/{path.replace('KEY', session.key)}")
    assert answer.status_code in (404, 422)
