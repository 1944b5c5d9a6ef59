"""`photochrom compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.console import note
from photochrom.errors import ConfigError

__all__ = ["compare"]

_IN_THE_PICTURE = 6


def compare(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Colour photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The comparison's folder.")],
    recipes: Annotated[
        str,
        typer.Option(help="all, or names with or without options: mine.py,fusion:version=beta."),
    ] = "all",
    budget: Annotated[
        str, typer.Option(help="Of each: photographs shown, 50000, or time, 20m.")
    ] = "20m",
    validation: Annotated[
        Path | None, typer.Option("--val", help="Photographs to judge by.", show_default="a tenth")
    ] = None,
    judged: Annotated[int, typer.Option(min=1, help="Judge on so many.")] = 200,
    config: Annotated[Path | None, typer.Option(help="Settings of every run.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="tensorflow, jax or torch.")] = None,
) -> None:
    """Train recipes on the same photographs with one budget, and judge them side by side.

    Writes scoreboard.md, scoreboard.json, scoreboard.png and curves.png. Goes on where it was
    stopped when it is called again.
    """
    from photochrom.recipes import RECIPES
    from photochrom.recipes.backend import choose_backend

    names = list(RECIPES) if recipes == "all" else [name.strip() for name in recipes.split(",")]
    if len(set(names)) < len(names):
        raise ConfigError(f"expected every recipe once; received {recipes!r}")
    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.telling import Teller
    from photochrom.sampling import subsample
    from photochrom.training import comparison
    from photochrom.training.config import load_config
    from photochrom.training.runs import CONSTANTS, resume
    from photochrom.training.scoreboard import draw_courses, write_scoreboard

    granted = comparison.Budget.parse(budget)
    with Teller() as teller:
        entries = comparison.compare(
            folder, output, names, granted, load_config(config, settings),
            validation=validation, judged=judged, listener=teller, told=note,
        )  # fmt: skip
    runs = {name: resume(comparison.folder_of(name, output)) for name in names}
    judging = comparison.held_out(runs[names[0]], judged)
    pictures = comparison.shown(output, entries, subsample(judging, _IN_THE_PICTURE))
    write_scoreboard(output, entries, str(granted), pictures)
    courses = {name: comparison.course(run) for name, run in runs.items()}
    constants = json.loads((runs[names[0]].folder / CONSTANTS).read_text("utf-8"))
    draw_courses(courses, constants, output / "curves.png")
    note(f"written: {output / 'scoreboard.md'}, scoreboard.json, scoreboard.png and curves.png")
