"""The progress of a film while it is coloured, and the report at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photochrom.progress import ProgressListener

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FilmListener", "FilmProgress", "FilmReport"]


class FilmListener(ProgressListener):
    """Receives the progress and the messages of a film.

    `progress("color", done, total)` is called for each frame that has been coloured and encoded.
    If it raises an exception, the film stops. Finished parts are kept, and the next run continues
    from them.

    `problem` is called in the thread that reads the film, `note` there or in the thread that
    encodes it, and the other methods in the latter.
    """

    def problem(self, seconds: float, text: str) -> None:
        """Handle a damaged place in the film. Colouring continues after it.

        Args:
            seconds: where it is, counted from the start of the film.
            text: what is wrong.
        """

    def shot(self, number: int) -> None:
        """Handle the start of a shot, before the progress of its first frame.

        A run that resumes begins with the shot in which the earlier run stopped.

        Args:
            number: the number of the shot, from 1.
        """

    def picture(self, preview: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        """Handle a preview of the frame that `progress` has just announced.

        Args:
            preview: `preview(rows)` returns the coloured frame with at most that many rows, as RGB,
                (H, W, 3) uint8. The frame is converted only if this is called.
        """


class FilmProgress(FilmListener):
    """The former listener, whose `frame` reports the frame and the shot. It will go in 0.2."""

    _shot = 0

    def frame(self, done: int, total: int, shot: int) -> None:
        """Handle a frame that has been coloured and encoded; `shot` is its shot, from 1."""

    def shot(self, number: int) -> None:
        """Keep the number of the shot for `frame`."""
        self._shot = number

    def progress(self, task: str, done: int, total: int) -> None:
        """Pass the progress on to `frame`."""
        self.frame(done, total, self._shot)


@dataclass(frozen=True)
class FilmReport:
    """The result of colouring a film.

    Attributes:
        frames: the number of frames written.
        shots: the number of shots detected.
        problems: damaged places, as (seconds from the start of the film, description).
        notes: messages for the user about the film, which `FilmListener.note` received, too.
        engine: the inference engine that ran the network.
    """

    frames: int
    shots: int
    problems: tuple[tuple[float, str], ...]
    notes: tuple[str, ...]
    engine: str
