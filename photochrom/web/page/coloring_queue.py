"""The order in which the photographs of one person are coloured."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from photochrom.errors import PhotochromError

if TYPE_CHECKING:
    from photochrom.batch import Status
    from photochrom.web.page.tray import Picture

__all__ = ["ColoringQueue"]

Work = Callable[["Picture"], None]


class ColoringQueue:
    """Photographs that are coloured a few at a time, in the order of their arrival.

    Attributes:
        paused: Whether no further photograph is to be started.
    """

    def __init__(
        self, pool: ThreadPoolExecutor, workers: int, color: Work, when_idle: Callable[[], None]
    ) -> None:
        """Start with an empty queue.

        Args:
            pool: Threads that do the work; shared with the queues of other sessions.
            workers: Number of photographs coloured at the same time.
            color: Colours a photograph, and calls `end` when it can be shown. An exception makes
                the photograph fail.
            when_idle: Called whenever some work has ended and no other waits; it may call `run`.
        """
        self.paused = False
        self._pool, self._workers, self._color = pool, workers, color
        self._when_idle = when_idle
        self._waiting: deque[Picture] = deque()
        self._changes: list[Future[None]] = []
        self._active = 0
        # Guards the three above; notified when a photograph changes its status
        self._changed = threading.Condition()

    @property
    def is_busy(self) -> bool:
        """Whether a photograph waits or is being coloured."""
        return bool(self._waiting or self._active)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done, nor about to be."""
        return not self._active and (self.paused or not self._waiting)

    @property
    def has_other_work(self) -> bool:
        """Whether there is something to do besides what `run` does now."""
        return bool(self._waiting and not self.paused) or self._active > 1

    def run(self, work: Callable[[], None]) -> None:
        """Do work that is about no single photograph, in the pool; the queue is busy until then."""
        with self._changed:
            self._active += 1
        self._pool.submit(self._run, work)

    def add(self, pictures: Iterable[Picture]) -> None:
        """Add photographs, and start to colour them."""
        with self._changed:
            self._waiting.extend(pictures)
        self._start_waiting()

    def remove(self, picture: Picture) -> None:
        """Take a photograph out of the queue if it still waits."""
        with self._changed:
            if picture in self._waiting:
                self._waiting.remove(picture)

    def pause(self, *, wanted: bool) -> None:
        """Stop starting further photographs, or continue."""
        self.paused = wanted
        self._start_waiting()

    def cancel(self) -> None:
        """Cancel all photographs that wait; those that have started are finished."""
        with self._changed:
            for picture in self._waiting:
                picture.status = "cancelled"
            self._waiting.clear()
            self._active -= sum(task.cancel() for task in self._changes)
            self._changes.clear()  # or they would be counted again by the next call
            self.paused = False
            self._changed.notify_all()
        if self.is_idle:
            self._when_idle()

    def change(self, pictures: Iterable[Picture], set_choices: Work, recolor: Work) -> None:
        """Change the choices of many photographs.

        Args:
            pictures: The photographs; those that failed or were cancelled are left out.
            set_choices: Changes a photograph that waits, which is quick.
            recolor: Changes one that has started, in the pool. If the change cannot be applied,
                the photograph stays as it is.
        """
        with self._changed:
            self._changes = [task for task in self._changes if not task.done()]
            for picture in pictures:
                if picture in self._waiting:
                    set_choices(picture)
                elif picture.status in ("queued", "running", "done"):
                    self._active += 1
                    self._changes.append(self._pool.submit(self._recolor, picture, recolor))

    def wait(self, picture: Picture, seconds: float) -> None:
        """Wait until a photograph is done, failed or cancelled, or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: picture.status not in ("queued", "running"), seconds)

    def end(self, picture: Picture, status: Status, reason: str = "") -> None:
        """Set the final status of a photograph, and tell those who wait for it."""
        with self._changed:
            picture.status, picture.reason = status, reason
            self._changed.notify_all()

    def _start_waiting(self) -> None:
        """Start as many waiting photographs as this queue has workers left."""
        with self._changed:
            while self._waiting and not self.paused and self._active < self._workers:
                self._active += 1
                self._pool.submit(self._work, self._waiting.popleft())

    def _work(self, picture: Picture) -> None:
        picture.status = "running"
        try:
            self._color(picture)
        except (PhotochromError, OSError) as error:
            self.end(picture, "failed", str(error))
        except MemoryError:
            self.end(picture, "failed", f"{picture.name} is too large for this machine's memory")
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            self.end(picture, "failed", f"{picture.name}: {type(error).__name__}: {error}")
        self._finish()

    def _recolor(self, picture: Picture, recolor: Work) -> None:
        try:
            recolor(picture)
        except (PhotochromError, OSError):  # it had failed, or was removed meanwhile
            pass
        finally:
            self._finish()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._finish()

    def _finish(self) -> None:
        with self._changed:
            self._active -= 1
        self._start_waiting()
        if self.is_idle:
            self._when_idle()
