"""The preview sheets of all people who have the page open."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.web.page.shot_sheet import ShotSheet

if TYPE_CHECKING:
    from photochrom.web.state import ServiceState

__all__ = ["ShotSheets"]

_EXPIRY_SECONDS: Final = 12 * 3600  # without use
_MAX_SHEETS: Final = 20
_WORKERS: Final = 2  # sheets that are made at the same time


class ShotSheets:
    """All sheets, by their keys, and the threads that make them."""

    def __init__(self, service: ServiceState) -> None:
        """Start without sheets.

        Args:
            service: The state of the service; its colorizer colours the frames.
        """
        self._service = service
        self._sheets: dict[str, ShotSheet] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, "photochrom-shots")
        service.add_close_action(self.close)
        service.add_cleanup_action(self.clear_unused)

    def add(self, film: Path) -> ShotSheet:
        """Add a sheet for a film; if there are too many, the one that was unused longest goes."""
        sheet = ShotSheet(self._service.colorizer, film, self._service.new_folder())
        self._sheets[sheet.key] = sheet
        for old in sorted(self._sheets.values(), key=lambda each: each.used)[:-_MAX_SHEETS]:
            self.remove(old)
        return sheet

    def get(self, key: str) -> ShotSheet | None:
        """Return the sheet with that key, or None."""
        if sheet := self._sheets.get(key):
            sheet.used = time.time()
        return sheet

    def find(self, sheet: ShotSheet) -> None:
        """Find the shots of a sheet in a thread."""
        self._pool.submit(sheet.find)

    def color_outdated(self, sheet: ShotSheet) -> None:
        """Colour what is out of date on a sheet in a thread."""
        self._pool.submit(sheet.color_outdated)

    def remove(self, sheet: ShotSheet) -> None:
        """Stop a sheet, and delete it with its files."""
        sheet.close()
        self._sheets.pop(sheet.key, None)
        # In the pool, since it takes a while
        self._pool.submit(shutil.rmtree, sheet.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop all sheets, and wait for their threads."""
        for sheet in list(self._sheets.values()):
            sheet.close()
        self._pool.shutdown(cancel_futures=True)

    def clear_unused(self) -> None:
        """Delete the sheets that have not been used for twelve hours."""
        now = time.time()
        for sheet in list(self._sheets.values()):
            if now - sheet.used > _EXPIRY_SECONDS:
                self.remove(sheet)
