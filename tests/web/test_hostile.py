"""Each hostile upload gets a problem or a picture; never a 500, and memory stays where it was."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil
import pytest

from tests.hostile import FORMS, GREY, HTML, PICTURES
from tests.services import COLORIZE, COMMAND, JOBS, begin, ended, pixels, post, problem, serving
from tests.support import exact_luma

TABLE = Path(__file__).parents[2] / "docs" / "service.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory, model_folder):
    """A client of a process that takes four megapixels, and the process."""
    place = tmp_path_factory.mktemp("hostile")
    command = [*COMMAND, "--max-megapixels", "4", "--workers", "1"]
    with (
        serving(place, command, PHOTOCHROM_MODEL=str(model_folder)) as (process, url),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, psutil.Process(process.pid)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_hostile_picture(name, served):
    client, _ = served
    make, status = PICTURES[name]
    answer = post(client, make(), "scan.jpg")
    check_response(name, answer, status)
    # A comment is kept, as metadata are; no browser runs it, since the type is stated as final.
    assert HTML not in answer.content or "comment" in name


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form(name, served):
    client, _ = served
    make, kind, status = FORMS[name]
    headers = {"content-type": kind} if kind else {}
    check_response(name, client.post(COLORIZE, content=make(), headers=headers), status)


def check_response(name: str, answer: httpx.Response, status: int) -> None:
    """Check the response to a hostile upload, and print a line of the table."""
    assert f"| {name} | {status} |" in TABLE.read_text(encoding="utf-8")
    if status == 200:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("image/")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert ".." not in answer.headers["content-disposition"]
        assert pixels(answer.content).shape[2] == 3
    else:
        problem(answer, status)


@pytest.mark.slow
def test_all_at_once_as_a_job(served):
    client, _ = served
    files = [(f"{n}", make()) for n, (make, _) in enumerate(PICTURES.values())]
    job = ended(client, begin(client, *files))
    assert job["status"] == "done"
    found = [item["status"] for item in job["items"]]
    assert found == ["done" if each == 200 else "failed" for _, each in PICTURES.values()]
    assert client.delete(f"{JOBS}/{job['id']}").status_code == 204


@pytest.mark.slow
def test_afterwards_it_is_well(served):
    client, process = served
    answer = client.get("/metrics").text
    assert 'status="500"' not in answer
    assert "photochrom_requests_pending 0.0" in answer
    make, _ = PICTURES["JPEG with a zip after it"]
    assert abs(exact_luma(pixels(post(client, make()).content)) - GREY).mean() < 3
    assert process.memory_info().rss < 700_000_000
