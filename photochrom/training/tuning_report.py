"""The report of a study of options (`photochrom tune`): a table of all combinations, and curves."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from photochrom.training.checkpoints import replace_text
from photochrom.training.tuning import Result

__all__ = ["rows", "write_tuning_report"]

_QUANTITIES: Final = ("loss", "val_loss", "val_psnr", "val_ab_error", "val_ab_argmax_accuracy")


def rows(results: Sequence[Result], milestones: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows of the table: one for each combination and milestone.

    The lowest validation loss comes first. Combinations that cannot be built come last; their
    column "left out" says why.

    Args:
        results: results of `tune`.
        milestones: numbers of epochs after which to report.
    """
    trained: list[dict[str, Any]] = [
        {**result.options, "epochs": epochs, **{q: log[q] for q in _QUANTITIES if q in log}}
        for result in results
        for epochs in milestones
        if (log := result.at(epochs))
    ]
    # Runs without validation are ranked by their training loss.
    trained.sort(key=lambda row: row.get("val_loss", row["loss"]))
    return trained + [{**r.options, "left out": r.reason} for r in results if r.reason]


def write_tuning_report(results: Sequence[Result], milestones: Sequence[int], folder: Path) -> None:
    """Write `study.csv`, `study.md` and `study.png` to a folder."""
    table = rows(results, milestones)
    # Combinations that cannot be built have other columns. A dict keeps the columns in order.
    columns = list(dict.fromkeys(key for row in table for key in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(table)
    replace_text(folder / "study.csv", buffer.getvalue())
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(column, "")) for column in columns] for row in table]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    replace_text(folder / "study.md", text)
    _plot([result for result in results if result.history], folder / "study.png")


def _cell(value: object) -> str:
    """Format a value for a Markdown table."""
    return f"{value:.4f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _plot(results: Sequence[Result], path: Path) -> None:
    """Draw the validation loss and the accuracy of each run over its epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, name in zip(
        figure.subplots(1, 2), ("val_loss", "val_ab_argmax_accuracy"), strict=True
    ):
        for result in results:
            points = [(row["epoch"], row[name]) for row in result.history if name in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=result.name)
        axes.set(title=name, xlabel="epoch")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    figure.savefig(path, dpi=100)
