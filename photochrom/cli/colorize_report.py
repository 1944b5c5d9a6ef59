"""What `photochrom colorize` prints of each photograph, and of all at the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import typer

from photochrom.cli.console import (
    ProgressBars,
    emit,
    fail,
    limit_advice,
    note,
    note_metadata_lost,
)
from photochrom.errors import OutputExists, SeveralPages

if TYPE_CHECKING:
    from photochrom.batch import Outcome

__all__ = ["conclude", "report_all", "were"]

_ALMOST_GREY = 1.0  # mean chroma in CIE Lab units; below it, the result hardly looks coloured


def report_all(outcomes: Generator[Outcome], total: int, *, as_json: bool) -> list[Outcome]:
    """Report each outcome as it comes, and return them all."""
    finished: list[Outcome] = []
    # Closing the generator cancels what has not started, so that Ctrl-C does not wait for it.
    with ProgressBars("photographs", color="colouring") as bars, closing(outcomes):
        bars.progress("color", 0, total)
        try:
            for outcome in outcomes:
                finished.append(outcome)
                _report(outcome, as_json=as_json)
                bars.progress("color", len(finished), total)
        except KeyboardInterrupt:
            done = sum(outcome.status == "done" for outcome in finished)
            note(f"{done} of {total} files were coloured; add --exists skip to colour the rest")
            raise
    return finished


def _report(outcome: Outcome, *, as_json: bool) -> None:
    targets = outcome.written or outcome.job.unsplit_targets
    if as_json:
        emit(
            {
                "source": str(outcome.job.source),
                "target": str(targets[0]),
                "targets": [str(each) for each in targets],
                "status": outcome.status,
                "reason": outcome.reason or None,
                "seconds": round(outcome.seconds, 3),
                "width": outcome.size[0] if outcome.size else None,
                "height": outcome.size[1] if outcome.size else None,
                "tint": outcome.tint or None,
                "mean_chroma": round(outcome.mean_chroma, 2) if outcome.status == "done" else None,
                "photographs": outcome.photographs if outcome.status == "done" else None,
                "unchanged": [
                    {"page": page, "reason": reason} for page, reason in outcome.unchanged
                ],
                "metadata_lost": list(outcome.metadata_lost),
                "repaired": outcome.repaired or None,
            }
        )
    if outcome.status == "failed":
        fail(f"{outcome.reason}{_advice(outcome.error)}")
    elif outcome.status == "done":
        _note_done(outcome, str(targets[0]))


def _advice(error: Exception | None) -> str:
    """Return which option would have helped, in brackets."""
    if isinstance(error, OutputExists):
        return " (--exists skip or overwrite)"
    if isinstance(error, SeveralPages):
        return " (--pages all, or --pages 1,3-5)"
    return limit_advice(error)


def _note_done(outcome: Outcome, target: str) -> None:
    """Print what a person may want to know of a result."""
    _note_format(outcome)
    if outcome.mean_chroma < _ALMOST_GREY:
        note(f"{target} is almost grey")
    if outcome.photographs > 1:
        note(f"{outcome.job.source}: {outcome.photographs} photographs were found and coloured")
    copy = outcome.job.restored
    if outcome.repaired:
        note(f"{copy}: {outcome.repaired}")
    elif copy in outcome.written:
        note(f"{copy} exists already, and was kept")
    elif copy and os.path.lexists(copy):
        note(f"{copy} is from an earlier run; this time no damage was found")
    _note_unchanged(outcome, target)
    note_metadata_lost(target, outcome.metadata_lost)


def _note_unchanged(outcome: Outcome, target: str) -> None:
    """Print what was not coloured of a document or of an album page."""
    # There is no such option for documents, which have no format of a photograph.
    advice = " (see --in-color)" if outcome.format else ""
    for (page, reason), count in Counter(outcome.unchanged).items():
        where = f"on page {page}"
        images = f"an image {where} was" if count == 1 else f"{count} images {where} were"
        note(f"{target}: {images} not coloured: {reason}{advice}")


def _end_with_paths(outcomes: list[Outcome]) -> str:
    """Return the end of a sentence that says where the results are."""
    written = [path for each in outcomes if each.status == "done" for path in each.written]
    if len(written) == 1:
        return f": {written[0]}"
    folders = {str(path.parent) for path in written}
    with suppress(ValueError):  # some paths are absolute and some relative
        if folder := os.path.commonpath(folders):
            return f" in {folder}"
    return " beside the originals"


def _note_format(outcome: Outcome) -> None:
    """Print that a photograph's name ends with the suffix of another format than it has."""
    from photochrom.photo import READABLE_SUFFIXES, WRITABLE_SUFFIXES, result_suffix

    source = outcome.job.source
    suffix = source.suffix.lower()
    expected = WRITABLE_SUFFIXES.get(result_suffix(suffix), outcome.format)
    if outcome.format and outcome.format != expected:
        named = READABLE_SUFFIXES[suffix]
        note(f"{source} is not a {named} file despite its name; it was read by its content")


def conclude(outcomes: list[Outcome], engine: str, *, show_paths: bool) -> None:
    """Print how many photographs had each outcome; exit with 1 where any failed."""
    from photochrom.batch import IN_COLOR_ALREADY

    statuses = Counter(outcome.status for outcome in outcomes)
    coloured = sum(each.photographs for each in outcomes if each.status == "done")
    in_color = sum(each.reason == IN_COLOR_ALREADY for each in outcomes)
    where = _end_with_paths(outcomes) if show_paths and coloured else ""
    parts = [f"{were(coloured, 'photograph')} coloured{where}"]
    if skipped := statuses["skipped"] - in_color:
        parts.append(f"{were(skipped, 'file')} skipped")
    if in_color:
        parts.append(f"{were(in_color, 'file')} in colour already (see --in-color)")
    unharmed = sum(
        each.status == "done"
        and bool(each.job.restored)
        and not each.repaired
        and each.job.restored not in each.written
        for each in outcomes
    )
    if unharmed:
        parts.append(f"no damage to repair was found in {unharmed}")
    if statuses["failed"]:
        parts.append(f"{statuses['failed']} failed")
    if statuses["cancelled"]:
        parts.append(f"{statuses['cancelled']} not started (--fail-fast)")
    note(", ".join(parts) + (f" ({engine})" if coloured else ""))
    if statuses["failed"]:
        raise typer.Exit(1)


def were(count: int, noun: str) -> str:
    """Return the subject of a sentence with its verb, such as "2 files were"."""
    return f"{count} {noun} was" if count == 1 else f"{count} {noun}s were"
