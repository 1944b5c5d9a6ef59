"""Progress of training on stderr: a live line on a terminal, one line per epoch, and time left.

This module imports Keras, so commands import it only after they have chosen the backend.
"""

from __future__ import annotations

import shlex
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, Self

from rich.live import Live
from rich.text import Text

from photochrom.cli.console import duration, note, stderr
from photochrom.training.cluster import Cluster
from photochrom.training.estimation import Estimate
from photochrom.training.runs import Logs, TrainingListener

__all__ = ["TrainingProgress", "note_estimate", "note_tensorboard", "progress_of"]

_LOG_INTERVAL: Final = 60.0  # seconds between two lines of progress in a log
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
        self._printed = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def _show(self, text: str) -> None:
        """Replace the live line; print a line a minute where stderr is not a terminal."""
        now = time.monotonic()
        if self.console.is_terminal:
            self.live.update(Text(text))
        elif now - self._printed >= _LOG_INTERVAL:
            self._printed = now
            self.note(text)

    def progress(self, task: str, done: int, total: int) -> None:
        """Show how many photographs were examined."""
        self._show(f"{_TASKS.get(task, task)}: {done} of {total}")

    def note(self, text: str) -> None:
        """Print a message on a line of its own."""
        self.console.print(text, markup=False)

    def begin(self, epoch: int, epochs: int, steps: int) -> None:
        """Remember the length of the run."""
        self._epochs, self._steps_before, self._steps = epochs, epoch * steps, epochs * steps
        self._began = 0.0

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: Logs) -> None:
        """Show the progress, the speed and the remaining time of the epoch and of the run."""
        now = time.perf_counter()
        # The first step compiles the network, so the speed is measured from its end.
        if not self._began:
            self._began = now
            self._steps_before += 1
        if step == 1:
            self._first_step_ended = now
            return
        seconds_per_step = (now - self._first_step_ended) / (step - 1)
        self._show(
            f"{duration(self._seconds_left((epoch - 1) * steps + step))} left "
            f"({duration(seconds_per_step * (steps - step))} of epoch {epoch} of {self._epochs})  "
            f"step {step} of {steps}  {photos / seconds_per_step:.1f} photos/s  "
            f"loss {float(logs['loss']):.4g}"
        )

    def _seconds_left(self, steps: int) -> float:
        """Estimate how long the run still takes after so many steps of the whole run.

        From the second epoch on, this includes validation, contact sheets and checkpoints.
        """
        done = steps - self._steps_before
        elapsed = time.perf_counter() - self._began
        return elapsed / done * (self._steps - steps) if done > 0 else 0.0

    def epoch(self, epoch: int, logs: Logs, constants: Logs) -> None:
        """Print every number of an epoch, each beside the score of the best constant guess."""
        parts = [f"epoch {epoch}"]
        for key, value in logs.items():
            guess = f" (a constant guess: {_text(key, constants[key])})" if key in constants else ""
            parts.append(f"{_SHARES.get(key, key)} {_text(key, value)}{guess}")
        left = self._seconds_left(self._steps * epoch // self._epochs)
        if left:
            parts.append(f"about {duration(left)} left")
        self.note("  ".join(parts))


class _Notes(TrainingListener):
    """Prints only the messages of a process, with its number."""

    def __init__(self, process: int) -> None:
        self.process = process

    def note(self, text: str) -> None:
        """Print a message."""
        note(f"process {self.process}: {text}")


def progress_of(cluster: Cluster) -> AbstractContextManager[TrainingListener]:
    """Return what prints the progress of a process: all of it in the first, else only messages."""
    return TrainingProgress() if cluster.is_first else nullcontext(_Notes(cluster.process))


def _text(key: str, value: float) -> str:
    return f"{float(value):.0%}" if key in _SHARES else f"{float(value):.4g}"


# --- before the work ------------------------------------------------------------------------


def note_estimate(estimate: Estimate) -> None:
    """Print how long several runs take, before the first of them begins."""
    if estimate.runs:
        runs = f"{estimate.runs} run" + "s" * (estimate.runs > 1)
        note(
            f"{runs} to train, on {estimate.photos:,} photographs, repetitions included: about "
            f"{duration(estimate.seconds)}, by the speed of a few steps and without validation. "
            "After Ctrl-C, the same command continues."
        )


def note_tensorboard(folder: Path) -> None:
    """Print how to follow the curves of the runs in a folder."""
    note(f"curves: pip install tensorboard, then tensorboard --logdir {shlex.quote(str(folder))}")
