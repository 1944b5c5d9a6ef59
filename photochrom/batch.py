"""Colour many photographs: `plan` pairs inputs with output files, `run` does the work.

`plan` touches nothing but directory listings, so a dry run can show its result.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from photochrom.errors import ConfigError, OutputError, OutputExists, PhotochromError
from photochrom.files.atomic import ensure_not_original, identity
from photochrom.files.folders import files_in, matching
from photochrom.options import ColorOptions
from photochrom.parallel import map_ordered
from photochrom.photo import READABLE_SUFFIXES, WRITABLE_SUFFIXES, read, result_suffix
from photochrom.photo.codecs import NOT_INSTALLED, format_of

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.photo import Photo
    from photochrom.prediction import ColorPhoto

__all__ = ["Exists", "Job", "Outcome", "plan", "run", "unsupported_suffixes"]

_MAX_WORKERS: Final = 4  # each worker holds a whole photograph in memory
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
# Pictures that people keep among their photographs, but that Photochrom does not read.
_UNSUPPORTED_SUFFIXES: Final = {".dcm", ".exr", ".hdr", ".pdf", ".psd", ".svg", ".xcf"}
_CV_OUT_OF_MEMORY: Final = -4  # OpenCV's StsNoMem

Exists = Literal["skip", "overwrite", "error"]
Status = Literal["done", "skipped", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """A photograph to colour, and the file to write.

    Attributes:
        source: the photograph.
        target: the result. With several variants, `NAME-1.jpg`, `NAME-2.jpg` and so on are
            written beside that name instead.
        variants: how many differently coloured versions to write.
    """

    source: Path
    target: Path
    variants: int = 1

    @property
    def targets(self) -> list[Path]:
        """Every file that the job writes."""
        if self.variants == 1:
            return [self.target]
        stem = self.target.stem
        return [self.target.with_stem(f"{stem}-{number}") for number in range(1, self.variants + 1)]


@dataclass(frozen=True)
class Outcome:
    """The result of one job.

    Attributes:
        job: the job.
        status: "done", "skipped", "failed", or "cancelled" when an earlier failure kept it from
            starting.
        reason: why the job failed, was skipped or did not start; empty when done.
        seconds: time from the start of reading to the end of writing.
        size: width and height in pixels; None where the photograph was not read.
        tint: "grey", "tinted" or "colour": what the photograph was before.
        mean_chroma: mean distance from grey of the result, in CIE Lab units.
        error: the exception that made the job fail.
    """

    job: Job
    status: Status
    reason: str = ""
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    tint: str = ""
    mean_chroma: float = 0.0
    error: Exception | None = None


# --- planning -------------------------------------------------------------------------------


def plan(
    inputs: Sequence[str],
    output: Path,
    *,
    recursive: bool = False,
    suffix: str | None = None,
    variants: int = 1,
    originals: Iterable[Path] = (),
) -> list[Job]:
    """Pair every input photograph with the file that its result goes to.

    Args:
        inputs: files, folders and glob patterns. Files keep their relative path below a folder,
            or below the part of a pattern before its first wildcard.
        output: a folder; or, for a single input file, the name of the result.
        recursive: whether to search subfolders.
        suffix: file type of the results, for example ".png"; None keeps each photograph's own,
            if it can be written.
        variants: how many differently coloured versions of each photograph to write.
        originals: further files that no result may replace.

    Raises:
        ConfigError: an input does not exist, no photograph was found, `suffix` is not supported,
            or two results have the same path.
        OutputError: a result would replace an original.
    """
    if suffix is not None and suffix.lower() not in WRITABLE_SUFFIXES:
        known = " ".join(sorted(WRITABLE_SUFFIXES))
        raise ConfigError(f"expected results to end in one of {known}; received {suffix!r}")
    try:
        expanded = [pair for each in inputs for pair in _expand(each, output, recursive=recursive)]
    except OSError as error:
        raise ConfigError(f"cannot look for photographs: {error}") from error
    found = list(dict.fromkeys(expanded))
    if not found:
        raise ConfigError(f"expected photographs; found none in {', '.join(inputs)}")
    if len(inputs) == 1 and Path(inputs[0]).is_file() and _names_a_file(output):
        if suffix and suffix.lower() != output.suffix.lower():
            raise ConfigError(
                f"expected {output} to end in the requested suffix {suffix}; leave one of them out"
            )
        format_of(output)  # raises, if files of this name are read but not written
        jobs = [Job(found[0][0], output, variants)]
    else:
        _check_folder(inputs, output)
        places = _result_places([place for _, place in found], suffix)
        pairs = zip(found, places, strict=True)
        jobs = [Job(path, output / place, variants) for (path, _), place in pairs]
    _check(jobs, originals)
    return jobs


def unsupported_suffixes(inputs: Sequence[str], *, recursive: bool = False) -> Counter[str]:
    """Count, by suffix, the pictures in these folders that `plan` skips.

    They are of formats that are not supported, or whose optional packages are not installed.
    """
    folders = [Path(each) for each in inputs if Path(each).is_dir()]
    files = {path for each in folders for path in files_in(each, recursive=recursive, locked=[])}
    suffixes = (path.suffix.lower() for path in files)
    return Counter(each for each in suffixes if each in _UNSUPPORTED_SUFFIXES | {*NOT_INSTALLED})


def _check_folder(inputs: Sequence[str], output: Path) -> None:
    """Raise an error where `output` looks like a file name although a folder is needed.

    Without this, `new.psd`, or `new.jpg` for many photographs, would become a folder's name.
    """
    if not _SUFFIX.fullmatch(output.suffix) or output.is_dir():
        return
    if len(inputs) == 1 and Path(inputs[0]).is_file():
        format_of(output)  # raises, and names the formats that can be written
    elif _names_a_file(output):
        raise ConfigError(f"expected a folder for the photographs of a folder; received {output}")


def _names_a_file(output: Path) -> bool:
    return output.suffix.lower() in READABLE_SUFFIXES and not output.is_dir()


def _expand(text: str, output: Path, *, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Yield the photographs of one input, each with its relative path in the output folder."""
    path = Path(text)
    if not text:
        raise ConfigError("expected a photograph, a folder or a pattern; received an empty name")
    locked: list[Path] = []
    if path.is_dir():
        files = files_in(path, recursive=recursive, locked=locked)
        yield from _photographs(files, locked, path, output)
    elif path.exists():  # before patterns: `scan[1].png` may be a file's real name
        yield path, Path(path.name)
    elif (matches := matching(text, locked=locked)) or locked:
        # The "_" keeps `in/sub*.png` in `in/`: without it, the parent of `in/` would be the root.
        root = Path(re.split(r"[*?[]", text, maxsplit=1)[0] + "_").parent
        yield from _photographs(matches, locked, root, output)
    else:
        raise ConfigError(f"expected a photograph, a folder or a pattern; there is no {text}")


