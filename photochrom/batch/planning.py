"""Pair photographs with the files that their results go to.

This touches nothing but directory listings, so a dry run can show its result.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from photochrom.batch.job import Job
from photochrom.documents.coloring import PDF_SUFFIX
from photochrom.errors import ConfigError
from photochrom.files.atomic import ensure_not_original, identity
from photochrom.files.folders import before_wildcard, files_in, matching, subfolders_of
from photochrom.files.names import COLORIZED, colorized, restored_name
from photochrom.photo import READABLE_SUFFIXES, WRITABLE_SUFFIXES, result_suffix
from photochrom.photo.codecs import NOT_INSTALLED, format_of

__all__ = ["plan", "restored_path", "unsearched_folders", "unsupported_suffixes"]

_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
# Pictures that people keep among their photographs, but that Photochrom does not read.
_UNSUPPORTED_SUFFIXES: Final = {".dcm", ".exr", ".hdr", ".pdf", ".psd", ".svg", ".xcf"}


def plan(
    inputs: Sequence[str],
    output: Path | None = None,
    *,
    recursive: bool = False,
    suffix: str | None = None,
    variants: int = 1,
    split: bool = False,
    restored: bool = False,
    documents: bool = False,
    originals: Iterable[Path] = (),
) -> list[Job]:
    """Pair every input photograph with the file that its result goes to.

    Args:
        inputs: files, folders and glob patterns. Files keep their relative path below a folder,
            or below the part of a pattern before its first wildcard.
        output: a folder; or, for a single input file, the name of the result. None writes beside
            the originals: `old.jpg` becomes `old-colorized.jpg`, and the photographs of the folder
            `shoebox` go to a folder `shoebox-colorized`.
        recursive: whether to search subfolders.
        suffix: file type of the results, for example ".png"; None keeps each photograph's own,
            if it can be written.
        variants: how many differently coloured versions of each photograph to write.
        split: as in `Job`.
        restored: whether a repaired copy is written beside each result, too, where damage is found:
            `NAME-restored.jpg`, or `NAME-restored-2.jpg` if another result has that name.
        documents: whether to take PDFs, too.
        originals: further files that no result may replace.

    Raises:
        ConfigError: an input does not exist, no photograph was found, `suffix` is not supported,
            two results have the same path, or more than one of `split`, `restored` and several
            variants are asked for.
        OutputError: a result would replace an original.
    """
    asked = {"variants": variants > 1, "split": split, "repaired copies": restored}
    if sum(asked.values()) > 1:
        received = " and ".join(name for name, wanted in asked.items() if wanted)
        raise ConfigError(f"expected one of {', '.join(asked)}; received {received}")
    if suffix is not None and suffix.lower() not in WRITABLE_SUFFIXES:
        known = " ".join(sorted(WRITABLE_SUFFIXES))
        raise ConfigError(f"expected results to end in one of {known}; received {suffix!r}")
    found = _found(inputs, output, recursive=recursive, documents=documents)
    job = partial(Job, variants=variants, split=split)
    if output is None:
        paths = _result_paths([path for _, path in found], suffix)
        jobs = [job(source, path) for (source, _), path in zip(found, paths, strict=True)]
        jobs = _without_results(jobs)
    elif len(inputs) == 1 and Path(inputs[0]).is_file() and _names_a_file(output):
        if suffix and suffix.lower() != output.suffix.lower():
            raise ConfigError(
                f"expected {output} to end in the requested suffix {suffix}; leave one of them out"
            )
        if not _is_pdf(output):
            format_of(output)  # raises if files of this name are read but not written
        jobs = [job(found[0][0], output)]
    else:
        _check_folder(inputs, output)
        paths = _result_paths([path for _, path in found], suffix)
        pairs = zip(found, paths, strict=True)
        jobs = [job(source, output / path) for (source, _), path in pairs]
    if restored:
        jobs = _with_copies(jobs)
    _check_conflicts(jobs, originals)
    return jobs


def _with_copies(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs with a path for a repaired copy, which no other result has."""
    taken = {str(job.target).casefold() for job in jobs}
    return [replace(job, restored=restored_path(job.target, taken)) for job in jobs]


def restored_path(target: Path, taken: set[str]) -> Path:
    """Return the path of a repaired copy: `NAME-restored.jpg`.

    It is a PNG where the format of the result has no metadata that could say that it was repaired.

    Args:
        target: the path of the result.
        taken: as in `restored_name`.
    """
    has_metadata = _is_pdf(target) or "xmp" in format_of(target).keeps
    return restored_name(target if has_metadata else target.with_suffix(".png"), taken)


def _found(
    inputs: Sequence[str], output: Path | None, *, recursive: bool, documents: bool
) -> list[tuple[Path, Path]]:
    """Return the photographs, each with the path of its result, but with the suffix it has.

    These paths are relative to `output` where there is one.
    """
    try:
        expanded = [
            pair
            for each in inputs
            for pair in (
                _expand_beside(each, recursive=recursive)
                if output is None
                else _expand(each, output, recursive=recursive)
            )
        ]
    except OSError as error:
        raise ConfigError(f"cannot look for photographs: {error}") from error
    found = list(dict.fromkeys(expanded))
    if not documents:  # a PDF in a folder is skipped; one that is named fails, with a reason
        found = [pair for pair in found if not _is_pdf(pair[0]) or str(pair[0]) in inputs]
    if not found:
        raise ConfigError(f"expected photographs; found none in {', '.join(inputs)}")
    return found


