"""What all requests of a service share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.web.gate import Gate
from photochrom.web.jobs import Jobs
from photochrom.web.metrics import Metrics

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["Workshop"]


class Workshop:
    """A colorizer, with the queues before it and a folder for what is under way.

    Attributes:
        colorizer: colours.
        settings: of the service.
        folder: of all files; deleted in the end.
        gate: before single photographs.
        jobs: many photographs, and films.
        metrics: counts and times.
    """

    def __init__(self, colorizer: Colorizer, settings: Settings) -> None:
        limits = settings.limits
        self.colorizer, self.settings = colorizer, settings
        self._temporary = tempfile.TemporaryDirectory(prefix="photochrom-")
        self.folder = Path(self._temporary.name)
        self.gate = Gate(settings.threads, limits.waiting, limits.seconds)
        self.jobs = Jobs(limits.jobs, limits.kept)
        self.metrics = Metrics(self.gate, self.jobs)
        self._then: list[Callable[[], None]] = []

    def new_folder(self) -> Path:
        """An empty folder that is nobody else's."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def at_close(self, do: Callable[[], None]) -> None:
        """Let something more be done in the end."""
        self._then.append(do)

    def close(self) -> None:
        """End what runs, and delete all files."""
        self.gate.close()
        for do in self._then:
            do()
        self.jobs.close(self.settings.grace)
        self._temporary.cleanup()
