"""Pictures of coloured films over time: a contact sheet of frames, and a plot of flicker."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.errors import MissingExtra
from photochrom.scoring.contact_sheet import contact_sheet, scale_to_tile
from photochrom.scoring.film import TRUE_FILM, FilmReport
from photochrom.scoring.metrics import Rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Timeline", "flicker_plot"]

_INTERVAL: Final = 10  # frames between two columns, to begin with
_MAX_COLUMNS: Final = 12
_PLOT_SIZE: Final = 1000, 400  # width and height, in pixels
_LINE_COLORS: Final = {TRUE_FILM: "#888888", "frame by frame": "#d95f02", "steady": "#1b6ca8"}


class Timeline:
    """A contact sheet of a film: a row for each coloured version, a column for every tenth frame.

    For a long film, columns show every 20th frame, every 40th and so on, so that there are at most
    12 columns.
    """

    def __init__(self, *, tile: int = 192) -> None:
        """Create a sheet without frames.

        Args:
            tile: longer side of a frame on the sheet, in pixels.
        """
        self._tile = tile
        self._interval, self._count = _INTERVAL, 0
        self._columns: dict[int, dict[str, Rgb]] = {}

    def add(self, frames: Mapping[str, Rgb]) -> None:
        """Add the next frame.

        Args:
            frames: the coloured versions by title, RGB, (H, W, 3) uint8 each.
        """
        number, self._count = self._count, self._count + 1
        if number % self._interval:
            return
        # The length of a film is not known in advance, so the interval doubles when it must.
        if len(self._columns) == _MAX_COLUMNS:
            self._interval *= 2
            kept = (n for n in self._columns if n % self._interval == 0)
            self._columns = {n: self._columns[n] for n in kept}
        if number % self._interval == 0:
            self._columns[number] = {
                title: scale_to_tile(frame, self._tile) for title, frame in frames.items()
            }

    def sheet(self) -> Rgb:
        """Return the sheet of the frames so far: RGB, (height, width, 3) uint8.

        Raises:
            ValueError: no frame was added.
        """
        titles = dict.fromkeys(title for column in self._columns.values() for title in column)
        return contact_sheet(
            [[column[title] for column in self._columns.values()] for title in titles],
            column_titles=[f"Frame {number}" for number in self._columns],
            row_titles=[title.capitalize() for title in titles],
            tile=self._tile,
        )


def flicker_plot(report: FilmReport) -> Rgb:
    """Plot the mean colour of every frame over time: RGB, (400, 1000, 3) uint8.

    Args:
        report: the result of `evaluate_film`.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("train", "drawing a plot") from error
    figure = Figure(
        figsize=(_PLOT_SIZE[0] / 100, _PLOT_SIZE[1] / 100), dpi=100, layout="constrained"
    )
    plots = figure.subplots(2, 1, sharex=True)
    for axes, name in zip(plots, "ab", strict=True):
        _draw(axes, report, name)
    plots[1].set_xlabel("frame")
    figure.align_ylabels(plots)
    figure.legend(*plots[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    pixels = io.BytesIO()
    figure.savefig(pixels, format="rgba")
    rgba = np.frombuffer(pixels.getvalue(), np.uint8).reshape(_PLOT_SIZE[1], _PLOT_SIZE[0], 4)
    return np.ascontiguousarray(rgba[..., :3])


def _draw(axes: Axes, report: FilmReport, name: str) -> None:
    """Draw one curve for each film that has a colour.

    The true film is drawn first and widest, so that it stays visible behind the others.
    """
    for title, color in _LINE_COLORS.items():
        means = [getattr(frame, name) for frame in report.frames.get(title, ())]
        width = 3 if title == TRUE_FILM else 1.2
        axes.plot(means, label=title, color=color, linewidth=width)
    axes.set_ylabel(f"mean {name}")
    axes.margins(x=0.01)
    axes.grid(alpha=0.3)
