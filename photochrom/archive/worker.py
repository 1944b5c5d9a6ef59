"""Colour photographs and films of an archive: the same work on every executor."""

from __future__ import annotations

import hashlib
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from photochrom import photo
from photochrom.archive.drafts import draft_of
from photochrom.archive.film_parts import FilmWorker
from photochrom.archive.settings import Settings, fingerprint
from photochrom.archive.shards import to_make, write_shard
from photochrom.batch import IN_COLOR_ALREADY, color_photo
from photochrom.batch.job import reason_of
from photochrom.errors import OutputExists
from photochrom.files import storage
from photochrom.files.atomic import is_disk_full
from photochrom.files.remote import split_member
from photochrom.photo.album import is_in_color
from photochrom.photo.codecs import format_of

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry
    from photochrom.archive.film_parts import Flag
    from photochrom.batch import Status

__all__ = ["Worker"]


class Worker:
    """Colours photographs with one network, which is loaded once.

    It may be called in several threads at once. A process or an actor makes its own.
    """

    def __init__(
        self, settings: Settings, stopped: Flag | None = None, *, cores: int | None = None
    ) -> None:
        """Load the network.

        Args:
            settings: how to colour.
            stopped: set when nobody waits for the results any more; None for an event of its own.
            cores: as in `Colorizer`.

        Raises:
            PhotochromError: the network or the reference cannot be used.
        """
        self.settings = settings
        self.colorizer = settings.colorizer(cores)
        self.options = self.colorizer.prepared(settings.options())
        self.signer = settings.signer()
        self.described = settings.described(self.colorizer)
        self.fingerprint = fingerprint(self.described)
        self.stopped = stopped or threading.Event()
        self._films = FilmWorker(self.colorizer, settings, self.options, self.stopped)

    def __call__(self, unit: Sequence[Entry]) -> list[Entry]:
        """Read, colour and write a photograph, or all that go into one tar; never raises.

        Args:
            unit: a single photograph whose result is a file, a film or a part of one, or all
                photographs of a shard, as in `executors.Unit`.

        Returns:
            The new row of each, and those of the parts of a film. What a full disk stopped is
            "queued", with an error.
        """
        if unit[0].parts:
            return self._film(unit[0])
        if not unit[0].shard:
            return [self._one(entry, deliver=True)[0] for entry in unit]
        try:
            made = (self._one(entry, deliver=False) for entry in to_make(unit))
            return write_shard(unit, made, self.fingerprint)
        except Exception as error:  # noqa: BLE001  one bad shard must not stop the others
            return [self._with_origin(_unfinished(each, error)) for each in to_make(unit)]

    def _film(self, entry: Entry) -> list[Entry]:
        """Do the next step for a film; return its new row, and those of its parts."""
        begun = time.perf_counter()
        try:
            first, *others = self._films(entry, self.fingerprint)
        except Exception as error:  # noqa: BLE001  one bad film must not stop the others
            details = entry.details if entry.part else ""
            first, others = replace(_unfinished(entry, error), details=details), []
        return [self._with_origin(first, first.seconds + time.perf_counter() - begun), *others]

    def _one(self, entry: Entry, *, deliver: bool) -> tuple[Entry, bytes]:
        """Colour a photograph; return its new row and the file of its result, if there is one."""
        begun = time.perf_counter()
        result = b""
        try:
            entry, result = self._color(entry)
            if result and deliver:
                result = self._delivered(entry, result)
            if result:
                digest = hashlib.sha256(result).hexdigest()
                entry = replace(entry, status="done", output_sha256=digest, output_size=len(result))
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            entry, result = _unfinished(entry, error), b""
        return self._with_origin(entry, time.perf_counter() - begun), result

    def _color(self, entry: Entry) -> tuple[Entry, bytes]:
        data = storage.read(entry.source, offset=entry.source_offset, size=entry.source_size)
        digest = hashlib.sha256(data).hexdigest()
        entry = replace(entry, error="", source_size=len(data), source_sha256=digest)
        name = split_member(entry.source)[0]  # of the member, where it is in a zip or tar
        grey = photo.read(data, max_pixels=self.colorizer.max_pixels, name=name)
        entry = replace(entry, format=grey.format, width=grey.size[0], height=grey.size[1])
        if self.options.keep_color and is_in_color(grey, album=self.options.album):
            return replace(entry, status="skipped", error=IN_COLOR_ALREADY), b""
        colored = color_photo(self.colorizer, grey, self.options)
        shown = colored.results[0].in_profile(self.settings.profile)
        if self.settings.label:
            shown = shown.labelled()
        output = PurePosixPath(split_member(entry.output)[0])
        result = shown.encode(format_of(output).name, quality=self.settings.quality)
        if self.signer:
            result = self.signer.sign(
                result,
                data,
                title=output.name,
                original_title=PurePosixPath(name).name,
                model=self.colorizer.model.card.name,
            )
        return entry, result

    def _with_origin(self, entry: Entry, seconds: float = 0.0) -> Entry:
        """Return a row that says who made the result, and when."""
        return replace(
            entry,
            fingerprint=self.fingerprint,
            seconds=round(seconds, 3),
            finished=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            machine=platform.node(),
        )

    def _delivered(self, entry: Entry, result: bytes) -> bytes:
        """Write a result, and return what is there now.

        A run that was killed may have written it before it could say so.

        Raises:
            OutputExists: something else is there.
            StorageError, OutputError: as in `storage.write`.
        """
        draft = draft_of(entry)
        try:
            storage.write(entry.output, result, draft=draft)
        except OutputExists:
            there = storage.read(entry.output)
            if there == result or self._is_own_signature(entry, there):
                return there
            if hashlib.sha256(there).hexdigest() != entry.output_sha256:
                raise
            # What an earlier run made.
            storage.write(entry.output, result, overwrite=True, draft=draft)
        return result

    def _is_own_signature(self, entry: Entry, there: bytes) -> bool:
        """Return whether this signer has signed a file as made from this very source.

        No two signatures are alike, so that the bytes cannot be compared.
        """
        if not self.signer:
            return False
        from photochrom.provenance import verify

        report = verify(there)
        return (
            report.signature in ("valid", "trusted")
            and report.signer == self.signer.name
            and report.original_sha256 == entry.source_sha256
        )


def _unfinished(entry: Entry, error: Exception) -> Entry:
    """Return the row of a photograph that could not be coloured or written."""
    status: Status = "queued" if is_disk_full(error) else "failed"
    return replace(entry, status=status, error=reason_of(error))
