"""The command `photochrom export`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from photochrom.cli.console import note

__all__ = ["export"]


def export(
    model: Annotated[
        Path, typer.Argument(help="Folder or zip of a model, or the folder of a training run.")
    ],
    folder: Annotated[Path, typer.Argument(help="Folder to write.")],
    repository: Annotated[
        str,
        typer.Option(
            metavar="OWNER/NAME",
            help="The model's name on the Hub, which the README's examples use.",
        ),
    ],
    exists: Annotated[
        Literal["error", "overwrite"], typer.Option(help="What to do where a file exists already.")
    ] = "error",
) -> None:
    """Write a model as a folder for the Hugging Face Hub, with a README made from its card.

    Nothing is uploaded. The folder is still a model, which --model takes.
    """
    from photochrom.model.hub import write_for_hub

    card = write_for_hub(model, folder, repository, overwrite=exists == "overwrite")
    if not card.licence:
        note("the card names no licence, so the README names none: add `license:` to its head")
    note(f"to upload it: hf upload {repository} {shlex.quote(str(folder))}")
