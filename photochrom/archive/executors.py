"""Where the photographs of an archive are coloured: threads, processes, or a Ray cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Final, TypeAlias

from photochrom.archive.entry import Entry
from photochrom.archive.settings import Settings
from photochrom.archive.worker import Worker
from photochrom.batch.job import worker_count
from photochrom.parallel import map_unordered

__all__ = ["EXECUTORS", "Executor"]

Executor: TypeAlias = Callable[[Settings, Iterable[Entry], "int | None"], Iterator[Entry]]
"""Takes settings, photographs and the number of workers; yields what became of each."""

DIED: Final = "the process that coloured it died, perhaps for lack of memory"
"""The error of a photograph that killed its process twice."""


def in_threads(
    settings: Settings, entries: Iterable[Entry], workers: int | None = None
) -> Generator[Entry]:
    """Colour photographs in threads of this process: the best choice on a few cores.

    Args:
        settings: how to colour.
        entries: the photographs; they are taken one by one, a little ahead.
        workers: the number of threads; None for one per core, at most 4.

    Yields:
        What became of each, in the order in which they are finished.

    Raises:
        PhotochromError: the network or the reference cannot be used.
    """
    count = worker_count(workers)
    worker = Worker(settings)
    with ThreadPoolExecutor(count) as pool:
        yield from map_unordered(pool, worker, entries, count + 1)


def in_processes(
    settings: Settings, entries: Iterable[Entry], workers: int | None = None
) -> Generator[Entry]:
    """Colour photographs in processes: the death of one, for lack of memory, is survived.

    Args:
        settings: as in `in_threads`.
        entries: as in `in_threads`.
        workers: the number of processes, each with its own network; None as in `in_threads`.

    Yields:
        As `in_threads`.

    Raises:
        PhotochromError: as in `in_threads`.
    """
    Worker(settings)  # what is wrong with the settings is said here, and once
    count = worker_count(workers)
    remaining = iter(entries)
    suspects: list[Entry] = []
    while True:
        begun: dict[str, Entry] = {}
        try:
            with _pool(settings, count) as pool:
                yield from _watched(pool, remaining, begun, count + 1)
            return
        except BrokenProcessPool:
            suspects = list(begun.values())
        for entry in suspects:  # one of them killed the process: it shows when each runs alone
            yield _alone(settings, entry)


def _pool(settings: Settings, count: int) -> ProcessPoolExecutor:
    # Not forked: a fork would copy OpenVINO's threads in the middle of their work.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, initializer=_start, initargs=(settings,))


_worker: list[Worker] = []


def _start(settings: Settings) -> None:
    """Load the network of a worker process."""
    _worker[:] = [Worker(settings)]


def _work(entry: Entry) -> Entry:
    return _worker[0](entry)


def _watched(
    pool: ProcessPoolExecutor, entries: Iterable[Entry], begun: dict[str, Entry], limit: int
) -> Generator[Entry]:
    """Colour photographs in a pool, and note in `begun` which are not finished."""

    def noted() -> Iterator[Entry]:
        for entry in entries:
            begun[entry.source] = entry
            yield entry

    for done in map_unordered(pool, _work, noted(), limit):
        del begun[done.source]
        yield done


def _alone(settings: Settings, entry: Entry) -> Entry:
    """Colour a photograph in a process of its own."""
    with _pool(settings, 1) as pool:
        future: Future[Entry] = pool.submit(_work, entry)
        try:
            return future.result()
        except BrokenProcessPool:
            return replace(entry, status="failed", error=DIED)


def on_ray(
    settings: Settings, entries: Iterable[Entry], workers: int | None = None
) -> Generator[Entry]:
    """Colour photographs on a Ray cluster; see `photochrom.archive.ray_executor`.

    Raises:
        MissingExtra: Ray is not installed.
        PhotochromError: as in `in_threads`.
    """
    from photochrom.archive.ray_executor import color_on_ray

    yield from color_on_ray(settings, entries, workers)


EXECUTORS: Final[Mapping[str, Executor]] = {
    "threads": in_threads,
    "processes": in_processes,
    "ray": on_ray,
}
"""All executors by name."""
