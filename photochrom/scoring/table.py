"""The report of an evaluation as a table for the terminal."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.table import Table

from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Report
from photochrom.scoring.extras import missing_measures

__all__ = ["to_table"]

# Below the table stands how far the model is above grey in three scores: one of pixel errors, one
# of colour differences, one of perceived differences.
_NOTED_METRICS: Final = ("psnr", "ciede2000", "lpips")


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
