"""Films: read, coloured steadily, and written with all else that is in them.

What reads and writes them, PyAV, is the extra `video`; `require` says so where it is not there.
"""

from __future__ import annotations

from importlib.util import find_spec

from photochrom.errors import MissingExtra
from photochrom.film.coloring import color_frames
from photochrom.film.progress import FilmReport, Watcher

__all__ = ["FilmReport", "Watcher", "color_frames", "require"]


def require() -> None:
    """See that films can be read.

    Raises:
        MissingExtra: they cannot.
    """
    if not find_spec("av"):
        raise MissingExtra("video", "reading and writing films")
