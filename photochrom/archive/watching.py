"""Watch a folder, and colour what appears in it.

The folder is read again and again, which works on network drives, too. A file counts as whole when
its size and its time have not changed for some seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.archive.entry import CHANGED
from photochrom.archive.film_parts import discard_parts
from photochrom.archive.running import COLORABLE_SUFFIXES, add_files, color_queued
from photochrom.archive.settings import Settings
from photochrom.archive.worker import Worker
from photochrom.errors import ConfigError, OutputFailed
from photochrom.files import storage
from photochrom.files.atomic import identity, make_folder
from photochrom.files.folders import walk_files

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry
    from photochrom.archive.manifest import Manifest

__all__ = ["WatchFolder", "begin_watch", "check_folders", "watch"]

_TEMPORARY_PREFIX: Final = "~"  # of files that a program has open; hidden ones are left out anyway


def check_folders(folder: Path, output: Path) -> None:
    """Check that a folder can be watched, and make the folder of the results.

    Raises:
        ConfigError: there is no such folder, or both are the same.
        OutputError: the folder of the results cannot be made.
    """
    if not folder.is_dir():
        raise ConfigError(f"expected a folder to watch; there is no folder {folder}")
    if identity(folder) == identity(output):
        raise ConfigError(f"expected another folder for the results than {folder} itself")
    make_folder(output)


def begin_watch(manifest: Manifest, folder: Path, output: Path, settings: Settings) -> None:
    """Begin the manifest of a watched folder, or go on with it.

    Other settings than before count for what is not coloured yet.

    Args:
        manifest: opened to be written.
        folder: the folder to watch.
        output: the folder of the results.
        settings: how to colour.

    Raises:
        ConfigError: the manifest belongs to other folders.
    """
    for name, place in (("watched folder", folder), ("output", output)):
        known, now = manifest.fact(name), storage.absolute(str(place))
        if known and known != now:
            raise ConfigError(
                f"expected {known} as the {name}, with which {manifest.path} was begun; "
                f"received {now}"
            )
        manifest.set_fact(name, now)
    manifest.set_fact("settings", settings.to_json())


def watch(
    manifest: Manifest,
    folder: Path,
    *,
    interval: float = 5,
    settle: float = 5,
    workers: int | None = None,
    on_trouble: Callable[[str], None] = lambda _: None,
) -> Generator[Entry]:
    """Colour what is in a folder, and what appears in it, until the caller stops.

    What failed is tried again when its file has changed, and once at the beginning.

    Args:
        manifest: as `begin_watch` leaves it.
        folder: the folder.
        interval: seconds from one look at the folder to the next.
        settle: seconds in which a file must not change, to count as whole.
        workers: as in `color_queued`.
        on_trouble: receives messages about what will be tried again, such as a folder that cannot
            be read and a full disk; and about photographs whose results would have the same name.

    Yields:
        The new row of each photograph, film, and part of a film. One whose file has vanished is
        "cancelled".

    Raises:
        PhotochromError: the network or the reference cannot be used.
    """
    worker = Worker(Settings.from_json(manifest.fact("settings")))
    watched = WatchFolder(manifest, folder, settle=settle, on_trouble=on_trouble)
    manifest.requeue("failed")
    while True:
        with watched.reporting():
            watched.look()
            looked_at = time.monotonic()
            with closing(color_queued(manifest, workers=workers, worker=worker)) as done:
                for entry in done:
                    yield watched.without_vanished(entry)
                    if time.monotonic() - looked_at >= interval:
                        watched.look()
                        looked_at = time.monotonic()
        time.sleep(interval)


@dataclass(frozen=True)
class _Sighting:
    """How a file looked, and since when."""

    size: int
    version: str
    since: float


class WatchFolder:
    """A folder in which files appear."""

    def __init__(
        self,
        manifest: Manifest,
        folder: Path,
        *,
        settle: float,
        on_trouble: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch.

        Args:
            manifest: gets the files that are whole.
            folder: the folder.
            settle: seconds in which a file must not change, to count as whole.
            on_trouble: as in `watch`.
            clock: returns the time in seconds. Times of files are only compared with one another,
                since the clock of a network drive can be wrong.
        """
        self._manifest, self._folder, self._settle = manifest, folder, settle
        self._on_trouble, self._clock = on_trouble, clock
        self._output = Path(manifest.fact("output"))
        self._sightings: dict[str, _Sighting] = {}
        self._known: dict[str, tuple[int, str]] = {}  # size and version of files in the manifest
        self._troubles: set[str] = set()  # of the present block of `reporting`
        self._earlier_troubles: set[str] = set()  # of the block before

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Report what cannot be read or written in the block, once for blocks that follow."""
        self._earlier_troubles, self._troubles = self._troubles, set()
        try:
            yield
        except (OSError, OutputFailed) as error:
            self._report(str(error))

    def _report(self, trouble: str) -> None:
        if trouble not in self._troubles | self._earlier_troubles:
            self._on_trouble(f"{trouble}; trying again")
        self._troubles.add(trouble)

    def look(self) -> None:
        """Add files that are whole, and are new or were changed, to the manifest.

        Raises:
            OSError: a folder cannot be read.
        """
        if not self._output.is_dir():
            raise FileNotFoundError(f"the folder {self._output} is not there")
        found = {each.uri: each for each in self._files()}
        # A file that vanishes and comes back is a new one.
        self._sightings = {uri: each for uri, each in self._sightings.items() if uri in found}
        self._known = {uri: each for uri, each in self._known.items() if uri in found}
        for each in found.values():
            if not self._is_known(each) and self._is_whole(each):
                self._add(each)

    def without_vanished(self, entry: Entry) -> Entry:
        """Return a row; that of a file that is not there any more is deleted from the manifest."""
        if entry.status != "failed" or os.path.lexists(entry.source):
            return entry
        self._manifest.forget(entry.source)
        self._known.pop(entry.source, None)
        discard_parts(entry)
        return replace(entry, status="cancelled", error="it vanished before it was coloured")

    def _files(self) -> Iterator[storage.Found]:
        """Yield the photographs and films in the folder that are not results."""
        locked: list[Path] = []
        results = os.path.relpath(os.path.realpath(self._output), os.path.realpath(self._folder))
        for path in walk_files(self._folder, locked=locked):
            relative = path.relative_to(self._folder)
            if relative.is_relative_to(results) or path.name.startswith(_TEMPORARY_PREFIX):
                continue
            if path.suffix.lower() in COLORABLE_SUFFIXES:
                with suppress(FileNotFoundError):  # it has vanished just now
                    status = path.stat()
                    size, version = status.st_size, str(status.st_mtime_ns)
                    place = storage.absolute(str(path))
                    yield storage.Found(place, relative.as_posix(), size, version)
        for folder in locked:
            self._report(f"cannot read the folder {folder}")

    def _is_known(self, found: storage.Found) -> bool:
        """Return whether a file is in the manifest as it is now, or is a result."""
        now = found.size, found.version
        if self._known.get(found.uri) == now:
            return True
        row = self._manifest.find(found.uri)
        is_known = (row.source_size, row.source_version) == now if row else False
        if row and (row.status, row.error) == ("failed", CHANGED):  # `_add` was cut short
            return False
        if is_known or self._manifest.holder(found.uri):
            self._known[found.uri] = now
            return True
        return False

    def _is_whole(self, found: storage.Found) -> bool:
        """Return whether a file has not changed for some time, and can be read."""
        now, before = self._clock(), self._sightings.get(found.uri)
        if before is None or (before.size, before.version) != (found.size, found.version):
            before = _Sighting(found.size, found.version, now)
            self._sightings[found.uri] = before
        if now - before.since < self._settle:
            return False
        if not found.size:
            self._report(f"{found.uri} is empty")
            return False
        try:
            Path(found.uri).open("rb").close()
        except OSError as error:  # on Windows, a program has it open
            self._report(f"cannot read {found.uri}: {error.strerror}")
            return False
        return True

    def _add(self, found: storage.Found) -> None:
        try:
            add_files(self._manifest, [found])
        except ConfigError as error:  # its result would have the name of another one
            self._on_trouble(str(error))
            self._known[found.uri] = found.size, found.version
            return
        row = self._manifest.find(found.uri)
        # Another picture under the same name. A worker that has the old one ends first.
        if row and (row.status, row.error) == ("failed", CHANGED):
            self._manifest.record(replace(row, status="queued", error=""))
