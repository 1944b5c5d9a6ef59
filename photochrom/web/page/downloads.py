"""Coloured photographs at full size, to be saved by a person."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.errors import OutputFailed, PhotochromError
from photochrom.web.filenames import unique
from photochrom.web.page import views

if TYPE_CHECKING:
    from photochrom.web.page.predictions import AnyPrediction, Predictions
    from photochrom.web.page.tray import Picture, Tray

__all__ = ["Downloads"]

_MISSING_NAME: Final = "not saved.txt"


class Downloads:
    """Writes coloured files at full size, and zips of them.

    Attributes:
        profile: Colour space of the files, as `ColorPhoto.in_profile` takes it.
    """

    def __init__(self, tray: Tray, predictions: Predictions) -> None:
        self.profile = "srgb"
        self._tray, self._predictions = tray, predictions

    def write(self, picture: Picture, prediction: AnyPrediction) -> None:
        """Write the coloured file of a photograph.

        Args:
            picture: The photograph.
            prediction: Its prediction at full size.
        """
        version, profile = picture.version, self.profile
        colored = views.apply_choices(prediction, picture.choices, picture.shared).in_profile(
            profile
        )
        colored.save(picture.target, overwrite=True)
        picture.saved_as = version, profile

    def file(self, picture: Picture) -> Path:
        """Return the coloured file, written again if the choices have changed since."""
        with picture.lock:
            if picture.saved_as != (picture.version, self.profile):
                self.write(picture, self._predictions.at_full_size(picture))
            return picture.target

    def make_zip(self) -> Path:
        """Write a zip of all coloured files, and return its path.

        Photographs that cannot be written are named in a text file in the zip.
        """
        path = self._tray.new_path(".zip")
        missing = []
        try:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                done = self._tray.done
                names = unique(picture.target_name for picture in done)
                for picture, name in zip(done, names, strict=True):
                    try:
                        archive.write(self.file(picture), name)
                    except FileNotFoundError:  # it was removed meanwhile
                        continue
                    except OutputFailed:  # writing the others would fail, too
                        raise
                    except PhotochromError as error:
                        missing.append(f"{name}: {error}\n")
                if missing:
                    archive.writestr(_MISSING_NAME, "".join(missing))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
