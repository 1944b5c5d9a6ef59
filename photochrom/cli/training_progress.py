"""Progress of a training run on stderr: a live line on a terminal, and one line per epoch.

This module imports Keras, so commands import it only after they have chosen the backend.
"""

from __future__ import annotations

import time
from typing import Final, Self

from rich.live import Live
from rich.text import Text

from photochrom.cli.console import stderr
from photochrom.training.runs import Logs, TrainingListener

__all__ = ["TrainingProgress"]

_TASKS: Final = {"scan": "examining photographs"}  # how the live line names a task
# Keras calls this number the accuracy. It is a share, and says little by itself: the label names
# it as the report does, so that nobody takes it for a measure of quality.
_SHARES: Final = {
    "ab_argmax_accuracy": "accuracy as the report counts it:",
    "val_ab_argmax_accuracy": "validation accuracy as the report counts it:",
}


class TrainingProgress(TrainingListener):
    """Prints the progress of a training run; use it as a context manager."""

    def __enter__(self) -> Self:
        self.console = stderr()
        self.live = Live(console=self.console, transient=True, refresh_per_second=4)
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def _show(self, text: str) -> None:
        """Replace the live line; do nothing where stderr is not a terminal."""
        if self.console.is_terminal:
            self.live.update(Text(text))

    def progress(self, task: str, done: int, total: int) -> None:
        """Show how many photographs were examined."""
        self._show(f"{_TASKS.get(task, task)}: {done} of {total}")

    def note(self, text: str) -> None:
        """Print a message on a line of its own."""
        self.console.print(text, markup=False)

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: Logs) -> None:
        """Show the progress, the speed and the remaining time of the current epoch."""
        now = time.perf_counter()
        if step == 1:
            # The first step compiles the network, so the speed is measured from its end.
            self._first_step_ended = now
            return
        seconds_per_step = (now - self._first_step_ended) / (step - 1)
        self._show(
            f"epoch {epoch}  step {step} of {steps}  {photos / seconds_per_step:.1f} photos/s  "
            f"{seconds_per_step * (steps - step):.0f} s remaining  loss {float(logs['loss']):.4g}"
        )

    def epoch(self, epoch: int, logs: Logs, constants: Logs) -> None:
        """Print every number of an epoch, each beside the score of the best constant guess."""
        parts = [f"epoch {epoch}"]
        for key, value in logs.items():
            guess = f" (a constant guess: {_text(key, constants[key])})" if key in constants else ""
            parts.append(f"{_SHARES.get(key, key)} {_text(key, value)}{guess}")
        self.note("  ".join(parts))


def _text(key: str, value: float) -> str:
    return f"{float(value):.0%}" if key in _SHARES else f"{float(value):.4g}"
