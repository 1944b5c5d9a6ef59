"""The predictions behind the pictures on the page; only the last few are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom import photo
from photochrom.album import AlbumPrediction
from photochrom.errors import PhotochromError, SeveralPages
from photochrom.web.page import views

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.photo import Photo
    from photochrom.prediction import Prediction
    from photochrom.web.page.tray import Picture

    AnyPrediction = Prediction | AlbumPrediction
    # Reference, album, negative, repairs and colouring anew decide what the network sees; the
    # other choices apply to its output
    Key = tuple[Path, Photo | None, bool, bool, bool, bool]

__all__ = ["PredictionCache", "Predictions"]

_MAX_BYTES: Final = 1_000_000_000  # of a photograph's file


class PredictionCache:
    """Keeps the predictions that were used last.

    A prediction is expensive to make and takes tens of megabytes, so only a few are kept.
    """

    def __init__(self, limit: int) -> None:
        """Start empty.

        Args:
            limit: Number of predictions to keep.
        """
        self._limit = limit
        self._predictions: OrderedDict[Key, AnyPrediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], AnyPrediction]) -> AnyPrediction:
        """Return the prediction with that key; make and keep it if it is not there."""
        with self._lock:
            if key in self._predictions:
                self._predictions.move_to_end(key)
                return self._predictions[key]
        # Made outside the lock: it takes long, and other sessions would have to wait
        prediction = make()
        self.put(key, prediction)
        return prediction

    def put(self, key: Key, prediction: AnyPrediction) -> None:
        """Add a prediction; if there are too many, drop the one that was not used for longest."""
        with self._lock:
            self._predictions[key] = prediction
            while len(self._predictions) > self._limit:
                self._predictions.popitem(last=False)


class Predictions:
    """Makes predictions for photographs, with the reference that was chosen for each."""

    def __init__(self, colorizer: Colorizer, cache: PredictionCache) -> None:
        """Prepare to predict.

        Args:
            colorizer: Runs the network.
            cache: Keeps predictions for small copies; shared by all sessions.
        """
        self._colorizer, self._cache = colorizer, cache

    def read(self, picture: Picture) -> Photo:
        """Read the original of a photograph.

        Raises:
            PhotoError: it cannot be read.
            PhotochromError: the file is too large.
        """
        if picture.source.stat().st_size > _MAX_BYTES:
            raise PhotochromError(f"expected a file of 1 GB at most; {picture.name} is larger")
        data = picture.source.read_bytes()
        try:
            return photo.read(data, max_pixels=self._colorizer.max_pixels, name=picture.name)
        except SeveralPages as error:
            raise SeveralPages(f"{error}. The tab Document colours it.") from error

    def at_full_size(self, picture: Picture, whole: Photo | None = None) -> AnyPrediction:
        """Return a new prediction.

        Args:
            picture: The photograph.
            whole: Its original, if it has been read already.
        """
        whole = whole or self.read(picture)
        options = picture.choices.options(whole.size)
        return self._colorizer.predict_with(whole, replace(options, keep_color=not picture.recolor))

    def keep(self, picture: Picture, prediction: AnyPrediction) -> None:
        """Keep a prediction at full size for `for_preview`."""
        self._cache.put(_key_of(picture), views.downscaled(prediction))

    def for_preview(self, picture: Picture) -> AnyPrediction:
        """Return the prediction for a small copy, from the cache if possible.

        It also notes what was repaired, and how many photographs are coloured and how many are in
        colour already, if they were looked for.
        """
        prediction = self._cache.get(
            _key_of(picture), lambda: views.downscaled(self.at_full_size(picture))
        )
        picture.repaired = prediction.photo.repaired
        if picture.choices.album:
            picture.found = picture.in_color = 0
            if isinstance(prediction, AlbumPrediction):
                picture.found, picture.in_color = len(prediction.regions), prediction.in_color
        return prediction


def _key_of(picture: Picture) -> Key:
    chosen = picture.choices
    scan = chosen.album, chosen.negative, chosen.restore
    return picture.folder, chosen.reference, *scan, picture.recolor
