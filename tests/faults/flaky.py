"""A proxy that disturbs what passes through it, for storages that are asked over HTTP."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FAULTS", "FlakyProxy"]

FAULTS = ("500", "503", "cut upload", "cut answer", "slow")
"""What can happen to a request instead of the answer to it."""

_HEADERS_OF_HOP = {"connection", "transfer-encoding", "content-length", "expect"}


class FlakyProxy:
    """A server that hands requests on, and disturbs a share of them; use it as a context manager.

    Attributes:
        share: the share of requests that are disturbed, from 0 to 1.
        dead: whether all connections are cut at once.
        happened: how often each fault has happened.
    """

    def __init__(self, port: int, *, share: float = 0.0, seed: int = 0, pause: float = 0.3) -> None:
        """Listen on a free port.

        Args:
            port: that of the real server on this machine.
            share: as in the attribute.
            seed: of the choice of faults.
            pause: seconds that a slow answer stands still.
        """
        self.backend, self.share, self.pause, self.dead = port, share, pause, False
        self.happened: Counter[str] = Counter()
        self._random, self._lock = random.Random(seed), threading.Lock()
        proxy = self

        class Handler(_Handler):
            flaky = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def fault(self) -> str:
        """Choose what happens to the next request; "" for nothing."""
        with self._lock:
            chosen = "dead" if self.dead else ""
            if not self.dead and self._random.random() < self.share:
                chosen = self._random.choice(FAULTS)
            self.happened[chosen] += 1
        return chosen

    def __enter__(self) -> FlakyProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that is killed hangs up."""


class _Handler(BaseHTTPRequestHandler):
    flaky: FlakyProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def hand_on(self) -> None:
        """Answer a request of any method."""
        fault = self.flaky.fault()
        length = int(self.headers.get("Content-Length") or 0)
        if fault == "dead":
            self._cut()
        elif fault == "cut upload":
            self._send(self.rfile.read(length // 2), length, answered=False)
            self._cut()
        elif fault in ("500", "503"):
            self.rfile.read(length)
            self._answer(int(fault), [], b"" if self.command == "HEAD" else b"<Error/>")
        else:
            self._pass(fault, *self._send(self.rfile.read(length), length))

    def _pass(self, fault: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if fault == "slow":
            time.sleep(self.flaky.pause)
        self._answer(status, headers, body, cut=fault == "cut answer")

    def _send(
        self, body: bytes, length: int, *, answered: bool = True
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send the request to the real server, and return its status, headers and body."""
        server = http.client.HTTPConnection("127.0.0.1", self.flaky.backend, timeout=60)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HEADERS_OF_HOP:
                server.putheader(name, value)
        if length or self.command in ("PUT", "POST"):
            server.putheader("Content-Length", str(length))
        server.endheaders(body or None)
        if not answered:
            server.close()
            return 0, [], b""
        answer = server.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        server.close()
        return found

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False
    ) -> None:
        self.send_response_only(status)
        length = len(body)
        for name, value in headers:
            if self.command == "HEAD" and name.lower() == "content-length":
                length = int(value)
            if name.lower() not in _HEADERS_OF_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self._cut()
        else:
            self.wfile.write(body)

    def _cut(self) -> None:
        """Reset the connection."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


for _method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.hand_on)
