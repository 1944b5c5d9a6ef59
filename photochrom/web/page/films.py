"""The page's tab for films."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError
from photochrom.film import require
from photochrom.options import ColorOptions
from photochrom.web.filenames import colorized_name, safe_name
from photochrom.web.job_queue import Item, Job
from photochrom.web.jobs import film_target, film_work
from photochrom.web.page.job_tab import JobTab, link_or_copy
from photochrom.web.page.shots_panel import ShotsPanel, span_of

if TYPE_CHECKING:
    from gradio.components import Component

    from photochrom.web.page.shot_sheets import ShotSheets
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


class FilmTab(JobTab):
    """The tab for films: one film, the colours of its shots, its progress, and its result."""

    what = "film"
    invitation = "The luma, the sound and the subtitles of a film do not change."
    unit = "frames"
    plays = True

    def __init__(
        self,
        service: ServiceState,
        key: gr.BrowserState,
        timer: gr.Timer,
        shot_sheets: ShotSheets,
    ) -> None:
        """Lay out the tab; the arguments are those of `JobTab`, and the sheets of all people."""
        self._panel = ShotsPanel(shot_sheets)
        super().__init__(service, key, timer)

    def lay_out(self) -> list[Component]:
        """Create the inputs of `create_job`, in the order of its arguments."""
        film = gr.File(label="Film", file_types=_SUFFIXES, height=150, elem_id="film-drop")
        self._panel.lay_out_button()
        default = self._service.colorizer.model.card.vividness
        vividness = gr.Slider(0, 1, default, step=0.01, label="Vividness", elem_id="film-vividness")
        with gr.Row():
            start = gr.Textbox(label="From", placeholder="0:00", min_width=90)
            end = gr.Textbox(label="To", placeholder="end", min_width=90)
        reference = gr.File(
            label="Copy colours from a frame or photo",
            file_types=sorted(photo.READABLE_SUFFIXES),
            height=160,
            elem_id="film-reference",
        )
        self._film, self._vividness, self._span = film, vividness, [start, end]
        self._reference = reference
        return [film, vividness, start, end, reference, self._panel.key]

    def lay_out_preview(self) -> None:
        """Create the sheet of shots."""
        self._panel.lay_out()

    def connect(self, on_load: Callable[..., object]) -> None:
        """Connect the events to their handlers; the argument is that of `JobTab.connect`."""
        super().connect(on_load)
        self._panel.connect(self._film, self._vividness, self._span, self._reference)

    def create_job(self, file: str | None, *settings: object) -> Job:
        """Return the job for a film.

        Args:
            file: Path of the film, or None.
            settings: Vividness, start and end as texts, the path of a reference or None, and the
                key of a sheet with colours that a person has given.

        Raises:
            ConfigError: there is no film, or a setting is wrong.
            PhotoError: the reference cannot be read.
            MissingExtra: the extra for films is not installed.
        """
        vividness, start, end, reference, key = cast(
            "tuple[float, str, str, str | None, str]", settings
        )
        require()
        if file is None:
            raise ConfigError("expected a film; add one first")
        start_seconds, end_seconds = span_of(start, end)
        sheet = self._panel.sheet_of(key, file)
        read = photo.read(reference, name=Path(reference).name) if reference else None
        options = ColorOptions(vividness=vividness, reference=read)
        folder = self._service.new_folder()
        name = Path(safe_name(Path(file).name, "film"))
        source = folder / "in" / name
        target = film_target(folder / "out", colorized_name(name.name))
        target.parent.mkdir()
        link_or_copy(Path(file), source)
        work = film_work(
            self._service.colorizer,
            source,
            target,
            options,
            references=sheet.references() if sheet else (),
            hints=sheet.hints() if sheet else (),
            hint_spans=sheet.hint_spans() if sheet else None,
            start=start_seconds,
            end=end_seconds,
        )
        return Job("film", folder, [Item(name.name)], work)
