"""The page's tab for films."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError
from photochrom.film import require
from photochrom.film.clock import parse_moment
from photochrom.options import ColorOptions
from photochrom.web.filenames import colorized_name, safe_name
from photochrom.web.job_queue import Item, Job
from photochrom.web.jobs import film_target, film_work
from photochrom.web.page.job_tab import JobTab, link_or_copy

if TYPE_CHECKING:
    from gradio.components import Component

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
    """The tab for films: one film, its progress with a preview, and its result."""

    what = "film"
    invitation = "Drop a film here. Its luma, sound and subtitles do not change."
    unit = "frames"
    plays = True

    def lay_out(self) -> list[Component]:
        """Create the inputs of `create_job`, in the order of its arguments."""
        film = gr.File(label="Film", file_types=_SUFFIXES, height=150, elem_id="film-drop")
        default = self._service.colorizer.model.card.vividness
        vividness = gr.Slider(0, 1, default, step=0.01, label="Vividness")
        with gr.Row():
            start = gr.Textbox(label="From", placeholder="0:00", min_width=90)
            end = gr.Textbox(label="To", placeholder="end", min_width=90)
        reference = gr.File(
            label="Copy colours from a frame or photo",
            file_types=sorted(photo.READABLE_SUFFIXES),
            height=160,
        )
        return [film, vividness, start, end, reference]

    def create_job(self, file: str | None, *settings: object) -> Job:
        """Return the job for a film.

        Args:
            file: Path of the film, or None.
            settings: Vividness, start and end as texts, and the path of a reference or None.

        Raises:
            ConfigError: there is no film, or a setting is wrong.
            PhotoError: the reference cannot be read.
            MissingExtra: the extra for films is not installed.
        """
        vividness, start, end, reference = cast("tuple[float, str, str, str | None]", settings)
        require()
        if file is None:
            raise ConfigError("expected a film; add one first")
        start_seconds = parse_moment(start) if start.strip() else 0.0
        end_seconds = parse_moment(end) if end.strip() else None
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
            start=start_seconds,
            end=end_seconds,
        )
        return Job("film", folder, [Item(name.name)], work)
