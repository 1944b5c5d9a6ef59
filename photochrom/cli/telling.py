"""How a training run goes, told to a person: a live line on a terminal, a line an epoch always.

Imports Keras, so it is imported only once the backend is settled.
"""

from __future__ import annotations

import time
from typing import Any, Self

from rich.live import Live
from rich.text import Text

from photochrom.cli.console import stderr
from photochrom.training.runs import Listener

__all__ = ["Teller"]


class Teller(Listener):
    """Tells on stderr."""

    def __enter__(self) -> Self:
        self.console = stderr()
        self.live = Live(console=self.console, transient=True, refresh_per_second=4)
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def _now(self, text: str) -> None:
        if self.console.is_terminal:
            self.live.update(Text(text))

    def scanning(self, done: int, total: int) -> None:
        """Show how far."""
        self._now(f"looking at photographs: {done} of {total}")

    def note(self, text: str) -> None:
        """Print."""
        self.console.print(text, markup=False)

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: dict[str, Any]) -> None:
        """Show how far, how fast and how long still."""
        now = time.perf_counter()
        if step == 1:
            self._begun = now
            return
        each = (now - self._begun) / (step - 1)
        self._now(
            f"epoch {epoch}  step {step} of {steps}  {photos / each:.1f} photos/s  "
            f"{each * (steps - step):.0f} s left  loss {float(logs['loss']):.4g}"
        )

    def epoch(self, epoch: int, logs: dict[str, Any], constants: dict[str, float]) -> None:
        """Print every number, and behind it what the best constant answer scores."""
        parts = [f"epoch {epoch}"]
        for key, value in logs.items():
            beside = f" (constant {constants[key]:.4g})" if key in constants else ""
            parts.append(f"{key} {float(value):.4g}{beside}")
        self.note("  ".join(parts))
