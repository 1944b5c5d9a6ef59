"""The command `photochrom tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.console import note
from photochrom.cli.options import RECIPE_HELP, Backend, ConfigFile, RunSettings, Validation
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.training.tuning import Result

__all__ = ["tune"]


def tune(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of colour photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the study.")],
    validation: Validation = None,
    recipe: Annotated[str, typer.Option(help=RECIPE_HELP)] = "autoencoder",
    milestones: Annotated[
        str,
        typer.Option("--epochs", help="Numbers of epochs to compare; each run has the largest."),
    ] = "100,500,600,1000",
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=[VALUES]",
            help="An option to vary, and its values; can be given more than once.",
            show_default="the report's",
        ),
    ] = None,
    config: ConfigFile = None,
    settings: RunSettings = None,
    backend: Backend = None,
) -> None:
    """Train every combination of a recipe's options, and compare them.

    The same command continues a study that was stopped.
    """
    from photochrom.recipes.backend import choose_backend

    # Keras reads the backend when it is imported: the imports below must come after this line.
    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.training_progress import TrainingProgress
    from photochrom.training import tuning
    from photochrom.training.config import load_config

    epochs = _parse_epochs(milestones)
    search_space = _parse_space(space) if space else tuning.REPORT_SPACE
    run_settings = [*(settings or []), f"train.epochs={epochs[-1]}"]
    loaded = load_config(config, run_settings, recipe=recipe)
    with TrainingProgress() as progress:
        results = tuning.tune(
            folder,
            output,
            loaded,
            search_space,
            validation=validation,
            listener=progress,
            on_result=_report,
        )
    tuning.write_tuning_report(results, epochs, output)
    note(f"wrote {output / 'study.md'}, study.csv and study.png")


def _parse_epochs(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",") if int(part) > 0}) or [1]
    except ValueError as error:
        raise ConfigError(
            f"expected numbers of epochs, such as 100,500; received {text!r}"
        ) from error


def _parse_space(texts: list[str]) -> dict[str, list[object]]:
    from photochrom.training.config import parse_setting

    space = {}
    for text in texts:
        keys, values = parse_setting(text)
        if not isinstance(values, list) or not values:
            raise ConfigError(
                f"expected a list of values for {'.'.join(keys)}, as [1, 2]; received {values!r}"
            )
        space[".".join(keys)] = values
    return space


def _report(result: Result) -> None:
    note(f"{result.name}: " + (f"skipped: {result.reason}" if result.reason else "done"))
