"""Collect the colours that the photographs of an album share, before any of them is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from photochrom.batch.job import InColor, Job
from photochrom.guidance.shared_colors import SharedColors
from photochrom.options import ColorOptions
from photochrom.parallel import map_ordered, worker_count
from photochrom.photo import read
from photochrom.photo.album import is_in_color

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.guidance.reference import Reference

__all__ = ["share_colors"]


def share_colors(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    options: ColorOptions | None = None,
    *,
    in_color: InColor = "skip",
    workers: int | None = None,
    on_photo: Callable[[], None] | None = None,
) -> SharedColors:
    """Predict the colours of all photographs of an album, for `ColorOptions.shared`.

    The result does not depend on which photographs have been coloured already, so a run that goes
    on later gives the same colours. Documents with several pages are left out, and so is what
    cannot be read: `run` reports that.

    Args:
        jobs: the photographs of the album.
        colorizer: the colorizer to use.
        options: how the photographs are to be coloured; hints are places in a single photograph,
            and have no effect here. Nothing is repaired.
        in_color: as in `run`; photographs that it skips are left out.
        workers: as in `run`.
        on_photo: called after each photograph.

    Raises:
        ConfigError: the model cannot compare photographs, or does not support an option.
        InvalidModel: the network's output does not match its card.
    """
    options = replace(
        colorizer.prepared(options or ColorOptions()),
        hints=(),
        keep_color=in_color == "skip",
        restore=(),
    )

    def work(job: Job) -> list[Reference]:
        try:
            grey = read(job.source, max_pixels=colorizer.max_pixels, name=str(job.source))
        except Exception:  # noqa: BLE001  `run` reads it again and says what is wrong
            return []
        if in_color == "skip" and is_in_color(grey, album=options.album):
            return []
        return colorizer.predict_with(grey, options).as_references(options)

    def references() -> Iterator[Reference]:
        for found in map_ordered(work, jobs, worker_count(workers)):
            yield from found
            if on_photo:
                on_photo()

    return SharedColors(references())
