"""Colour the photographs of a plan in parallel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.batch.coloring import color_pages, color_photo
from photochrom.batch.job import Exists, InColor, Job, Outcome, reason_of, worker_count
from photochrom.documents.coloring import is_document, suffixes_of
from photochrom.documents.selection import check_pages
from photochrom.errors import ConfigError, OutputError, OutputExists
from photochrom.files.atomic import write_bytes
from photochrom.options import ColorOptions
from photochrom.parallel import map_ordered
from photochrom.photo import deliver, read
from photochrom.photo.album import IN_COLOR, is_in_color
from photochrom.photo.codecs import format_of
from photochrom.photo.source import read_bytes

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer
    from photochrom.provenance import Signer

__all__ = ["IN_COLOR_ALREADY", "run"]

IN_COLOR_ALREADY: Final = f"is {IN_COLOR}"
"""The reason for which photographs are skipped that are in colour."""


@dataclass(frozen=True)
class _Settings:
    """What `run` was asked for, besides colours; see its arguments."""

    exists: Exists
    quality: int | None
    pages: str
    profile: str
    in_color: InColor
    on_page: Callable[[], None] | None
    label: bool
    signer: Signer | None


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    *,
    exists: Exists = "error",
    fail_fast: bool = False,
    in_color: InColor = "skip",
    quality: int | None = None,
    workers: int | None = None,
    options: ColorOptions | None = None,
    pages: str = "",
    profile: str = "srgb",
    on_page: Callable[[], None] | None = None,
    label: bool = False,
    signer: Signer | None = None,
) -> Generator[Outcome]:
    """Colour photographs in parallel, and yield the outcomes in the order of the jobs.

    Args:
        jobs: what to colour.
        colorizer: the colorizer to use.
        exists: what to do where a result exists already.
        fail_fast: whether a failure stops the run: jobs that have not started are "cancelled".
        in_color: whether to skip photographs that are in colour already, or to colour them anew.
            Sepia and other tints do not count as colour. On an album page, grey photographs are
            coloured, and others keep their colours. Documents always keep what is in colour.
        quality: encoder quality, 1 to 100, for lossy formats.
        workers: how many photographs to work on at once; None: one per core, at most 4.
        options: how to colour all photographs; the number of variants is that of each job.
        pages: which pages of documents to colour: "all", or numbers and ranges from 1, such as
            "1,3-5"; empty to refuse documents with several pages.
        profile: colour space of the results, as in `ColorPhoto.in_profile`. Documents stay in sRGB.
        on_page: called before each photograph of a document; where it raises an exception, the
            document fails.
        label: whether to write below each result that a machine guessed its colours, as in
            `ColorPhoto.labelled`.
        signer: signs the results; a result that cannot be signed is not written.

    Raises:
        PhotoError: the reference photograph cannot be read.
        ConfigError: the reference photograph is grey, the model does not support references, or
            `pages` is not a list of pages, or documents are to be labelled or
            signed.
    """
    if pages:
        check_pages(pages)
        if signer or label:
            asked = "signatures" if signer else "labels"
            raise ConfigError(f"expected pages of documents or {asked}; received both")
    settings = _Settings(exists, quality, pages, profile, in_color, on_page, label, signer)
    options = colorizer.prepared(options or ColorOptions())
    options = replace(options, keep_color=options.keep_color or in_color == "skip")
    failed = threading.Event()

    def work(job: Job) -> Outcome:
        if failed.is_set() and fail_fast:
            return Outcome(job, "cancelled", "an earlier photograph failed")
        try:
            own = replace(options, variants=job.variants)
            return _color(job, colorizer, own, settings)
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            failed.set()
            reason = reason_of(error)
            named = reason if str(job.source) in reason else f"{job.source}: {reason}"
            return Outcome(job, "failed", named, error=error)

    return map_ordered(work, jobs, worker_count(workers))


def _color(job: Job, colorizer: Colorizer, options: ColorOptions, settings: _Settings) -> Outcome:
    """Do a job: read, colour and write."""
    existing = _existing(job, settings.exists)
    if existing and settings.exists == "skip" and (job.split or len(existing) == job.variants):
        return Outcome(job, "skipped", "exists already", written=tuple(existing))
    start = time.perf_counter()
    if settings.signer:
        settings.signer.check_format(format_of(job.target).name)
    source: Path | bytes = job.source
    if settings.pages:
        source = read_bytes(job.source, str(job.source))
        if is_document(source):
            return _color_document(job, source, colorizer, options, settings)
    grey = read(source, max_pixels=colorizer.max_pixels, name=str(job.source))
    if settings.in_color == "skip" and is_in_color(grey, album=options.album):
        return Outcome(
            job,
            "skipped",
            IN_COLOR_ALREADY,
            format=grey.format,
            size=grey.size,
            tint=grey.tint,
        )
    colored = color_photo(colorizer, grey, options, split=job.split)
    results = colored.results
    targets = [job.target] if len(results) == 1 else job.numbered(len(results))
    _make_folder(job.target.parent)
    for target, result in zip(targets, results, strict=True):
        if settings.exists == "overwrite" or target not in existing:
            _write(result, target, job.source, colorizer.model.card.name, settings)
    return Outcome(
        job,
        "done",
        seconds=time.perf_counter() - start,
        format=grey.format,
        size=grey.size,
        tint=grey.tint,
        mean_chroma=results[0].mean_chroma,
        photographs=colored.photographs,
        unchanged=colored.unchanged,
        written=tuple(targets),
        metadata_lost=results[0].metadata_lost(format_of(job.target).name),
    )


def _write(
    result: ColorPhoto, target: Path, original: Path, model: str, settings: _Settings
) -> None:
    """Write a result, signed if that is wanted, or nothing if anything fails."""
    shown, signer = result.in_profile(settings.profile), settings.signer
    if settings.label:
        shown = shown.labelled()

    def encode(name: str) -> bytes:
        data = shown.encode(name, quality=settings.quality)
        return signer.sign(data, original, title=target.name, model=model) if signer else data

    deliver(target, encode, overwrite=settings.exists == "overwrite")


def _existing(job: Job, exists: Exists) -> list[Path]:
    """Return the results that exist already.

    Raises:
        OutputExists: there is one, and that is an error.
    """
    # `lexists`, because a broken link in the result's place is something to keep, too.
    existing = [target for target in job.targets if os.path.lexists(target)]
    if existing and exists == "error" and not job.source.is_dir():
        raise OutputExists(f"{existing[0]} exists already")
    return [] if job.source.is_dir() else existing


def _color_document(
    job: Job, data: bytes, colorizer: Colorizer, options: ColorOptions, settings: _Settings
) -> Outcome:
    """Colour the pages of a document."""
    start = time.perf_counter()
    if job.target.suffix.lower() not in suffixes_of(data):
        raise OutputError(
            f"expected {job.source} to stay {' or '.join(suffixes_of(data))}, since it has several "
            f"pages; received {job.target}"
        )
    document, strength = color_pages(
        colorizer,
        data,
        str(job.source),
        settings.pages,
        options,
        quality=settings.quality,
        on_page=settings.on_page,
    )
    _make_folder(job.target.parent)
    write_bytes(job.target, document.data, overwrite=settings.exists == "overwrite")
    return Outcome(
        job,
        "done",
        seconds=time.perf_counter() - start,
        mean_chroma=strength,
        photographs=document.photographs,
        unchanged=document.unchanged,
        written=(job.target,),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"cannot make the folder {folder}: a file is in its way") from error
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
