"""Work on many items at once, in threads, and the number of processor cores for it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from queue import Full, Queue
from threading import Event, Thread, local
from typing import Any, Final, TypeVar

__all__ = [
    "core_count",
    "cores_per_worker",
    "is_limited",
    "limit_cores",
    "map_ordered",
    "map_unordered",
    "prefetch",
    "subsample",
    "thread_core_count",
    "worker_count",
    "worker_pool",
]

T = TypeVar("T")
R = TypeVar("R")

_MAX_WORKERS: Final = 4  # each worker holds a whole photograph in memory

_limit: list[int] = []  # at most one number
_thread = local()  # has an attribute `cores` in the threads of `worker_pool`


def core_count() -> int:
    """Return how many processor cores this process uses: all that it may, or its limit."""
    # A container or a batch system may give a process some of the machine's cores only.
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min([given or 1, *_limit])


def thread_core_count() -> int:
    """Return how many cores the calling thread may use: its share in `worker_pool`, or all.

    More threads than cores would wait for each other, most of all for Python's lock.
    """
    return min(core_count(), getattr(_thread, "cores", core_count()))


def worker_pool(workers: int) -> ThreadPoolExecutor:
    """Return a pool of threads that work beside each other, each on its share of the cores."""
    share = max(1, thread_core_count() // workers)
    return ThreadPoolExecutor(workers, initializer=_take_share, initargs=(share,))


def _take_share(cores: int) -> None:
    _thread.cores = cores


def is_limited() -> bool:
    """Return whether this process uses fewer cores than the machine has."""
    return core_count() < (os.cpu_count() or 1)


def worker_count(workers: int | None = None, *, spare: int = 1) -> int:
    """Return how many photographs to work on at once.

    Args:
        workers: the number that was asked for; None or 0 for the default, which is at most 4.
        spare: how many more than cores the default is. One worker often waits for the disk, and
            without a spare one a core would wait, too.
    """
    return workers or min(_MAX_WORKERS, core_count() + spare)


def cores_per_worker(workers: int | None = None) -> int:
    """Return the number of cores for each of so many workers, as in `worker_count`."""
    return max(1, core_count() // worker_count(workers))


def limit_cores(count: int) -> None:
    """Let this process use so many cores at most, because others work beside it.

    Engines that have started already keep their threads.
    """
    import cv2

    _limit[:] = [max(1, count)]
    cv2.setNumThreads(core_count())


def subsample(items: Sequence[T], count: int) -> list[T]:
    """Return at most `count` items, evenly spread from the first on, in their order."""
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def map_ordered(work: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R]:
    """Map a function over items in threads, and yield the results in the order of the items.

    The queue is bounded, so that neither items nor results pile up in memory.

    Args:
        work: the function; it is called in several threads at once.
        items: its arguments.
        workers: the number of threads; at most twice as many items are in progress or waiting.

    Yields:
        The results. If `work` raises an exception, it is raised here in place of the result. When
        the caller closes the generator, items that have not started are cancelled.
    """
    pending: deque[Future[R]] = deque()
    with worker_pool(workers) as pool:
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


def map_unordered(
    pool: Executor, work: Callable[[T], R], items: Iterable[T], limit: int
) -> Generator[R]:
    """Map a function over items in a pool, and yield each result as soon as it is there.

    Args:
        pool: threads or processes.
        work: the function; it is called at several places at once.
        items: its arguments; they are taken in the caller's thread.
        limit: the largest number of items that are in progress or waiting.

    Yields:
        The results. If `work` raises an exception, it is raised here. When the caller closes the
        generator, items that have not started are cancelled.
    """
    pending: set[Future[R]] = set()
    remaining = iter(items)
    try:
        while True:
            for item in islice(remaining, limit - len(pending)):
                pending.add(pool.submit(work, item))
            if not pending:
                return
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        for future in pending:
            future.cancel()


def prefetch(items: Iterable[T], limit: int) -> Generator[T]:
    """Iterate over items in a thread of its own, ahead of the caller.

    Args:
        items: the iterable; it is used in that thread only.
        limit: the largest number of items that are fetched ahead.

    Yields:
        The same items. If the iterable raises an exception, it is raised here in place of the next
        item. When the caller closes the generator, the thread ends, too.
    """
    queue: Queue[tuple[str, Any]] = Queue(limit)
    stopped = Event()
    thread = Thread(target=_produce, args=(items, queue, stopped), daemon=True)
    thread.start()
    try:
        while True:
            kind, value = queue.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stopped.set()
        thread.join()


def _produce(items: Iterable[Any], queue: Queue[tuple[str, Any]], stopped: Event) -> None:
    """Put all items into the queue, then an "end" or an "error"; stop when `stopped` is set."""

    def put(kind: str, value: Any = None) -> None:
        # With a timeout, since nobody takes items from a full queue once the caller has stopped.
        while not stopped.is_set():
            with suppress(Full):
                queue.put((kind, value), timeout=0.1)
                return

    try:
        for item in items:
            put("item", item)
            if stopped.is_set():
                break
        put("end")
    except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
        put("error", error)
    finally:
        # A generator must be closed in the thread that ran it, or its files may stay open.
        if isinstance(items, Generator):
            items.close()
