"""The progress of a film while it is coloured, and the report at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FilmProgress", "FilmReport", "Watcher"]


class FilmProgress:
    """Callbacks for the progress of a film.

    Every method does nothing; override the ones that you need. `problem` is called in the thread
    that reads the film, the others in the thread that encodes it. A slow callback slows the film
    down.
    """

    def note(self, text: str) -> None:
        """Handle a message for the user, for example that a stream is left out."""

    def problem(self, seconds: float, text: str) -> None:
        """Handle a damaged place in the film. Colouring continues after it.

        Args:
            seconds: where it is, counted from the start of the film.
            text: what is wrong.
        """

    def frame(self, done: int, total: int, shot: int) -> None:
        """Handle a frame that has been coloured and encoded.

        An exception that is raised here stops the film. Finished parts are kept, and the next run
        continues from them.

        Args:
            done: the number of frames so far.
            total: the expected number of frames. It is an estimate, and `done` can exceed it.
            shot: the number of the current shot, from 1.
        """

    def picture(self, look: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        """Handle a preview of the frame that `frame` has just announced.

        Args:
            look: `look(rows)` returns the coloured frame with at most that many rows, as RGB,
                (H, W, 3) uint8. The frame is converted only if this is called.
        """


Watcher: TypeAlias = FilmProgress
"""The former name of `FilmProgress`."""


@dataclass(frozen=True)
class FilmReport:
    """The result of colouring a film.

    Attributes:
        frames: the number of frames written.
        shots: the number of shots detected.
        problems: damaged places, as (seconds from the start of the film, description).
        notes: messages for the user, the same that `FilmProgress.note` received before the start.
        engine: the inference engine that ran the network.
    """

    frames: int
    shots: int
    problems: tuple[tuple[float, str], ...]
    notes: tuple[str, ...]
    engine: str
