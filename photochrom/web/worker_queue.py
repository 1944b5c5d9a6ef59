"""A bounded queue of requests in front of a few worker threads."""

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
    """Raised when the client disconnects before its result is ready."""


class WorkerQueue:
    """A bounded queue in front of a few worker threads.

    Attributes:
        capacity: Most requests that may run and wait, together.
        occupied: Number of requests that run or wait now.
    """

    def __init__(self, workers: int, waiting: int, seconds: float) -> None:
        """Start the queue.

        Args:
            workers: Number of threads.
            waiting: Number of requests that may wait for a thread.
            seconds: Longest time for one request, with its waiting.
        """
        self.capacity, self.occupied = workers + waiting, 0
        self._workers, self._seconds = workers, seconds
        self._average_seconds = 0.5  # moving average of the work; 0.5 is a first guess
        self._pool, self._open = ThreadPoolExecutor(workers, "photochrom"), True

    def check(self) -> None:
        """Check that one more request can be taken.

        Raises:
            Busy: the queue is full, or the service is stopping.
        """
        if not self._open:
            raise Busy("the service is stopping", 30, 503)
        if self.occupied >= self.capacity:
            wait = max(1, math.ceil(self.occupied / self._workers * self._average_seconds))
            raise Busy(f"the service is busy with {self.capacity} requests; please try again", wait)

    async def run(self, work: Callable[[], T], unless: Coroutine[Any, Any, object]) -> T:
        """Run `work` in a thread when its turn comes, and return its result.

        Work that has started is always finished, and counts until then, even if the
        client has disconnected.

        Args:
            work: The function to run.
            unless: Finishes when the client disconnects.

        Raises:
            Busy: the queue is full, or (status 503) the work takes too long.
            ClientDisconnected: the client disconnected first.
        """
        disconnected = asyncio.ensure_future(unless)
        try:
            self.check()
            self.occupied += 1
            task = self._pool.submit(self._measure, work)
            future = asyncio.wrap_future(task)
            future.add_done_callback(self._release)
            either: set[asyncio.Future[Any]] = {future, disconnected}
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(either, timeout=self._seconds, return_when=first)
            if future.done() and not future.cancelled():
                return future.result()
            task.cancel()  # has an effect only while the work still waits for a thread
            if disconnected.done():
                raise ClientDisconnected
            raise Busy(
                f"this takes longer than {self._seconds:g} s, the limit for a request", 5, 503
            )
        finally:
            disconnected.cancel()

    def close(self) -> None:
        """Wait for the work that has started, and drop the rest."""
        self._open = False
        self._pool.shutdown(cancel_futures=True)

    def _measure(self, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        try:
            return work()
        finally:
            elapsed = time.perf_counter() - start
            self._average_seconds += 0.1 * (elapsed - self._average_seconds)

    def _release(self, future: asyncio.Future[T]) -> None:
        self.occupied -= 1
        if not future.cancelled():
            # Asyncio logs an exception that nobody reads, as after a disconnect
            future.exception()
