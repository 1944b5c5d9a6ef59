"""The page's tab for films."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError, PhotochromError
from photochrom.film import require
from photochrom.film.clock import parse_moment
from photochrom.options import ColorOptions
from photochrom.web.filenames import colorized_name, safe_name
from photochrom.web.job_queue import Item, Job
from photochrom.web.jobs import film_target, film_work
from photochrom.web.page.components import asset
from photochrom.web.page.updates import NOTHING, Updates
from photochrom.web.problems import Busy

if TYPE_CHECKING:
    from gradio.components import Component

    from photochrom.web.page.payloads import FilmValue
    from photochrom.web.state import ServiceState

__all__ = ["FilmTab"]

_SUFFIXES: Final = [
    ".mp4",
    ".mov",
    ".mkv",
    ".avi",
    ".gif",
    ".webm",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".ts",
    ".wmv",
]

_TEMPLATE: Final = """
<section class="film" aria-label="The film">
  <p class="say" role="status" aria-live="polite"></p>
  <progress aria-label="Frames coloured" hidden></progress>
  <img class="preview" alt="The latest coloured frame" hidden>
  <a class="save" download hidden>Save the film in colour</a>
</section>
"""


class FilmTab:
    """The tab for films: one film, its progress with a preview, and its result."""

    def __init__(self, service: ServiceState, key: gr.BrowserState, timer: gr.Timer) -> None:
        """Lay out the tab.

        Args:
            service: The service; it colours the film as a job.
            key: Job id of the film; the browser keeps it, so that the film survives a reload.
            timer: Updates the progress while the film is being coloured.
        """
        self._service, self._key, self._timer = service, key, timer
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self._film = gr.File(
                    label="Film", file_types=_SUFFIXES, height=150, elem_id="film-drop"
                )
                default = service.colorizer.model.card.vividness
                self._vividness = gr.Slider(0, 1, default, step=0.01, label="Vividness")
                with gr.Row():
                    self._start = gr.Textbox(label="From", placeholder="0:00", min_width=90)
                    self._end = gr.Textbox(label="To", placeholder="end", min_width=90)
                self._reference = gr.File(
                    label="Copy colours from a frame or photo",
                    file_types=sorted(photo.READABLE_SUFFIXES),
                    height=160,
                )
                self._begin = gr.Button("Colour the film", variant="primary", elem_id="film-begin")
                self._cancel = gr.Button("Cancel", visible=False)
            with gr.Column(scale=3, min_width=340):
                self._progress = gr.HTML(
                    {},
                    html_template=_TEMPLATE,
                    js_on_load=asset("film.js"),
                    apply_default_css=False,
                    elem_id="film",
                )

    def connect(self, on_load: Callable[..., object]) -> None:
        """Connect the events to their handlers.

        Args:
            on_load: The event that the page was opened or loaded again.
        """
        outputs = [self._key, self._timer, self._progress, self._begin, self._cancel]
        inputs = [self._film, self._vividness, self._start, self._end, self._reference]
        events: list[tuple[Callable[..., object], Callable[..., Updates], list[Component]]] = [
            (self._begin.click, self._start_job, inputs),
            (self._cancel.click, self._cancel_job, [self._key]),
            (self._timer.tick, self._update, [self._key]),
            (on_load, self._update, [self._key]),
        ]
        for event, handler, needed in events:
            event(handler, needed, outputs, show_progress="hidden", api_visibility="private")

    def _start_job(
        self,
        film: str | None,
        vividness: float,
        start: str,
        end: str,
        reference: str | None,
    ) -> Updates:
        try:
            self._service.jobs.check()  # before a copy of the film is made
            job = self._create_job(film, vividness, start, end, reference)
            self._service.jobs.add(job)
        except (PhotochromError, Busy) as error:
            gr.Warning(escape(str(error)))  # Gradio renders the text as HTML
            return NOTHING
        return self._updates_of(job)

    def _create_job(
        self,
        film: str | None,
        vividness: float,
        start: str,
        end: str,
        reference: str | None,
    ) -> Job:
        require()
        if film is None:
            raise ConfigError("expected a film; add one first")
        start_seconds = parse_moment(start) if start.strip() else 0.0
        end_seconds = parse_moment(end) if end.strip() else None
        read = photo.read(reference, name=Path(reference).name) if reference else None
        options = ColorOptions(vividness=vividness, reference=read)
        folder = self._service.new_folder()
        name = Path(safe_name(Path(film).name, "film"))
        source = folder / "in" / name
        target = film_target(folder / "out", colorized_name(name.name))
        source.parent.mkdir()
        target.parent.mkdir()
        _link_or_copy(Path(film), source)
        work = film_work(
            self._service.colorizer,
            source,
            target,
            options,
            start=start_seconds,
            end=end_seconds,
        )
        return Job("film", folder, [Item(name.name)], work)

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
        value: FilmValue = {
            "status": job.status,
            "reason": job.reason,
            "name": job.items[0].name,
            "done": job.done,
            "total": job.total,
            "preview": preview,
            "result": f"/api/v1/jobs/{job.id}/result" if job.result else "",
        }
        return {
            self._key: job.id,
            self._timer: gr.Timer(active=not job.is_over),
            self._progress: value,
            self._begin: gr.Button(visible=job.is_over),
            self._cancel: gr.Button(visible=not job.is_over),
        }


def _link_or_copy(film: Path, path: Path) -> None:
    """Link an uploaded film to `path`, or copy it where the file system has no links.

    The upload stays, so that a person can colour the same film again.
    """
    try:
        path.hardlink_to(film)
    except OSError:
        shutil.copy(film, path)
