"""Where an archive is coloured: threads, processes, or a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any, Final, TypeAlias, TypeVar

from photochrom.archive.entry import Entry
from photochrom.archive.film_parts import Flag
from photochrom.archive.settings import Settings
from photochrom.archive.shards import to_make
from photochrom.archive.worker import Worker
from photochrom.parallel import (
    cores_per_worker,
    limit_cores,
    map_unordered,
    worker_count,
    worker_pool,
)

__all__ = ["EXECUTORS", "Executor", "Unit"]

Unit: TypeAlias = list[Entry]
"""Rows that are worked on together: a photograph, a film, a part of one, or all of a shard.

Those that are "running" come first. Others are in the shard already, and stay there.
"""

T = TypeVar("T")

Executor: TypeAlias = Callable[[Worker, Iterable[Unit], "int | None"], Generator[Unit]]
"""Takes a worker, units and the number of workers; yields the new rows of each unit."""

_HAS_MASKS: Final = hasattr(signal, "pthread_sigmask")  # Windows has none

DIED: Final = "the process that coloured it died, perhaps for lack of memory"
"""The error of a photograph that killed its process twice."""


def in_threads(
    worker: Worker, units: Iterable[Unit], workers: int | None = None
) -> Generator[Unit]:
    """Colour photographs in threads of this process: the best choice on a few cores.

    Args:
        worker: colours the photographs.
        units: what is to be done; they are taken one at a time, a little ahead. When there are
            none, the iterator is asked again after each result, which may have made new ones.
        workers: the number of threads; None for one more than cores, at most 4.

    Yields:
        The new rows of each unit, in the order in which they are finished.
    """
    count = worker_count(workers)
    with worker_pool(count) as pool, _setting(worker.stopped):
        yield from map_unordered(pool, worker, units, count + 1)


def in_processes(
    worker: Worker, units: Iterable[Unit], workers: int | None = None
) -> Generator[Unit]:
    """Colour photographs in processes: the death of one, for lack of memory, is survived.

    Args:
        worker: its settings are those of the processes, each of which makes its own.
        units: as in `in_threads`.
        workers: the number of processes; None for one per core, at most 4.

    Yields:
        As `in_threads`.
    """
    # A spare process, unlike a spare thread, gains nothing: each has to start the engine.
    settings, count = worker.settings, worker_count(workers, spare=0)
    remaining = iter(units)
    stopped = _SharedFlag()
    while True:
        begun: dict[str, Unit] = {}
        try:
            with _pool(settings, count, stopped) as pool, _setting(stopped):
                yield from _watched(pool, remaining, begun, count + 1)
            return
        except BrokenProcessPool:
            suspects = list(begun.values())
        for unit in suspects:  # one of them killed the process: it shows when each runs alone
            yield _alone(settings, unit, stopped)


class _SharedFlag:
    """A flag that processes share, without a lock, which a process that dies could keep."""

    def __init__(self) -> None:
        self._value = multiprocessing.get_context("spawn").RawValue("b", 0)

    def set(self) -> None:
        """Set it."""
        self._value.value = 1

    def clear(self) -> None:
        """Take it back."""
        self._value.value = 0

    def is_set(self) -> bool:
        """Return whether it is set."""
        return bool(self._value.value)


@contextmanager
def _setting(stopped: Flag) -> Iterator[None]:
    """Tell workers when nobody waits for their results any more, so that they end at once."""
    stopped.clear()  # an earlier run of the same worker may have set it
    try:
        yield
    except (GeneratorExit, KeyboardInterrupt):
        stopped.set()
        raise


def _pool(settings: Settings, count: int, stopped: Flag) -> ProcessPoolExecutor:
    # Not forked: a fork would copy the engine's threads in the middle of their work.
    context = multiprocessing.get_context("spawn")
    arguments = settings, stopped, cores_per_worker(count)
    return _Pool(count, context, initializer=_start, initargs=arguments)


class _Pool(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach: only the main process decides what happens then."""

    def submit(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        """Start a process if need be, which inherits that the signal is blocked."""
        with _interrupts_held():
            return super().submit(function, *arguments, **named)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; a half started process would be forgotten.

    What is started in the block never receives it, except on Windows.
    """
    if threading.current_thread() is not threading.main_thread():  # it is not interrupted anyway
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    # Other threads do not block the signal, so that blocking it here would not be enough.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if _HAS_MASKS else ()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if _HAS_MASKS:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if came:
        signal.raise_signal(signal.SIGINT)


_worker: list[Worker] = []


def _start(settings: Settings, stopped: Flag, cores: int) -> None:
    """Load the network of a worker process, which uses its share of the cores."""
    limit_cores(cores)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker[:] = [Worker(settings, stopped)]


def _end_with_parent() -> None:
    """End this process when its parent was killed, which the pool's processes do not notice."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(unit: Unit) -> Unit:
    return _worker[0](unit)


def _watched(
    pool: ProcessPoolExecutor, units: Iterable[Unit], begun: dict[str, Unit], limit: int
) -> Generator[Unit]:
    """Colour photographs in a pool, and note in `begun` which are not finished."""

    def note(unit: Unit) -> Unit:
        begun[unit[0].output] = unit
        return unit

    # Not a generator, which could not go on when more units come after it has ended.
    for done in map_unordered(pool, _work, map(note, units), limit):
        del begun[done[0].output]
        yield done


def _alone(settings: Settings, unit: Unit, stopped: Flag) -> Unit:
    """Colour a unit in a process of its own."""
    with _pool(settings, 1, stopped) as pool, _setting(stopped):
        future: Future[Unit] = pool.submit(_work, unit)
        try:
            return future.result()
        except BrokenProcessPool:
            return [replace(entry, status="failed", error=DIED) for entry in to_make(unit)]


def on_ray(worker: Worker, units: Iterable[Unit], workers: int | None = None) -> Generator[Unit]:
    """Colour photographs on a Ray cluster; see `photochrom.archive.ray_executor`.

    Raises:
        MissingExtra: Ray is not installed.
    """
    from photochrom.archive.ray_executor import color_on_ray

    yield from color_on_ray(worker.settings, units, workers)


EXECUTORS: Final[Mapping[str, Executor]] = {
    "threads": in_threads,
    "processes": in_processes,
    "ray": on_ray,
}
"""All executors by name."""
