"""The service as a process: signals, sockets, and clients that do not behave."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import uvicorn
from uvicorn.server import ServerState

from photochrom.errors import AddressInUse, ConfigError
from photochrom.web import Settings, protocol
from photochrom.web.server import _next_free_port, _open_listener
from tests.services import (
    COLORIZE,
    COMMAND,
    PROBLEM,
    is_coloured,
    jpeg,
    later,
    problem,
    serving,
    stop,
    until,
)
from tests.support import picture_bytes

SERVED = """
import sys, time
from pathlib import Path
from photochrom import Colorizer
from photochrom.web import Limits, Settings
from photochrom.web.server import serve

class Held(Colorizer):
    def predict(self, *source, **how):
        begun, go = Path("begun"), Path("go")
        begun.touch()
        while Path("hold").exists() and not go.exists():
            time.sleep(0.01)
        return super().predict(*source, **how)

limits = Limits(silence=0.8, seconds=20, upload_rate=10**9, bytes=10**7)
serve(Held(sys.argv[1]), Settings(port=0, page=False, workers=1, limits=limits),
      lambda place: print("serving at", place, file=sys.stderr, flush=True))
"""


@pytest.fixture
def command(tmp_path, model_folder):
    with serving(tmp_path, COMMAND, PHOTOCHROM_MODEL=str(model_folder)) as made:
        yield made


# --- as it is begun and ended ---------------------------------------------------------------


@pytest.mark.slow
def test_the_command(command, tmp_path, camera):
    process, place = command
    with httpx.Client(base_url=place) as client:
        answer = client.post(COLORIZE, files={"image": ("a.jpg", jpeg(camera))})
        assert is_coloured(answer.content)
        assert "server" not in answer.headers
        assert client.get("/docs").status_code == 200
        assert "gradio" not in (tmp_path / "said").read_text()
        # the connection is still open
        assert stop(process) == 0
    assert not list(tmp_path.glob("photochrom-*"))


@pytest.mark.slow
def test_ctrl_c_is_no_failure(command):
    assert stop(command[0], signal.SIGINT) == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["serve", "web"])
def test_a_second_start_names_the_address_and_offers_the_next_port(command, model_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = {"serve": "--no-page", "web": "--no-browser"}[command]
        done = subprocess.run(
            [sys.executable, "-m", "photochrom", command, options, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PHOTOCHROM_MODEL": str(model_folder)},
        )
    assert done.returncode == 2
    assert f"127.0.0.1, port {port}, is in use, perhaps by another Photochrom" in done.stderr
    offered = re.search(r"port (\d+) is free \(--port \1\)", done.stderr)
    assert offered
    assert port < int(offered[1]) <= port + 20
    assert "Traceback" not in done.stderr


def test_the_port_that_is_offered_is_free_and_none_is_offered_where_none_is():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse) as caught:
            _open_listener(Settings(port=port))
        with _open_listener(Settings(port=caught.value.free_port)):
            with pytest.raises(AddressInUse) as again:
                _open_listener(Settings(port=port))
            assert again.value.free_port > caught.value.free_port
    assert _next_free_port("127.0.0.1", 65535) == 0


def test_an_address_that_is_not_of_this_machine():
    settings = Settings(host="203.0.113.1", port=0, token="a token of 16 letters")
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.1") as caught:
        _open_listener(settings)
    assert not isinstance(caught.value, AddressInUse)


@pytest.mark.slow
def test_what_runs_may_end(tmp_path, model_folder, camera):
    with serving(tmp_path, ["-c", SERVED, str(model_folder)]) as (process, place):
        (tmp_path / "begun").unlink()  # of a photograph that warms it up
        (tmp_path / "hold").touch()
        files = {"image": ("a.jpg", jpeg(camera))}
        answer = later(lambda: httpx.post(place + COLORIZE, files=files, timeout=30))
        until((tmp_path / "begun").exists)
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(place))
        (tmp_path / "go").touch()
        assert is_coloured(answer().content)
        assert process.wait(30) == 0


def listens(place: str) -> bool:
    url = httpx.URL(place)
    try:
        socket.create_connection((url.host, url.port), 5).close()
    except OSError:
        return False
    return True


# --- clients that do not behave -------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(tmp_path_factory, model_folder):
    """A service with time limits of 0.8 seconds."""
    place = tmp_path_factory.mktemp("impatient")
    with serving(place, ["-c", SERVED, str(model_folder)]) as (process, url):
        yield process, httpx.URL(url)
        assert httpx.get(f"{url}/healthz").status_code == 200
        metrics = httpx.get(f"{url}/metrics").text
        assert "photochrom_requests_pending 0.0" in metrics
        assert 'status="500"' not in metrics
        assert stop(process) == 0


@contextmanager
def talking(impatient, sent: bytes = b"") -> Iterator[socket.socket]:
    _, url = impatient
    with socket.create_connection((url.host, url.port), 30) as client:
        client.sendall(sent)
        yield client


def heard(client: socket.socket) -> bytes:
    """Receive everything until the other side closes the connection."""
    found = b""
    try:
        while part := client.recv(1 << 16):
            found += part
    except ConnectionError:
        pass
    return found


def head(length: object = None) -> bytes:
    kind = "multipart/form-data; boundary=x"
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"POST {COLORIZE} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", size]
    return "\r\n".join([*lines, "", ""]).encode()


def status_of(answer: bytes) -> int:
    """Return the status of a response, and check that its body is a problem."""
    first, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-type: {PROBLEM}".encode() in first.lower()
    found = json.loads(body)["status"]
    assert found == int(first.split()[1])
    return int(found)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local", b"P"])
def test_a_header_that_does_not_come(sent, impatient):
    with talking(impatient, sent) as client:
        assert heard(client) == b""


def test_a_header_that_never_ends(impatient):
    with talking(impatient, b"GET / HTTP/1.1\r\n") as client:
        client.settimeout(0.05)
        assert endlessly(client, b"a: b\r\n") == b""


def endlessly(client: socket.socket, part: bytes) -> bytes:
    """Send the same bytes until the other side closes, and return what it sent meanwhile."""
    found = b""
    while True:
        try:
            client.sendall(part)
            if not (came := client.recv(1 << 16)):
                return found
            found += came
        except TimeoutError:
            continue
        except ConnectionError:
            return found


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"--x\r\nContent-Disposition: form-data"])
def test_a_body_that_stops(sent, impatient):
    with talking(impatient, head(1000) + sent) as client:
        assert status_of(heard(client)) == 408


@pytest.mark.slow
def test_a_body_that_is_refused_is_not_heard_for_ever(impatient):
    with talking(impatient, head(10**15)) as client:
        client.settimeout(0.05)
        assert status_of(endlessly(client, b"more")) == 413
    with talking(impatient, head() + b"5\r\n--x\r\n\r\n") as client:
        client.settimeout(0.05)
        assert status_of(endlessly(client, b"5\r\n?????\r\n")) == 400


@pytest.mark.slow
def test_an_answer_that_nobody_reads(impatient):
    process, url = impatient
    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    form += picture_bytes(np.zeros((3000, 3000), np.uint8), "JPEG")
    form += b'\r\n--x\r\nContent-Disposition: form-data; name="format"\r\n\r\nbmp\r\n--x--\r\n'
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        client.settimeout(30)
        client.connect((url.host, url.port))
        port = client.getsockname()[1]
        client.sendall(head(len(form)) + form)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        until(lambda: not holds(process.pid, port))
        assert len(heard(client)) < 27_000_000


def holds(pid: int, port: int) -> bool:
    """Whether a process still has the other end of that connection."""
    found = psutil.Process(pid).net_connections("tcp")
    return any(each.raddr and each.raddr.port == port for each in found)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(200),  # TLS
        b"\0" * 1000,
        b"HELO example.org\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 100_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: a\r\n" * 30_000,
        b"GET /" + b"a" * 300_000,
        head() + b"this is no chunk\r\n",
    ],
)
def test_what_is_not_http(sent, impatient):
    with talking(impatient, sent) as client:
        assert status_of(heard(client)) == 400


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS"])
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nabcde",
        b"Content-Length: 9\r\n\r\nabcde",  # the rest does not come
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n\r\n",  # no chunk
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_body_where_none_is_expected_gets_one_answer_and_no_traceback(method, body, impatient):
    for path in (b"/healthz", b"/api/v1/jobs/x"):
        asked = method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        with talking(impatient, asked + body) as client:
            answer = heard(client)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.split()[1] in (b"200", b"204", b"400", b"404", b"405")


def test_an_upload_that_is_broken_off(impatient):
    for end in (socket.SHUT_WR, socket.SHUT_RDWR):
        with talking(impatient, head(1000) + b"--x\r\n") as client:
            client.shutdown(end)
            assert heard(client) == b""


def test_who_hangs_up_while_waiting_is_not_worked_for(impatient, camera):
    process, url = impatient
    here = Path(psutil.Process(process.pid).cwd())
    (here / "begun").unlink(missing_ok=True)
    (here / "hold").touch()
    files = {"image": ("a.jpg", jpeg(camera))}
    first = later(lambda: httpx.post(f"{url}{COLORIZE}", files=files, timeout=30))
    until((here / "begun").exists)
    asked = httpx.Request("POST", f"{url}{COLORIZE}", files=files)
    with talking(impatient, head(len(asked.read())).replace(b"=x", boundary(asked))) as client:
        client.sendall(asked.content)
        until(lambda: "photochrom_requests_pending 2.0" in httpx.get(f"{url}/metrics").text)
    until(lambda: "photochrom_requests_pending 1.0" in httpx.get(f"{url}/metrics").text)
    (here / "hold").unlink()
    assert is_coloured(first().content)
    assert 'status="499"} 1.0' in httpx.get(f"{url}/metrics").text


def boundary(request: httpx.Request) -> bytes:
    return b"=" + request.headers["content-type"].partition("boundary=")[2].encode()


def test_one_after_another_on_one_connection(impatient):
    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with talking(impatient, asked * 5 + last) as client:
        assert heard(client).count(b"200 OK") == 6


@pytest.mark.slow
def test_a_problem_over_the_network(impatient):
    _, url = impatient
    problem(httpx.post(f"{url}{COLORIZE}", files={"image": ("a.jpg", b"words")}), 422)


# --- how long a reader may take -------------------------------------------------------------


class Transport(asyncio.Transport):
    """A transport with a given number of bytes waiting to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.aborted = 0, False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Clock:
    """An event loop whose time advances only when a test says so."""

    def __init__(self) -> None:
        self.timers: list[tuple[Any, Any]] = []

    def call_later(self, seconds: float, do: Any) -> Any:
        handle = SimpleNamespace(cancelled=False)
        handle.cancel = lambda: setattr(handle, "cancelled", True)
        self.timers.append((handle, do))
        return handle

    def strike(self) -> None:
        """Let all timers expire."""
        due, self.timers = self.timers, []
        for handle, do in due:
            if not handle.cancelled:
                do()


@pytest.mark.slow
def test_who_reads_slowly_is_waited_for_and_who_reads_nothing_is_not():
    clock, transport = Clock(), Transport()
    config = uvicorn.Config(lambda: None, log_config=None, ws="none")
    state = ServerState()
    connection = protocol.protocol_with_timeouts(20)(config, state, {}, _loop=clock)
    connection.connection_made(transport)
    connection.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    connection._stop_timer("header")
    transport.waiting = 1000
    connection.pause_writing()
    for waiting in (999, 500, 499):
        transport.waiting = waiting
        clock.strike()
        assert not transport.aborted
    connection.resume_writing()
    clock.strike()
    assert not transport.aborted
    connection.pause_writing()
    clock.strike()
    assert transport.aborted
