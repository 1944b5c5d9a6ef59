"""The command `photochrom compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.console import note
from photochrom.cli.options import Backend, ConfigFile, RunSettings, Validation
from photochrom.errors import ConfigError, ModelError

__all__ = ["compare"]


def compare(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of colour photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the comparison.")],
    recipes: Annotated[
        str,
        typer.Option(help="all, or names with or without options: ./mine.py,fusion:version=beta."),
    ] = "all",
    budget: Annotated[
        str,
        typer.Option(help="Budget of each recipe: a number of photographs, or a time such as 20m."),
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
    from photochrom.cli.training_progress import (
        TrainingProgress,
        note_estimate,
        note_tensorboard,
    )
    from photochrom.training import comparison
    from photochrom.training.config import load_config
    from photochrom.training.scoreboard import best, write_scoreboard

    run_budget = comparison.Budget.parse(budget)
    note(f"recipes: {len(names)}, with {run_budget} each; measuring their speed first")
    note_tensorboard(output)
    with TrainingProgress() as progress:
        entries = comparison.compare(
            folder, output, names, run_budget, load_config(config, settings),
            validation=validation, judged=judged, listener=progress,
            on_estimate=note_estimate, on_recipe=note,
        )  # fmt: skip
    if not (winner := best(entries)):
        raise ModelError("expected a recipe that can be judged; all were left out, as above")
    write_scoreboard(output, names, entries, str(run_budget), judged)
    note(f"lowest CIEDE2000: {winner}")
    note(f"wrote {output / 'scoreboard.md'}, scoreboard.json, scoreboard.png and curves.png")
