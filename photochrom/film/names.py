"""Names of films: which files are films, and what the coloured ones are called."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from photochrom.film.containers import CONTAINERS, FIXED_RATE_CONTAINERS

__all__ = ["FILM_SUFFIXES", "film_suffix", "is_film"]

FILM_SUFFIXES: Final = frozenset(
    {
        *CONTAINERS, ".3gp", ".dv", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv",
        ".vob", ".wmv",
    }
)  # fmt: skip
"""Suffixes of films, in lower case. GIFs are not among them, since most of them are pictures."""


def is_film(path: PurePath) -> bool:
    """Return whether a file is a film, by its name."""
    return path.suffix.lower() in FILM_SUFFIXES


def film_suffix(suffix: str) -> str:
    """Return the suffix of a coloured film for that of the original.

    It is .mkv if the original's container cannot be written, or keeps no times, as AVI, which no
    browser plays either.
    """
    container = CONTAINERS.get(suffix.lower())
    return suffix if container and container not in FIXED_RATE_CONTAINERS else ".mkv"
