"""The work of jobs: many photographs, or a film."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from photochrom import batch, photo
from photochrom.batch.planning import restored_path
from photochrom.documents.coloring import PDF_SUFFIX
from photochrom.errors import OutputFailed, PhotoError
from photochrom.film import FilmListener
from photochrom.film.names import film_suffix
from photochrom.web.filenames import UniqueNames, unique
from photochrom.web.job_queue import Item, Job, Work
from photochrom.web.problems import advice

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from photochrom.colorizer import Colorizer
    from photochrom.guidance.hints import Hint
    from photochrom.options import ColorOptions, FilmReferenceSource

__all__ = ["PhotographSettings", "film_target", "film_work", "photographs_work"]

_PREVIEW_SECONDS: Final = 1.0  # between two previews of a film
_PREVIEW_ROWS: Final = 360
_MAX_NOTES: Final = 100  # a badly damaged film has thousands of damaged places


@dataclass(frozen=True)
class PhotographSettings:
    """What a job for photographs is asked for, besides colours.

    Attributes:
        suffix: File suffix of the results; None keeps that of each photograph, if it can be
            written. A PDF stays a PDF.
        quality: Encoder quality, 1 to 100, for lossy formats; None takes the default.
        pages: Pages to colour of documents, as in `batch.run`; "" refuses several pages.
        profile: Colour space of the results, as in `batch.run`.
        label: As in `batch.run`.
        split: Whether to write each photograph of an album page to a file of its own.
        consistent: Whether the photographs share colours, as with `batch.share_colors`.
        in_color: As in `batch.run`.
    """

    suffix: str | None = None
    quality: int | None = None
    pages: str = ""
    profile: str = "srgb"
    label: bool = False
    split: bool = False
    consistent: bool = False
    in_color: batch.InColor = "skip"


def photographs_work(
    colorizer: Colorizer,
    sources: list[Path],
    options: ColorOptions,
    settings: PhotographSettings,
    *,
    workers: int,
) -> Work:
    """Return the work of a job that colours photographs into a zip.

    A photograph that fails is reported in its item; the zip holds the others.

    Args:
        colorizer: Colours the photographs.
        sources: Files of the photographs; each is deleted when it is done.
        options: How to colour the photographs.
        settings: What else the results are to be.
        workers: Number of photographs coloured at the same time.
    """

    def work(job: Job) -> Path:
        job.total, archive_path = len(sources), job.folder / "coloured.zip"
        tasks = _tasks(sources, job.folder / "out", settings, restored=bool(options.restore))
        color = options
        if settings.consistent:
            color = _with_shared_colors(job, tasks, colorizer, options, settings, workers)
        outcomes = batch.run(
            tasks,
            colorizer,
            in_color=settings.in_color,
            workers=workers,
            quality=settings.quality,
            options=color,
            pages=settings.pages,
            profile=settings.profile,
            label=settings.label,
            on_page=job.raise_if_cancelled,
        )
        names = UniqueNames()
        with zipfile.ZipFile(archive_path, "w", zipfile.ZIP_STORED) as archive, closing(outcomes):
            for item, outcome in zip(job.items, outcomes, strict=True):
                job.raise_if_cancelled()
                _report(item, outcome, job)
                for path in outcome.written:
                    archive.write(path, names.add(path.name))
                    # Deleted at once, so that a large job needs its space on the disk only once
                    path.unlink()
                outcome.job.source.unlink()
                job.done += 1
        if all(item.status == "skipped" for item in job.items):
            raise PhotoError("the photographs are all in colour already")
        if not any(item.status == "done" for item in job.items):
            raise PhotoError("none of the photographs could be coloured")
        return archive_path

    return work


def _with_shared_colors(
    job: Job,
    tasks: list[batch.Job],
    colorizer: Colorizer,
    options: ColorOptions,
    settings: PhotographSettings,
    workers: int,
) -> ColorOptions:
    """Compare the photographs of a job, and return options with the colours that they share."""

    def count() -> None:
        job.raise_if_cancelled()
        job.compared += 1

    shared = batch.share_colors(
        tasks, colorizer, options, in_color=settings.in_color, workers=workers, on_photo=count
    )
    return replace(options, shared=shared)


def _tasks(
    sources: list[Path], folder: Path, settings: PhotographSettings, *, restored: bool
) -> list[batch.Job]:
    """Pair each photograph with its result, in a folder of its own.

    With one folder for all, `a-1.jpg` could be a photograph of the page `a.jpg` or another upload.
    """
    names = (
        source.name
        if source.suffix.lower() == PDF_SUFFIX
        else source.with_suffix(settings.suffix or photo.result_suffix(source.suffix)).name
        for source in sources
    )
    targets = [folder / str(number) / name for number, name in enumerate(unique(names), 1)]
    copies = [restored_path(each, set()) if restored else None for each in targets]
    return [
        batch.Job(source, target, split=settings.split, restored=copy)
        for source, target, copy in zip(sources, targets, copies, strict=True)
    ]


def _report(item: Item, outcome: batch.Outcome, job: Job) -> None:
    """Copy to its item what became of a photograph."""
    item.reason = job.without_folders(outcome.reason) + advice(outcome.error)
    if outcome.status == "done":
        item.photographs, item.unchanged = outcome.photographs, outcome.unchanged
        item.metadata_lost, item.repaired = outcome.metadata_lost, outcome.repaired
    item.status = outcome.status


def film_target(folder: Path, name: str) -> Path:
    """Return the path of a coloured film."""
    path = Path(name)
    return folder / path.with_suffix(film_suffix(path.suffix)).name


class _FilmOptions(TypedDict):
    """The arguments of `Colorizer.film` that a job sets."""

    vividness: float | None
    references: Sequence[FilmReferenceSource]
    hints: Sequence[tuple[float, Hint]]
    hint_spans: Mapping[float, tuple[float, float]] | None
    start: float
    end: float | None


def film_work(
    colorizer: Colorizer,
    source: Path,
    target: Path,
    color: ColorOptions,
    *,
    references: Sequence[FilmReferenceSource] = (),
    hints: Sequence[tuple[float, Hint]] = (),
    hint_spans: Mapping[float, tuple[float, float]] | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Work:
    """Return the work of a job that colours a film.

    Args:
        colorizer: Colours the film.
        source: File of the film; deleted when it is done.
        target: Path of the coloured film.
        color: How to colour it; only the vividness and the reference count for films.
        references: As in `Colorizer.film`; they precede the reference of `color`.
        hints: Pairs of a time, in seconds from the start of the film, and a hint for that frame.
        hint_spans: As in `Colorizer.film`.
        start: Where to begin, in seconds from the start of the film.
        end: Where to end, in seconds; None for the end of the film.
    """
    options: _FilmOptions = {
        "vividness": color.vividness,
        "references": [*references, *([] if color.reference is None else [color.reference])],
        "hints": hints,
        "hint_spans": hint_spans,
        "start": start,
        "end": end,
    }

    def work(job: Job) -> Path:
        job.items[0].status = "running"
        try:
            colorizer.film(source, target, listener=_JobListener(job), **options)
        except OutputFailed as error:
            # The original message offers to resume; a job deletes the partial film
            raise OutputFailed(f"cannot write the film: {error.__cause__}") from error
        source.unlink()
        return target

    return work


class _JobListener(FilmListener):
    """Copies the progress and the messages of a film to its job, and stops a cancelled film."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._last_preview = 0.0
        self._noting = threading.Lock()

    def progress(self, task: str, done: int, total: int) -> None:
        self._job.raise_if_cancelled()
        self._job.done, self._job.total = done, max(done, total)

    def note(self, text: str) -> None:
        item = self._job.items[0]
        # Two threads of a film send messages, so none may be lost between reading and writing
        with self._noting:
            item.notes = (*item.notes, self._job.without_folders(text))[:_MAX_NOTES]

    def problem(self, seconds: float, text: str) -> None:
        self.note(f"damaged at {seconds:.1f} s: {text}")

    def picture(self, look: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        now = time.monotonic()
        if now - self._last_preview > _PREVIEW_SECONDS:
            self._last_preview = now
            self._job.preview = photo.encode(look(_PREVIEW_ROWS), format="JPEG")
