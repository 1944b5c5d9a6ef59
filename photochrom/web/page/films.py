"""The page's tab for films."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError, PhotochromError
from photochrom.film import require
from photochrom.film.clock import parse_moment
from photochrom.web.filenames import safe_name
from photochrom.web.jobs import Item, Job, film_target, film_work
from photochrom.web.page.components import asset
from photochrom.web.page.handlers import NOTHING
from photochrom.web.problems import Busy

if TYPE_CHECKING:
    from photochrom.web.state import ServiceState

__all__ = ["FilmTab"]

_SUFFIXES: Final = [".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv"]

_TEMPLATE: Final = """
<section class="film" aria-label="The film">
  <p class="say" role="status" aria-live="polite"></p>
  <progress aria-label="Coloured so far" hidden></progress>
  <img class="look" alt="The latest coloured frame" hidden>
  <a class="save" download hidden>Save the film in colour</a>
</section>
"""


class FilmTab:
    """A film goes in, can be watched as it is coloured, and comes out."""

    def __init__(self, workshop: ServiceState, key: gr.BrowserState, timer: gr.Timer) -> None:
        """Lay it out.

        Args:
            workshop: where films are coloured.
            key: of the film; it outlasts a reload, but not within a tab that nobody has opened.
            timer: lets the tab look how far the film is.
        """
        self._workshop, self._key, self._timer = workshop, key, timer
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self._film = gr.File(
                    label="A film", file_types=_SUFFIXES, height=150, elem_id="film-drop"
                )
                usual = workshop.colorizer.model.card.vividness
                self._vividness = gr.Slider(0, 1, usual, step=0.01, label="Vividness")
                with gr.Row():
                    self._start = gr.Textbox(label="From", placeholder="0:00", min_width=90)
                    self._end = gr.Textbox(label="To", placeholder="its end", min_width=90)
                self._reference = gr.File(
                    label="A frame or photograph in colour to follow",
                    file_types=sorted(photo.READABLE_SUFFIXES),
                    height=140,
                )
                self._begin = gr.Button("Colour it", variant="primary", elem_id="film-begin")
                self._cancel = gr.Button("Cancel", visible=False)
            with gr.Column(scale=3, min_width=340):
                self._shown = gr.HTML(
                    {},
                    html_template=_TEMPLATE,
                    js_on_load=asset("film.js"),
                    apply_default_css=False,
                    elem_id="film",
                )

    def wire(self, arrived: Callable[..., Any]) -> None:
        """Let things happen.

        Args:
            arrived: the event that the page was opened, perhaps again.
        """
        outputs = [self._key, self._timer, self._shown, self._begin, self._cancel]
        asked = [self._film, self._vividness, self._start, self._end, self._reference]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self._begin.click(self._started, asked, outputs, **quiet)
        self._cancel.click(self._cancelled, [self._key], outputs, **quiet)
        self._timer.tick(self._looked, [self._key], outputs, **quiet)
        arrived(self._looked, [self._key], outputs, **quiet)

    def _started(
        self,
        film: str | None,
        vividness: float,
        start: str,
        end: str,
        reference: str | None,
    ) -> dict[Any, Any]:
        try:
            self._workshop.jobs.check()  # before the film is laid into a folder
            job = self._job(film, vividness, start, end, reference)
            self._workshop.jobs.add(job)
        except (PhotochromError, Busy) as error:
            gr.Warning(escape(str(error)))  # Gradio takes it for HTML
            return NOTHING
        return self._told(job)

    def _job(
        self,
        film: str | None,
        vividness: float,
        start: str,
        end: str,
        reference: str | None,
    ) -> Job:
        require()
        if film is None:
            raise ConfigError("expected a film; drop one first")
        first = parse_moment(start) if start.strip() else 0.0
        last = parse_moment(end) if end.strip() else None
        known = [photo.read(reference, name=Path(reference).name)] if reference else []
        folder = self._workshop.new_folder()
        name = Path(safe_name(Path(film).name, "film"))
        source = folder / "in" / name
        target = film_target(folder / "out", name.name)
        source.parent.mkdir()
        target.parent.mkdir()
        _copied(Path(film), source)
        work = film_work(
            self._workshop.colorizer,
            source,
            target,
            vividness=vividness,
            start=first,
            end=last,
            references=known,
        )
        return Job("film", folder, [Item(name.name)], work)

    def _cancelled(self, key: str) -> dict[Any, Any]:
        if job := self._workshop.jobs.get(key):
            self._workshop.jobs.remove(job)
        return {
            self._key: "",
            self._timer: gr.Timer(active=False),
            self._shown: {"status": "cancelled"},
            self._begin: gr.Button(visible=True),
            self._cancel: gr.Button(visible=False),
        }

    def _looked(self, key: str) -> dict[Any, Any]:
        job = self._workshop.jobs.get(key)
        if job is None:
            return self._cancelled("") if key else NOTHING
        return self._told(job)

    def _told(self, job: Job) -> dict[Any, Any]:
        value = {
            "status": job.status,
            "reason": job.reason,
            "name": job.items[0].name,
            "done": job.done,
            "total": job.total,
            "look": f"/desk/film/{job.id}/look.jpg?{time.time():.0f}" if job.look else "",
            "result": f"/api/v1/jobs/{job.id}/result" if job.result else "",
        }
        return {
            self._key: job.id,
            self._timer: gr.Timer(active=not job.is_over),
            self._shown: value,
            self._begin: gr.Button(visible=job.is_over),
            self._cancel: gr.Button(visible=not job.is_over),
        }


def _copied(film: Path, place: Path) -> None:
    """Without taking room for it twice, where the system can: whoever dropped it may try again."""
    try:
        place.hardlink_to(film)
    except OSError:
        shutil.copy(film, place)
