"""The report of a comparison: `scoreboard.md`, `scoreboard.json`, a contact sheet and curves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from photochrom.scoring import contact_sheet
from photochrom.training.checkpoints import replace_text
from photochrom.training.comparison import Entry

__all__ = ["draw_learning_curves", "to_markdown", "write_scoreboard"]

# Title, key of the score, digits after the point.
_SCORES: Final = (
    ("PSNR", "psnr", 2),
    ("SSIM", "ssim", 3),
    ("CIEDE2000", "ciede2000", 2),
    ("AuC", "auc", 2),
    ("colourfulness gap", "colorfulness_gap", 1),
    ("Fréchet", "frechet_distance", 1),
    ("ab_argmax, %", "ab_argmax_accuracy", 1),
)

_CURVES: Final = (
    ("val_psnr", "validation PSNR (dB)"),
    ("val_ab_error", "validation ab error"),
)


def write_scoreboard(
    folder: Path,
    entries: Sequence[Entry],
    budget: str,
    pictures: Iterable[list[npt.NDArray[np.uint8]]],
) -> None:
    """Write `scoreboard.md`, `scoreboard.json` and `scoreboard.png`.

    Args:
        folder: an existing folder.
        entries: the rows.
        budget: the budget in words.
        pictures: for each photograph a row of RGB pictures, (H, W, 3) uint8: grey, each
            network's result, the truth.
    """
    replace_text(folder / "scoreboard.md", to_markdown(entries, budget))
    numbers = {"budget": budget, "entries": [asdict(entry) for entry in entries]}
    replace_text(folder / "scoreboard.json", json.dumps(numbers, indent=2) + "\n")
    headings = ("grey", *(entry.name for entry in entries if entry.inference_ms), "true")
    Image.fromarray(contact_sheet(list(pictures), headings)).save(folder / "scoreboard.png")


def to_markdown(entries: Sequence[Entry], budget: str) -> str:
    """Return the scoreboard as a Markdown table, preceded by the budget."""
    header = ["", "parameters", "photos/s", "ms at 256²", *(title for title, _, _ in _SCORES)]
    rows = [
        header,
        ["---", *["---:"] * (len(header) - 1)],
        *map(_row, _with_faithful_rows(entries)),
    ]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    photo_count = round(entries[0].scores["photos"])
    return f"Each recipe: {budget}. Judged on {photo_count} photographs at 256 × 256.\n\n{table}"


def draw_learning_curves(
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    constants: Mapping[str, float],
    path: Path,
) -> None:
    """Draw the validation scores of all recipes over the photographs shown, as a PNG.

    Only scores that are comparable are drawn; each recipe has a loss of its own.

    Args:
        curves: logs with "photos", by the recipe's name.
        constants: scores of the best constant colour, drawn as dashed lines.
        path: the PNG's path.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, 2), _CURVES, strict=True):
        for name, log in curves.items():
            points = [(row["photos"], row[key]) for row in log if key in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=name, marker=".")
        if key in constants:
            axes.axhline(constants[key], color="0.4", ls="--", lw=1, label="best constant")
        axes.set(title=title, xlabel="photographs shown")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    figure.savefig(path, dpi=100)


def _with_faithful_rows(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries, and after each a row of its faithful scores, if it has any."""
    for entry in entries:
        yield entry
        if entry.faithful:
            yield Entry(f"{entry.name}, faithful", entry.faithful)


def _row(entry: Entry) -> list[str]:
    """Return the cells of an entry."""
    return [
        entry.name,
        f"{entry.parameters:,}" if entry.parameters else "",
        f"{entry.training_speed:.1f}" if entry.training_speed else "",
        f"{entry.inference_ms:.0f}" if entry.inference_ms else "",
        *(
            f"{entry.scores[key]:.{digits}f}" if key in entry.scores else ""
            for _, key, digits in _SCORES
        ),
    ]
