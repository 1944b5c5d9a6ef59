"""Work that takes longer than a request: many photographs, or a film."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from photochrom import batch, photo
from photochrom.errors import OutputError, OutputFailed, PhotochromError, PhotoError
from photochrom.film import Watcher
from photochrom.web.filenames import unique
from photochrom.web.problems import Busy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from photochrom.colorizer import Colorizer

__all__ = ["Item", "Job", "Jobs", "Work", "film_target", "film_work", "photographs_work"]

Status = Literal["queued", "running", "done", "failed", "cancelled"]
Work = Callable[["Job"], Path]

_LOOK_SECONDS: Final = 1.0  # between two looks at a film
_LOOK_ROWS: Final = 360
_ENDED: Final = ("done", "failed", "cancelled")


class _Cancelled(Exception):
    """Raised where a job finds that it is not wanted any more."""


@dataclass
class Item:
    """One photograph of a job, or its film.

    Attributes:
        name: the file's.
        status: how far it is.
        reason: why it failed.
    """

    name: str
    status: Status = "queued"
    reason: str = ""


@dataclass(eq=False)
class Job:
    """Something that is being done.

    Attributes:
        kind: "photographs" or "film".
        folder: where its files are; deleted with it.
        items: what it is about.
        work: does it, and says where the result is.
        id: which nobody can guess.
        status: how far it is.
        reason: why it failed.
        done: photographs, or frames, that are done.
        total: of so many; of a film, about so many.
        created: when, in seconds since 1970.
        ended: when, or None.
        result: where, once it is done.
        look: the latest frame of a film, as a small JPEG.
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
    created: float = field(default_factory=time.time)
    ended: float | None = None
    result: Path | None = None
    look: bytes = field(default=b"", repr=False)
    unwanted: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_over(self) -> bool:
        return self.status in _ENDED

    def check(self) -> None:
        """See that it is still wanted."""
        if self.unwanted.is_set():
            raise _Cancelled


class Jobs:
    """A bounded queue of jobs, done one after another in a thread."""

    def __init__(self, most: int, kept: float, most_kept: int) -> None:
        """Open it.

        Args:
            most: jobs that wait or run.
            kept: seconds after its end at which a job is forgotten and its files deleted.
            most_kept: jobs that are over; of more than these the oldest are forgotten.
        """
        self._most, self._kept, self._most_kept = most, kept, most_kept
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="photochrom-jobs", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """See whether there is a place.

        Raises:
            Busy: there is none.
        """
        if self.unfinished >= self._most:
            raise Busy(f"expected fewer than {self._most} jobs that wait or run", 30)

    @property
    def unfinished(self) -> int:
        """How many wait or run."""
        return sum(not job.is_over for job in list(self._jobs.values()))

    def count(self) -> dict[str, int]:
        """How many there are of each status."""
        statuses = [job.status for job in list(self._jobs.values())]
        return {each: statuses.count(each) for each in ("queued", "running", *_ENDED)}

    def add(self, job: Job) -> None:
        """Take a job on.

        Raises:
            Busy: there is no place for it.
        """
        with self._changed:
            self.check()
            if not self._open:
                raise Busy("the service is being stopped", 30, 503)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._changed.notify_all()

    def get(self, key: str) -> Job | None:
        """The job of that id, unless it is forgotten."""
        job = self._jobs.get(key)
        return None if job is None or self._is_old(job) else job

    def remove(self, job: Job) -> None:
        """Cancel it, if it is not over, and forget it."""
        job.unwanted.set()
        with self._changed:
            self._jobs.pop(job.id, None)
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, "cancelled")
            over = job.is_over
        if over:  # else its thread deletes the files, as soon as it lets go of them
            _delete(job)

    def forget_old(self) -> None:
        """Forget what is over for long, or many jobs ago, and delete its files."""
        with self._changed:
            over = [job for job in self._jobs.values() if job.is_over]
            many = len(over) - self._most_kept
            old = [job for at, job in enumerate(over) if at < many or self._is_old(job)]
            for job in old:
                del self._jobs[job.id]
        for job in old:
            _delete(job)

    def close(self, grace: float) -> None:
        """Begin nothing more; give what runs so many seconds to end."""
        with self._changed:
            self._open = False
            for job in self._waiting:
                self._end(job, "cancelled", "the service was stopped")
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(grace)
        for job in list(self._jobs.values()):
            job.unwanted.set()
        self._thread.join(10)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.result = job.work(job)
                job.total = job.done  # of a film it was a guess
                self._end(job, "done")
            except _Cancelled:
                self._end(job, "cancelled")
            except (PhotochromError, OSError) as error:
                self._end(job, "failed", _told(error, job))
            except Exception as error:  # the next job must not suffer for it
                logging.getLogger(__name__).exception("a job failed")
                self._end(job, "failed", f"something failed that should not: {type(error)}")
            if job.result is None or job.id not in self._jobs:
                _delete(job)
            self.forget_old()

    def _next(self) -> Job | None:
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
        job.status = status  # last: who reads it may rely upon the others

    def _is_old(self, job: Job) -> bool:
        return job.ended is not None and time.time() - job.ended > self._kept


