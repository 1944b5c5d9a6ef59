"""Threads stay as the system's other threads are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["ordinary_threads"]


@contextmanager
def ordinary_threads() -> Iterator[None]:
    """Keep what is opened from taking real-time priority.

    SVT-AV1, run by root, gives it to its own threads and to the one that opens it. All that these
    begin later would have it, too: nothing else runs beside them, and a machine can stand still.
    """
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for task in Path("/proc/self/task").glob("*"):
            number = int(task.name)
            with suppress(OSError):  # one that has ended
                if policy != os.SCHED_FIFO and os.sched_getscheduler(number) == os.SCHED_FIFO:
                    os.sched_setscheduler(number, policy, parameters)
