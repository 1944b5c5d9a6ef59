"""HTTP with clients that say nothing, take nothing, or speak something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from photochrom.web.problems import MEDIA_TYPE, respond

__all__ = ["impatient"]


class _ImpatientProtocol(H11Protocol):
    """Uvicorn's own waits for ever for a header's rest, for a refused body, for a client to read.

    Its timers are named for what is awaited.
    """

    silence: ClassVar[float]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._within("header", self.transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_idle and self.conn.their_state is h11.IDLE:
            self._within("header", self.transport.abort)
        else:
            self._came("header")
        if self.conn.their_state is not h11.SEND_BODY:
            self._came("refused body")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._within("refused body", self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._came("reading")

    def connection_lost(self, exc: Exception | None) -> None:
        for what in list(self._timers):
            self._came(what)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Uvicorn's answer to what is not HTTP, as a problem, where an answer can be given."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = respond(400, "expected HTTP/1.1; received something else")
            headers = [
                ("content-type", MEDIA_TYPE),
                ("content-length", str(len(problem.body))),
                ("connection", "close"),
            ]
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(problem.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_reading(self) -> None:
        left = self.transport.get_write_buffer_size()

        def look() -> None:
            self._came("reading")
            if self.transport.get_write_buffer_size() < left:
                self._await_reading()
            else:
                self.transport.abort()

        self._within("reading", look)

    def _within(self, what: str, otherwise: Callable[[], None]) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(self.silence, otherwise)

    def _came(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()


def impatient(silence: float) -> type[asyncio.Protocol]:
    """A protocol for Uvicorn that hangs up.

    Args:
        silence: seconds in which a header must come whole, and in which a client must have read
            something.
    """
    return type("ImpatientProtocol", (_ImpatientProtocol,), {"silence": silence})
