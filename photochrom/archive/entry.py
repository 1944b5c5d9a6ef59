"""A photograph or a film of an archive: what the manifest says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from photochrom.files.remote import split_member

if TYPE_CHECKING:
    from photochrom.batch import Status

__all__ = ["CHANGED", "Entry"]

CHANGED: Final = "the source has changed since it was coloured"
"""The error of a photograph that is not any more the one that was, or is being, coloured."""


@dataclass(frozen=True)
class Entry:
    """A row of the manifest: a photograph, a film or a part of a film, and what became of it.

    Attributes:
        source: where the photograph or film is: a path, or a URI such as `s3://bucket/scans/1.tif`.
        output: where its result goes, likewise; of a part of a film, the folder of its files.
        status: how far it is.
        source_version: what the storage says about the source, to notice changes: its ETag, or
            its time of modification; "" if unknown.
        source_size: size of the source in bytes; -1 if unknown.
        source_offset: where the source begins in the tar that holds it; -1 for other sources.
        source_sha256: SHA-256 of the source, in hexadecimal; "" before it was read.
        format: file format of the source, for example "TIFF"; "" before it was read.
        width: width in pixels; 0 before it was read.
        height: height in pixels; 0 before it was read.
        output_sha256: SHA-256 of the result; "" where there is none.
        output_size: size of the result in bytes; 0 where there is none.
        fingerprint: which program, network and options made the result; see `Settings`.
        seconds: how long reading, colouring and writing took.
        finished: when, in UTC, for example "2026-11-27T09:30:00Z"; "" before.
        machine: the name of the machine that did it.
        error: why it failed or was skipped; "" if done.
        attempts: how often it was begun.
        part: the number of a part of a film, from 1; 0 for photographs and whole films.
        parts: into how many parts the film was divided; -1 before that; 0 for photographs.
        details: of a film that is done, what people should know about it, as JSON with the numbers
            of `frames` and `shots`, `problems` and `notes`; of others, what workers must know.
    """

    source: str
    output: str
    status: Status = "queued"
    source_version: str = ""
    source_size: int = -1
    source_offset: int = -1
    source_sha256: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    output_sha256: str = ""
    output_size: int = 0
    fingerprint: str = ""
    seconds: float = 0.0
    finished: str = ""
    machine: str = ""
    error: str = ""
    attempts: int = 0
    part: int = 0
    parts: int = 0
    details: str = ""

    @property
    def shard(self) -> str:
        """The tar that the result is a member of; "" where it is a file of its own."""
        return split_member(self.output)[1]

    def is_same_version(self, other: Entry) -> bool:
        """Return whether another row is of the same version of the source, as far as is known."""
        sizes = self.source_size, other.source_size
        has_same_size = -1 in sizes or sizes[0] == sizes[1]
        return has_same_size and self.source_version == other.source_version

    def changed(self, now: Entry) -> Entry:
        """Return the row when another version of the source was found, which another row has."""
        row = self.in_version_of(now)
        if self.status == "running":  # it is queued when the worker is done
            return replace(row, error=CHANGED)
        if self.status == "done":
            return replace(row, status="failed", error=CHANGED)
        return replace(row, status="queued", error="")

    def in_version_of(self, now: Entry) -> Entry:
        """Return the row in the version of the source of another one; a film is not divided."""
        changed = replace(self, source_size=now.source_size, source_version=now.source_version)
        return replace(changed, parts=-1, details="") if self.parts else changed
