"""Many photographs: what goes where, and doing it."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from photochrom.errors import ConfigError, OutputError, OutputExists, PhotochromError
from photochrom.files.atomic import ensure_not_original, identity
from photochrom.files.folders import files_in, matching
from photochrom.parallel import map_ordered
from photochrom.photo import READABLE_SUFFIXES, read
from photochrom.photo.formats import RAW_SUFFIXES, format_of

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.photo import Photo
    from photochrom.prediction import ColorPhoto

__all__ = ["Exists", "Job", "Outcome", "left_out", "plan", "run"]

_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
_OTHER_PICTURES: Final = {*RAW_SUFFIXES, ".gif", ".heic", ".heif", ".jp2", ".jxl", ".pdf", ".psd"}
_CV_OUT_OF_MEMORY: Final = -4  # OpenCV's StsNoMem

Exists = Literal["skip", "overwrite", "error"]
Status = Literal["done", "skipped", "failed", "stopped"]


@dataclass(frozen=True)
class Job:
    """A photograph, and where its colours go.

    Attributes:
        source: the photograph.
        target: the result; or, of several answers, `NAME-1.jpg`, `NAME-2.jpg` and so on.
        answers: how many are wanted.
    """

    source: Path
    target: Path
    answers: int = 1

    @property
    def targets(self) -> list[Path]:
        """All files that are to be."""
        if self.answers == 1:
            return [self.target]
        stem = self.target.stem
        return [self.target.with_stem(f"{stem}-{number}") for number in range(1, self.answers + 1)]


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        status: "stopped" if an earlier failure kept it from being begun.
        reason: why it failed or was skipped.
        seconds: from reading to having written.
        size: width and height in pixels.
        tint: "grey", "tinted" or "colour", as the photograph was.
        mean_chroma: how far from grey its colours are now.
    """

    job: Job
    status: Status
    reason: str = ""
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    tint: str = ""
    mean_chroma: float = 0.0


def plan(
    inputs: Sequence[str],
    output: Path,
    *,
    recursive: bool = False,
    suffix: str | None = None,
    answers: int = 1,
    originals: Iterable[Path] = (),
) -> list[Job]:
    """Which photograph goes where.

    Args:
        inputs: files, folders and glob patterns. Files in a folder keep their place in it.
        output: a folder; or, for one file, the name of the result.
        recursive: whether folders within folders are gone through.
        suffix: of the results, ".png" for example; by default that of the photograph.
        answers: how many of each photograph.
        originals: other files that no result may take the place of.

    Raises:
        ConfigError: an input is not there, there is nothing to do, or two would go to one place.
        OutputError: a result would take the place of an original.
    """
    if suffix is not None and suffix.lower() not in READABLE_SUFFIXES:
        known = " ".join(sorted(READABLE_SUFFIXES))
        raise ConfigError(f"expected results to end in one of {known}; received {suffix!r}")
    try:
        expanded = [pair for each in inputs for pair in _expand(each, output, recursive=recursive)]
    except OSError as error:
        raise ConfigError(f"cannot look for photographs: {error}") from error
    found = list(dict.fromkeys(expanded))
    if not found:
        raise ConfigError(f"expected photographs; there are none in {', '.join(inputs)}")
    if len(inputs) == 1 and Path(inputs[0]).is_file() and _names_a_file(output):
        if suffix and suffix.lower() != output.suffix.lower():
            raise ConfigError(f"expected {output} to end in {suffix}, or no suffix to be asked for")
        jobs = [Job(found[0][0], output, answers)]
    else:
        _check_folder(inputs, output)
        jobs = [Job(path, _renamed(output / place, suffix), answers) for path, place in found]
    _check(jobs, originals)
    return jobs


def left_out(inputs: Sequence[str], *, recursive: bool = False) -> Counter[str]:
    """Suffixes of the pictures in these folders that `plan` passes over: GIF and HEIC, say."""
    folders = [Path(each) for each in inputs if Path(each).is_dir()]
    files = {path for each in folders for path in files_in(each, recursive=recursive, locked=[])}
    return Counter(path.suffix.lower() for path in files if path.suffix.lower() in _OTHER_PICTURES)


def _check_folder(inputs: Sequence[str], output: Path) -> None:
    """`new.gif` or, for many, `new.jpg`: a file was meant, not a folder of that name."""
    if not _SUFFIX.fullmatch(output.suffix) or output.is_dir():
        return
    if len(inputs) == 1 and Path(inputs[0]).is_file():
        format_of(output)
    elif _names_a_file(output):
        raise ConfigError(f"expected a folder for the photographs of a folder; received {output}")


def _names_a_file(output: Path) -> bool:
    return output.suffix.lower() in READABLE_SUFFIXES and not output.is_dir()


