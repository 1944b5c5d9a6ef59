"""The desks of all who have the page open."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.web.page import views
from photochrom.web.page.session import Session

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer

__all__ = ["Desks"]

_UNUSED: Final = 12 * 3600  # seconds after which a desk is cleared
_HELD: Final = 8  # predictions in memory, over all desks


class Desks:
    """All that are in use."""

    def __init__(self, colorizer: Colorizer, folder: Path, workers: int) -> None:
        """Set up none yet.

        Args:
            colorizer: what colours.
            folder: of all their files.
            workers: photographs at once, over all desks.
        """
        self._colorizer, self._folder = colorizer, folder
        self._views = views.Views(_HELD)
        self._pool, self._workers = ThreadPoolExecutor(workers, "photochrom-desk"), workers
        self._desks: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, key: str = "") -> Session:
        """The desk of that key, or an empty one."""
        with self._lock:
            desk = self._desks.get(key)
            if desk is None:
                folder = self._folder / secrets.token_hex(8)
                folder.mkdir(parents=True)
                desk = Session(self._colorizer, folder, self._views, self._pool, self._workers)
                self._desks[desk.key] = desk
            desk.used = time.time()
            return desk

    def get(self, key: str) -> Session | None:
        """The desk of that key, if it is there."""
        if desk := self._desks.get(key):
            desk.used = time.time()
        return desk

    def close(self) -> None:
        """Clear all of them."""
        for desk in self._desks.values():
            desk.cancel()
        self._pool.shutdown(cancel_futures=True)

    def clear_unused(self) -> None:
        """Forget those that nobody has looked at for long, with their files."""
        now = time.time()
        with self._lock:
            unused = [each for each in self._desks.values() if now - each.used > _UNUSED]
            for desk in unused:
                del self._desks[desk.key]
        for desk in unused:
            desk.close()
