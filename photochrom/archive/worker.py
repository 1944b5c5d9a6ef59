"""Colour photographs of an archive one by one: the same work on every executor."""

from __future__ import annotations

import hashlib
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from photochrom import photo
from photochrom.archive import storage
from photochrom.batch import IN_COLOR_ALREADY, color_photo
from photochrom.batch.job import reason_of
from photochrom.errors import OutputExists
from photochrom.photo.album import is_in_color
from photochrom.photo.codecs import format_of

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry
    from photochrom.archive.settings import Settings
    from photochrom.photo import Photo

__all__ = ["Worker"]


class Worker:
    """Colours photographs with one network, which is loaded once.

    It may be called in several threads at once. A process or an actor makes its own.
    """

    def __init__(self, settings: Settings) -> None:
        """Load the network.

        Raises:
            PhotochromError: the network or the reference cannot be used.
        """
        self.settings = settings
        self.colorizer = settings.colorizer()
        self.options = self.colorizer.prepared(settings.options())
        self.fingerprint = settings.fingerprint(self.colorizer)

    def __call__(self, entry: Entry) -> Entry:
        """Read, colour and write a photograph, and return what became of it; never raises."""
        begun = time.perf_counter()
        try:
            done = self._color(entry)
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            done = replace(entry, status="failed", error=reason_of(error))
        return replace(
            done,
            fingerprint=self.fingerprint,
            seconds=round(time.perf_counter() - begun, 3),
            finished=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            machine=platform.node(),
        )

    def _color(self, entry: Entry) -> Entry:
        data = storage.read(entry.source)
        entry = replace(
            entry, source_size=len(data), source_sha256=hashlib.sha256(data).hexdigest()
        )
        name = entry.source.partition("::")[0]  # of the member, where it is in a zip or tar
        grey = photo.read(data, max_pixels=self.colorizer.max_pixels, name=name)
        entry = replace(entry, format=grey.format, width=grey.size[0], height=grey.size[1])
        if self.options.keep_color and is_in_color(grey, album=self.options.album):
            return replace(entry, status="skipped", error=IN_COLOR_ALREADY)
        result = self._encoded(grey, entry.output)
        _deliver(entry, result)
        return replace(
            entry,
            status="done",
            error="",
            output_sha256=hashlib.sha256(result).hexdigest(),
            output_size=len(result),
        )

    def _encoded(self, grey: Photo, output: str) -> bytes:
        colored = color_photo(self.colorizer, grey, self.options)
        shown = colored.results[0].in_profile(self.settings.profile)
        name = PurePosixPath(output.partition("::")[0])
        return shown.encode(format_of(name).name, quality=self.settings.quality)


def _deliver(entry: Entry, result: bytes) -> None:
    """Write a result. A run that was killed may have written it before it could say so.

    Raises:
        OutputExists: something else is there.
        StorageError, OutputError: as in `storage.write`.
    """
    try:
        storage.write(entry.output, result)
    except OutputExists:
        there = hashlib.sha256(storage.read(entry.output)).hexdigest()
        if there == hashlib.sha256(result).hexdigest():
            return
        if not entry.output_sha256 or there != entry.output_sha256:
            raise
        storage.write(entry.output, result, overwrite=True)  # what an earlier run made