def _expand(text: str, output: Path, *, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Photographs, each with its place below the output folder."""
    path = Path(text)
    if not text:
        raise ConfigError("expected a photograph, a folder or a pattern; received an empty name")
    locked: list[Path] = []
    if path.is_dir():
        files = files_in(path, recursive=recursive, locked=locked)
        yield from _photographs(files, locked, path, output)
    elif path.exists():
        yield path, Path(path.name)
    elif (matches := matching(text, locked=locked)) or locked:
        root = Path(re.split(r"[*?[]", text, maxsplit=1)[0] + "_").parent
        yield from _photographs(matches, locked, root, output)
    else:
        raise ConfigError(f"expected a photograph, a folder or a pattern; there is no {text}")


def _photographs(
    paths: Iterable[Path], locked: Iterable[Path], root: Path, output: Path
) -> Iterator[tuple[Path, Path]]:
    """Leaves out the results of an earlier run, where they lie below `root` too."""
    results = _real(output)
    below = _real(root) in results.parents
    named = (path for path in paths if path.suffix.lower() in READABLE_SUFFIXES)
    for path in (*filter(_may_be_file, named), *locked):
        if not (below and results in _real(path).parents):
            place = Path(os.path.normpath(path.relative_to(root)))
            yield path, Path(place.name) if ".." in place.parts else place


def _may_be_file(path: Path) -> bool:
    """Also one that cannot be looked at, or a link that leads nowhere: they fail in their turn."""
    try:
        return path.is_file() or (path.is_symlink() and not path.exists())
    except PermissionError:
        return True


def _real(path: Path) -> Path:
    """Links followed; unlike `Path.resolve`, it puts up with links that go round in a circle."""
    return Path(os.path.realpath(path))


def _renamed(path: Path, suffix: str | None) -> Path:
    return path.with_suffix(suffix) if suffix else path


def _check(jobs: list[Job], others: Iterable[Path]) -> None:
    originals = {identity(path) for path in (*(job.source for job in jobs), *others)}
    sources: dict[str, Path] = {}
    for source, target in ((job.source, target) for job in jobs for target in job.targets):
        ensure_not_original(target, originals)
        real = os.path.realpath(target)
        if (other := sources.setdefault(real, source)) is not source:
            raise ConfigError(f"{other} and {source} would both go to {target}")


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    *,
    exists: Exists = "error",
    keep_going: bool = False,
    keep_colour: bool = False,
    quality: int | None = None,
    workers: int | None = None,
    how: Mapping[str, Any] | None = None,
) -> Generator[Outcome]:
    """Colour photographs, several at once, and tell of each in the order of the jobs.

    Args:
        jobs: what to do.
        colorizer: with what.
        exists: what to do where a result is there already.
        keep_going: whether to go on after a failure; otherwise what has not begun is "stopped".
        keep_colour: whether to skip photographs that are in colour.
        quality: 1 to 100, of lossy formats.
        workers: how many at once; by default one a core, four at most.
        how: further arguments of `Colorizer.colorize`, the same for all.

    Raises:
        PhotoError: the reference cannot be read.
        ConfigError: it is grey, or the model cannot be told colours.
    """
    how = dict(how or {})
    if how.get("reference") is not None:
        how["reference"] = colorizer.reference(how["reference"])
    failed = threading.Event()

    def work(job: Job) -> Outcome:
        if failed.is_set() and not keep_going:
            return Outcome(job, "stopped", "an earlier photograph failed")
        try:
            return _do(job, colorizer, exists, quality, keep_colour=keep_colour, how=how)
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            failed.set()
            reason = _reason(error)
            named = reason if str(job.source) in reason else f"{job.source}: {reason}"
            return Outcome(job, "failed", named)

    return map_ordered(work, jobs, workers or min(4, os.cpu_count() or 1))


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == _CV_OUT_OF_MEMORY:
        return "out of memory"
    known = isinstance(error, PhotochromError | OSError) and str(error)
    return str(error) if known else f"{type(error).__name__}: {error}"


def _do(
    job: Job,
    colorizer: Colorizer,
    exists: Exists,
    quality: int | None,
    *,
    keep_colour: bool,
    how: Mapping[str, Any],
) -> Outcome:
    there = [target for target in job.targets if os.path.lexists(target)]
    if exists != "overwrite" and there and not job.source.is_dir():
        if exists == "skip" and len(there) == job.answers:
            return Outcome(job, "skipped", "exists already")
        if exists == "error":
            raise OutputExists(f"{there[0]} exists already: --exists skip or overwrite")
    start = time.perf_counter()
    grey = read(job.source, max_pixels=colorizer.max_pixels)
    if keep_colour and grey.tint == "colour":
        return Outcome(job, "skipped", "is in colour already", size=grey.size, tint=grey.tint)
    made = _answers(colorizer, grey, job.answers, how)
    _make_folder(job.target.parent)
    for target, result in zip(job.targets, made, strict=True):
        if exists == "overwrite" or target not in there:
            result.save(target, quality=quality, overwrite=exists == "overwrite")
    return Outcome(
        job,
        "done",
        seconds=time.perf_counter() - start,
        size=grey.size,
        tint=grey.tint,
        mean_chroma=made[0].mean_chroma,
    )


def _answers(
    colorizer: Colorizer, grey: Photo, count: int, how: Mapping[str, Any]
) -> list[ColorPhoto]:
    if count == 1:
        return [colorizer.colorize(grey, **how)]
    if how.get("hints") or how.get("palette"):
        raise ConfigError("expected several answers without hints and palette")
    prediction = colorizer.predict(grey, reference=how.get("reference"))
    return prediction.variants(count, vividness=how.get("vividness"))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"cannot make the folder {folder}: a file is in its way") from error
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
