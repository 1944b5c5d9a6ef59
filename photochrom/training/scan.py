"""A look at every photograph before training: which can teach colour, and why the others cannot."""

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

__all__ = ["Verdict", "load_index", "save_index", "scan", "summary", "verdict"]

Verdict = Literal["good", "grey", "tiny", "broken"]
_ODD_NAMES: Final = "surrogateescape"  # file names that are not UTF-8 go round
_LOOK_AT: Final = 128  # pixels on the shorter side are enough to tell colour from sepia


def verdict(source: Source, min_side: int) -> Verdict:
    """Whether a photograph can teach colour; sepia and other tints count as grey."""
    try:
        rgb = photo.thumbnail(source.read(), max(min_side, _LOOK_AT))
    except (PhotoError, OSError):
        return "broken"
    if min(rgb.shape[:2]) < min_side:
        return "tiny"
    return "good" if photo.tint_of(rgb) == "colour" else "grey"


def scan(sources: Iterable[Source], min_side: int) -> Iterator[tuple[Source, Verdict]]:
    """Verdicts in the order of the sources, found in parallel, a bounded number at a time."""

    def look(source: Source) -> tuple[Source, Verdict]:
        return source, verdict(source, min_side)

    return map_ordered(look, sources, (os.cpu_count() or 1) + 1)


def summary(verdicts: Counter[Verdict]) -> str:
    """«305 photographs, 2 grey, 1 broken and 0 tiny ones left out»."""
    left_out = f"{verdicts['grey']} grey, {verdicts['broken']} broken and {verdicts['tiny']} tiny"
    return f"{verdicts['good']} photographs ({left_out} ones left out)"


def save_index(path: Path, rows: Iterable[tuple[str, Source, Verdict]]) -> None:
    """Write which photograph went where: part, source, verdict; a row each."""
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8", errors=_ODD_NAMES) as file:
        writer = csv.writer(file)
        writer.writerow(["part", *Source._fields, "verdict"])
        writer.writerows([part, *source, found] for part, source, found in rows)
    partial.replace(path)


def load_index(path: Path, part: str) -> list[Source]:
    """The good photographs of one part, as `save_index` wrote them.

    Raises:
        DataError: the index cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors=_ODD_NAMES) as file:
            return [
                Source(row["path"], int(row["offset"]), int(row["length"]), row["member"])
                for row in csv.DictReader(file)
                if row["part"] == part and row["verdict"] == "good"
            ]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"cannot read the list of photographs {path}: {error}") from error
