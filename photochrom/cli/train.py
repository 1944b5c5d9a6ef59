"""`photochrom train`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.console import note
from photochrom.cli.recipes import RECIPE_HELP
from photochrom.errors import ConfigError

__all__ = ["train"]


def train(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Colour photographs, or .tar shards, however deep."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help=RECIPE_HELP, show_default="autoencoder")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="The run's folder.", show_default="runs/RECIPE-TIME")
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option("--val", help="Photographs to validate with.", show_default="a tenth"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings, in TOML or JSON.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One setting, train.epochs=50 for example."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --run.")] = False,
    no_export: Annotated[
        bool, typer.Option("--no-export", help="Leave the model to a later --resume.")
    ] = False,
    backend: Annotated[
        str | None,
        typer.Option(help="tensorflow, jax or torch.", show_default="the first installed"),
    ] = None,
) -> None:
    """Train a network on your own photographs.

    The run's folder gets checkpoints, logs, curves, a contact sheet for every epoch, and at the
    end a model for `photochrom colorize --model`. A run that was stopped goes on with --resume.
    """
    from photochrom.recipes import short_name
    from photochrom.recipes.backend import choose_backend
    from photochrom.training.config import load_config

    if resume and (run is None or folder or config or settings or recipe or validation):
        raise ConfigError(
            "expected --resume with --run and nothing else: a run keeps its own settings"
        )
    if folder is None and not resume:
        raise ConfigError("expected a folder of photographs, or --resume with --run")
    loaded = load_config(config, settings, recipe=recipe)
    place = run or Path("runs") / f"{short_name(loaded.recipe)}-{time.strftime('%Y%m%d-%H%M%S')}"

    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.telling import Teller
    from photochrom.training import runs, trainer

    with Teller() as teller:
        if folder is None:
            opened = runs.resume(place)
        else:
            opened = trainer.prepare(folder, place, loaded, validation=validation, listener=teller)
        note(f"run: {opened.folder}")
        trainer.train(opened, teller, exporting=not no_export)
