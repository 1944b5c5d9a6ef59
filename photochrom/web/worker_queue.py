"""So many at work, so many waiting, and no more."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from photochrom.web.problems import Busy

__all__ = ["ClientDisconnected", "WorkerQueue"]

T = TypeVar("T")


class ClientDisconnected(Exception):
    """Nobody waits for the answer any more."""


class WorkerQueue:
    """A bounded queue before a few threads.

    Attributes:
        places: at work and waiting, at most.
        taken: of these.
    """

    def __init__(self, workers: int, waiting: int, seconds: float) -> None:
        """Open it.

        Args:
            workers: how many at once.
            waiting: how many may wait.
            seconds: that one may take, with its waiting.
        """
        self.places, self.taken = workers + waiting, 0
        self._workers, self._seconds = workers, seconds
        self._usual = 0.5  # seconds that work takes, lately
        self._pool, self._open = ThreadPoolExecutor(workers, "photochrom"), True

    def check(self) -> None:
        """See whether there is a place.

        Raises:
            Busy: there is none.
        """
        if not self._open:
            raise Busy("the service is being stopped", 30, 503)
        if self.taken >= self.places:
            wait = max(1, math.ceil(self.taken / self._workers * self._usual))
            raise Busy(f"expected a free place; all {self.places} are taken", wait)

    async def run(self, work: Callable[[], T], unless: Coroutine[Any, Any, object]) -> T:
        """Do something in a thread, in its turn.

        What has begun is finished, and keeps its place until then, whoever waits for it.

        Args:
            work: what to do.
            unless: comes to its end when nobody waits any more.

        Raises:
            Busy: there is no place; or, with status 503, it takes too long.
            ClientDisconnected: nobody waits any more.
        """
        gone = asyncio.ensure_future(unless)
        try:
            self.check()
            self.taken += 1
            begun = self._pool.submit(self._timed, work)
            future = asyncio.wrap_future(begun)
            future.add_done_callback(self._left)
            either: set[asyncio.Future[Any]] = {future, gone}
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(either, timeout=self._seconds, return_when=first)
            if future.done() and not future.cancelled():
                return future.result()
            begun.cancel()
            if gone.done():
                raise ClientDisconnected
            raise Busy(f"expected it to take {self._seconds:g} s at most", 5, 503)
        finally:
            gone.cancel()

    def close(self) -> None:
        """Wait for what has begun; what has not is not begun."""
        self._open = False
        self._pool.shutdown(cancel_futures=True)

    def _timed(self, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        try:
            return work()
        finally:
            self._usual += 0.1 * (time.perf_counter() - begun - self._usual)

    def _left(self, future: asyncio.Future[T]) -> None:
        self.taken -= 1
        if not future.cancelled():
            future.exception()  # somebody has looked
