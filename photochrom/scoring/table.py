"""The scoreboard as a table, for a screen and for a page."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.table import Table

from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Report
from photochrom.scoring.extras import missing_measures

__all__ = ["to_markdown", "to_table"]

_TOLD: Final = ("psnr", "ciede2000", "lpips")  # whose differences to grey a table tells


def to_table(report: Report) -> Table:
    """The three answers and the truth side by side, a score a line: 80 columns hold it."""
    table = Table(box=box.SIMPLE_HEAD, caption="\n".join(_notes(report)), caption_justify="left")
    table.add_column("")
    cells = _cells(report)
    for title, _ in cells:
        table.add_column(title, justify="right")
    numbers = zip(*(row for _, row in cells), strict=True)
    for metric, row in zip(METRICS, numbers, strict=True):
        table.add_row(metric.heading, *row)
    return table


def to_markdown(report: Report) -> str:
    """A Markdown table, a row each answer and the truth; what was judged in a line below."""
    heads = ["", *(metric.heading for metric in METRICS)]
    rules = ["---", *("---:" for _ in METRICS)]
    rows = [[title, *row] for title, row in _cells(report)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, rules, *rows)]
    return "\n".join([*lines, "", "; ".join(_notes(report)), ""])


def _cells(report: Report) -> list[tuple[str, list[str]]]:
    answers = [
        (title, [metric.text(getattr(scores, metric.key)) for metric in METRICS])
        for title, scores in report.rows.items()
    ]
    return [*answers, ("truth", [_own(report, metric) for metric in METRICS])]


def _own(report: Report, metric: Metric) -> str:
    """The true photographs' own score, where there is such a thing."""
    own = getattr(report.model, f"{metric.key}_true", None)
    return "" if own is None else metric.text(own)


def _notes(report: Report) -> list[str]:
    model, constant = report.model, report.best_constant
    count = "1 photograph" if model.photos == 1 else f"{model.photos} photographs"
    part = f", the part «{report.part}»" if report.part else ""
    return [
        f"{count}{part}, true colourfulness {model.colorfulness_true:.1f}",
        f"best constant: a {constant.a:.1f}, b {constant.b:.1f}; argmax always {constant.argmax}",
        *(_above_grey(report, metric) for metric in METRICS if metric.key in _TOLD),
        *missing_measures(),
    ]


def _above_grey(report: Report, metric: Metric) -> str:
    difference = report.above_grey[metric.key]
    return f"{metric.title} above grey: {difference.text(metric.unit, metric.decimals)}"
