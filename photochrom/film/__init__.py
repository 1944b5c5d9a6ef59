"""Colour films steadily, and keep their luma, sound, subtitles and other streams.

Films are read and written with PyAV, which comes with the extra `video`. Call `require` to check
that it is installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from photochrom.errors import MissingExtra
from photochrom.film.coloring import color_frames
from photochrom.film.progress import FilmProgress, FilmReport, Watcher

__all__ = ["FilmProgress", "FilmReport", "Watcher", "color_frames", "require"]


def require() -> None:
    """Check that the packages for reading and writing films are installed.

    Raises:
        MissingExtra: PyAV is not installed.
    """
    if not find_spec("av"):
        raise MissingExtra("video", "reading and writing films")
