"""Reports for other programs, as JSON and CSV text. The caller writes the files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from photochrom.scoring.board import PhotoScores
from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Report

__all__ = ["definitions", "photos_to_csv", "rows_to_csv", "to_json"]


def to_json(report: Report) -> str:
    """Return the whole report as JSON, with the definitions of the metrics.

    Numbers are not rounded, and nan is null.
    """
    content = {
        "photos": report.model.photos,
        "part": report.part,
        "metrics": definitions(METRICS),
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

    There is a column per field of `PhotoScores`; a score that is nan becomes an empty cell.
    """
    rows = (_blanks(asdict(photo)) for photo in report.photos)
    return rows_to_csv([field.name for field in fields(PhotoScores)], rows)


def _nulls(values: Mapping[str, object]) -> dict[str, object]:
    """Replace nan by None: JSON cannot express nan."""
    return {key: None if _is_nan(value) else value for key, value in values.items()}


def _blanks(values: Mapping[str, object]) -> list[object]:
    """Return the values, with an empty text in place of nan."""
    return ["" if _is_nan(value) else value for value in values.values()]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def definitions(metrics: Iterable[Metric]) -> dict[str, dict[str, str]]:
    """Return title, unit, direction and definition of each metric, by its key."""
    names = ("title", "unit", "better", "definition")
    return {metric.key: {name: getattr(metric, name) for name in names} for metric in metrics}


def rows_to_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a header and rows as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
