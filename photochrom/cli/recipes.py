"""The commands `photochrom recipes list` and `photochrom recipes show`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    name="recipes", help="List and describe the networks that can be trained.", no_args_is_help=True
)


@app.command("list")
def list_recipes() -> None:
    """List all recipes, with a short description of each."""
    from photochrom.recipes import RECIPES

    width = max(map(len, RECIPES))
    for name, (_, _, description) in RECIPES.items():
        typer.echo(f"{name:{width}} {description}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Recipe name.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option as KEY=VALUE; can be given more than once."),
    ] = None,
) -> None:
    """Print a recipe's layers, with their output shapes and parameter counts, and its options."""
    from photochrom.recipes import recipe_class
    from photochrom.recipes.backend import choose_backend

    choose_backend()  # before anything imports Keras, which reads the backend only once
    from photochrom.training.config import parse_setting

    options = {".".join(keys): value for keys, value in map(parse_setting, settings or [])}
    recipe = recipe_class(name).from_options(options)
    network = recipe.blank(recipe.working_size)
    typer.echo(f'Model: "{name}"\n{recipe.paper}\n')
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
    for key, value in recipe.options.model_dump().items():
        typer.echo(f"  {key} = {value!r}")
