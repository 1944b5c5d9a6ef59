"""Films of other storages on a disk of this machine, where FFmpeg reads them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING

from photochrom.files.remote import split_member
from photochrom.files.storage import is_uri
from photochrom.files.transfers import fetch

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["LocalFilms"]


@dataclass(eq=False)
class _Copy:
    path: Path
    users: int = 0

    def __post_init__(self) -> None:
        self.delete = weakref.finalize(self, shutil.rmtree, self.path.parent, ignore_errors=True)


class LocalFilms:
    """Copies of films, so that a film is not fetched anew for each of its parts.

    A copy is deleted when the next film is fetched and nobody reads it any more, or at the end of
    the process. It may be used in several threads at once.
    """

    def __init__(self) -> None:
        self._copies: dict[tuple[str, str], _Copy] = {}
        self._lock = Lock()

    @contextmanager
    def local(self, entry: Entry) -> Iterator[Path]:
        """Yield the path of a film on this machine.

        Raises:
            StorageError, MissingExtra: as in `fetch`.
        """
        if not is_uri(entry.source):
            yield Path(entry.source)
            return
        with self._lock:  # others wait meanwhile: most of them want the same film
            copy = self._copy(entry)
            copy.users += 1
        try:
            yield copy.path
        finally:
            with self._lock:
                copy.users -= 1

    def _copy(self, entry: Entry) -> _Copy:
        key = entry.source, entry.source_version
        if key in self._copies:
            return self._copies[key]
        for unused in [each for each, copy in self._copies.items() if not copy.users]:
            self._copies.pop(unused).delete()
        folder = tempfile.mkdtemp(prefix="photochrom-film-")
        copy = _Copy(Path(folder, PurePosixPath(split_member(entry.source)[0]).name))
        fetch(entry.source, copy.path, offset=entry.source_offset, size=entry.source_size)
        self._copies[key] = copy
        return copy
