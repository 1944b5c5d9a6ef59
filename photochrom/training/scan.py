"""Check every photograph before training: whether colour can be learnt from it."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

from photochrom import photo
from photochrom.errors import DataError, PhotoError
from photochrom.parallel import map_ordered
from photochrom.training.sources import Source

__all__ = ["Verdict", "examine", "load_index", "save_index", "scan", "summary"]

Verdict = Literal["good", "grey", "tiny", "broken"]
_NAME_ERRORS: Final = "surrogateescape"  # keeps file names that are not UTF-8
_TINT_SIDE: Final = 128  # pixels on the shorter side, enough to tell colour from sepia


def examine(source: Source, min_side: int) -> Verdict:
    """Check a photograph.

    Args:
        source: the encoded photograph.
        min_side: smallest permitted side, in pixels.

    Returns:
        "good", "grey" (also sepia and other tints), "tiny" or "broken" (it cannot be decoded).
    """
    try:
        rgb = photo.thumbnail(source.read(), max(min_side, _TINT_SIDE))
    except (PhotoError, OSError):
        return "broken"
    if min(rgb.shape[:2]) < min_side:
        return "tiny"
    return "good" if photo.tint_of(rgb) == "colour" else "grey"


def scan(sources: Iterable[Source], min_side: int) -> Iterator[tuple[Source, Verdict]]:
    """Yield the photographs with their verdicts, in order; they are checked in parallel."""

    def judge(source: Source) -> tuple[Source, Verdict]:
        return source, examine(source, min_side)

    # One thread more than cores, because some always wait for the disk.
    return map_ordered(judge, sources, (os.cpu_count() or 1) + 1)


def summary(verdicts: Counter[Verdict]) -> str:
    """Format the counts: "305 photographs (skipped: 2 grey, 1 broken, 0 tiny)"."""
    skipped = ", ".join(f"{verdicts[kind]} {kind}" for kind in ("grey", "broken", "tiny"))
    return f"{verdicts['good']} photographs (skipped: {skipped})"


def save_index(path: Path, rows: Iterable[tuple[str, Source, Verdict]]) -> None:
    """Write the list of photographs as CSV.

    Args:
        path: the file to write.
        rows: part ("train" or "val"), source and verdict of each photograph.
    """
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8", errors=_NAME_ERRORS) as file:
        writer = csv.writer(file)
        writer.writerow(["part", *Source._fields, "verdict"])
        writer.writerows([part, *source, result] for part, source, result in rows)
    partial.replace(path)


def load_index(path: Path, part: str) -> list[Source]:
    """Return the good photographs of one part from a file that `save_index` wrote.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors=_NAME_ERRORS) as file:
            return [
                Source(row["path"], int(row["offset"]), int(row["length"]), row["member"])
                for row in csv.DictReader(file)
                if row["part"] == part and row["verdict"] == "good"
            ]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"cannot read the list of photographs {path}: {error}") from error
