"""The command `photochrom tune`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    recipe: Annotated[str | None, typer.Option(help=RECIPE_HELP, show_default="photochrom")] = None,
    milestones: Annotated[
        str | None,
        typer.Option(
            "--epochs",
            help="Numbers of epochs to compare, such as 10,50; each run has the largest.",
            show_default="train.epochs; the report's for its study",
        ),
    ] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=[VALUES]",
            help="An option to vary, and its values; can be given more than once.",
            show_default="the report's, for its recipe autoencoder",
        ),
    ] = None,
    config: ConfigFile = None,
    settings: RunSettings = None,
    backend: Backend = None,
) -> None:
    """Train every combination of a recipe's options, and compare them.

    The recipe autoencoder has the report's study as its default: 36 combinations, of which 9 can be
    built, with 100, 500, 600 and 1,000 epochs. The same command continues a study that was stopped.
    """
    from photochrom.recipes.backend import choose_backend

    # Keras reads the backend when it is imported: the imports below must come after this line.
    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.training_progress import (
        TrainingProgress,
        note_estimate,
        note_tensorboard,
    )
    from photochrom.training import tuning
    from photochrom.training.config import load_config

    loaded = load_config(config, settings, recipe=recipe)
    search_space = _parse_space(space) if space else _default_space(loaded.recipe)
    epochs = [loaded.train.epochs] if space else list(tuning.REPORT_EPOCHS)
    epochs = _parse_epochs(milestones) if milestones else epochs
    train = loaded.train.model_copy(update={"epochs": epochs[-1]})
    loaded = loaded.model_copy(update={"train": train})
    note_tensorboard(output)
    with TrainingProgress() as progress:
        results = tuning.tune(
            folder, output, loaded, search_space, validation=validation, listener=progress,
            on_estimate=note_estimate, on_result=_report,
        )  # fmt: skip
    if all(result.reason for result in results):
        raise ConfigError("expected a combination that can be trained; all were skipped, as above")
    tuning.write_tuning_report(results, epochs, output)
    if best := tuning.best(results, epochs):
        note("best: " + ", ".join(f"{key} {_shown(value)}" for key, value in best.items()))
    else:
        note("no best combination: no loss is a number; the learning rates may be too high")
    note(f"wrote {output / 'study.md'}, study.csv and study.png")


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _default_space(recipe: str) -> Mapping[str, Sequence[object]]:
    """Return the report's search space for its recipe.

    Raises:
        ConfigError: it is another recipe, which has other options.
    """
    from photochrom.training.tuning import REPORT_RECIPE, REPORT_SPACE

    if recipe != REPORT_RECIPE:
        raise ConfigError(
            f"expected --space, such as --space 'learning_rate=[1e-3, 2e-3]': what to vary of the "
            f"recipe {recipe}, whose options `photochrom recipes show {recipe}` lists; only "
            f"--recipe {REPORT_RECIPE} has a study of its own, the report's"
        )
    return REPORT_SPACE


def _parse_epochs(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",") if int(part) > 0}) or [1]
    except ValueError as error:
        raise ConfigError(
            f"expected numbers of epochs, such as 100,500; received {text!r}"
        ) from error


def _parse_space(texts: list[str]) -> Mapping[str, Sequence[object]]:
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
