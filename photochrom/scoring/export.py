"""The scoreboard for other programs: JSON and CSV. The caller writes the files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, fields

from photochrom.scoring.board import PhotoScores, Scores
from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Report

__all__ = ["definitions", "photos_to_csv", "rows_to_csv", "summary_to_csv", "to_json"]


def to_json(report: Report) -> str:
    """Everything in the report, with each metric's unit and definition; numbers not rounded."""
    content = {
        "photos": report.model.photos,
        "metrics": definitions(METRICS),
        "best_constant": asdict(report.best_constant),
        "scores": {title: scores.to_dict() for title, scores in report.rows.items()},
        "best": report.best.name,
        "median": report.median.name,
        "worst": report.worst.name,
        "per_photo": [asdict(photo) for photo in report.photos],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def summary_to_csv(report: Report) -> str:
    """A row each for grey, the best constant and the model; a column for each field of `Scores`."""
    rows = ((title, *asdict(scores).values()) for title, scores in report.rows.items())
    return rows_to_csv(("answer", *(field.name for field in fields(Scores))), rows)


def photos_to_csv(report: Report) -> str:
    """A row for each photograph under the model; a column for each field of `PhotoScores`."""
    rows = (asdict(photo).values() for photo in report.photos)
    return rows_to_csv([field.name for field in fields(PhotoScores)], rows)


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
