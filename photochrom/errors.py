"""Everything that Photochrom raises on purpose.

One tree, one root; catch `PhotochromError` to catch them all::

    PhotochromError
    ├── PhotoError               a photograph cannot be read
    │   ├── UnreadablePhoto      truncated, mislabelled, empty, or not a picture
    │   ├── UnsupportedPhoto     a picture of a kind that is not handled (animated, float)
    │   └── PhotoTooLarge        more pixels than the limit, which the caller can raise
    ├── FilmError                a film cannot be read
    │   ├── UnreadableFilm       missing, broken from its start, or not a film
    │   └── UnsupportedFilm      a film of a kind that is not handled
    ├── OutputError              a result cannot be written where it was asked to go
    │   ├── OutputExists         something is there already
    │   └── OutputFailed         it failed on the way: a full disk, say
    ├── ModelError               a model cannot be used
    │   ├── ModelNotFound        there is none at that place
    │   └── InvalidModel         its card or its network is not what it should be
    ├── RecipeError              no such recipe, or options that cannot work together
    ├── DataError                nothing (or nothing usable) to learn from or to judge with
    ├── ConfigError              a setting is unknown or out of range
    └── MissingExtra             an optional part of Photochrom is not installed

A message says what was expected and what came, and names the file.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DataError",
    "FilmError",
    "InvalidModel",
    "MissingExtra",
    "ModelError",
    "ModelNotFound",
    "OutputError",
    "OutputExists",
    "OutputFailed",
    "PhotoError",
    "PhotoTooLarge",
    "PhotochromError",
    "RecipeError",
    "UnreadableFilm",
    "UnreadablePhoto",
    "UnsupportedFilm",
    "UnsupportedPhoto",
]


class PhotochromError(Exception):
    """The root of the tree."""


class PhotoError(PhotochromError):
    """A photograph cannot be read."""


class UnreadablePhoto(PhotoError):
    """The bytes are truncated, mislabelled, empty, or not a picture."""


class UnsupportedPhoto(PhotoError):
    """A picture, but of a kind that is not handled."""


class PhotoTooLarge(PhotoError):
    """More pixels than the limit allows; the limit can be raised."""


class FilmError(PhotochromError):
    """A film cannot be read."""


class UnreadableFilm(FilmError):
    """It is missing, broken from its start, or not a film."""


class UnsupportedFilm(FilmError):
    """A film, but of a kind that is not handled."""


class OutputError(PhotochromError):
    """A result cannot be written where it was asked to go."""


class OutputExists(OutputError):
    """Something is already there."""


class OutputFailed(OutputError):
    """It failed on the way: a full disk, say. Of a film, what is done is kept."""


class ModelError(PhotochromError):
    """A model cannot be used."""


class ModelNotFound(ModelError):
    """There is no model at that place."""


class InvalidModel(ModelError):
    """The card or the network of a model is not what it should be."""


class RecipeError(PhotochromError):
    """No such recipe, or options that cannot work together."""


class DataError(PhotochromError):
    """Nothing, or nothing usable, to learn from or to judge with."""


class ConfigError(PhotochromError):
    """A setting is unknown or out of range."""


class MissingExtra(PhotochromError):
    """An optional part of Photochrom is not installed, or a package that no extra brings."""

    def __init__(self, extra: str, purpose: str, package: str = "") -> None:
        self._said = extra, purpose, package
        missing = f"the extra '{extra}': pip install 'photochrom[{extra}]'"
        if package:
            missing = f"a package that no extra brings: pip install {package}"
        super().__init__(f"{purpose} needs {missing}")
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str, str]]:
        """That it can come out of another process."""
        return MissingExtra, self._said
