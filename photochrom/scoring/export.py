"""The scoreboard for other programs: JSON and CSV. The caller writes the files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from photochrom.scoring.board import PhotoScores, Scores
from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Report

__all__ = ["definitions", "photos_to_csv", "rows_to_csv", "summary_to_csv", "to_json"]


def to_json(report: Report) -> str:
    """Everything in the report, with each metric's definition; numbers not rounded, nan is null."""
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


def summary_to_csv(report: Report) -> str:
    """A row each for grey, the best constant and the model; a column for each of `Scores`."""
    rows = ((title, *_blanks(asdict(scores))) for title, scores in report.rows.items())
    return rows_to_csv(("answer", *(field.name for field in fields(Scores))), rows)


def photos_to_csv(report: Report) -> str:
    """A row for each photograph under the model; a column for each of `PhotoScores`."""
    rows = (_blanks(asdict(photo)) for photo in report.photos)
    return rows_to_csv([field.name for field in fields(PhotoScores)], rows)


def _nulls(values: Mapping[str, object]) -> dict[str, object]:
    """The same with None for nan, which JSON has no word for."""
    return {key: None if _is_nan(value) else value for key, value in values.items()}


def _blanks(values: Mapping[str, object]) -> list[object]:
    """The values alone, with nothing for nan, as a table has it."""
    return ["" if _is_nan(value) else value for value in values.values()]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def definitions(metrics: Iterable[Metric]) -> dict[str, dict[str, str]]:
    """What each metric is called, measured in, and means, by its key."""
    told = ("title", "unit", "better", "definition")
    return {metric.key: {name: getattr(metric, name) for name in told} for metric in metrics}


def rows_to_csv(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Heads and rows as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()
