"""Work on many things at once, a bounded number at a time, with the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

__all__ = ["map_ordered", "prefetch"]

T = TypeVar("T")
R = TypeVar("R")


def map_ordered(work: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R]:
    """`map` in threads: at most `workers` at work and as many results waiting.

    An error reaches the caller in its turn. When the caller stops asking, work that has not begun
    is not begun.
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) >= 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def prefetch(items: Iterable[T], most: int) -> Generator[T]:
    """Make items in a thread of their own, before they are asked for.

    Args:
        items: what the thread goes through.
        most: how many may wait.

    Yields:
        The same items. An error reaches the caller in its turn. When the caller stops asking, the
        thread stops, too.
    """
    waiting: Queue[tuple[str, Any]] = Queue(most)
    stopped = Event()
    thread = Thread(target=_make, args=(items, waiting, stopped), daemon=True)
    thread.start()
    try:
        while True:
            what, thing = waiting.get()
            if what == "error":
                raise thing
            if what == "end":
                return
            yield thing
    finally:
        stopped.set()
        thread.join()


def _make(items: Iterable[Any], waiting: Queue[tuple[str, Any]], stopped: Event) -> None:
    def put(what: str, thing: Any = None) -> None:
        while not stopped.is_set():
            with suppress(Full):
                waiting.put((what, thing), timeout=0.1)
                return

    try:
        for item in items:
            put("item", item)
            if stopped.is_set():
                break
        put("end")
    except BaseException as error:  # noqa: BLE001  it is raised where it can be handled
        put("error", error)
    finally:
        if isinstance(items, Generator):
            items.close()