def _expand_beside(text: str, *, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Yield the photographs of one input, each with a path beside the input for its result."""
    path = Path(text)
    if text and path.is_dir():
        if path.name in ("", ".."):  # `.` and `..` have no name of their own
            path = Path(os.path.abspath(text))  # noqa: PTH100  follows no links
        output = path.with_name(path.name + COLORIZED)
        for source, relative in _expand(text, output, recursive=recursive):
            yield source, output / relative
    else:
        for source, _ in _expand(text, None, recursive=recursive):
            yield source, colorized(source)


def _without_results(jobs: Sequence[Job]) -> list[Job]:
    """Leave out the results of an earlier run, which a pattern such as `*.jpg` finds, too."""
    results = {_real(target) for job in jobs for target in job.targets}
    return [job for job in jobs if _real(job.source) not in results]


def unsearched_folders(inputs: Sequence[str], output: Path | None = None) -> int:
    """Count the subfolders of the inputs that `plan` enters only if `recursive`.

    Args:
        inputs: as in `plan`.
        output: as in `plan`; this folder does not count.
    """
    folders = [Path(each) for each in inputs if Path(each).is_dir()]
    found = {_real(each) for folder in folders for each in subfolders_of(folder)}
    return len(found - {_real(output)} if output else found)


def unsupported_suffixes(
    inputs: Sequence[str], *, recursive: bool = False, documents: bool = False
) -> Counter[str]:
    """Count, by suffix, the pictures in these folders that `plan` skips.

    They are of formats that are not supported, or whose optional packages are not installed.
    """
    folders = [Path(each) for each in inputs if Path(each).is_dir()]
    files = {path for each in folders for path in files_in(each, recursive=recursive, locked=[])}
    suffixes = (path.suffix.lower() for path in files)
    skipped = {*_UNSUPPORTED_SUFFIXES, *NOT_INSTALLED} - ({PDF_SUFFIX} if documents else set())
    return Counter(suffix for suffix in suffixes if suffix in skipped)


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
    known = output.suffix.lower() in READABLE_SUFFIXES or _is_pdf(output)
    return known and not output.is_dir()


def _is_pdf(path: Path) -> bool:
    return path.suffix.lower() == PDF_SUFFIX


def _expand(text: str, output: Path | None, *, recursive: bool) -> Iterator[tuple[Path, Path]]:
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
        root = Path(before_wildcard(text) + "_").parent
        yield from _photographs(matches, locked, root, output)
    else:
        raise ConfigError(f"expected a photograph, a folder or a pattern; there is no {text}")


def _photographs(
    paths: Iterable[Path], locked: Iterable[Path], root: Path, output: Path | None
) -> Iterator[tuple[Path, Path]]:
    """Yield the photographs among `paths`, each with its path relative to `root`.

    Results of an earlier run are left out where the output folder lies inside `root`. Folders
    that cannot be read are kept: each becomes a job that fails, so that it is reported.
    """
    results = None if output is None else _real(output)
    output_is_inside = results is not None and _real(root) in results.parents
    named = (path for path in paths if path.suffix.lower() in READABLE_SUFFIXES or _is_pdf(path))
    for path in (*filter(_may_be_file, named), *locked):
        if not (output_is_inside and results in _real(path).parents):
            relative = Path(os.path.normpath(path.relative_to(root)))
            # A pattern with `..` must not put results outside the output folder.
            yield path, Path(relative.name) if ".." in relative.parts else relative


def _may_be_file(path: Path) -> bool:
    """Return whether a path is a file, or cannot be examined.

    Unreadable files and broken links count as files: their jobs fail and name them, which is
    better than skipping them silently.
    """
    try:
        return path.is_file() or (path.is_symlink() and not path.exists())
    except PermissionError:
        return True


def _real(path: Path) -> Path:
    """Follow links; unlike `Path.resolve`, accept links that form a loop."""
    return Path(os.path.realpath(path))


def _result_paths(paths: Sequence[Path], suffix: str | None) -> list[Path]:
    """Return the paths of results, relative to the output folder.

    Cameras write `a.jpg` beside `a.nef`, whose results would both be `a.jpg`. The one whose suffix
    has changed is then named `a.nef.jpg`.

    Args:
        paths: the paths of the photographs. A PDF stays a PDF.
        suffix: as in `plan`.
    """
    if suffix:
        return [path if _is_pdf(path) else path.with_suffix(suffix) for path in paths]
    results = [path.with_suffix(result_suffix(path.suffix)) for path in paths]
    uses = Counter(str(result).casefold() for result in results)
    return [
        path.with_name(f"{path.name}{result.suffix}")
        if result != path and uses[str(result).casefold()] > 1
        else result
        for path, result in zip(paths, results, strict=True)
    ]


def _check_conflicts(jobs: list[Job], others: Iterable[Path]) -> None:
    """Raise an error where a result would replace an original or another result."""
    originals = {identity(path) for path in (*(job.source for job in jobs), *others)}
    sources: dict[str, Path] = {}
    for source, target in ((job.source, target) for job in jobs for target in job.targets):
        ensure_not_original(target, originals)
        real = os.path.realpath(target)
        if (other := sources.setdefault(real, source)) is not source:
            raise ConfigError(f"{other} and {source} would both go to {target}")
