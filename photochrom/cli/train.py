"""The command `photochrom train`."""

from __future__ import annotations

import json
import shlex
import time
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.console import note, print_settings
from photochrom.cli.options import RECIPE_HELP, Backend, ConfigFile, RunSettings
from photochrom.errors import ConfigError, RunExists
from photochrom.files.storage import is_uri

if TYPE_CHECKING:
    from photochrom.training.config import RunConfig
    from photochrom.training.runs import Run, TrainingListener
    from photochrom.training.sources import Place

__all__ = ["train"]


Photographs = Annotated[
    str | None,
    typer.Argument(
        metavar="[DIR]",
        help="Folder of colour photographs or .tar shards, with its subfolders; or its URI, such "
        "as s3://bucket/shards.",
    ),
]
Validation = Annotated[
    str | None,
    typer.Option(
        "--val",
        metavar="DIR",
        help="Folder of validation photographs, or its URI.",
        show_default="a tenth of DIR",
    ),
]
NoExport = Annotated[
    bool,
    typer.Option("--no-export", help="Do not export the model; a later --resume exports it."),
]
Distributed = Annotated[
    bool,
    typer.Option(
        "--distributed",
        help="Train together with the other processes of a cluster, on one host or several (JAX).",
    ),
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
    distributed: Distributed = False,
    list_settings: ListSettings = False,
) -> None:
    """Train a network on your own photographs.

    The folder of the run receives checkpoints, logs, curves, a contact sheet for every epoch and,
    at the end, a model for `photochrom colorize --model`. Use --resume to continue a run that was
    stopped.

    With --distributed, SLURM, Open MPI, Kubernetes or Cloud TPU start the same command in every
    process. Elsewhere, set KERAS_DISTRIBUTION_JOB_ADDRESSES to HOST:PORT of process 0,
    KERAS_DISTRIBUTION_NUM_PROCESSES, and KERAS_DISTRIBUTION_PROCESS_ID.
    """
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
    run_folder = run or _new_folder(loaded.recipe)

    # Keras reads the backend when it is imported: the imports below must come after this line.
    note(f"Keras on {choose_backend(backend or ('jax' if distributed else None))}")
    from photochrom.cli.training_progress import note_tensorboard, progress_of
    from photochrom.training import cluster, runs, trainer

    resuming = _resuming(run_folder, backend, no_export=no_export, distributed=distributed)
    if distributed:
        note("waiting for the other processes, 5 minutes at most")
    with (
        cluster.joined() if distributed else nullcontext(cluster.ALONE) as processes,
        progress_of(processes) as progress,
        TemporaryDirectory() as copy,
    ):
        prepared = None
        if processes.is_first:
            prepared = (
                _prepare(folder, run_folder, loaded, validation, progress, resuming)
                if folder
                else runs.resume(run_folder)
            )
            note(f"run: {prepared.folder}")
            note_tensorboard(prepared.folder)
        try:
            shared = runs.share(prepared, processes, Path(copy))
            trainer.train(shared, progress, exporting=not no_export)
        except KeyboardInterrupt:
            progress.note(f"to continue: {resuming}")
            raise


def _new_folder(recipe: str) -> Path:
    """Return the folder of a run that nobody has named."""
    from photochrom.recipes import short_name

    return Path("runs") / f"{short_name(recipe)}-{time.strftime('%Y%m%d-%H%M%S')}"


def _prepare(
    folder: str,
    run_folder: Path,
    config: RunConfig,
    validation: str | None,
    listener: TrainingListener,
    resuming: str,
) -> Run:
    """Prepare a new run; an error about a run that exists says how to resume it."""
    from photochrom.training.preparation import prepare

    held_out = _place(validation) if validation else None
    try:
        return prepare(_place(folder), run_folder, config, validation=held_out, listener=listener)
    except RunExists as error:
        raise RunExists(f"{error} (to resume it: {resuming})") from error


def _place(text: str) -> Place:
    """Return a path, or a URI as it is."""
    return text if is_uri(text) else Path(text)


def _resuming(run: Path, backend: str | None, *, no_export: bool, distributed: bool) -> str:
    """Return the command that continues a run."""
    words = ["photochrom", "train", "--run", str(run), "--resume"]
    words += ["--backend", backend] if backend else []
    words += ["--distributed"] * distributed + ["--no-export"] * no_export
    return shlex.join(words)


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
