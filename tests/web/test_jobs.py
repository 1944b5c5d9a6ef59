"""Jobs are accepted, queried, downloaded, cancelled and deleted, and leave no file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.errors import OutputFailed
from photochrom.web.job_queue import Item, Job, Jobs
from photochrom.web.problems import Busy
from tests.services import (
    JOBS,
    begin,
    ended,
    files_of,
    held,
    jpeg,
    luma_plane,
    pixels,
    post,
    problem,
    service,
    until,
)
from tests.support import exact_luma, known_color_model, picture_bytes

ALBUM = {"consistent": "true"}


@pytest.fixture(scope="module")
def client(vivid):
    with service(vivid) as made:
        yield made


def fetch(client, job) -> zipfile.ZipFile:
    answer = client.get(job["result"])
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.content))


# --- photographs ----------------------------------------------------------------------------


def test_a_batch_with_one_bad_file(client, camera):
    job = begin(client, ("a.jpg", jpeg(camera)), ("b.png", b"words"), ("c.png", png(camera)))
    assert (job["kind"], job["total"], job["result"]) == ("photographs", 3, None)
    job = ended(client, job)
    assert (job["status"], job["done"], job["reason"]) == ("done", 3, "")
    assert job["ended"] >= job["created"]
    assert [(item["name"], item["status"]) for item in job["items"]] == [
        ("a.jpg", "done"),
        ("b.png", "failed"),
        ("c.png", "done"),
    ]
    reason = job["items"][1]["reason"]
    assert reason.startswith("expected a photograph; b.png is not")
    with fetch(client, job) as archive:
        assert archive.namelist() == ["a.jpg", "c.png"]
        read = np.asarray(Image.open(io.BytesIO(jpeg(camera))))
        np.testing.assert_array_equal(luma_plane(archive.read("a.jpg")), read)
        assert np.abs(exact_luma(pixels(archive.read("c.png"))) - camera).max() <= 1


def png(grey: np.ndarray) -> bytes:
    return picture_bytes(grey)


def test_names_that_meet_are_told_apart(client, camera):
    names = ["x/a.png", "y/a.png", "A.PNG", "../../a.png", "..", "con.png", "a.jpg", "blob"]
    job = ended(client, begin(client, *((name, png(camera)) for name in names)))
    with fetch(client, job) as archive:
        assert archive.namelist() == [
            "a.png",
            "a (2).png",
            "A (3).PNG",
            "a (4).png",
            "photograph.png",
            "_con.png",
            "a (5).png",
            "blob.png",
        ]


def test_fields_are_for_all(client, camera):
    photographs = [("a.jpg", jpeg(camera)), ("a.png", png(camera)), ("日" * 500, jpeg(camera))]
    job = ended(client, begin(client, *photographs, format="webp", quality=80))
    with fetch(client, job) as archive:
        assert archive.namelist() == ["a.webp", "a (2).webp", "日" * 53 + ".webp"]
        kinds = {Image.open(io.BytesIO(archive.read(each))).format for each in archive.namelist()}
        assert kinds == {"WEBP"}


def test_an_album_shares_its_colours(camera):
    lighter = (255 * (camera / 255) ** 0.8).astype(np.uint8)
    photographs = [("a.png", png(camera)), ("b.png", png(lighter)), ("c.png", b"words")]
    with service(Colorizer(known_color_model(compares=True))) as client:
        jobs = [ended(client, begin(client, *photographs, **how)) for how in ({}, ALBUM)]
        assert [(job["compared"], job["done"], job["total"]) for job in jobs] == [
            (0, 3, 3),
            (3, 3, 3),
        ]
        apart, together = (fetch(client, job) for job in jobs)
        assert together.namelist() == ["a.png", "b.png"]
        first, second = (pixels(archive.read("a.png")) for archive in (apart, together))
    assert (first != second).any()
    assert np.abs(exact_luma(second) - camera).max() <= 1


def test_an_album_needs_a_model_that_compares_and_photographs(client, camera):
    job = ended(client, begin(client, ("a.jpg", jpeg(camera)), **ALBUM))
    assert "expected a model that can compare photographs" in job["reason"]
    film = [("film", ("a.mp4", b"b"))]
    assert "received consistent" in problem(client.post(JOBS, files=film, data=ALBUM), 422)
    assert "unknown field 'consistent'" in problem(
        post(client, jpeg(camera), variants=2, **ALBUM), 422
    )


def test_a_job_of_which_nothing_comes_has_failed(client):
    job = ended(client, begin(client, ("a.jpg", b"none"), ("b.png", b"at all")))
    assert (job["status"], job["result"]) == ("failed", None)
    assert job["reason"] == "none of the photographs could be coloured"
    assert {each["status"] for each in job["items"]} == {"failed"}
    problem(client.get(f"{JOBS}/{job['id']}/result"), 409)


def test_the_result_of_many_is_named_and_comes_in_parts(client, camera):
    job = ended(client, begin(client, ("a.jpg", jpeg(camera))))
    whole = client.get(job["result"])
    assert 'filename="coloured.zip"' in whole.headers["content-disposition"]
    assert whole.headers["content-type"] == "application/zip"
    part = client.get(job["result"], headers={"range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    problem(client.get(job["result"], headers={"range": "bytes=9999999-"}), 416)
    problem(client.get(job["result"], headers={"range": "bytes=a-b"}), 400)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "either photographs or a film"),
        ([("photographs", ("a.jpg", b"a")), ("film", ("a.mp4", b"b"))], "either photographs"),
    ],
)
def test_a_job_of_nothing_or_of_both(files, words, client):
    sent = files or [("vividness", (None, "0.5"))]
    assert words in problem(client.post(JOBS, files=sent), 422)


def test_a_mistake_in_a_field_leaves_no_files(client, camera):
    before = files_of(client)
    files = [("photographs", ("a.jpg", jpeg(camera)))]
    problem(client.post(JOBS, files=files, data={"hints": "red"}), 422)
    assert files_of(client) == before


def test_too_many_files(vivid, camera):
    with service(vivid, files=2) as client:
        files = [("photographs", (f"{n}.jpg", jpeg(camera))) for n in range(3)]
        assert "expected 2 photographs at most" in problem(client.post(JOBS, files=files), 422)
        problem(client.post(JOBS, files=files * 2), 400)


# --- asking, waiting, cancelling ------------------------------------------------------------


def test_no_such_job(client):
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        problem(client.request(method, f"{JOBS}/nothing{path}"), 404)


def test_a_result_before_it_is_done(camera):
    with held() as (colorizer, client):
        job = begin(client, ("a.jpg", jpeg(camera)))
        colorizer.begun.acquire()
        assert client.get(f"{JOBS}/{job['id']}").json()["status"] == "running"
        assert "this one is running" in problem(client.get(f"{JOBS}/{job['id']}/result"), 409)
        colorizer.go.set()
        assert ended(client, job)["status"] == "done"
        assert client.get(f"{JOBS}/{job['id']}/result").status_code == 200


def test_cancel_while_it_waits(camera):
    with held() as (colorizer, client):
        first = begin(client, ("a.jpg", jpeg(camera)))
        colorizer.begun.acquire()
        second = begin(client, ("b.jpg", jpeg(camera)))
        assert {path.name for path in files_of(client)} >= {"a.jpg", "b.jpg"}
        assert client.delete(f"{JOBS}/{second['id']}").status_code == 204
        problem(client.get(f"{JOBS}/{second['id']}"), 404)
        assert "b.jpg" not in {path.name for path in files_of(client)}
        colorizer.go.set()
        assert ended(client, first)["status"] == "done"


def test_cancel_while_it_runs(camera):
    with held() as (colorizer, client):
        photographs = [(f"{n}.jpg", jpeg(camera)) for n in range(20)]
        job = begin(client, *photographs)
        colorizer.begun.acquire()
        assert client.delete(f"{JOBS}/{job['id']}").status_code == 204
        problem(client.get(f"{JOBS}/{job['id']}"), 404)
        colorizer.go.set()
        until(lambda: not files_of(client))
        coloured = sum(colorizer.begun.acquire(blocking=False) for _ in photographs)
        assert coloured < len(photographs) - 1
        assert ended(client, begin(client, photographs[0]))["status"] == "done"


def test_delete_what_is_done(client, camera):
    job = ended(client, begin(client, ("a.jpg", jpeg(camera))))
    kept = len(files_of(client))
    assert client.delete(f"{JOBS}/{job['id']}").status_code == 204
    assert len(files_of(client)) == kept - 1
    problem(client.get(job["result"]), 404)
    problem(client.delete(f"{JOBS}/{job['id']}"), 404)


def test_originals_go_when_they_are_done_and_results_when_they_are_old(vivid, camera):
    with service(vivid, kept=0.3) as client:
        job = begin(client, ("a.jpg", jpeg(camera)), ("b.jpg", jpeg(camera)))
        until(lambda: client.get(f"{JOBS}/{job['id']}").status_code == 404)
        until(lambda: not files_of(client))


def test_only_the_latest_results_are_kept(vivid, camera):
    with service(vivid, results=2) as client:
        jobs = [ended(client, begin(client, ("a.jpg", jpeg(camera)))) for _ in range(4)]
        until(lambda: len(files_of(client)) == 2)
        found = [client.get(f"{JOBS}/{job['id']}").status_code for job in jobs]
        assert found == [404, 404, 200, 200]


def test_too_many_jobs(camera):
    with held(jobs=2) as (colorizer, client):
        jobs = [begin(client, ("a.jpg", jpeg(camera))) for _ in range(2)]
        before = len(files_of(client))
        answer = client.post(JOBS, files=[("photographs", ("c.jpg", jpeg(camera)))])
        assert "2 jobs wait or run already" in problem(answer, 429)
        assert int(answer.headers["retry-after"]) > 0
        assert len(files_of(client)) == before
        colorizer.go.set()
        assert [ended(client, job)["status"] for job in jobs] == ["done", "done"]
        begin(client, ("c.jpg", jpeg(camera)))


def test_jobs_are_counted(camera):
    with held() as (colorizer, client):
        begin(client, ("a.jpg", jpeg(camera)))
        colorizer.begun.acquire()
        begin(client, ("b.jpg", jpeg(camera)))
        text = client.get("/metrics").text
        assert 'photochrom_jobs{status="running"} 1.0' in text
        assert 'photochrom_jobs{status="queued"} 1.0' in text


def test_the_folder_goes_with_the_service(vivid, camera):
    with service(vivid) as client:
        ended(client, begin(client, ("a.jpg", jpeg(camera))))
        folder = client.app.state.service.folder
        assert list(folder.iterdir())
    assert not folder.exists()


# --- the queue itself -----------------------------------------------------------------------


def make_job(tmp_path: Path, work, name: str = "a.jpg") -> Job:
    folder = tmp_path / name
    folder.mkdir()
    (folder / name).write_bytes(b"data")
    return Job("photographs", folder, [Item(name)], work)


def over(job: Job) -> Job:
    until(lambda: job.is_over)
    return job


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutputFailed("the disk is full"), "the disk is full"),
        (OSError(28, "No space left"), "No space left"),
        (ZeroDivisionError("secret"), "the job failed unexpectedly"),
    ],
)
def test_a_job_that_fails_leaves_no_files_and_the_next_is_done(error, words, tmp_path, caplog):
    def fail(job):
        raise error

    jobs = Jobs(2, 60, 10)
    failed, fine = make_job(tmp_path, fail), make_job(tmp_path, lambda job: tmp_path, "b.jpg")
    jobs.add(failed)
    over(failed)
    jobs.add(fine)
    assert over(fine).status == "done"
    assert failed.status == failed.items[0].status == "failed"
    assert words in failed.reason
    assert "secret" not in failed.reason
    until(lambda: not failed.folder.exists())
    jobs.close(1)


def test_the_end_cancels_what_waits_and_gives_what_runs_its_time(tmp_path):
    jobs = Jobs(3, 60, 10)

    def patient(job: Job) -> Path:
        until(lambda: not jobs._open)
        return tmp_path

    def endless(job: Job) -> Path:
        while True:
            job.raise_if_cancelled()

    first, second = make_job(tmp_path, patient), make_job(tmp_path, endless, "b.jpg")
    jobs.add(first)
    until(lambda: first.status == "running")
    jobs.add(second)
    jobs.close(30)
    assert (first.status, second.status) == ("done", "cancelled")
    with pytest.raises(Busy, match="is stopping"):
        jobs.add(make_job(tmp_path, patient, "c.jpg"))

    jobs = Jobs(3, 60, 10)
    third = make_job(tmp_path, endless, "d.jpg")
    jobs.add(third)
    until(lambda: third.status == "running")
    jobs.close(0)
    assert third.status == "cancelled"
