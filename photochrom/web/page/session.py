"""The session of one person: a tray of photographs, and what can be done with them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.batch import IN_COLOR_ALREADY
from photochrom.options import ColorOptions
from photochrom.photo.album import is_in_color
from photochrom.web.filenames import named_for
from photochrom.web.page.coloring_queue import ColoringQueue
from photochrom.web.page.downloads import Downloads
from photochrom.web.page.edits import Edits
from photochrom.web.page.predictions import PredictionCache, Predictions
from photochrom.web.page.renderings import Renderings
from photochrom.web.page.sharing import ColorSharing
from photochrom.web.page.tray import Picture, Tray

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.page.choices import Choices

__all__ = ["Session"]


class Session:
    """The photographs of one person, and the objects that colour, change, show and save them.

    Attributes:
        key: Random key that nobody can guess.
        used: Time of the last use, in seconds since 1970.
        tray: All photographs.
        queue: Colours them in the order of their arrival.
        edits: Changes how a photograph is coloured.
        sharing: Colours the same things alike in all photographs, if a person wants that.
        renderings: Makes the small pictures that the page shows.
        downloads: Writes the coloured files.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        folder: Path,
        cache: PredictionCache,
        pool: ThreadPoolExecutor,
        workers: int,
    ) -> None:
        """Start without photographs.

        Args:
            colorizer: Colours the photographs.
            folder: An empty folder for this session alone.
            cache: Keeps predictions; shared with the other sessions.
            pool: Threads that do the work; shared with the other sessions.
            workers: Number of photographs coloured at the same time.
        """
        self.key = secrets.token_urlsafe(16)
        self.used = time.time()
        self.tray = Tray(folder)
        self.queue = ColoringQueue(pool, workers, self._color, self._compare)
        self._predictions = Predictions(colorizer, cache)
        self.renderings = Renderings(self._predictions)
        self.sharing = ColorSharing(self.tray, self.queue, self._predictions, self.renderings)
        self.edits = Edits(self._show)
        self.downloads = Downloads(self.tray, self._predictions)

    def add(self, files: Iterable[Path], names: Iterable[str] = ()) -> list[Picture]:
        """Add photographs and start to colour them; see `Tray.add`."""
        added = self.tray.add(files, names)
        self.queue.add(added)
        return added

    def remove(self, number: int) -> None:
        """Remove a photograph and delete its files."""
        if picture := self.tray.get(number):
            self.queue.remove(picture)
            self.tray.remove(picture)
            self.sharing.update()

    def color_anew(self, pictures: Iterable[Picture]) -> None:
        """Colour photographs that were skipped because they are in colour already."""
        skipped = [picture for picture in pictures if picture.status == "skipped"]
        for picture in skipped:
            picture.recolor, picture.status, picture.reason = True, "queued", ""
        self.queue.add(skipped)

    def set_vividness(self, vividness: float) -> None:
        """Set the vividness of all photographs; those that are done are coloured again.

        Raises:
            ConfigError: `vividness` is out of range.
        """
        ColorOptions(vividness=vividness)  # checked once, before anything is changed
        self._change_all(lambda choices: replace(choices, vividness=vividness))

    def set_scan(self, *, negative: bool, restore: bool) -> None:
        """Set what all scans are; those that are done are coloured again.

        Args:
            negative: Whether they are negatives.
            restore: Whether damage in them is repaired.
        """
        self._change_all(lambda choices: replace(choices, negative=negative, restore=restore))

    def _change_all(self, change: Callable[[Choices], Choices]) -> None:
        def set_choices(picture: Picture) -> None:
            picture.choices = change(picture.choices)

        def recolor(picture: Picture) -> None:
            self.edits.change(picture, change, undoable=False)
            self.sharing.collect(picture)

        self.queue.change(list(self.tray.pictures.values()), set_choices, recolor)

    def stop(self) -> None:
        """Cancel what waits."""
        self.sharing.stop()
        self.queue.cancel()

    def close(self) -> None:
        """Cancel what waits, and delete all files."""
        self.stop()
        self.tray.clear()

    def _compare(self) -> None:
        self.sharing.start_if_idle()

    def _show(self, picture: Picture) -> None:
        self.renderings.update(picture)
        self.sharing.update()

    def _color(self, picture: Picture) -> None:
        start = time.perf_counter()
        with picture.lock:
            whole = self._predictions.read(picture)
            picture.size, picture.name = whole.size, named_for(picture.name, whole.format)
            if not picture.recolor and is_in_color(whole, album=picture.choices.album):
                self.renderings.write_original(picture, whole)
                self.queue.end(picture, "skipped", IN_COLOR_ALREADY)
                return
            prediction = self._predictions.at_full_size(picture, whole)
            self._predictions.keep(picture, prediction)
            self.renderings.write_original(picture, whole)
            self.renderings.update(picture)
            picture.seconds = time.perf_counter() - start
            # Done before the full-size file is written, so that the page can show it at once
            self.queue.end(picture, "done")
            self.sharing.collect(picture)
            self.sharing.update()
            if not self.sharing.wanted:
                self.downloads.write(picture, prediction)
