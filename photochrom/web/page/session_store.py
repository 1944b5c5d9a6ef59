"""The sessions of all people who have the page open."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.web.page.predictions import PredictionCache
from photochrom.web.page.session import Session

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer

__all__ = ["SessionStore"]

_EXPIRY_SECONDS: Final = 12 * 3600  # without use
_MAX_PREDICTIONS: Final = 8  # in memory, for all sessions together


class SessionStore:
    """All sessions, by their keys."""

    def __init__(self, colorizer: Colorizer, folder: Path, workers: int) -> None:
        """Start without sessions.

        Args:
            colorizer: Colours the photographs.
            folder: Folder for the files of all sessions.
            workers: Number of photographs coloured at the same time, in all sessions together.
        """
        self._colorizer, self._folder = colorizer, folder
        self._predictions = PredictionCache(_MAX_PREDICTIONS)
        self._pool, self._workers = ThreadPoolExecutor(workers, "photochrom-session"), workers
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, key: str = "") -> Session:
        """Return the session with that key, or a new one with another key."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                folder = self._folder / secrets.token_hex(8)
                folder.mkdir(parents=True)
                session = Session(
                    self._colorizer, folder, self._predictions, self._pool, self._workers
                )
                self._sessions[session.key] = session
            session.used = time.time()
            return session

    def get(self, key: str) -> Session | None:
        """Return the session with that key, or None."""
        if session := self._sessions.get(key):
            session.used = time.time()
        return session

    def close(self) -> None:
        """Cancel everything that waits, in all sessions, and wait for the rest."""
        for session in self._sessions.values():
            session.stop()
        self._pool.shutdown(cancel_futures=True)

    def clear_unused(self) -> None:
        """Delete the sessions that have not been used for twelve hours, with their files."""
        now = time.time()
        with self._lock:
            unused = [s for s in self._sessions.values() if now - s.used > _EXPIRY_SECONDS]
            for session in unused:
                del self._sessions[session.key]
        # Deleting files takes long, so it is done without the lock
        for session in unused:
            session.close()