def _photographs(
    paths: Iterable[Path], locked: Iterable[Path], root: Path, output: Path
) -> Iterator[tuple[Path, Path]]:
    """Yield the photographs among `paths`, each with its path relative to `root`.

    Results of an earlier run are left out where the output folder lies inside `root`. Folders
    that cannot be read are kept: each becomes a job that fails, so that it is reported.
    """
    results = _real(output)
    output_is_inside = _real(root) in results.parents
    named = (path for path in paths if path.suffix.lower() in READABLE_SUFFIXES)
    for path in (*filter(_may_be_file, named), *locked):
        if not (output_is_inside and results in _real(path).parents):
            place = Path(os.path.normpath(path.relative_to(root)))
            # A pattern with `..` must not place results outside the output folder.
            yield path, Path(place.name) if ".." in place.parts else place


def _may_be_file(path: Path) -> bool:
    """Return whether a path is a file, or cannot be examined.

    Unreadable files and broken links count as files: their jobs fail and name them, which is
    better than to skip them silently.
    """
    try:
        return path.is_file() or (path.is_symlink() and not path.exists())
    except PermissionError:
        return True


def _real(path: Path) -> Path:
    """Follow links; unlike `Path.resolve`, accept links that form a circle."""
    return Path(os.path.realpath(path))


def _result_places(places: Sequence[Path], suffix: str | None) -> list[Path]:
    """Return the paths of results, relative to the output folder.

    Cameras write `a.jpg` beside `a.nef`, whose results would both be `a.jpg`. The one whose suffix
    has changed is then called `a.nef.jpg`.

    Args:
        places: the paths of the photographs.
        suffix: as in `plan`.
    """
    if suffix:
        return [place.with_suffix(suffix) for place in places]
    results = [place.with_suffix(result_suffix(place.suffix)) for place in places]
    uses = Counter(str(result).casefold() for result in results)
    return [
        place.with_name(f"{place.name}{result.suffix}")
        if result != place and uses[str(result).casefold()] > 1
        else result
        for place, result in zip(places, results, strict=True)
    ]


