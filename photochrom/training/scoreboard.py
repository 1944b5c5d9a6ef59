"""The report of a comparison: a table, numbers, a contact sheet and curves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from photochrom import photo
from photochrom.files.atomic import write_text
from photochrom.parallel import subsample
from photochrom.scoring import contact_sheet
from photochrom.training.comparison import folder_of, learning_curve, picture_rows
from photochrom.training.figures import draw_learning_curves
from photochrom.training.held_out import Entry, held_out
from photochrom.training.runs import BASELINES_FILE, resume

__all__ = ["best", "write_scoreboard"]

_PICTURE_ROWS: Final = 6  # photographs in scoreboard.png

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


def write_scoreboard(
    folder: Path, recipes: Sequence[str], entries: Sequence[Entry], budget: str, judged: int
) -> None:
    """Write `scoreboard.md`, `scoreboard.json`, `scoreboard.png` and `curves.png`.

    Args:
        folder: folder of the comparison.
        recipes: names of the recipes, as `compare` was given them.
        entries: the result of `compare`.
        budget: the budget in words.
        judged: maximum number of photographs to judge by, as `compare` was given it.

    Raises:
        OutputError: a file cannot be written.
    """
    write_text(folder / "scoreboard.md", _to_markdown(entries, budget))
    numbers = {"budget": budget, "entries": [asdict(entry) for entry in entries]}
    write_text(folder / "scoreboard.json", json.dumps(numbers, indent=2) + "\n")
    compared = {name: resume(folder_of(name, folder)) for name in recipes}
    first = compared[recipes[0]]
    photographs = subsample(held_out(first, judged), _PICTURE_ROWS)
    pictures = list(picture_rows(folder, entries, photographs))
    headings = ("grey", *(entry.name for entry in entries if entry.inference_ms), "true")
    photo.write(folder / "scoreboard.png", contact_sheet(pictures, headings), overwrite=True)
    constants = json.loads((first.folder / BASELINES_FILE).read_text("utf-8"))
    curves = {name: learning_curve(run) for name, run in compared.items()}
    draw_learning_curves(curves, constants, folder / "curves.png")


def _to_markdown(entries: Sequence[Entry], budget: str) -> str:
    """Return the scoreboard as a Markdown table, preceded by the budget."""
    header = ["", "parameters", "photos/s", "ms at 256²", *(title for title, _, _ in _SCORES)]
    rows = [
        header,
        ["---", *["---:"] * (len(header) - 1)],
        *map(_row, _with_faithful_rows([entry for entry in entries if not entry.left_out])),
    ]
    if winner := best(entries):
        rows = [
            [f"**{cell}**" if cell else "" for cell in row] if row[0] == winner else row
            for row in rows
        ]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    left_out = "".join(f"\n{e.name}: left out: {e.left_out}\n" for e in entries if e.left_out)
    photo_count = round(entries[0].scores["photos"])
    return (
        f"Each recipe: {budget}. Judged on {photo_count} photographs at 256 × 256. "
        f"The recipe with the lowest CIEDE2000 is bold.\n\n{table}{left_out}"
    )


def best(entries: Sequence[Entry]) -> str:
    """Return the name of the recipe with the lowest CIEDE2000; "" if none has scores.

    The baselines and the default network are no candidates.
    """
    trained = [entry for entry in entries if entry.photos]
    return min(trained, key=lambda each: each.scores["ciede2000"]).name if trained else ""


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
