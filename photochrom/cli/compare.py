"""The command `photochrom compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.console import note
from photochrom.cli.options import Backend, ConfigFile, RunSettings, Validation
from photochrom.errors import ConfigError

__all__ = ["compare"]

_PICTURE_ROWS = 6  # photographs in scoreboard.png


def compare(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of colour photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the comparison.")],
    recipes: Annotated[
        str,
        typer.Option(help="all, or names with or without options: ./mine.py,fusion:version=beta."),
    ] = "all",
    budget: Annotated[
        str,
        typer.Option(help="Budget of each recipe: a number of photographs, or a time as 20m."),
    ] = "20m",
    validation: Validation = None,
    judged: Annotated[
        int, typer.Option(min=1, help="Judge on at most this many photographs.")
    ] = 200,
    config: ConfigFile = None,
    settings: RunSettings = None,
    backend: Backend = None,
) -> None:
    """Train recipes on the same photographs with the same budget, and compare their scores.

    Writes scoreboard.md, scoreboard.json, scoreboard.png and curves.png. The same command
    continues a comparison that was stopped.
    """
    from photochrom.recipes import RECIPES
    from photochrom.recipes.backend import choose_backend

    # Checked before Keras is imported, which takes seconds.
    names = list(RECIPES) if recipes == "all" else [name.strip() for name in recipes.split(",")]
    if len(set(names)) < len(names):
        raise ConfigError(f"expected every recipe once; received {recipes!r}")
    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.training_progress import TrainingProgress
    from photochrom.parallel import subsample
    from photochrom.training import comparison
    from photochrom.training.config import load_config
    from photochrom.training.runs import BASELINES_FILE, resume
    from photochrom.training.scoreboard import draw_learning_curves, write_scoreboard

    run_budget = comparison.Budget.parse(budget)
    with TrainingProgress() as progress:
        entries = comparison.compare(
            folder, output, names, run_budget, load_config(config, settings),
            validation=validation, judged=judged, listener=progress, on_recipe=note,
        )  # fmt: skip
    runs = {name: resume(comparison.folder_of(name, output)) for name in names}
    judging = comparison.held_out(runs[names[0]], judged)
    pictures = comparison.picture_rows(output, entries, subsample(judging, _PICTURE_ROWS))
    write_scoreboard(output, entries, str(run_budget), pictures)
    curves = {name: comparison.learning_curve(run) for name, run in runs.items()}
    constants = json.loads((runs[names[0]].folder / BASELINES_FILE).read_text("utf-8"))
    draw_learning_curves(curves, constants, output / "curves.png")
    note(f"wrote {output / 'scoreboard.md'}, scoreboard.json, scoreboard.png and curves.png")