def _check(jobs: list[Job], others: Iterable[Path]) -> None:
    """Raise an error where a result would replace an original or another result."""
    originals = {identity(path) for path in (*(job.source for job in jobs), *others)}
    sources: dict[str, Path] = {}
    for source, target in ((job.source, target) for job in jobs for target in job.targets):
        ensure_not_original(target, originals)
        real = os.path.realpath(target)
        if (other := sources.setdefault(real, source)) is not source:
            raise ConfigError(f"{other} and {source} would both go to {target}")


# --- running --------------------------------------------------------------------------------


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    *,
    exists: Exists = "error",
    keep_going: bool = False,
    keep_colour: bool = False,
    quality: int | None = None,
    workers: int | None = None,
    options: ColorOptions | None = None,
) -> Generator[Outcome]:
    """Colour photographs in parallel, and yield the outcomes in the order of the jobs.

    Args:
        jobs: what to colour.
        colorizer: the colorizer to use.
        exists: what to do where a result exists already.
        keep_going: whether to continue after a failure; otherwise the remaining jobs that have
            not started are "cancelled".
        keep_colour: whether to skip photographs that are in colour.
        quality: encoder quality, 1 to 100, for lossy formats.
        workers: how many photographs to work on at once; None: one per core, at most 4.
        options: how to colour all photographs; the number of variants is that of each job.

    Raises:
        PhotoError: the reference photograph cannot be read.
        ConfigError: the reference photograph is grey, or the model does not support references.
    """
    options = options or ColorOptions()
    if options.reference is not None:
        # Prepared once for all jobs: the network has to see it, too.
        options = replace(options, reference=colorizer.reference(options.reference))
    failed = threading.Event()

    def work(job: Job) -> Outcome:
        if failed.is_set() and not keep_going:
            return Outcome(job, "cancelled", "an earlier photograph failed")
        try:
            own = replace(options, variants=job.variants)
            return _color(job, colorizer, own, exists, quality, keep_colour=keep_colour)
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            failed.set()
            reason = _reason(error)
            named = reason if str(job.source) in reason else f"{job.source}: {reason}"
            return Outcome(job, "failed", named, error=error)

    return map_ordered(work, jobs, workers or min(_MAX_WORKERS, os.cpu_count() or 1))


def _reason(error: Exception) -> str:
    """Return a message for a person; unexpected errors keep the name of their type."""
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == _CV_OUT_OF_MEMORY:
        return "out of memory"
    known = isinstance(error, PhotochromError | OSError) and str(error)
    return str(error) if known else f"{type(error).__name__}: {error}"


def _color(
    job: Job,
    colorizer: Colorizer,
    options: ColorOptions,
    exists: Exists,
    quality: int | None,
    *,
    keep_colour: bool,
) -> Outcome:
    # `lexists`, because a broken link in the result's place is something to keep, too.
    existing = [target for target in job.targets if os.path.lexists(target)]
    if exists != "overwrite" and existing and not job.source.is_dir():
        if exists == "skip" and len(existing) == job.variants:
            return Outcome(job, "skipped", "exists already")
        if exists == "error":
            raise OutputExists(f"{existing[0]} exists already")
    start = time.perf_counter()
    grey = read(job.source, max_pixels=colorizer.max_pixels)
    if keep_colour and grey.tint == "colour":
        return Outcome(job, "skipped", "is in colour already", size=grey.size, tint=grey.tint)
    results = _results(colorizer, grey, options)
    _make_folder(job.target.parent)
    for target, result in zip(job.targets, results, strict=True):
        if exists == "overwrite" or target not in existing:
            result.save(target, quality=quality, overwrite=exists == "overwrite")
    return Outcome(
        job,
        "done",
        seconds=time.perf_counter() - start,
        size=grey.size,
        tint=grey.tint,
        mean_chroma=results[0].mean_chroma,
    )


def _results(colorizer: Colorizer, grey: Photo, options: ColorOptions) -> list[ColorPhoto]:
    """Return as many differently coloured versions of a photograph as the options ask for."""
    if options.variants == 1:
        return [colorizer.colorize(grey, options)]
    prediction = colorizer.predict(grey, reference=options.reference)
    return prediction.variants(options.variants, vividness=options.vividness)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"cannot make the folder {folder}: a file is in its way") from error
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
