"""Fill the manifest of an archive, and colour what it says is to be done."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count, groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.archive import drafts
from photochrom.archive.entry import Entry
from photochrom.archive.executors import EXECUTORS, Unit
from photochrom.archive.settings import Settings
from photochrom.archive.shards import is_shard_pattern, member_of
from photochrom.archive.worker import Worker
from photochrom.errors import ConfigError, OutputFailed
from photochrom.files import storage
from photochrom.photo import READABLE_SUFFIXES, result_suffix

if TYPE_CHECKING:
    from photochrom.archive.manifest import Manifest

__all__ = ["add_sources", "color_queued", "prepare"]

_AHEAD: Final = 64  # photographs that are claimed at once


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


def add_sources(manifest: Manifest, sources: Sequence[str]) -> int:
    """Find photographs and add them to a manifest.

    Args:
        manifest: opened to be written, and prepared.
        sources: files, folders, patterns, zips and tars: paths or URIs.

    Returns:
        How many are new.

    Raises:
        ConfigError: there is nothing, or two photographs would have the same result.
        StorageError, MissingExtra: as in `storage.find`.
    """
    output = manifest.fact("output")
    settings = Settings.from_json(manifest.fact("settings"))
    added = manifest.add(_entries(manifest, sources, output, settings.suffix))
    if not any(manifest.counts().values()):
        raise ConfigError(f"expected photographs; found none in {', '.join(sources)}")
    if taken := manifest.overwritten_source():
        raise ConfigError(
            f"{taken} is an original and is never written over; choose another output"
        )
    return added


def _entries(
    manifest: Manifest, sources: Sequence[str], output: str, suffix: str
) -> Iterator[Entry]:
    size = int(manifest.fact("shard size") or 0)
    results = output.partition("%")[0] if size else storage.join(output, "")
    numbers = count(sum(manifest.counts().values()))
    for source in sources:
        inside = results in storage.join(storage.absolute(source), "")
        for found in storage.find(source, READABLE_SUFFIXES):
            if results in found.uri and not inside:
                continue  # a result of an earlier run is no photograph
            target = ""
            if not manifest.find(found.uri):
                shard = next(numbers) // size if size else None
                target = _target(manifest, found, output, suffix, shard)
            yield Entry(
                found.uri,
                target,
                source_version=found.version,
                source_size=found.size,
                source_offset=found.offset,
            )


def _target(
    manifest: Manifest, found: storage.Found, output: str, suffix: str, shard: int | None
) -> str:
    """Return where a result goes. Of `a.jpg` and `a.nef`, the second becomes `a.nef.jpg`."""

    def place(relative: str) -> str:
        if shard is None:
            return storage.join(output, relative)
        return member_of(output, shard, relative)

    path = PurePosixPath(found.relative)
    ending = suffix or result_suffix(path.suffix)
    target = place(str(path.with_suffix(ending)))
    if manifest.holder(target) and ending != path.suffix:
        return place(f"{path}{ending}")
    return target


def color_queued(
    manifest: Manifest, *, executor: str = "threads", workers: int | None = None
) -> Generator[Entry]:
    """Colour the photographs that are queued, and record what becomes of each.

    Photographs that a killed run left "running" are coloured, too.

    Args:
        manifest: opened to be written, and prepared.
        executor: a key of `EXECUTORS`.
        workers: how many photographs to work on at once; None for the executor's own number.

    Yields:
        The new row of each photograph, when it is in the manifest.

    Raises:
        ConfigError: there is no such executor.
        OutputFailed: the disk is full. What is not done stays queued.
        PhotochromError: the network, the reference or the executor cannot be used.
    """
    if executor not in EXECUTORS:
        raise ConfigError(f"expected an executor: {', '.join(EXECUTORS)}; received {executor!r}")
    settings = Settings.from_json(manifest.fact("settings"))
    worker = Worker(settings)  # what is wrong with the settings is said here, and once
    manifest.add_settings(worker.fingerprint, worker.described)
    for entry in manifest.entries("running"):
        drafts.discard(entry)
    manifest.requeue("running")
    with closing(EXECUTORS[executor](worker, _units(manifest), workers)) as done:
        for entry in done:
            if entry.status == "queued":
                manifest.record(replace(entry, error=""))
                raise OutputFailed(f"{entry.error}. The run can go on when there is room")
            manifest.record(entry)
            yield entry


def _units(manifest: Manifest) -> Iterator[Unit]:
    """Yield what is queued: single photographs, and all that go into one tar together."""
    for shard, entries in groupby(_claimed(manifest), lambda entry: entry.shard):
        if shard:
            yield list(entries)
        else:
            for entry in entries:
                yield [entry]


def _claimed(manifest: Manifest) -> Iterator[Entry]:
    while batch := manifest.claim(_AHEAD):
        yield from batch
