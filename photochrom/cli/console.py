"""Output of the commands: messages and progress go to stderr, results to stdout."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Self

import typer

from photochrom.errors import PhotoTooLarge
from photochrom.progress import ProgressListener

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from photochrom.recipes.settings import Setting

__all__ = [
    "ProgressBars",
    "duration",
    "emit",
    "escape_controls",
    "fail",
    "limit_advice",
    "note",
    "note_metadata_lost",
    "print_settings",
    "progress",
    "stderr",
]

# Categories of control characters, and bidirectional classes of characters that change the
# direction of writing: with either, a file's name could forge what a terminal shows.
_CONTROL_CATEGORIES: Final = ("Cc", "Cs", "Zl", "Zp")
_DIRECTION_CLASSES: Final = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def stderr() -> Console:
    """Return a Rich console that writes to stderr."""
    from rich.console import Console

    # Soft wrap: a long path must stay on one line, to be copied or searched for.
    return Console(stderr=True, highlight=False, soft_wrap=True)


def escape_controls(text: str) -> str:
    """Replace control characters by their escape codes, so that the text is safe on one line."""
    return "".join(ascii(each)[1:-1] if _is_control(each) else each for each in text)


def _is_control(character: str) -> bool:
    """Return whether a character is a control, a line end, or changes the writing direction."""
    return (
        unicodedata.category(character) in _CONTROL_CATEGORIES
        or unicodedata.bidirectional(character) in _DIRECTION_CLASSES
    )


def fail(message: str) -> None:
    """Print an error message to stderr."""
    sys.stderr.write(f"photochrom: {escape_controls(message)}\n")


def limit_advice(error: BaseException | None) -> str:
    """Return the option that allows a photograph that is too large, in brackets; "" for others."""
    if isinstance(error, PhotoTooLarge) and error.pixels:
        return f" (--max-megapixels {math.ceil(error.pixels / 1e6)})"
    return ""


def note(message: str) -> None:
    """Print an informative message to stderr."""
    sys.stderr.write(f"{escape_controls(message)}\n")


def note_metadata_lost(name: str, lost: Sequence[str]) -> None:
    """Print which metadata of the original the result `name` does not keep."""
    if lost:
        note(f"{name}: metadata not kept: {', '.join(lost)}")


def duration(seconds: float) -> str:
    """Return a length of time in words, rounded: "40 s", "5 min", "2 h 10 min", "3 days 4 h"."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24} days {hours % 24} h"


def emit(record: Mapping[str, object]) -> None:
    """Print a record to stdout as one line of JSON.

    The line is ASCII, so that every file name survives, even one that is not valid UTF-8.
    """
    if sys.stdout is not None:  # it is None where the caller closed it, as some daemons do
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


def print_settings(settings: Sequence[Setting]) -> None:
    """Print settings to stdout: name, default and meaning in columns."""
    widths = [max(len(setting[column]) for setting in settings) for column in (0, 1)]
    for name, default, meaning in settings:
        typer.echo(f"{name:{widths[0]}}  {default:{widths[1]}}  {meaning}".rstrip())


def progress(unit: str) -> Progress:
    """Return a progress bar on stderr, which stays hidden where stderr is not a terminal.

    Args:
        unit: plural name of what is counted, for example "photographs".
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, elapsed"),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


class ProgressBars(ProgressListener):
    """Shows the progress of a library call as bars on stderr; use it as a context manager."""

    def __init__(self, unit: str, **titles: str) -> None:
        """Create bars, which appear when their task reports progress.

        Args:
            unit: plural name of what is counted, for example "photographs".
            titles: what to call each task, for example `judge="judging"`.
        """
        self._bars, self._titles = progress(unit), titles
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        """Print a message above the bars."""
        note(text)

    def progress(self, task: str, done: int, total: int) -> None:
        """Move the bar of a task."""
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(self._titles.get(task, task), total=None)
        # An estimated total can be too small. Without a total, the bar only shows activity.
        bar_total = max(done, total) if total else None
        self._bars.update(self._tasks[task], completed=done, total=bar_total)
