"""Read the photographs of a run, and go on without those that have gone bad meanwhile.

A run can take days. In that time a photograph can be deleted, truncated, or replaced by something
else. Then it is named once, and left out for as long as the process lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from photochrom.errors import DataError, PhotoError, StorageError, UnsupportedPhoto
from photochrom.files.storage import is_uri
from photochrom.parallel import core_count, map_ordered
from photochrom.photo.source import name_of
from photochrom.progress import ProgressListener
from photochrom.training.sources import Source, verdict_on

__all__ = ["PhotoReader"]

T = TypeVar("T")

_MAX_LOST: Final = 0.5  # share of the photographs; with more, a run would learn something else
_MAX_NOTES: Final = 100  # files that are named, in case a whole drive is gone


class PhotoReader:
    """Reads photographs of one run; several threads may share it."""

    def __init__(
        self, photos: int, min_side: int, listener: ProgressListener | None = None
    ) -> None:
        """Create a reader that has not read anything yet.

        Args:
            photos: number of photographs of the run.
            min_side: smallest permitted side of a photograph that was changed, in pixels.
            listener: receives a message about each file that has gone bad.
        """
        self._photos, self._min_side = photos, min_side
        self._listener = listener or ProgressListener()
        self._lock = threading.Lock()
        self._lost: set[Source] = set()
        self._named: dict[str, None] = {}  # in the order of the messages
        self._failure: DataError | StorageError | None = None

    def check_files(self, sources: Sequence[Source]) -> None:
        """Leave out all photographs whose files are missing on this machine.

        Storages are not asked, as that takes long for many files.

        Raises:
            DataError: as `check`.
        """
        paths = {source.path for source in sources if not is_uri(source.path)}
        missing = {path for path in paths if not Path(path).exists()}
        for source in sources:
            if source.path in missing:
                self._lose(source, source.path, f"there is no file {source.path}")
        self.check()

    def check(self) -> None:
        """Check that enough photographs are left.

        Raises:
            DataError: more than half of the run's photographs have gone bad, or all of those that
                were to be read.
            StorageError: a storage could not be reached.
        """
        if len(self._lost) > _MAX_LOST * self._photos:
            raise self._failed()
        if self._failure:
            raise self._failure

    def load_all(self, sources: Sequence[Source], decode: Callable[[bytes], T]) -> Iterator[T]:
        """Do the same as `load_named`, but yield no sources."""
        return (value for _, value in self.load_named(sources, decode))

    def load_named(
        self, sources: Sequence[Source], decode: Callable[[bytes], T]
    ) -> Iterator[tuple[Source, T]]:
        """Read photographs in parallel, and yield those that can be read, in their order.

        Args:
            sources: the photographs.
            decode: makes the result from an encoded photograph, or raises `PhotoError`.

        Raises:
            DataError, StorageError: as `check`.
        """
        found = 0
        loaded = map_ordered(lambda source: self._load(source, decode), sources, core_count())
        for source, value in zip(sources, loaded, strict=True):
            if value is not None:
                found += 1
                yield source, value
        if sources and not found:
            raise self._failed()
        self.check()

    def load_next(
        self,
        sources: Sequence[Source],
        index: int,
        decode: Callable[[bytes], T],
        spare: T | None = None,
    ) -> T:
        """Read a photograph, or the next one in the list that can be read.

        Args:
            sources: the photographs.
            index: number of the wanted one.
            decode: as in `load_named`.
            spare: what to return if all of them have gone bad; None raises an error.

        Raises:
            DataError, StorageError: as `check`.
        """
        for step in range(len(sources)):
            value = self._load(sources[(index + step) % len(sources)], decode)
            if value is not None:
                return value
            self.check()
        if spare is None:
            raise self._failed()
        return spare

    def _load(self, source: Source, decode: Callable[[bytes], T]) -> T | None:
        """Read one photograph; None if it has gone bad."""
        if source in self._lost:
            return None
        try:
            data = source.read()
            if source.length and len(data) != source.length:
                self._check_changed(source, data)
            return decode(data)
        except PhotoError as error:
            reason = str(error).replace(name_of(data), source.name)
            self._lose(source, source.name, reason)
        except OSError as error:  # it concerns the whole file, which may be a shard
            self._lose(source, source.path, str(error))
        except StorageError as error:  # it concerns all photographs, which are not lost
            self._failure = error
            raise
        return None

    def _check_changed(self, source: Source, data: bytes) -> None:
        """Raise an error if no colour can be learnt from a photograph that was replaced."""
        verdict = verdict_on(data, self._min_side)
        if verdict in ("grey", "tiny"):  # if it is broken, decoding it says more
            raise UnsupportedPhoto(f"{source.name} was replaced by one that is {verdict}")

    def _lose(self, source: Source, name: str, reason: str) -> None:
        """Leave out a photograph from now on, and name its file if it was not named yet."""
        with self._lock:
            self._lost.add(source)
            if name in self._named or len(self._named) > _MAX_NOTES:
                return
            self._named[name] = None
            last = len(self._named) > _MAX_NOTES
        if last:
            self._listener.note("more photographs have gone bad; they are not named")
            return
        named = reason if name in reason else f"{name}: {reason}"
        self._listener.note(f"skipped from now on: {named}")

    def _failed(self) -> DataError:
        """Return the error that the run cannot go on; `check` will raise it again."""
        self._failure = failure = DataError(
            f"expected the {self._photos} photographs of this run; {len(self._lost)} of them can "
            f"no longer be read, for example {next(iter(self._named))}. Restore them, or start "
            "another run"
        )
        return failure