def _delete(job: Job) -> None:
    shutil.rmtree(job.folder, ignore_errors=True)


def _told(reason: object, job: Job) -> str:
    """A reason that names files as the client knows them."""
    text = str(reason)
    for inside in ("in", "out"):
        text = text.replace(f"{job.folder / inside}{os.sep}", "")
    return text


def photographs_work(
    colorizer: Colorizer, sources: list[Path], *, workers: int, suffix: str | None, **how: Any
) -> Work:
    """Colour photographs into one zip; who fails is named, the others are there.

    Args:
        colorizer: with what.
        sources: the photographs; deleted as they are done.
        workers: how many at once.
        suffix: of the results; None: each photograph's own.
        how: arguments of `batch.run`.
    """

    def work(job: Job) -> Path:
        job.total, made = len(sources), job.folder / "coloured.zip"
        names = unique(source.with_suffix(suffix or source.suffix).name for source in sources)
        targets = [job.folder / "out" / name for name in names]
        tasks = [batch.Job(*both) for both in zip(sources, targets, strict=True)]
        coming = batch.run(tasks, colorizer, keep_going=True, workers=workers, **how)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive, closing(coming):
            for item, outcome in zip(job.items, coming, strict=True):
                job.check()
                item.status = "done" if outcome.status == "done" else "failed"
                item.reason = _told(outcome.reason, job)
                if outcome.status == "done":
                    archive.write(outcome.job.target, outcome.job.target.name)
                    outcome.job.target.unlink()
                outcome.job.source.unlink()
                job.done += 1
        if all(item.status == "failed" for item in job.items):
            raise PhotoError("none of the photographs could be coloured")
        return made

    return work


def film_target(folder: Path, name: str) -> Path:
    """Where a film goes, in a container that can be written: its own, or Matroska's."""
    from photochrom.film.mux import container_format

    own = Path(name)
    try:
        container_format(own)
    except OutputError:
        own = own.with_suffix(".mkv")
    return folder / own.name


def film_work(colorizer: Colorizer, source: Path, target: Path, **how: Any) -> Work:
    """Colour a film.

    Args:
        colorizer: with what.
        source: the film; deleted when it is done.
        target: where the coloured one goes.
        how: arguments of `Colorizer.film`.
    """

    def work(job: Job) -> Path:
        job.items[0].status = "running"
        try:
            colorizer.film(source, target, watcher=_Teller(job), **how)
        except OutputFailed as error:  # which speaks of what is kept; a job keeps nothing
            raise OutputFailed(f"cannot write the film: {error.__cause__}") from error
        source.unlink()
        return target

    return work


class _Teller(Watcher):
    """Keeps a job told of its film, and ends the film with the job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._looked = 0.0

    def frame(self, done: int, total: int, shot: int) -> None:
        self._job.check()
        self._job.done, self._job.total = done, max(done, total)

    def picture(self, look: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            self._job.look = photo.encode(look(_LOOK_ROWS), format="JPEG")
