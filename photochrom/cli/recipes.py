"""The commands `photochrom recipes list` and `photochrom recipes show`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from photochrom.cli.console import note, print_settings
from photochrom.cli.options import RECIPE_HELP

__all__ = ["app"]

app = typer.Typer(
    name="recipes", help="List and describe the networks that can be trained.", no_args_is_help=True
)


@app.command("list")
def list_recipes() -> None:
    """List all recipes: those of Photochrom, and those of installed packages."""
    from photochrom.recipes import RECIPES, offered, titles

    rows = titles()
    for each in offered():
        origin = f"{each.value}, from {each.dist.name if each.dist else 'a package'}"
        if each.name in RECIPES:
            note(f"{origin}: the name {each.name} is a bundled recipe's; use {each.value}")
        else:
            rows[each.name] = origin
    for name, what in rows.items():
        typer.echo(f"{name:{max(map(len, rows))}} {what}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help=RECIPE_HELP)],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option as KEY=VALUE; can be given more than once."),
    ] = None,
) -> None:
    """Print a recipe's layers, with their output shapes and parameter counts, and its options."""
    from photochrom.recipes import recipe_class
    from photochrom.recipes.backend import choose_backend

    choose_backend()  # before anything imports Keras, which reads the backend only once
    from photochrom.recipes.loading import naming_mistakes
    from photochrom.recipes.settings import settings_of
    from photochrom.training.config import parse_setting

    options = {".".join(keys): value for keys, value in map(parse_setting, settings or [])}
    recipe = recipe_class(name).from_options(options)
    with naming_mistakes(name):
        network = recipe.blank(recipe.working_size)
    typer.echo(
        "\n".join(filter(None, (f'Model: "{recipe.name}"', recipe.title, recipe.paper))) + "\n"
    )
    rows = [("Layer (type)", "Output shape", "Param #")]
    rows += [
        (
            f"{layer.name} ({type(layer).__name__})",
            str(tuple(layer.output.shape)),
            f"{layer.count_params():,}",
        )
        for layer in network.layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for first, shape, count in rows:
        typer.echo(f"{first:{widths[0]}}  {shape:{widths[1]}}  {count:>{widths[2]}}")
    typer.echo(f"\nTotal params: {network.count_params():,}\n\nOptions:")
    values = recipe.options.model_dump()
    known = settings_of(type(recipe.options))
    print_settings([each._replace(default=json.dumps(values[each.name])) for each in known])
