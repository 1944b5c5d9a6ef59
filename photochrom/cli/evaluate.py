"""`photochrom evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from photochrom.cli.console import note, progress

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model's folder or zip.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Colour photographs.")],
    size: Annotated[int, typer.Option(min=16, help="Side of the squares to judge on.")] = 256,
    fit: Annotated[
        Literal["crop", "squash"], typer.Option(help="How photographs are made square.")
    ] = "crop",
    most: Annotated[int, typer.Option(min=0, help="Judge on so many, evenly spread; 0: all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write the scores of each photograph as CSV.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a picture of the best, the median and the worst.")
    ] = None,
) -> None:
    """Colour photographs whose colours are known, and score the result.

    Every table has a row for grey and one for the best constant colour: what a model must beat.
    """
    import numpy as np
    import numpy.typing as npt
    from rich.console import Console

    from photochrom import photo, scoring
    from photochrom.colorizer import Colorizer

    colorizer = Colorizer(model)
    album = scoring.Album(folder, size=size, fit=fit, most=most)
    if album.left_out:
        note(f"{len(album.left_out)} left out: grey, tinted or broken")

    def answer(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(colorizer.colorize(grey).rgb, np.uint8)

    with progress("photographs") as bar:
        tasks = {step: bar.add_task(step, total=len(album)) for step in ("surveying", "judging")}
        report = scoring.evaluate(
            album,
            answer,
            progress=lambda step, done: bar.update(
                tasks["surveying" if step == "survey" else "judging"], completed=done
            ),
        )
    if as_json:
        typer.echo(scoring.to_json(report))
    else:
        Console().print(scoring.to_table(report))
    if csv:
        csv.write_text(scoring.photos_to_csv(report), encoding="utf-8")
    if sheet:
        photo.write(sheet, scoring.showcase(report, album, answer), overwrite=True)
