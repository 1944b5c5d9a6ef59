"""The progress of a film on the terminal, or as lines of JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from photochrom.cli.console import emit, fail, note
from photochrom.film import FilmListener

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["FilmConsole"]

_JSON_INTERVAL: Final = 0.5  # seconds between two lines of JSON progress


class FilmConsole(FilmListener):
    """Shows the progress of a film as a bar, and as lines of JSON if they are wanted."""

    def __init__(self, bar: Progress, *, as_json: bool) -> None:
        """Begin a task in a progress bar."""
        self._bar, self._as_json = bar, as_json
        self._task = bar.add_task("colouring", total=None)
        self._started, self._last_line = time.monotonic(), 0.0
        self._resumed_from: int | None = None  # frames that an earlier, interrupted call finished
        self._shot = 0

    def note(self, text: str) -> None:
        """Show a message."""
        emit({"event": "note", "text": text}) if self._as_json else note(text)

    def problem(self, seconds: float, text: str) -> None:
        """Print a damaged place."""
        if self._as_json:
            emit({"event": "problem", "seconds": seconds, "text": text})
        fail(f"at {seconds:.2f} s: {text}")

    def shot(self, number: int) -> None:
        """Keep the number of the shot for `progress`."""
        self._shot = number

    def progress(self, task: str, done: int, total: int) -> None:
        """Show how many frames are done."""
        if self._resumed_from is None:
            self._resumed_from = done - 1
        total = max(done, total)  # containers state the number of frames only roughly
        shot = f"shot {self._shot}"
        self._bar.update(self._task, completed=done, total=total, description=shot)
        now = time.monotonic()
        is_due = now - self._last_line >= _JSON_INTERVAL or done == total
        if self._as_json and is_due:
            self._last_line = now
            fps = (done - self._resumed_from) / max(1e-6, now - self._started)
            record = {"event": "frame", "done": done, "total": total, "shot": self._shot}
            remaining = (total - done) / fps
            emit(record | {"fps": round(fps, 2), "seconds_left": round(remaining, 1)})
