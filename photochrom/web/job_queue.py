"""Jobs and their queue: work that takes longer than a request."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from photochrom.errors import PhotochromError
from photochrom.web.problems import Busy

if TYPE_CHECKING:
    from photochrom.batch import Status

__all__ = ["Item", "Job", "Jobs", "Work"]

Work = Callable[["Job"], Path]

_STOP_SECONDS: Final = 10  # for a job to notice that it is cancelled when the service stops
_ENDED: Final = ("done", "failed", "cancelled")


class _Cancelled(Exception):
    """Raised within the work of a job that was cancelled."""


@dataclass
class Item:
    """One photograph of a job, or its film.

    Attributes:
        name: Name of the file.
        status: Progress of this item.
        reason: Why it failed; "" otherwise.
        photographs: Number of photographs that were coloured: several on an album page or in a
            document; 0 before that, and for a film.
        unchanged: Images of a document that were not coloured: the page, from 1, and the reason.
        metadata_lost: Names of metadata that the result does not carry over.
        repaired: What was repaired in the copy of a photograph; "" if there is none.
        notes: Messages about a film: what is converted or left out, and damaged places.
    """

    name: str
    status: Status = "queued"
    reason: str = ""
    photographs: int = 0
    unchanged: tuple[tuple[int, str], ...] = ()
    metadata_lost: tuple[str, ...] = ()
    repaired: str = ""
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class Job:
    """A job, its progress and its result.

    Attributes:
        kind: "photographs" or "film".
        folder: Folder of its files; deleted with the job.
        items: The photographs, or the film.
        work: Does the job, and returns the path of the result.
        id: Random identifier that nobody can guess.
        status: Progress of the job.
        reason: Why it failed; "" otherwise.
        done: Number of photographs, or frames, that are done.
        total: Number of photographs, or frames; an estimate for a film; 0 if not known yet.
        compared: Number of photographs that were compared with the others, to share colours.
        created: Time of creation, in seconds since 1970.
        ended: Time of the end, in seconds since 1970, or None.
        result: Path of the result, once there is one.
        preview: The latest frame of a film, as a small JPEG; b"" if there is none.
        cancel_requested: Set when the job is to stop.
    """

    kind: Literal["photographs", "film"]
    folder: Path
    items: list[Item]
    work: Work = field(repr=False)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: Status = "queued"
    reason: str = ""
    done: int = 0
    total: int = 0
    compared: int = 0
    created: float = field(default_factory=time.time)
    ended: float | None = None
    result: Path | None = None
    preview: bytes = field(default=b"", repr=False)
    cancel_requested: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self.status in _ENDED

    def raise_if_cancelled(self) -> None:
        """Stop the work of a job that was cancelled, by an exception."""
        if self.cancel_requested.is_set():
            raise _Cancelled

    def without_folders(self, message: object) -> str:
        """Return a message with the client's own file names instead of paths on this machine."""
        folder, separator = re.escape(str(self.folder)), re.escape(os.sep)
        # Each result is in a folder of its own, which has a number
        pattern = f"{folder}{separator}(in|out{separator}[0-9]+){separator}"
        return re.sub(pattern, "", str(message))

    def delete_files(self) -> None:
        """Delete the folder of the job."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Jobs:
    """A bounded queue of jobs, done one after another in a thread."""

    def __init__(self, limit: int, keep_seconds: float, keep_count: int) -> None:
        """Start the thread.

        Args:
            limit: Number of jobs that may wait and run, together.
            keep_seconds: How long an ended job and its files are kept.
            keep_count: Number of ended jobs to keep; the oldest are deleted first.
        """
        self._limit, self._keep_seconds, self._keep_count = limit, keep_seconds, keep_count
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        # Guards the two above and the change of a job from waiting to running
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="photochrom-jobs", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Check that one more job can be taken.

        Raises:
            Busy: the limit is reached.
        """
        if self.unfinished >= self._limit:
            raise Busy(f"{self._limit} jobs wait or run already; please try again", 30)

    @property
    def unfinished(self) -> int:
        """Number of jobs that wait or run."""
        return sum(not job.is_over for job in list(self._jobs.values()))

    def count(self) -> dict[str, int]:
        """Return the number of jobs of each status."""
        statuses = [job.status for job in list(self._jobs.values())]
        return {status: statuses.count(status) for status in ("queued", "running", *_ENDED)}

    def add(self, job: Job) -> None:
        """Add a job to the queue.

        Raises:
            Busy: the limit is reached, or the service is stopping.
        """
        with self._changed:
            self.check()
            if not self._open:
                raise Busy("the service is stopping", 30, 503)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._changed.notify_all()

    def get(self, key: str) -> Job | None:
        """Return the job with the id `key`, or None if there is none or it has expired."""
        job = self._jobs.get(key)
        return None if job is None or self._is_expired(job) else job

    def remove(self, job: Job) -> None:
        """Cancel a job if it has not ended, and delete it."""
        job.cancel_requested.set()
        with self._changed:
            self._jobs.pop(job.id, None)
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, "cancelled")
            is_over = job.is_over
        if is_over:  # otherwise the thread deletes the files when it has closed them
            job.delete_files()

    def forget_old(self) -> None:
        """Delete ended jobs that have expired, or that are too many."""
        with self._changed:
            ended = [job for job in self._jobs.values() if job.is_over]
            excess = len(ended) - self._keep_count
            old = [job for i, job in enumerate(ended) if i < excess or self._is_expired(job)]
            for job in old:
                del self._jobs[job.id]
        for job in old:
            job.delete_files()

    def close(self, grace: float) -> None:
        """Cancel all jobs that wait, and give the running one `grace` seconds to end."""
        with self._changed:
            self._open = False
            for job in self._waiting:
                self._end(job, "cancelled", "the service was stopped")
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(grace)
        for job in list(self._jobs.values()):
            job.cancel_requested.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.result = job.work(job)
                job.total = job.done  # the total of a film was an estimate
                self._end(job, "done")
            except _Cancelled:
                self._end(job, "cancelled")
            except (PhotochromError, OSError) as error:
                self._end(job, "failed", job.without_folders(error))
            except Exception as error:  # one broken job must not stop those after it
                logging.getLogger(__name__).exception("a job failed")
                self._end(job, "failed", f"the job failed unexpectedly: {type(error)}")
            # A job that was removed while it ran leaves its files to this thread
            if job.result is None or job.id not in self._jobs:
                job.delete_files()
            self.forget_old()

    def _next(self) -> Job | None:
        """Wait for the next job; return None when the queue is closed."""
        with self._changed:
            while self._open and not self._waiting:
                self._changed.wait()
            if not self._waiting:
                return None
            job = self._waiting.popleft()
            job.status = "running"
            return job

    def _end(self, job: Job, status: Status, reason: str = "") -> None:
        for item in job.items:
            if item.status in ("queued", "running"):
                item.status, item.reason = ("done", "") if status == "done" else (status, reason)
        job.reason, job.ended = reason, time.time()
        # Set last, since other threads read the other fields once the status says "ended"
        job.status = status

    def _is_expired(self, job: Job) -> bool:
        return job.ended is not None and time.time() - job.ended > self._keep_seconds
