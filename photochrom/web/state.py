"""What all requests of a service share."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.web.jobs import Jobs
from photochrom.web.metrics import Metrics
from photochrom.web.uploads import Uploads
from photochrom.web.worker_queue import WorkerQueue

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["ServiceState"]


class ServiceState:
    """A colorizer, with the queues before it and a folder for what is under way.

    Attributes:
        colorizer: colours.
        settings: of the service.
        folder: of all files; deleted in the end.
        gate: before single photographs.
        uploads: that are coming in.
        jobs: many photographs, and films.
        metrics: counts and times.
    """

    def __init__(self, colorizer: Colorizer, settings: Settings) -> None:
        limits = settings.limits
        self.colorizer, self.settings = colorizer, settings
        self._temporary = tempfile.TemporaryDirectory(prefix="photochrom-")
        self.folder = Path(self._temporary.name)
        self.gate = WorkerQueue(settings.threads, limits.waiting, limits.seconds)
        self.uploads = Uploads(limits.uploads, limits.spare)
        self.jobs = Jobs(limits.jobs, limits.kept, limits.results)
        self.metrics = Metrics(self.gate, self.jobs)
        self._then: list[Callable[[], None]] = []
        self._tidying: list[Callable[[], None]] = [self.jobs.forget_old]

    def new_folder(self) -> Path:
        """An empty folder that is nobody else's."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def at_close(self, do: Callable[[], None]) -> None:
        """Let something more be done in the end."""
        self._then.append(do)

    def at_tidying(self, do: Callable[[], None]) -> None:
        """Let something more be done every minute."""
        self._tidying.append(do)

    async def tidy(self) -> None:
        """Delete what is kept for too long, for ever."""
        while True:
            await asyncio.sleep(min(60, self.settings.limits.kept))
            for do in self._tidying:
                await asyncio.to_thread(do)

    def close(self) -> None:
        """End what runs, and delete all files."""
        self.gate.close()
        for do in self._then:
            do()
        self.jobs.close(self.settings.grace)
        self._temporary.cleanup()
