"""How a film goes: told while it does, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FilmReport", "Watcher"]


class Watcher:
    """Told how a film goes; does nothing by itself."""

    def note(self, text: str) -> None:
        """Something that a person should know before it begins."""

    def problem(self, seconds: float, text: str) -> None:
        """Something in the film is broken, so many seconds from its start; it goes on."""

    def frame(self, done: int, total: int, shot: int) -> None:
        """So many frames of about so many are coloured, the last of them in that shot.

        What is raised here ends the film; what is done is kept.
        """

    def picture(self, look: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        """The frame of the latest `frame`: `look(rows)` gives it, small, as RGB, (H, W, 3)."""


@dataclass(frozen=True)
class FilmReport:
    """What came of a film.

    Attributes:
        frames: that it has.
        shots: that it was taken to have.
        problems: seconds from its start, and what was broken there.
        notes: what a person should know.
        engine: what ran the network.
    """

    frames: int
    shots: int
    problems: tuple[tuple[float, str], ...]
    notes: tuple[str, ...]
    engine: str
