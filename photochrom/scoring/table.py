"""The scoreboard as a table, for a screen and for a page."""

from __future__ import annotations

from rich import box
from rich.table import Table

from photochrom.scoring.definitions import METRICS
from photochrom.scoring.evaluate import Report

__all__ = ["to_markdown", "to_table"]


def to_table(report: Report) -> Table:
    """The three answers side by side, a score a line, for `rich.print`: 80 columns hold it."""
    table = Table(box=box.SIMPLE_HEAD, caption="\n".join(_notes(report)), caption_justify="left")
    table.add_column("")
    for title in report.rows:
        table.add_column(title, justify="right")
    numbers = zip(*(row for _, row in _cells(report)), strict=True)
    for metric, row in zip(METRICS, numbers, strict=True):
        table.add_row(metric.heading, *row)
    return table


def to_markdown(report: Report) -> str:
    """The three rows as a Markdown table, with what was judged in a line below."""
    heads = ["", *(metric.heading for metric in METRICS)]
    rules = ["---", *("---:" for _ in METRICS)]
    rows = [[title, *row] for title, row in _cells(report)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, rules, *rows)]
    return "\n".join([*lines, "", "; ".join(_notes(report)), ""])


def _cells(report: Report) -> list[tuple[str, list[str]]]:
    return [
        (title, [metric.text(getattr(scores, metric.key)) for metric in METRICS])
        for title, scores in report.rows.items()
    ]


def _notes(report: Report) -> tuple[str, str]:
    model, constant = report.model, report.best_constant
    count = "1 photograph" if model.photos == 1 else f"{model.photos} photographs"
    return (
        f"{count}, true colourfulness {model.colorfulness_true:.1f}",
        f"best constant: a {constant.a:.1f}, b {constant.b:.1f}; argmax always {constant.argmax}",
    )
