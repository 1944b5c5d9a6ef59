"""All exceptions that Photochrom raises on purpose.

They form one tree with one root. Catch `PhotochromError` to catch them all::

    PhotochromError
    ├── PhotoError               a photograph cannot be read
    │   ├── UnreadablePhoto      the file is truncated, damaged, empty, or not a picture
    │   ├── UnsupportedPhoto     the kind of picture is not supported (animated, float)
    │   │   ├── SeveralPages     the file has several pages, and nobody said which ones to colour
    │   │   ├── PhotoTypeError   an object of this type, or this dtype; also a TypeError
    │   │   └── PhotoValueError  an array's shape or values are not a picture's; also a ValueError
    │   └── PhotoTooLarge        the picture has more pixels than the limit, which can be raised
    ├── FilmError                a film cannot be read
    │   ├── UnreadableFilm       the file is missing, damaged from the start, or not a film
    │   └── UnsupportedFilm      the kind of film is not supported
    ├── OutputError              a result cannot be written
    │   ├── OutputExists         a file with that name exists already
    │   └── OutputFailed         writing failed half-way, for example on a full disk
    ├── StorageError             a storage cannot be reached, or refuses
    ├── ProcessLost              another process of a training has ended, or does not answer
    ├── ModelError               a model cannot be used
    │   ├── ModelNotFound        there is no model at that path
    │   └── InvalidModel         the card or the network is damaged, or does not fit the other
    ├── RecipeError              the recipe is unknown, or its options contradict each other
    ├── DataError                there is no usable data to train or evaluate with
    ├── ConfigError              a setting is unknown or out of range; also a ValueError
    │   ├── ConfigTypeError      a setting is of the wrong type; also a TypeError
    │   ├── RunExists            the folder of a new training run holds a run already
    │   └── AddressInUse         another program listens on the service's address
    └── MissingExtra             an optional dependency is not installed

Each message says what was expected and what came instead, and names the file if there is one.

`PhotochromWarning` is the category of all warnings, except those about old names.
"""

from __future__ import annotations

__all__ = [
    "AddressInUse",
    "ConfigError",
    "ConfigTypeError",
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
    "PhotoTypeError",
    "PhotoValueError",
    "PhotochromError",
    "PhotochromWarning",
    "ProcessLost",
    "RecipeError",
    "RunExists",
    "SeveralPages",
    "StorageError",
    "UnreadableFilm",
    "UnreadablePhoto",
    "UnsupportedFilm",
    "UnsupportedPhoto",
]


class PhotochromError(Exception):
    """The base class of all errors in this module."""


class PhotochromWarning(UserWarning):
    """The category of warnings about input that is accepted, but is probably a mistake."""


class PhotoError(PhotochromError):
    """A photograph cannot be read."""


class UnreadablePhoto(PhotoError):
    """The bytes are truncated, damaged, empty, or not a picture."""


class UnsupportedPhoto(PhotoError):
    """The bytes are a picture, but of a kind that is not supported."""


class SeveralPages(UnsupportedPhoto):
    """The file has several pages, so that somebody has to say which ones to colour."""


class PhotoTypeError(UnsupportedPhoto, TypeError):
    """A photograph cannot come from an object of this type, or from an array of this dtype."""


class PhotoValueError(UnsupportedPhoto, ValueError):
    """The shape or the values of an array are not those of one picture."""


class PhotoTooLarge(PhotoError):
    """The photograph has more pixels than the limit allows, or than fit into memory.

    Args:
        message: what was expected and what came instead.
        pixels: how many pixels it has, if a higher limit would allow it; else 0.
    """

    def __init__(self, message: str, pixels: int = 0) -> None:
        super().__init__(message)
        self.pixels = pixels


class FilmError(PhotochromError):
    """A film cannot be read."""


class UnreadableFilm(FilmError):
    """The file is missing, damaged from the start, or not a film."""


class UnsupportedFilm(FilmError):
    """The file is a film, but of a kind that is not supported."""


class OutputError(PhotochromError):
    """A result cannot be written."""


class OutputExists(OutputError):
    """A file with the requested name exists already, and overwriting was not allowed."""


class OutputFailed(OutputError):
    """Writing failed half-way, for example on a full disk.

    The finished parts of a film are kept, so that the same call can resume.
    """


class StorageError(PhotochromError):
    """A storage, such as S3, cannot be reached, or refuses to read or write."""


class ProcessLost(PhotochromError):
    """Another process of a training has ended, or does not answer."""


class ModelError(PhotochromError):
    """A model cannot be used."""


class ModelNotFound(ModelError):
    """There is no model at the given path."""


class InvalidModel(ModelError):
    """The card or the network of a model is damaged, or one does not fit the other."""


class RecipeError(PhotochromError):
    """The recipe is unknown, or its options contradict each other."""


class DataError(PhotochromError):
    """There is no data, or no usable data, to train or evaluate with."""


class ConfigError(PhotochromError, ValueError):
    """A setting is unknown or out of range."""


class ConfigTypeError(ConfigError, TypeError):
    """A setting is of the wrong type."""


class RunExists(ConfigError):
    """The folder of a new training run holds a run already, which can be resumed."""


class AddressInUse(ConfigError):
    """Another program listens on the address that the service is to listen on.

    Args:
        message: what was expected and what came instead.
        free_port: the next port that is free; 0 if there is none nearby.
    """

    def __init__(self, message: str, free_port: int = 0) -> None:
        super().__init__(message)
        self.free_port = free_port


class MissingExtra(PhotochromError):
    """An optional dependency is not installed.

    Args:
        extra: the extra of Photochrom that installs it, for example "train".
        purpose: what needs it; the subject of the message, for example "reading a film".
        package: the package to install by hand, where no extra installs it.
    """

    def __init__(self, extra: str, purpose: str, package: str = "") -> None:
        self._arguments = extra, purpose, package
        missing = f"the extra '{extra}': pip install 'photochrom[{extra}]'"
        if package:
            missing = f"a package that no extra installs: pip install {package}"
        super().__init__(f"{purpose} needs {missing}")
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str, str]]:
        """Make the exception picklable, so that worker processes can raise it.

        The default would call the constructor with the message alone.
        """
        return MissingExtra, self._arguments
