"""The command `photochrom train`."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.console import note, print_settings
from photochrom.cli.options import RECIPE_HELP, Backend, ConfigFile, RunSettings, Validation
from photochrom.errors import ConfigError, RunExists

__all__ = ["train"]


Photographs = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]",
        help="Folder of colour photographs or .tar shards, with its subfolders.",
    ),
]
NoExport = Annotated[
    bool,
    typer.Option("--no-export", help="Do not export the model; a later --resume exports it."),
]
ListSettings = Annotated[
    bool,
    typer.Option(
        "--list-settings", help="List all settings, with those of the recipe, and do nothing else."
    ),
]


def train(
    folder: Photographs = None,
    recipe: Annotated[str | None, typer.Option(help=RECIPE_HELP, show_default="photochrom")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="runs/RECIPE-TIME")
    ] = None,
    validation: Validation = None,
    config: ConfigFile = None,
    settings: RunSettings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in --run.")] = False,
    no_export: NoExport = False,
    backend: Backend = None,
    list_settings: ListSettings = False,
) -> None:
    """Train a network on your own photographs.

    The folder of the run receives checkpoints, logs, curves, a contact sheet for every epoch and,
    at the end, a model for `photochrom colorize --model`. Use --resume to continue a run that was
    stopped.
    """
    from photochrom.recipes import short_name
    from photochrom.recipes.backend import choose_backend
    from photochrom.training.config import load_config

    if list_settings:
        _list_settings(recipe)
        return
    if resume and (run is None or folder or config or settings or recipe or validation):
        raise ConfigError(
            "expected --resume with --run and no other setting: a run keeps its own settings"
        )
    if folder is None and not resume:
        raise ConfigError("expected a folder of photographs, or --resume with --run")
    loaded = load_config(config, settings, recipe=recipe)
    run_folder = (
        run or Path("runs") / f"{short_name(loaded.recipe)}-{time.strftime('%Y%m%d-%H%M%S')}"
    )

    # Keras reads the backend when it is imported: the imports below must come after this line.
    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.training_progress import TrainingProgress, note_tensorboard
    from photochrom.training import preparation, runs, trainer

    with TrainingProgress() as progress:
        if folder is None:
            prepared = runs.resume(run_folder)
        else:
            try:
                prepared = preparation.prepare(
                    folder, run_folder, loaded, validation=validation, listener=progress
                )
            except RunExists as error:
                resuming = _resuming(run_folder, backend, no_export=no_export)
                raise RunExists(f"{error} (to resume it: {resuming})") from error
        note(f"run: {prepared.folder}")
        note_tensorboard(prepared.folder)
        try:
            trainer.train(prepared, progress, exporting=not no_export)
        except KeyboardInterrupt:
            progress.note(f"to continue: {_resuming(run_folder, backend, no_export=no_export)}")
            raise


def _resuming(run: Path, backend: str | None, *, no_export: bool) -> str:
    """Return the command that continues a run."""
    words = ["photochrom", "train", "--run", str(run), "--resume"]
    words += ["--backend", backend] if backend else []
    return shlex.join(words + ["--no-export"] * no_export)


def _list_settings(recipe: str | None) -> None:
    """Print each setting of a run with its default and its meaning."""
    from photochrom.recipes import recipe_class
    from photochrom.recipes.backend import choose_backend
    from photochrom.recipes.settings import settings_of
    from photochrom.training.config import RunConfig

    choose_backend()  # before anything imports Keras, which reads the backend only once
    name = recipe or RunConfig().recipe
    settings = [
        each._replace(default=json.dumps(name)) if each.name == "recipe" else each
        for each in settings_of(RunConfig)
        if each.name != "options"
    ]
    settings += settings_of(recipe_class(name).Options, "options.")
    print_settings(settings)
