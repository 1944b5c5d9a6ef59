"""The state that all requests of a service share."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from photochrom.web.job_queue import Jobs
from photochrom.web.metrics import Metrics
from photochrom.web.uploads import Uploads
from photochrom.web.worker_queue import WorkerQueue

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["Service", "ServiceState"]

_CLEANUP_SECONDS = 60


class ServiceState:
    """The colorizer, its queues and the folder for temporary files.

    Attributes:
        colorizer: Colours the photographs and films.
        settings: Settings of the service.
        folder: Folder of all files; deleted when the service stops.
        worker_queue: Queue for single photographs.
        uploads: Counts the uploads under way.
        jobs: Queue for jobs: many photographs, or a film.
        metrics: Counts and times for Prometheus.
    """

    def __init__(self, colorizer: Colorizer, settings: Settings) -> None:
        limits = settings.limits
        self.colorizer, self.settings = colorizer, settings
        self._temporary = tempfile.TemporaryDirectory(prefix="photochrom-")
        self.folder = Path(self._temporary.name)
        self.worker_queue = WorkerQueue(settings.threads, limits.waiting, limits.seconds)
        self.uploads = Uploads(limits.uploads, limits.spare)
        self.jobs = Jobs(limits.jobs, limits.kept, limits.results)
        self.metrics = Metrics(self.worker_queue, self.jobs)
        self._close_actions: list[Callable[[], None]] = []
        self._cleanup_actions: list[Callable[[], None]] = [self.jobs.forget_old]

    def new_folder(self) -> Path:
        """Create an empty folder for one job."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def add_close_action(self, action: Callable[[], None]) -> None:
        """Run `action` when the service stops."""
        self._close_actions.append(action)

    def add_cleanup_action(self, action: Callable[[], None]) -> None:
        """Run `action` every minute while the service runs."""
        self._cleanup_actions.append(action)

    async def clean_up_regularly(self) -> None:
        """Delete expired files every minute, until the task is cancelled."""
        while True:
            await asyncio.sleep(min(_CLEANUP_SECONDS, self.settings.limits.kept))
            for action in self._cleanup_actions:
                await asyncio.to_thread(action)

    def close(self) -> None:
        """Let running work end, and delete all files."""
        self.worker_queue.close()
        for action in self._close_actions:
            action()
        self.jobs.close(self.settings.grace)
        self._temporary.cleanup()


async def _service_of(request: Request) -> ServiceState:
    service: ServiceState = request.app.state.service
    return service


# The parameter of a route that needs the state; FastAPI passes it
Service = Annotated[ServiceState, Depends(_service_of)]
