"""Pair photographs with the files that their results go to.

This touches nothing but directory listings, so a dry run can show its result.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from photochrom.batch.job import Job
from photochrom.documents.coloring import PDF_SUFFIX
from photochrom.errors import ConfigError
from photochrom.files.atomic import ensure_not_original, identity
from photochrom.files.folders import files_in, matching
from photochrom.photo import READABLE_SUFFIXES, WRITABLE_SUFFIXES, result_suffix
from photochrom.photo.codecs import NOT_INSTALLED, format_of

__all__ = ["plan", "unsupported_suffixes"]

_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
# Pictures that people keep among their photographs, but that Photochrom does not read.
_UNSUPPORTED_SUFFIXES: Final = {".dcm", ".exr", ".hdr", ".pdf", ".psd", ".svg", ".xcf"}


def plan(
    inputs: Sequence[str],
    output: Path,
    *,
    recursive: bool = False,
    suffix: str | None = None,
    variants: int = 1,
    split: bool = False,
    documents: bool = False,
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
        split: as in `Job`.
        documents: whether to take PDFs, too.
        originals: further files that no result may replace.

    Raises:
        ConfigError: an input does not exist, no photograph was found, `suffix` is not supported,
            two results have the same path, or both `split` and several variants are asked for.
        OutputError: a result would replace an original.
    """
    if split and variants > 1:
        raise ConfigError("expected variants or split; received both")
    if suffix is not None and suffix.lower() not in WRITABLE_SUFFIXES:
        known = " ".join(sorted(WRITABLE_SUFFIXES))
        raise ConfigError(f"expected results to end in one of {known}; received {suffix!r}")
    try:
        expanded = [pair for each in inputs for pair in _expand(each, output, recursive=recursive)]
    except OSError as error:
        raise ConfigError(f"cannot look for photographs: {error}") from error
    found = list(dict.fromkeys(expanded))
    if not documents:  # a PDF in a folder is passed over; one that is named fails, with a reason
        found = [pair for pair in found if not _is_pdf(pair[0]) or str(pair[0]) in inputs]
    if not found:
        raise ConfigError(f"expected photographs; found none in {', '.join(inputs)}")
    if len(inputs) == 1 and Path(inputs[0]).is_file() and _names_a_file(output):
        if suffix and suffix.lower() != output.suffix.lower():
            raise ConfigError(
                f"expected {output} to end in the requested suffix {suffix}; leave one of them out"
            )
        if not _is_pdf(output):
            format_of(output)  # raises, if files of this name are read but not written
        jobs = [Job(found[0][0], output, variants, split)]
    else:
        _check_folder(inputs, output)
        places = _result_places([place for _, place in found], suffix)
        pairs = zip(found, places, strict=True)
        jobs = [Job(path, output / place, variants, split) for (path, _), place in pairs]
    _check(jobs, originals)
    return jobs


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
    named = (path for path in paths if path.suffix.lower() in READABLE_SUFFIXES or _is_pdf(path))
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
        places: the paths of the photographs. A PDF stays a PDF.
        suffix: as in `plan`.
    """
    if suffix:
        return [place if _is_pdf(place) else place.with_suffix(suffix) for place in places]
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
