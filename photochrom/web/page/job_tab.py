"""What the tabs for films and for documents share: a job of the service, with its progress."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gradio as gr

from photochrom.errors import PhotochromError
from photochrom.web.page.components import asset
from photochrom.web.page.updates import NOTHING, Updates
from photochrom.web.problems import Busy

if TYPE_CHECKING:
    from gradio.components import Component

    from photochrom.web.job_queue import Job
    from photochrom.web.page.payloads import JobValue
    from photochrom.web.state import ServiceState

__all__ = ["JobTab", "link_or_copy"]

_TEMPLATE: Final = """
<section class="job" aria-label="The {what}" data-invitation="{invitation}" data-unit="{unit}">
  <p class="say" role="status" aria-live="polite"></p>
  <progress aria-label="Progress" hidden></progress>
  <ul class="notes" aria-label="Notes" hidden></ul>
  <img class="preview" alt="The latest coloured frame" hidden>
  <video class="playback" controls preload="metadata" aria-label="The {what} in colour" hidden>
  </video>
  <p class="unplayable" role="status" hidden></p>
  <a class="save" download hidden>Save the {what} in colour</a>
</section>
"""


class JobTab(ABC):
    """A tab that colours one file as a job of the service."""

    what: str
    """What it colours, "film" or "document"; also the id of the component for the progress."""
    invitation: str
    """The text before there is a job."""
    unit: str
    """What the progress counts, in the plural."""
    plays = False
    """Whether the result is played on the page."""

    def __init__(self, service: ServiceState, key: gr.BrowserState, timer: gr.Timer) -> None:
        """Lay out the tab.

        Args:
            service: The service; it colours the file as a job.
            key: Id of the job; the browser keeps it, so that the job survives a reload.
            timer: Updates the progress while the job runs.
        """
        self._service, self._key, self._timer = service, key, timer
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self._inputs = self.lay_out()
                self._begin = gr.Button(
                    f"Colour the {self.what}", variant="primary", elem_id=f"{self.what}-begin"
                )
                self._cancel = gr.Button("Cancel", visible=False)
            with gr.Column(scale=3, min_width=340):
                self.lay_out_preview()
                self._progress = gr.HTML(
                    {},
                    html_template=_TEMPLATE.format(
                        what=self.what, invitation=self.invitation, unit=self.unit
                    ),
                    js_on_load=asset("job.js"),
                    apply_default_css=False,
                    elem_id=self.what,
                )

    @abstractmethod
    def lay_out(self) -> list[Component]:
        """Create the inputs of `create_job`, in the order of its arguments."""

    def lay_out_preview(self) -> None:  # noqa: B027 - most tabs have none
        """Create what is shown above the progress; by default nothing."""

    @abstractmethod
    def create_job(self, file: str | None, *settings: object) -> Job:
        """Return the job for an uploaded file.

        Raises:
            PhotochromError: there is no file, or a setting is wrong.
        """

    def connect(self, on_load: Callable[..., object]) -> None:
        """Connect the events to their handlers.

        Args:
            on_load: The event that the page was opened or loaded again.
        """
        outputs = [self._key, self._timer, self._progress, self._begin, self._cancel]
        events: list[tuple[Callable[..., object], Callable[..., Updates], list[Component]]] = [
            (self._begin.click, self._start_job, self._inputs),
            (self._cancel.click, self._cancel_job, [self._key]),
            (self._timer.tick, self._update, [self._key]),
            (on_load, self._update, [self._key]),
        ]
        for event, handler, needed in events:
            event(handler, needed, outputs, show_progress="hidden", api_visibility="private")

    def _start_job(self, file: str | None, *settings: object) -> Updates:
        try:
            self._service.jobs.check()  # before a copy of the file is made
            job = self.create_job(file, *settings)
            self._service.jobs.add(job)
        except (PhotochromError, Busy) as error:
            gr.Warning(escape(str(error)))  # Gradio renders the text as HTML
            return NOTHING
        return self._updates_of(job)

    def _cancel_job(self, key: str) -> Updates:
        if job := self._service.jobs.get(key):
            self._service.jobs.remove(job)
        return {
            self._key: "",
            self._timer: gr.Timer(active=False),
            self._progress: {"status": "cancelled"},
            self._begin: gr.Button(visible=True),
            self._cancel: gr.Button(visible=False),
        }

    def _update(self, key: str) -> Updates:
        job = self._service.jobs.get(key)
        if job is None:  # it has expired, or there has been none
            return self._cancel_job("") if key else NOTHING
        return self._updates_of(job)

    def _updates_of(self, job: Job) -> Updates:
        # The time makes a new URL for each preview, so that the browser loads the frame again
        preview = f"/session/film/{job.id}/preview.jpg?{time.time():.0f}" if job.preview else ""
        value: JobValue = {
            "status": job.status,
            "reason": job.reason,
            "note": self.note(job) if job.status == "done" else "",
            "notes": list(job.items[0].notes),
            "name": job.items[0].name,
            "done": job.done,
            "total": job.total,
            "preview": preview,
            "result": f"/api/v1/jobs/{job.id}/result" if job.result else "",
            "format": job.result.suffix.lstrip(".").upper() if job.result else "",
            "plays": self.plays,
        }
        return {
            self._key: job.id,
            self._timer: gr.Timer(active=not job.is_over),
            self._progress: value,
            self._begin: gr.Button(visible=job.is_over),
            self._cancel: gr.Button(visible=not job.is_over),
        }

    def note(self, job: Job) -> str:
        """Return what is worth knowing of a result; "" if nothing is."""
        return ""


def link_or_copy(file: Path, path: Path) -> None:
    """Link an uploaded file to `path`, or copy it where the file system has no links.

    The upload stays, so that a person can colour the same file again.
    """
    path.parent.mkdir()
    try:
        path.hardlink_to(file)
    except OSError:
        shutil.copy(file, path)
