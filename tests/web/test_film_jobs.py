"""Films as jobs of the service."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from photochrom.errors import MissingExtra
from photochrom.web import job_api, jobs
from tests.services import JOBS, ended, files_of, problem, service, until

pytest.importorskip("fastapi")
pytest.importorskip("av")

from tests.films import panned, planes, sound, write_film


@pytest.fixture(scope="module")
def client(warm):
    with service(warm) as made:
        yield made


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bytes of a film of 24 frames, with sound."""
    path = tmp_path_factory.mktemp("films") / "old.mkv"
    return write_film(path, panned(24), sound="pcm_s16le").read_bytes()


def begin(client, data: bytes, name: str = "old.mkv", **fields):
    answer = client.post(JOBS, files={"film": (name, data)}, data=fields)
    assert answer.status_code == 202, answer.text
    return answer.json()


@pytest.mark.slow
def test_a_film(client, small, tmp_path):
    job = ended(client, begin(client, small, "../old films/old.mkv", vividness=0.3))
    assert (job["kind"], job["status"], job["reason"]) == ("film", "done", "")
    assert [(each["name"], each["status"]) for each in job["items"]] == [("old.mkv", "done")]
    assert (job["done"], job["total"]) == (24, 24)
    answer = client.get(job["result"])
    assert 'filename="old.mkv"' in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "video/matroska"
    old, new = tmp_path / "old.mkv", tmp_path / "new.mkv"
    old.write_bytes(small)
    new.write_bytes(answer.content)
    assert sound(new) == sound(old)
    before, after = planes(old), planes(new)
    assert [time for time, _ in before] == [time for time, _ in after]
    assert np.abs(after[5][1][1].astype(int) - 128).mean() > 3  # there is colour
    assert [path.parent.name for path in files_of(client)] == ["out"]


def test_a_film_in_a_container_that_is_not_written(client, tmp_path):
    film = write_film(tmp_path / "old.mkv", panned(3), pix_fmt="yuv444p")
    job = ended(client, begin(client, film.read_bytes(), "old.mpg"))
    assert job["status"] == "done"
    assert any("4:2:0" in note for note in job["items"][0]["notes"])
    answer = client.get(job["result"])
    assert 'filename="old.mkv"' in answer.headers["content-disposition"]


@pytest.mark.slow
def test_a_film_with_an_odd_name_and_tags_that_are_not_utf_8(client):
    data = (Path(__file__).parent.parent / "cases/film/tags_not_utf8.mp4").read_bytes()
    for name in ("scene:1.mp4", "100%d.mp4"):
        assert ended(client, begin(client, data, name))["status"] == "done"


def test_what_is_no_film(client):
    job = ended(client, begin(client, b"words " * 100))
    assert (job["status"], job["items"][0]["status"]) == ("failed", "failed")
    assert job["reason"].startswith("cannot read the film old.mkv: ")
    assert "failed: cannot read the film old.mkv" in problem(
        client.get(f"{JOBS}/{job['id']}/result"), 409
    )


def test_a_film_has_no_hints(client, small):
    for fields in ({"hints": "1,1,#ff0000"}, {"quality": 3}, {"format": "png"}):
        answer = client.post(JOBS, files={"film": ("old.mkv", small)}, data=fields)
        assert "only vividness and reference" in problem(answer, 422)


@pytest.mark.slow
def test_cancel_a_film_that_runs(client, small, monkeypatch):
    reached, go = threading.Event(), threading.Event()
    own = jobs._JobListener.progress

    def held(self, *args):
        reached.set()
        assert go.wait(30)
        own(self, *args)

    monkeypatch.setattr(jobs._JobListener, "progress", held)
    kept = files_of(client)
    job = begin(client, small)
    assert reached.wait(30)
    assert client.delete(f"{JOBS}/{job['id']}").status_code == 204
    go.set()
    until(lambda: files_of(client) == kept)
    assert ended(client, begin(client, small))["status"] == "done"


def test_without_the_extra(client, small, monkeypatch):
    def missing():
        raise MissingExtra("video", "colouring films")

    monkeypatch.setattr(job_api, "require_film", missing)
    answer = client.post(JOBS, files={"film": ("old.mkv", small)})
    assert "photochrom[video]" in problem(answer, 501)
