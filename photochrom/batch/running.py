"""Colour the photographs of a plan in parallel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.batch.coloring import ColoredScan, color_pages, color_photo
from photochrom.batch.job import Exists, InColor, Job, Outcome, reason_of
from photochrom.documents.coloring import is_document, suffixes_of
from photochrom.documents.selection import check_pages
from photochrom.errors import ConfigError, OutputError, OutputExists
from photochrom.files.atomic import write_bytes
from photochrom.options import ColorOptions
from photochrom.parallel import map_ordered, worker_count
from photochrom.photo import deliver, read
from photochrom.photo.album import IN_COLOR, is_in_color
from photochrom.photo.codecs import format_of
from photochrom.photo.source import read_bytes
from photochrom.restoration import restore

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer
    from photochrom.photo import Photo
    from photochrom.provenance import Signer

__all__ = ["IN_COLOR_ALREADY", "run"]

IN_COLOR_ALREADY: Final = f"is {IN_COLOR}"
"""The reason for which photographs are skipped that are in colour."""

_EXISTS_ALREADY: Final = "exists already"


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
        workers: how many photographs to work on at once; None: one more than cores, at most 4.
        options: how to colour all photographs; the number of variants is that of each job. What is
            to be repaired is repaired in a copy only, for jobs with `restored`.
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
            `pages` is not a list of pages, or documents are to be labelled,
            signed or repaired.
    """
    if pages:
        check_pages(pages)
        excluded = {
            "signatures": signer is not None,
            "labels": label,
            "repairs": options is not None and bool(options.restore),
        }
        for asked in (name for name, wanted in excluded.items() if wanted):
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
    start = time.perf_counter()
    existing = _existing(job, settings.exists)
    kept = _kept(job, existing) if settings.exists == "skip" else []
    if kept and (job.restored is None or job.restored in existing):
        return Outcome(job, "skipped", _EXISTS_ALREADY, written=tuple(existing))
    if settings.signer:
        settings.signer.check_format(format_of(job.target).name)
    source: Path | bytes = job.source
    if settings.pages:
        source = read_bytes(job.source, str(job.source))
        if is_document(source):
            return _color_document(job, source, colorizer, options, settings)
    grey = read(source, max_pixels=colorizer.max_pixels, name=str(job.source))
    outcome = Outcome(
        job, "skipped", IN_COLOR_ALREADY, format=grey.format, size=grey.size, tint=grey.tint
    )
    if settings.in_color == "skip" and is_in_color(grey, album=options.album):
        return outcome
    is_copied = settings.exists == "skip" and job.restored in existing
    copy = _repaired(grey, colorizer, options) if job.restored and not is_copied else None
    if kept and copy is None:
        return replace(outcome, reason=_EXISTS_ALREADY, written=tuple(kept))
    colored = ColoredScan([], 1)
    if not kept:
        colored = color_photo(colorizer, grey, replace(options, restore=()), split=job.split)
    results = _with_targets(job, colored.results, copy)
    _make_folder(job.target.parent)
    # The first is written last: where it exists, a run that was stopped has written all of them.
    for target, result in reversed(results.items()):
        if settings.exists == "overwrite" or target not in existing:
            _write(result, target, job.source, colorizer.model.card.name, settings)
    lost = [result.metadata_lost(format_of(target).name) for target, result in results.items()]
    return replace(
        outcome,
        status="done",
        reason="",
        seconds=time.perf_counter() - start,
        mean_chroma=next(iter(results.values())).mean_chroma,
        photographs=colored.photographs,
        unchanged=colored.unchanged,
        written=(*kept, *results, *([job.restored] if job.restored and is_copied else ())),
        metadata_lost=tuple(dict.fromkeys(name for names in lost for name in names)),
        repaired=copy.repaired if copy else "",
    )


def _kept(job: Job, existing: list[Path]) -> list[Path]:
    """Return the results that exist already, if they are all but a repaired copy."""
    plain = [target for target in existing if target != job.restored]
    if job.split:  # how many there are is not known, but the first was written last
        return plain if {job.target, *job.numbered(1)} & set(plain) else []
    return plain if len(plain) >= job.variants else []


def _with_targets(
    job: Job, results: list[ColorPhoto], copy: ColorPhoto | None
) -> dict[Path, ColorPhoto]:
    """Return results by where they go, and the repaired copy, if there is one, as the last."""
    targets = [job.target] if len(results) == 1 else job.numbered(len(results))
    found = dict(zip(targets, results, strict=True))
    return found | {job.restored: copy} if job.restored and copy else found


def _repaired(grey: Photo, colorizer: Colorizer, options: ColorOptions) -> ColorPhoto | None:
    """Return the photograph repaired and coloured; None if no damage is found in it."""
    restoration = restore(grey.inverted() if options.negative else grey, options.restore)
    if not restoration:
        return None
    return colorizer.colorize(restoration.photo, replace(options, restore=(), negative=False))


def _write(
    result: ColorPhoto, target: Path, original: Path, model: str, settings: _Settings
) -> None:
    """Write a result, signed if that is wanted, or nothing if anything fails."""
    shown, signer = result.in_profile(settings.profile), settings.signer
    if settings.label:
        shown = shown.labelled()

    def encode(name: str) -> bytes:
        data = shown.encode(name, quality=settings.quality)
        return (
            signer.sign(data, original, title=target.name, model=model, repaired=shown.repaired)
            if signer
            else data
        )

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
