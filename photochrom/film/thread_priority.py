"""Keep video encoders from giving their threads real-time priority."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["ordinary_threads"]


@contextmanager
def ordinary_threads() -> Iterator[None]:
    """Take real-time priority (SCHED_FIFO) back from threads that gain it in the `with` block.

    SVT-AV1, when run by root, gives real-time priority to its own threads and to the thread that
    opens the encoder. Threads started from these inherit it. Nothing else can then run beside
    them, and the whole machine can stop responding.

    On systems other than Linux this does nothing.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        # Each thread has a priority of its own, so all threads of the process are visited.
        for task in Path("/proc/self/task").glob("*"):
            thread_id = int(task.name)
            with suppress(OSError):  # the thread has ended since it was listed
                # If the caller had real-time priority before the block, nothing is changed.
                if policy != os.SCHED_FIFO and os.sched_getscheduler(thread_id) == os.SCHED_FIFO:
                    os.sched_setscheduler(thread_id, policy, parameters)
