"""Fill the manifest of an archive, and colour what it says is to be done."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Self

from photochrom.archive import drafts
from photochrom.archive.entry import Entry
from photochrom.archive.executors import EXECUTORS, Unit
from photochrom.archive.film_parts import discard_parts
from photochrom.archive.finding import COLORABLE_SUFFIXES, originals
from photochrom.archive.settings import Settings
from photochrom.archive.shards import is_shard_pattern, member_of
from photochrom.archive.worker import Worker
from photochrom.errors import ConfigError, OutputFailed, StorageError
from photochrom.files import listing, storage
from photochrom.film.names import film_suffix, is_film
from photochrom.parallel import cores_per_worker
from photochrom.photo import result_suffix

if TYPE_CHECKING:
    from photochrom.archive.manifest import Manifest

__all__ = ["COLORABLE_SUFFIXES", "add_files", "add_sources", "color_queued", "prepare"]

_AHEAD: Final = 64  # rows that are claimed at once


def prepare(manifest: Manifest, output: str, settings: Settings, *, shard_size: int = 1000) -> None:
    """Begin a new manifest, or check that a manifest belongs to the same work.

    Args:
        manifest: opened to be written.
        output: folder of the results, as a path or a URI; or a pattern of tars, such as
            `s3://bucket/coloured-%06d.tar`.
        settings: how to colour.
        shard_size: how many photographs go into one tar.

    Raises:
        ConfigError: the manifest has another output or other settings.
    """
    output = storage.absolute(output)
    size = str(shard_size) if is_shard_pattern(output) else ""
    facts = {"output": output, "settings": settings.to_json(), "shard size": size}
    for name, value in facts.items():
        known = manifest.fact(name)
        if known and known != value:
            raise ConfigError(
                f"expected the {name} that {manifest.path} was begun with, {known}; received "
                f"{value}. Begin a new manifest for other results"
            )
        manifest.set_fact(name, value)


def add_sources(
    manifest: Manifest,
    sources: Sequence[str],
    *,
    on_trouble: Callable[[StorageError], None] = listing.stop,
) -> int:
    """Find photographs and films, and add them to a manifest.

    Args:
        manifest: opened to be written, and prepared.
        sources: files, folders, patterns, zips and tars: paths or URIs.
        on_trouble: receives the errors of what is left out: zips, tars and, of several sources,
            whole sources that cannot be read; members whose names lead out of their zip or tar.
            Without it, the first one is raised.

    Returns:
        How many are new.

    Raises:
        ConfigError: there is nothing, or two photographs would have the same result.
        StorageError: everything is left out; or as in `listing.find`.
        MissingExtra: as in `listing.find`.
    """
    is_incomplete = False

    def report(trouble: StorageError) -> None:
        nonlocal is_incomplete
        is_incomplete = True
        on_trouble(trouble)

    added = add_files(manifest, originals(manifest, sources, report))
    if not any(manifest.counts().values()):
        # What cannot be read is no mistake in the command.
        kind = StorageError if is_incomplete else ConfigError
        raise kind(f"expected photographs or films; found none in {', '.join(sources)}")
    if taken := manifest.overwritten_source():
        raise ConfigError(
            f"{taken} is an original and is never written over; choose another output"
        )
    return added


def add_files(manifest: Manifest, found: Iterable[storage.Found]) -> int:
    """Add photographs and films to a manifest.

    Args:
        manifest: opened to be written, and prepared.
        found: the photographs and films; their relative paths are those of their results.

    Returns:
        How many are new.

    Raises:
        ConfigError: two photographs would have the same result.
    """
    return manifest.add(_entries(manifest, found))


def _entries(manifest: Manifest, found: Iterable[storage.Found]) -> Iterator[Entry]:
    output, size = manifest.fact("output"), int(manifest.fact("shard size") or 0)
    suffix = Settings.from_json(manifest.fact("settings")).suffix
    numbers = count(sum(manifest.counts().values()))
    for each in found:
        target = ""
        if not manifest.find(each.uri):
            shard = next(numbers) // size if size else None
            target = _target(manifest, each, output, suffix, shard)
        yield Entry(
            each.uri,
            target,
            source_version=each.version,
            source_size=each.size,
            source_offset=each.offset,
            parts=-1 if is_film(PurePosixPath(each.relative)) else 0,
        )


def _target(
    manifest: Manifest, found: storage.Found, output: str, suffix: str, shard: int | None
) -> str:
    """Return where a result goes.

    Of `a.jpg` and `a.nef`, the second becomes `a.nef.jpg`. Of `A.jpg` and `a.jpg`, which are one
    file on many disks, the second becomes `a-2.jpg`; in a tar, so do all that would have one key.
    """

    def place(relative: str) -> str:
        if shard is None and not storage.is_uri(output):
            return storage.join(output, relative)
        relative = relative.replace("::", "__")  # in a URI, it would separate two locations
        if shard is None:
            return storage.join(output, relative)
        return member_of(output, shard, relative)

    path = PurePosixPath(found.relative)
    ending = film_suffix(path.suffix) if is_film(path) else suffix or result_suffix(path.suffix)
    target = place(str(path.with_suffix(ending)))
    if manifest.holder(target) and ending != path.suffix:
        target = place(f"{path}{ending}")
    holder = manifest.find(manifest.holder(target))
    # It is free; or taken by a file of the same name, which `add` reports.
    if holder is None or (shard is None and holder.output == target):
        return target
    numbered = (place(str(path.with_name(f"{path.stem}-{n}{ending}"))) for n in count(2))
    return next(each for each in numbered if not manifest.holder(each))


def color_queued(
    manifest: Manifest,
    *,
    executor: str = "threads",
    workers: int | None = None,
    worker: Worker | None = None,
) -> Generator[Entry]:
    """Colour the photographs and films that are queued, and record what becomes of each.

    What a killed run left "running" is coloured, too.

    Args:
        manifest: opened to be written, and prepared.
        executor: a key of `EXECUTORS`.
        workers: how many photographs, or parts of films, to work on at once; None for the
            executor's own number.
        worker: what colours, with the settings of the manifest; None to load the network.

    Yields:
        The new row of each photograph, film, and part of a film, when it is in the manifest.

    Raises:
        ConfigError: there is no such executor.
        OutputFailed: the disk is full. What is not done stays queued.
        PhotochromError: the network, the reference or the executor cannot be used.
    """
    if executor not in EXECUTORS:
        raise ConfigError(f"expected an executor: {', '.join(EXECUTORS)}; received {executor!r}")
    # What is wrong with the settings is said here, and once.
    if worker is None:
        settings = Settings.from_json(manifest.fact("settings"))
        worker = Worker(settings, cores=cores_per_worker(workers))
    manifest.add_settings(worker.fingerprint, worker.described)
    for entry in manifest.entries("running", parts=True):
        drafts.discard(entry)
    manifest.requeue("running")
    with closing(EXECUTORS[executor](worker, _Units(manifest), workers)) as done:
        for unit in done:
            yield from _recorded(manifest, unit)


def _recorded(manifest: Manifest, unit: Unit) -> Iterator[Entry]:
    """Record the new rows of a unit, and yield those that are final.

    Raises:
        OutputFailed: the disk is full.
    """
    stopped = next((each.error for each in unit if each.status == "queued" and each.error), "")
    rows = [replace(each, error="") if each.status == "queued" else each for each in unit]
    first, *others = rows
    if others and first.parts:
        kept = manifest.divide(first, others)
    else:
        kept = manifest.record(*rows, *filter(None, [_failed_film(manifest, first)]))
    if first.parts and not _is_unfinished(manifest, first):
        discard_parts(first)  # also what late workers made of a film that has vanished
    yield from (entry for entry in kept if entry.status != "queued")
    if stopped:
        raise OutputFailed(f"{stopped}. The run can go on when there is room")


def _failed_film(manifest: Manifest, entry: Entry) -> Entry | None:
    """Return the new row of the film that a part has made fail; None where there is none."""
    is_failed = entry.part and entry.status == "failed" and manifest.has(entry)
    film = manifest.find(entry.source) if is_failed else None
    if film is None or film.status != "queued":
        return None
    return replace(film, status="failed", error=entry.error)


def _is_unfinished(manifest: Manifest, entry: Entry) -> bool:
    """Return whether the parts of a film are still needed."""
    film = manifest.find(entry.source)
    return film is not None and film.status != "done"


class _Units:
    """An iterator of what is queued, which goes on after its end when more is queued.

    A film that was divided queues its parts, and the last of them the film itself.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._claimed: deque[Entry] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Unit:
        """Return a photograph, a film or a part of one; or all that go into one tar.

        The results that the tar holds already follow, with another status than "running".
        """
        if not self._has_more():
            raise StopIteration
        first = self._claimed.popleft()
        if not first.shard:
            return [self._with_parts(first)]
        unit = [first]
        while self._has_more() and self._claimed[0].shard == first.shard:
            unit.append(self._claimed.popleft())
        return unit + self._manifest.kept_with(first)

    def _has_more(self) -> bool:
        if not self._claimed:
            self._claimed.extend(self._manifest.claim(_AHEAD))
        return bool(self._claimed)

    def _with_parts(self, entry: Entry) -> Entry:
        """Return a row; that of a film that is to be put together has its parts with it."""
        if entry.parts <= 0 or entry.part:
            return entry
        parts = self._manifest.parts(entry.source)
        return replace(entry, details=json.dumps([asdict(part) for part in parts]))
