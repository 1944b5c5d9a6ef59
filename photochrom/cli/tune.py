"""`photochrom tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photochrom.cli.console import note
from photochrom.cli.recipes import RECIPE_HELP
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.training.tuning import Result

__all__ = ["tune"]


def tune(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Colour photographs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The study's folder.")],
    validation: Annotated[
        Path | None,
        typer.Option("--val", help="Photographs to validate with.", show_default="a tenth"),
    ] = None,
    recipe: Annotated[str, typer.Option(help=RECIPE_HELP)] = "autoencoder",
    milestones: Annotated[
        str, typer.Option("--epochs", help="Numbers of epochs to compare; the last is the most.")
    ] = "100,500,600,1000",
    space: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=[VALUES]", help="Options to vary.", show_default="the report's"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings of every run.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="tensorflow, jax or torch.")] = None,
) -> None:
    """Train every combination of a recipe's options, and compare them.

    Goes on where it was stopped when it is called again.
    """
    from photochrom.recipes.backend import choose_backend

    note(f"Keras on {choose_backend(backend)}")
    from photochrom.cli.telling import Teller
    from photochrom.training import tuning
    from photochrom.training.config import load_config
    from photochrom.training.tuning_report import write_tuning_report

    counts = _milestones(milestones)
    chosen = _space(space) if space else tuning.REPORT_SPACE
    run_settings = [*(settings or []), f"train.epochs={counts[-1]}"]
    loaded = load_config(config, run_settings, recipe=recipe)
    with Teller() as teller:
        results = tuning.tune(
            folder, output, loaded, chosen, validation=validation, listener=teller, told=_tell
        )
    write_tuning_report(results, counts, output)
    note(f"written: {output / 'study.md'}, study.csv and study.png")


def _milestones(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",") if int(part) > 0}) or [1]
    except ValueError as error:
        raise ConfigError(f"expected numbers of epochs as 100,500; received {text!r}") from error


def _space(texts: list[str]) -> dict[str, list[Any]]:
    from photochrom.training.config import parse_setting

    found = {".".join(keys): value for keys, value in map(parse_setting, texts)}
    for key, values in found.items():
        if not isinstance(values, list) or not values:
            raise ConfigError(f"expected {key} as a list, [1, 2]; received {values!r}")
    return found


def _tell(result: Result) -> None:
    note(f"{result.name}: " + (f"left out: {result.reason}" if result.reason else "done"))
