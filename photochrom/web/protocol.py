"""HTTP with clients that say nothing, or take nothing."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["impatient"]


class _ImpatientProtocol(H11Protocol):
    """Uvicorn's own, which waits for ever for the rest of a header, and for a client to read."""

    silence: ClassVar[float]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._within("header")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._awaits_header:
            self._within("header")
        else:
            self._came("header")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._within("reading")

    def resume_writing(self) -> None:
        super().resume_writing()
        self._came("reading")

    def connection_lost(self, exc: Exception | None) -> None:
        for what in list(self._timers):
            self._came(what)
        super().connection_lost(exc)

    @property
    def _awaits_header(self) -> bool:
        idle = self.cycle is None or self.cycle.response_complete
        return idle and self.conn.their_state is h11.IDLE

    def _within(self, what: str) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(self.silence, self.transport.abort)

    def _came(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()


def impatient(silence: float) -> type[asyncio.Protocol]:
    """A protocol for Uvicorn that hangs up.

    Args:
        silence: seconds in which a header must come whole, and for which a client may read nothing.
    """
    return type("ImpatientProtocol", (_ImpatientProtocol,), {"silence": silence})
