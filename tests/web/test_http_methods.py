"""HEAD works wherever GET does, 405 elsewhere; unexpected bodies do no harm."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from starlette.responses import StreamingResponse

from photochrom.web import Limits, Settings
from photochrom.web.http_methods import HeadMiddleware
from photochrom.web.security import SecurityMiddleware
from tests.services import COLORIZE, JOBS, begin, ended, jpeg, problem, service


@pytest.fixture(scope="module")
def client(warm):
    with service(warm) as made:
        yield made


@pytest.fixture(scope="module")
def result(client, camera) -> str:
    return ended(client, begin(client, ("a.jpg", jpeg(camera))))["result"]


@pytest.mark.parametrize(
    "path", ["/healthz", "/openapi.json", "/docs", "/nothing", f"{JOBS}/x", f"{JOBS}/x/result"]
)
def test_head_gets_the_headers_of_get(path, client):
    got, asked = client.get(path), client.head(path)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    assert dict(asked.headers) == dict(got.headers)


def test_head_for_what_changes_from_request_to_request(client):
    asked = client.head("/metrics")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"].startswith("text/plain")


def test_head_says_how_large_a_result_is(client, result):
    got, asked = client.get(result), client.head(result)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers == got.headers
    assert int(asked.headers["content-length"]) == len(got.content)
    assert client.head(result.rpartition("/")[0]).status_code == 200
    part = client.head(result, headers={"range": "bytes=2-5"})
    assert (part.status_code, part.headers["content-length"], part.content) == (206, "4", b"")


def test_head_of_a_film_does_not_read_it(tmp_path):
    from starlette.responses import FileResponse

    async def app(scope, receive, send):
        assert "http.response.pathsend" in scope["extensions"]
        await FileResponse(tmp_path / "film")(scope, receive, send)

    (tmp_path / "film").write_bytes(b"film" * 1000)
    sent = asyncio.run(exchange(HeadMiddleware(app), "HEAD", "/api/v1/jobs/x/result"))
    assert [each["type"] for each in sent] == ["http.response.start", "http.response.body"]
    assert (b"content-length", b"4000") in sent[0]["headers"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("HEAD", COLORIZE, "POST"),
        ("GET", COLORIZE, "POST"),
        ("OPTIONS", JOBS, "POST"),
        ("PUT", f"{JOBS}/x", "DELETE, GET, HEAD"),
        ("DELETE", f"{JOBS}/x/result", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_ones_there_are(method, path, allowed, client):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    if method != "HEAD":
        problem(answer, 405)


# --- bodies that nobody asked for -----------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    "kind", [None, "application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_body_is_ignored_where_none_is_expected(method, kind, client):
    headers = {"content-type": kind} if kind else {}
    for path in ("/healthz", f"{JOBS}/x", COLORIZE):
        without = client.request(method, path)
        answer = client.request(method, path, content=b"{\xff --x", headers=headers)
        assert (answer.status_code, answer.content) == (without.status_code, without.content)


@pytest.mark.parametrize("body", [[b"a" * 3_000_000], None])
def test_a_stream_that_has_begun_ends_quietly_when_the_body_is_refused(body, caplog):
    """Routes for GET answer before they have read the body, if there is one."""

    async def endless():
        while True:
            yield b"data"
            await asyncio.sleep(0)

    async def app(scope, receive, send):
        await StreamingResponse(endless())(scope, receive, send)

    settings = Settings(limits=Limits(silence=0.05))
    guarded = SecurityMiddleware(app, settings, set(), asyncio.Event())
    sent = asyncio.run(asyncio.wait_for(exchange(guarded, "GET", "/stream", body), 30))
    assert sent[0]["status"] == 200
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def exchange(
    app: Any, method: str, path: str, body: list[bytes] | None = ()
) -> list[dict[str, Any]]:
    """Return what an application sends for a request; a body of None never arrives."""
    sent, chunks = [], list(body or ())

    async def receive() -> dict[str, Any]:
        if body is None or (body and not chunks):
            await asyncio.Event().wait()
        data = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": data, "more_body": bool(body)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"host", b"localhost")]}
    await app(scope, receive, send)
    return sent
