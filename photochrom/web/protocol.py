"""An HTTP protocol for Uvicorn that disconnects silent clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from photochrom.web.problems import MEDIA_TYPE, respond

__all__ = ["protocol_with_timeouts"]


class _ProtocolWithTimeouts(H11Protocol):
    """Uvicorn's HTTP protocol, with three timeouts that it lacks.

    Uvicorn waits without limit for the rest of a header ("header"), for the rest of a body that
    was refused ("refused body"), and for a client to read its response ("reading"). The timers
    carry these names.
    """

    silence: ClassVar[float]  # seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._start_timer("header", self.transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_idle and self.conn.their_state is h11.IDLE:
            # Data came, but no whole header yet. A running timer goes on, so that a client cannot
            # hold the connection by sending a byte now and then.
            self._start_timer("header", self.transport.abort)
        else:
            self._stop_timer("header")
        if self.conn.their_state is not h11.SEND_BODY:
            self._stop_timer("refused body")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The response was sent before the body was complete, so the application reads no more of it
        if self.conn.their_state is h11.SEND_BODY:
            self._start_timer("refused body", self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_timer("reading")

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self._timers):
            self._stop_timer(name)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Respond to data that is not HTTP with a problem, if a response can still be sent."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = bytes(respond(400, "expected HTTP/1.1; received something else").body)
            head = (
                "HTTP/1.1 400 Bad Request\r\n"
                f"content-type: {MEDIA_TYPE}\r\n"
                f"content-length: {len(body)}\r\n"
                "connection: close\r\n\r\n"
            )
            # Not through h11: it takes no body here where the request was HEAD
            self.transport.write(head.encode("ascii") + body)
        if self.cycle:  # the application may still be at work on the request
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch_reading(self) -> None:
        """Abort the connection if the write buffer does not shrink for `silence` seconds."""
        before = self.transport.get_write_buffer_size()

        def check_progress() -> None:
            self._stop_timer("reading")
            if self.transport.get_write_buffer_size() < before:
                self._watch_reading()
            else:
                self.transport.abort()

        self._start_timer("reading", check_progress)

    def _start_timer(self, name: str, action: Callable[[], None]) -> None:
        """Call `action` after `silence` seconds; a timer that runs already is left as it is."""
        if name not in self._timers:
            self._timers[name] = self.loop.call_later(self.silence, action)

    def _stop_timer(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()


def protocol_with_timeouts(silence: float) -> type[asyncio.Protocol]:
    """Return a protocol class for Uvicorn that disconnects silent clients.

    Args:
        silence: Seconds within which a header must be complete, and within which a client must
            have read some of its response.
    """
    # Uvicorn creates the protocol itself, so the setting has to be part of the class
    return type("ProtocolWithTimeouts", (_ProtocolWithTimeouts,), {"silence": silence})
