"""So many at work, so many waiting, and no more."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from photochrom.web.problems import Busy

__all__ = ["Gate"]

T = TypeVar("T")


class Gate:
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
        self._pool = ThreadPoolExecutor(workers, "photochrom")

    def check(self) -> None:
        """See whether there is a place.

        Raises:
            Busy: there is none.
        """
        if self.taken >= self.places:
            wait = max(1, math.ceil(self.taken / self._workers * self._usual))
            raise Busy(f"expected a free place; all {self.places} are taken", wait)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in a thread, in its turn.

        Raises:
            Busy: there is no place, or it takes too long (503; what has begun is finished).
        """
        self.check()
        self.taken += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._timed, work)
        future.add_done_callback(self._left)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            future.cancel()
            raise Busy(f"expected it to take {self._seconds:g} s at most", 5, 503) from None

    def close(self) -> None:
        """Wait for what has begun; what has not is not begun."""
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
