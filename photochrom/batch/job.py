"""A photograph to colour in a batch, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from photochrom.errors import PhotochromError

__all__ = [
    "MAX_SPLIT",
    "Exists",
    "InColor",
    "Job",
    "Outcome",
    "Status",
    "reason_of",
]

Status = Literal["queued", "running", "done", "skipped", "failed", "cancelled"]
"""How far a photograph, a film or a job is; the last four are final."""

Exists = Literal["skip", "overwrite", "error"]
"""What to do where a result exists already."""

InColor = Literal["skip", "recolor"]
"""What to do with photographs that are in colour already."""

_CV_OUT_OF_MEMORY: Final = -4  # OpenCV's StsNoMem

MAX_SPLIT: Final = 99
"""The largest number of photographs of one album page that are written apart."""


def reason_of(error: Exception) -> str:
    """Return a message for a person; unexpected errors keep the name of their type."""
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == _CV_OUT_OF_MEMORY:
        return "out of memory"
    known = isinstance(error, PhotochromError | OSError) and str(error)
    return str(error) if known else f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Job:
    """A photograph to colour, and the file to write.

    Attributes:
        source: the photograph.
        target: the result. With several variants, `NAME-1.jpg`, `NAME-2.jpg` and so on are
            written beside that name instead.
        variants: how many differently coloured versions to write.
        split: whether to write each photograph of an album page to a file of its own, named like
            variants. Where there is one photograph only, `target` is written.
        restored: the path of a repaired copy, which is written, too, where damage is found; None
            for no copy. Only for a single result.
    """

    source: Path
    target: Path
    variants: int = 1
    split: bool = False
    restored: Path | None = None

    @property
    def targets(self) -> list[Path]:
        """Every file that the job may write."""
        if self.split:
            return [self.target, *self.numbered(MAX_SPLIT)]
        return [*self.unsplit_targets, *([self.restored] if self.restored else [])]

    @property
    def unsplit_targets(self) -> list[Path]:
        """The files that the job writes if an album page is not split."""
        return [self.target] if self.variants == 1 else self.numbered(self.variants)

    def numbered(self, count: int) -> list[Path]:
        """Return the paths of `count` results beside `target`: `NAME-1.jpg` and so on."""
        stem = self.target.stem
        return [self.target.with_stem(f"{stem}-{number}") for number in range(1, count + 1)]


@dataclass(frozen=True)
class Outcome:
    """The result of one job.

    Attributes:
        job: the job.
        status: "done", "skipped", "failed", or "cancelled" when an earlier failure kept it from
            starting.
        reason: why the job failed, was skipped or did not start; empty when done.
        seconds: time from the start of reading to the end of writing.
        format: as in `Photo.format`, for example "JPEG"; "" where no photograph was read.
        size: width and height in pixels; None where the photograph was not read.
        tint: "grey", "tinted" or "colour": what the photograph was before.
        mean_chroma: mean distance from grey of the result, in CIE Lab units.
        photographs: number of photographs that were coloured: 1, unless the file is an album page
            or a document.
        unchanged: photographs of a document or of an album page that were not coloured: the page,
            from 1, and the reason.
        written: the files that were written, or that existed already and were kept.
        metadata_lost: names of metadata that the result does not carry over from the original.
        repaired: what was repaired in the copy, the last file of `written`; "" if there is none.
        error: the exception that made the job fail.
    """

    job: Job
    status: Status
    reason: str = ""
    seconds: float = 0.0
    format: str = ""
    size: tuple[int, int] | None = None
    tint: str = ""
    mean_chroma: float = 0.0
    photographs: int = 1
    unchanged: tuple[tuple[int, str], ...] = ()
    written: tuple[Path, ...] = ()
    metadata_lost: tuple[str, ...] = ()
    repaired: str = ""
    error: Exception | None = None
