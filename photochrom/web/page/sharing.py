"""Colours that all photographs of a tray share, kept up to date while a person works."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from photochrom.errors import PhotochromError
from photochrom.guidance.shared_colors import SharedColors

if TYPE_CHECKING:
    from photochrom.web.page.choices import Choices
    from photochrom.web.page.coloring_queue import ColoringQueue
    from photochrom.web.page.predictions import Predictions
    from photochrom.web.page.renderings import Renderings
    from photochrom.web.page.tray import Picture, Tray

__all__ = ["ColorSharing"]

_TURN_SECONDS: Final = 2.0  # after which the photographs of other people get their turn


class ColorSharing:
    """Colours the photographs of a tray alike where they show the same things, if wanted.

    The photographs are compared when the queue has nothing else to do. Only those whose colours
    change are shown anew.

    Attributes:
        wanted: Whether the photographs share colours.
        progress: Number of steps that are done, and of all; None unless photographs are compared.
    """

    def __init__(
        self, tray: Tray, queue: ColoringQueue, predictions: Predictions, renderings: Renderings
    ) -> None:
        """Start with photographs that share nothing."""
        self.wanted = False
        self.progress: tuple[int, int] | None = None
        self._tray, self._queue = tray, queue
        self._predictions, self._renderings = predictions, renderings
        # By the number of a photograph: its own colours, and the choices that they were made with
        self._own: dict[int, tuple[Choices, SharedColors]] = {}
        self._steps: Iterator[None] | None = None  # what is left of the comparison
        self._is_stale = self._is_running = self._is_stopped = False
        self._lock = threading.Lock()  # guards the start

    def set(self, *, wanted: bool) -> None:
        """Begin or end to share colours.

        Raises:
            ConfigError: the model cannot compare photographs.
        """
        if wanted and (done := self._tray.done):
            self._own_colors(done[0])
        self.wanted = wanted
        self._request()

    def collect(self, picture: Picture) -> None:
        """Note the colours of a photograph while its prediction is at hand, which saves time."""
        if self.wanted:
            with suppress(PhotochromError):
                self._own_colors(picture)

    def update(self) -> None:
        """Compare the photographs soon, since one was added, changed or removed."""
        if self.wanted:
            self._request()

    def start_if_idle(self) -> None:
        """Compare the photographs if that is due, and the queue has nothing else to do."""
        with self._lock:
            is_due = self._is_stale or self._steps is not None
            if is_due and self._queue.is_idle and not (self._is_running or self._is_stopped):
                self._is_running, self.progress = True, self.progress or (0, 1)
                self._queue.run(self._compare)

    def stop(self) -> None:
        """Compare no more photographs."""
        self._is_stopped = True

    def _request(self) -> None:
        self._is_stale = True
        self.start_if_idle()

    def _compare(self) -> None:
        """Compare the photographs for a while; `start_if_idle` goes on later."""
        end = time.monotonic() + _TURN_SECONDS
        if self._is_stale or self._steps is None:
            self._is_stale, self._steps = False, self._all_steps()
        try:
            for _ in self._steps:
                is_over = self._is_stopped or time.monotonic() > end
                if is_over or self._is_stale or self._queue.has_other_work:
                    return
            self._steps = self.progress = None
        finally:
            self._is_running = False

    def _all_steps(self) -> Iterator[None]:
        """Compare all photographs, and show those anew whose colours change; one at each step."""
        pictures = self._tray.done
        numbers = {picture.number for picture in pictures} if self.wanted else set()
        kept = [each for each in tuple(self._own.items()) if each[0] in numbers]
        self._own = dict(kept)
        for index, picture in enumerate(pictures if self.wanted else ()):
            self.progress = index, 2 * len(pictures)
            with suppress(PhotochromError, OSError):  # it was removed meanwhile
                self._own_colors(picture)
            yield
        album = SharedColors.joined(colors for _, colors in tuple(self._own.values()))
        # Backwards, since the last predictions are still at hand
        for index, picture in enumerate(reversed(pictures), len(pictures)):
            self.progress = index, 2 * len(pictures)
            with suppress(PhotochromError, OSError):
                self._share(picture, album)
            yield

    def _own_colors(self, picture: Picture) -> SharedColors:
        """Return the colours that a photograph has by itself, with those given by hand.

        An alternative that a person has chosen stays as it is: it shares nothing.
        """
        with picture.lock:
            choices, found = self._own.get(picture.number, (None, SharedColors()))
            if choices is picture.choices:
                return found
            choices = picture.choices
            colors = SharedColors()
            if not choices.variant:
                prediction = self._predictions.for_preview(picture)
                options = choices.options(prediction.photo.size)
                colors = SharedColors(prediction.as_references(options))
            self._own[picture.number] = choices, colors
            return colors

    def _share(self, picture: Picture, album: SharedColors) -> None:
        """Give a photograph the colours of an album, and show it anew if they have changed."""
        with picture.lock:
            _, own = self._own.get(picture.number, (None, SharedColors()))
            related, previous = album.related_to(own), picture.shared
            if related != previous:
                picture.shared = related
                try:
                    self._renderings.update(picture)
                except BaseException:
                    picture.shared = previous
                    raise
