"""How a film goes: told while it does, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FilmReport", "Watcher"]


class Watcher:
    """Told how a film goes; does nothing by itself."""

    def note(self, text: str) -> None:
        """Something that a person should know before it begins."""

    def problem(self, seconds: float, text: str) -> None:
        """Something in the film is broken, so many seconds from its start; it goes on."""

    def frame(self, done: int, total: int, shot: int) -> None:
        """So many frames of about so many are coloured, the last of them in that shot."""


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
