"""A film's answers over time: a contact sheet, and the flicker plot."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.errors import MissingExtra
from photochrom.scoring.contact_sheet import contact_sheet, fitted
from photochrom.scoring.film import TRUE_FILM, FilmReport
from photochrom.scoring.metrics import Rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Timeline", "flicker_plot"]

_EVERY: Final = 10
_COLUMNS: Final = 12
_PLOT: Final = 1000, 400  # width and height, in pixels
_INKS: Final = {TRUE_FILM: "#888888", "frame by frame": "#d95f02", "steady": "#1b6ca8"}


class Timeline:
    """A contact sheet in time: a row for each answer, a column for every tenth frame.

    Of a long film every twentieth, fortieth, and so on, so that there are 12 columns at most.
    """

    def __init__(self, *, tile: int = 192) -> None:
        """Begin one.

        Args:
            tile: the longer side of a frame on the sheet, in pixels.
        """
        self._tile = tile
        self._every, self._count = _EVERY, 0
        self._columns: dict[int, dict[str, Rgb]] = {}

    def add(self, frames: Mapping[str, Rgb]) -> None:
        """Show it the next frame.

        Args:
            frames: the answers by title, RGB, (H, W, 3) uint8.
        """
        number, self._count = self._count, self._count + 1
        if number % self._every:
            return
        if len(self._columns) == _COLUMNS:
            self._every *= 2
            self._columns = {n: c for n, c in self._columns.items() if n % self._every == 0}
        if number % self._every == 0:
            self._columns[number] = {t: fitted(f, self._tile) for t, f in frames.items()}

    def sheet(self) -> Rgb:
        """The sheet so far: RGB, (height, width, 3) uint8.

        Raises:
            ValueError: no frame was shown.
        """
        titles = dict.fromkeys(title for column in self._columns.values() for title in column)
        return contact_sheet(
            [[column[title] for column in self._columns.values()] for title in titles],
            column_titles=[f"Frame {number}" for number in self._columns],
            row_titles=[title.capitalize() for title in titles],
            tile=self._tile,
        )


def flicker_plot(report: FilmReport) -> Rgb:
    """Draw the mean colour of every frame over time: RGB, (400, 1000, 3) uint8.

    Args:
        report: of a film.

    Raises:
        MissingExtra: matplotlib is needed and not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("train", "drawing a plot") from error
    figure = Figure(figsize=(_PLOT[0] / 100, _PLOT[1] / 100), dpi=100, layout="constrained")
    both = figure.subplots(2, 1, sharex=True)
    for axes, name in zip(both, "ab", strict=True):
        _draw(axes, report, name)
    both[1].set_xlabel("frame")
    figure.align_ylabels(both)
    figure.legend(*both[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="rgba")
    rgba = np.frombuffer(drawn.getvalue(), np.uint8).reshape(_PLOT[1], _PLOT[0], 4)
    return np.ascontiguousarray(rgba[..., :3])


def _draw(axes: Axes, report: FilmReport, name: str) -> None:
    """One curve for each answer that has an ink; the true film lies lowest and widest."""
    for title, ink in _INKS.items():
        means = [getattr(frame, name) for frame in report.frames.get(title, ())]
        width = 3 if title == TRUE_FILM else 1.2
        axes.plot(means, label=title, color=ink, linewidth=width)
    axes.set_ylabel(f"mean {name}")
    axes.margins(x=0.01)
    axes.grid(alpha=0.3)
