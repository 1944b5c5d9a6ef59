"""The report of a film as a table, JSON and CSV. The caller writes the files."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

from rich import box
from rich.table import Table

from photochrom.scoring.definitions import FILM_METRICS
from photochrom.scoring.export import definitions, rows_to_csv
from photochrom.scoring.film import TRUE_FILM, FilmReport, FrameScores

__all__ = ["film_to_json", "film_to_table", "frames_to_csv"]


def film_to_table(report: FilmReport) -> Table:
    """Return a table of the coloured films, one score per line, for `rich.print`.

    It fits into 80 columns.
    """
    notes = [_description(report)]
    notes += [f"{metric.title}: {_multiples(report, metric.key)}" for metric in FILM_METRICS[2:4]]
    table = Table(box=box.SIMPLE_HEAD, caption="\n".join(notes), caption_justify="left")
    table.add_column("")
    for title in report.rows:
        table.add_column(title, justify="right")
    for metric in FILM_METRICS:
        numbers = (getattr(scores, metric.key) for scores in report.rows.values())
        table.add_row(metric.heading, *map(metric.text, numbers))
    return table


def film_to_json(report: FilmReport) -> str:
    """Return the scores as JSON, with the definitions of the metrics.

    Numbers are not rounded, and nan is null.
    """
    content = {
        "frames": report.count,
        "size": report.size,
        "metrics": definitions(FILM_METRICS),
        "scores": {title: scores.to_dict() for title, scores in report.rows.items()},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def frames_to_csv(report: FilmReport) -> str:
    """Return the scores of each frame of each coloured film as CSV.

    There is a column per field of `FrameScores`; a score that is nan becomes an empty cell.
    """
    rows = (
        (title, number, *("" if math.isnan(value) else value for value in asdict(frame).values()))
        for title, frames in report.frames.items()
        for number, frame in enumerate(frames)
    )
    return rows_to_csv(("answer", "frame", *(field.name for field in fields(FrameScores))), rows)


def _description(report: FilmReport) -> str:
    width, height = report.size
    return f"{report.count} frames of {width} x {height}"


def _multiples(report: FilmReport, key: str) -> str:
    """Describe a score as a multiple of that of the true film, which itself is not steady."""
    titles = (title for title in report.rows if title != TRUE_FILM)
    multiples = [f"{title} {report.of_true(title, key):.2f}" for title in titles]
    return f"{', '.join(multiples)} times the true film's"
