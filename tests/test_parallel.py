"""Threads keep the order of items, and never hold more items than the limit."""

from __future__ import annotations

import itertools
import os
import threading
import time

import cv2
import numpy as np
import pytest

from photochrom import parallel
from photochrom.color import merge
from photochrom.parallel import (
    core_count,
    cores_per_worker,
    is_limited,
    limit_cores,
    map_ordered,
    prefetch,
    subsample,
    thread_core_count,
    worker_count,
)


def test_results_come_in_the_order_of_the_items():
    def work(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * number

    assert list(map_ordered(work, range(20), 4)) == [number * number for number in range(20)]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_nothing_to_do(workers):
    assert list(map_ordered(str, [], workers)) == []


def test_no_more_than_so_many_at_once():
    lock, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    list(map_ordered(work, range(30), 3))
    assert 2 <= most <= 3


def test_an_error_comes_in_its_turn():
    def work(number: int) -> int:
        if number == 3:
            raise ZeroDivisionError
        time.sleep(0.01)
        return number

    results = map_ordered(work, range(10), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_endless_supply_is_taken_a_little_at_a_time():
    supply = itertools.count()
    results = map_ordered(lambda number: number, supply, 2)
    assert list(itertools.islice(results, 50)) == list(range(50))
    assert next(supply) < 50 + 2 * 2
    results.close()


def test_what_has_not_begun_when_the_caller_stops_is_not_begun():
    begun = []
    gate = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            gate.wait(5)
        return number

    results = map_ordered(work, range(100), 1)
    assert next(results) == 0
    threading.Timer(0.05, gate.set).start()
    results.close()
    assert begun in ([0], [0, 1])


def test_what_has_not_begun_at_an_error_is_not_begun():
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(map_ordered(work, range(100), 2))
    assert len(begun) <= 4


def test_nothing_is_begun_before_it_is_asked_for():
    begun = []
    map_ordered(begun.append, range(3), 2)
    assert begun == []


# --- ahead ----------------------------------------------------------------------------------


def test_things_made_ahead_come_in_order():
    assert list(prefetch(iter(range(100)), 3)) == list(range(100))
    assert list(prefetch([], 1)) == []


def test_an_error_made_ahead_comes_in_its_turn():
    def things():
        yield 1
        yield 2
        raise ValueError("three")

    walk = prefetch(things(), 5)
    assert [next(walk), next(walk)] == [1, 2]
    with pytest.raises(ValueError, match="three"):
        next(walk)


def test_who_stops_asking_stops_the_maker():
    made, closed = [], []

    def things():
        try:
            for number in range(1000):
                made.append(number)
                yield number
        finally:
            closed.append(True)

    walk = prefetch(things(), 2)
    assert next(walk) == 0
    walk.close()
    assert closed == [True]
    assert len(made) < 10


@pytest.mark.parametrize(
    ("many", "count", "found"),
    [
        (10, 5, [0, 2, 4, 6, 8]),
        (7, 4, [0, 1, 3, 5]),  # not the first four
        (3, 5, [0, 1, 2]),  # each once
        (0, 5, []),
    ],
)
def test_a_subset_is_evenly_spread(many, count, found):
    assert subsample(range(many), count) == found


# --- cores ----------------------------------------------------------------------------------


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(parallel, "_limit", [])
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


def test_workers_share_the_cores(eight_cores):
    assert (core_count(), worker_count(), cores_per_worker()) == (8, 4, 2)
    assert [cores_per_worker(count) for count in (1, 3, 8, 20)] == [8, 2, 1, 1]
    assert not is_limited()


def test_a_limit_counts_for_opencv_too(eight_cores):
    limit_cores(2)
    assert (core_count(), worker_count(), cv2.getNumThreads()) == (2, 3, 2)
    assert is_limited()
    limit_cores(0)
    assert core_count() == 1


def test_cores_that_a_process_was_not_given_do_not_count(eight_cores, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 2, 5}, raising=False)
    assert core_count() == 3
    assert is_limited()


def shares(workers: int) -> list[int]:
    return list(map_ordered(lambda _: thread_core_count(), range(6), workers))


def test_each_thread_of_a_pool_has_its_share(eight_cores):
    assert thread_core_count() == 8
    assert shares(2) == [4] * 6
    assert shares(5) == [1] * 6
    assert shares(16) == [1] * 6
    assert thread_core_count() == 8  # here, all of them as before


def test_workers_of_a_worker_share_its_cores(eight_cores):
    assert list(map_ordered(lambda _: shares(2), range(2), 2)) == [[2] * 6] * 2


def test_a_share_is_no_more_than_the_process_has(eight_cores):
    limit_cores(3)
    assert shares(1) == [3] * 6
    assert shares(2) == [1] * 6


def test_a_worker_with_one_core_starts_no_threads(monkeypatch):
    """Its bands are processed where they are, with the same result."""
    grey = np.random.default_rng(0).integers(0, 256, (1500, 2000), np.uint8)
    chroma = np.full((1500, 2000, 2), 20, np.float32)
    expected = merge(grey, chroma)

    def merged(_: int) -> tuple[np.ndarray, int]:
        return merge(grey, chroma), threading.active_count()

    before = threading.active_count()
    monkeypatch.setattr(parallel, "core_count", lambda: 2)
    for found, threads in map_ordered(merged, range(2), 2):
        np.testing.assert_array_equal(found, expected)
        assert threads <= before + 2
