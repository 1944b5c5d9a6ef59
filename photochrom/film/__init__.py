"""Colour films steadily, and keep their luma, sound, subtitles and other streams.

Films are read and written with PyAV, which comes with the extra `video`. Call `require` to check
that it is installed.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

from photochrom.errors import MissingExtra
from photochrom.film import progress
from photochrom.film.coloring import (
    LOOKAHEAD,
    FrameColors,
    PlaneFormat,
    color_frames,
    color_small_frames,
)
from photochrom.film.progress import FilmListener, FilmReport

__all__ = [
    "LOOKAHEAD",
    "FilmListener",
    "FilmReport",
    "FrameColors",
    "PlaneFormat",
    "color_frames",
    "color_small_frames",
    "require",
]


def require() -> None:
    """Check that the packages for reading and writing films are installed.

    Raises:
        MissingExtra: PyAV is not installed.
    """
    if not find_spec("av"):
        raise MissingExtra("video", "reading and writing films")


def __getattr__(name: str) -> type[progress.FilmProgress]:
    """Return the former listener under its old names, with a warning; to be removed in 0.2."""
    if name not in ("FilmProgress", "Watcher"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"film.{name} is named FilmListener now", DeprecationWarning, stacklevel=2)
    return progress.FilmProgress
