"""Access control and limits: tokens, sizes and simultaneous requests."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from photochrom.cli.app import app
from photochrom.errors import ConfigError
from photochrom.web import Limits, Settings
from photochrom.web.problems import Busy
from photochrom.web.settings import read_token
from photochrom.web.worker_queue import ClientDisconnected, WorkerQueue
from tests.services import (
    COLORIZE,
    JOBS,
    begin,
    files_of,
    held,
    jpeg,
    later,
    post,
    problem,
    service,
    until,
)

TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module")
def client(warm):
    with service(warm) as made:
        yield made


@pytest.fixture(scope="module")
def locked(warm):
    """A service that wants a token."""
    with service(warm, Settings(host="0.0.0.0", page=False, token=TOKEN)) as made:
        yield made


@pytest.fixture(autouse=True)
def no_cookies(locked):
    locked.cookies.clear()


# --- hosts and origins ----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:8765"])
def test_this_machine(host, client):
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "[", "", "a@b:c", "127.0.0.1@evil.example"]
)
def test_another_machine(host, client):
    assert "this machine" in problem(client.get("/healthz", headers={"host": host}), 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_page(headers, client, camera):
    files = {"image": ("a.jpg", jpeg(camera))}
    problem(client.post(COLORIZE, files=files, headers=headers), 403)
    problem(client.delete(f"{JOBS}/x", headers=headers), 403)
    assert client.get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8765"}, {"sec-fetch-site": "same-origin"}]
)
def test_a_program_and_our_own_page(headers, client, camera):
    files = {"image": ("a.jpg", jpeg(camera))}
    assert client.post(COLORIZE, files=files, headers=headers).status_code == 200


# --- the token ------------------------------------------------------------------------------


def test_a_program_shows_the_token(locked, camera):
    files = {"image": ("a.jpg", jpeg(camera))}
    answer = locked.post(COLORIZE, files=files)
    assert "Bearer" in problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    for shown in ("Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer \xff"):
        problem(locked.get("/metrics", headers={"authorization": shown.encode("latin-1")}), 401)
    headers = {"authorization": f"bearer {TOKEN}"}
    assert locked.post(COLORIZE, files=files, headers=headers).status_code == 200
    assert locked.get("/metrics", headers=headers).status_code == 200
    assert locked.get("/healthz").status_code == 200  # open to all


def test_a_person_logs_in(locked):
    asked = locked.get("/docs", headers={"accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/login")
    assert "token" in locked.get("/login").text
    refused = locked.post("/login", data={"token": "wrong"})
    assert refused.status_code == 403
    assert "This token is wrong" in refused.text
    assert "set-cookie" not in refused.headers
    entered = locked.post("/login", data={"token": TOKEN})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert locked.get("/metrics").status_code == 200


def test_other_cookies_of_the_host_do_not_lock_out(locked):
    """Cookies are shared by all ports, so those of other programs arrive too, even odd ones."""
    entered = locked.post("/login", data={"token": TOKEN}, follow_redirects=False)
    mine = entered.headers["set-cookie"].partition(";")[0]
    locked.cookies.clear()
    for others in ('x={"a": 1}', "k[0]=v", "=", "u=Jos\xe9"):
        header = f"{others}; {mine}".encode("latin-1")
        assert locked.get("/metrics", headers={"cookie": header}).status_code == 200


@pytest.mark.parametrize("cookie", ["photochrom=guess", "photochrom=", "photochrom", "a=b;;=", "["])
def test_a_cookie_that_is_none(cookie, locked):
    problem(locked.get("/metrics", headers={"cookie": cookie}), 401)


def test_without_a_token_there_is_no_login(client):
    problem(client.get("/login"), 404)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org", ""])
def test_elsewhere_only_with_a_token(host):
    with pytest.raises(ConfigError, match="expected a token to serve at"):
        Settings(host=host)
    assert TOKEN not in repr(Settings(host=host, token=TOKEN))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_here_without_one(host):
    assert Settings(host=host).token == ""


def test_the_command_refuses_to_serve_elsewhere_without_a_token():
    done = CliRunner().invoke(app, ["serve", "--no-page", "--host", "0.0.0.0", "--port", "0"])
    assert done.exit_code == 2
    assert "--token-file" in done.stderr


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "No such file"),
        (b"", "at least 16"),
        (b"short\n", "received 5"),
        (b"\xff" * 20, "expected a token in"),
        ("ä".encode() * 20, "ASCII"),
    ],
)
def test_a_token_that_is_none(data, words, tmp_path):
    path = tmp_path / "token"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=words):
        read_token(path)
    path.write_text(f"{TOKEN}\nand more\n")
    assert read_token(path) == TOKEN


# --- headers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "host"),
    [
        ("/healthz", 200, "localhost"),
        ("/docs", 200, "localhost"),
        ("/nothing", 404, "localhost"),
        ("/api/v1/jobs/x", 404, "localhost"),
        ("/healthz", 421, "evil.example"),
    ],
)
def test_headers_that_keep_browsers_in_bounds(path, status, host, client):
    answer = client.get(path, headers={"host": host, "origin": "http://evil.example"})
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert ("sandbox" in answer.headers["content-security-policy"]) == path.startswith("/api/")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_they_are_on_what_fails_too(broken, camera):
    from photochrom import Colorizer

    with service(Colorizer(broken)) as client:
        assert post(client, jpeg(camera)).headers["x-frame-options"] == "DENY"


def test_no_other_page_is_let_in(client):
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = client.options(COLORIZE, headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_there_are_no_web_sockets(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/healthz"):
        pass


# --- how much -------------------------------------------------------------------------------


def test_too_many_bytes(warm):
    with service(warm, bytes=1000, job_bytes=2000) as client:
        for path, most in ((COLORIZE, "1,000"), (JOBS, "2,000")):
            files = {"image": ("a.jpg", b"a" * 5000)}
            assert f"expected {most} bytes at most" in problem(client.post(path, files=files), 413)
            kind = {"content-type": "multipart/form-data; boundary=x"}
            body = (b"-" * 500 for _ in range(10))  # of unknown length
            assert most in problem(client.post(path, content=body, headers=kind), 413)


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 19, "-1", "²", "0x10", ""])
def test_lengths_that_are_none(length, client):
    headers = {"content-length": length.encode("utf-8")}
    problem(client.request("GET", "/healthz", headers=headers), 413)


def test_other_requests_are_small(client):
    problem(client.post("/healthz", content=b"a" * 2_000_001), 413)


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "zlib", "\x00", "é"])
def test_odd_charsets(charset, client):
    """Python would take minutes for a megabyte of punycode."""
    kind = f"multipart/form-data; charset={charset}; boundary=x".encode()
    problem(client.post(COLORIZE, content=b"--x--", headers={"content-type": kind}), 415)


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_charsets_that_clients_name(charset, client):
    kind = f"multipart/form-data; charset={charset}; boundary=x"
    answer = client.post(COLORIZE, content=b"--x--\r\n", headers={"content-type": kind})
    assert "image" in problem(answer, 422)


def test_too_many_uploads_at_once(warm, camera):
    with service(warm, uploads=0) as client:
        answer = post(client, jpeg(camera))
        assert "uploads are under way" in problem(answer, 429)
        assert answer.headers["retry-after"] == "5"


def test_a_full_disk(warm, camera):
    with service(warm, spare=10**18) as client:
        problem(post(client, jpeg(camera)), 507)
        problem(client.post(JOBS, files={"film": ("a.mp4", b"film")}), 507)
        assert not files_of(client)


# --- how many -------------------------------------------------------------------------------


def one_at_a_time(**limits) -> Settings:
    return Settings(page=False, workers=1, limits=Limits(**limits))


def test_a_full_queue(camera):
    with held(one_at_a_time(waiting=1)) as (colorizer, client):
        first = later(lambda: post(client, jpeg(camera)))
        colorizer.begun.acquire()
        second = later(lambda: post(client, jpeg(camera)))
        until(lambda: client.app.state.service.worker_queue.occupied == 2)

        def body():
            raise AssertionError("it was read")
            yield b""

        kind = {"content-type": "multipart/form-data; boundary=x"}
        answer = client.post(COLORIZE, content=body(), headers=kind)
        assert "busy with 2 requests" in problem(answer, 429)
        assert int(answer.headers["retry-after"]) >= 1
        job = begin(client, ("a.jpg", jpeg(camera)))  # jobs have a queue of their own
        assert client.delete(f"{JOBS}/{job['id']}").status_code == 204
        colorizer.go.set()
        assert (first().status_code, second().status_code) == (200, 200)
        assert post(client, jpeg(camera)).status_code == 200


def test_one_that_takes_too_long(camera):
    with held(one_at_a_time(waiting=1, seconds=0.05)) as (colorizer, client):
        answer = post(client, jpeg(camera))
        assert "longer than 0.05 s" in problem(answer, 503)
        assert answer.headers["retry-after"] == "5"
        queue = client.app.state.service.worker_queue
        assert queue.occupied == 1  # what has begun keeps its place
        problem(post(client, jpeg(camera)), 503)  # this one never begins
        until(lambda: queue.occupied == 1)
        colorizer.go.set()
        until(lambda: queue.occupied == 0)
        assert colorizer.begun.acquire(blocking=False)
        assert not colorizer.begun.acquire(blocking=False)


def run(made) -> object:
    return asyncio.run(asyncio.wait_for(made, 30))


async def never() -> None:
    await asyncio.Event().wait()


def test_an_error_gives_its_place_back():
    async def check() -> None:
        queue = WorkerQueue(1, 0, 10)
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 / 0, unless=never())
        assert queue.occupied == 0
        assert await queue.run(lambda: 5, unless=never()) == 5
        queue.close()

    run(check())


def test_who_hangs_up_is_not_worked_for():
    async def check() -> None:
        queue, go, done = WorkerQueue(1, 3, 10), threading.Event(), []
        first = asyncio.create_task(queue.run(go.wait, unless=never()))
        await asyncio.sleep(0)
        gone = asyncio.Event()
        second = asyncio.create_task(queue.run(lambda: done.append(2), unless=gone.wait()))
        third = asyncio.create_task(queue.run(lambda: done.append(3), unless=never()))
        await asyncio.sleep(0)
        assert queue.occupied == 3
        gone.set()
        with pytest.raises(ClientDisconnected):
            await second
        go.set()
        await asyncio.gather(first, third)
        assert done == [3]
        assert queue.occupied == 0
        queue.close()

    run(check())


def test_nothing_is_begun_after_the_end():
    async def check() -> None:
        queue = WorkerQueue(1, 0, 10)
        queue.close()
        with pytest.raises(Busy, match="is stopping"):
            await queue.run(lambda: 5, unless=never())

    run(check())


def test_a_task_that_is_cancelled_leaves_the_place_to_what_has_begun():
    async def check() -> None:
        queue, go = WorkerQueue(1, 0, 10), threading.Event()
        task = asyncio.create_task(queue.run(go.wait, unless=never()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(Busy):
            await queue.run(go.wait, unless=never())
        go.set()
        while queue.occupied:
            await asyncio.sleep(0.01)
        queue.close()

    run(check())
