"""`photochrom evaluate`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from photochrom.cli.console import note, progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

__all__ = ["evaluate"]

PICTURE_HELP = "Write a picture of the best, the median and the worst; of a film, one in time."


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model's folder or zip.")],
    source: Annotated[
        Path, typer.Argument(metavar="DIR|FILM", help="Colour photographs, or a colour film.")
    ],
    film: Annotated[
        bool,
        typer.Option("--film", help="Judge a film: a file, a sequence (%05d.jpg), or its frames."),
    ] = False,
    size: Annotated[
        int, typer.Option(min=16, help="Side of the squares to judge on; not for films.")
    ] = 256,
    fit: Annotated[
        Literal["crop", "squash"],
        typer.Option(help="How photographs are made square; not for films."),
    ] = "crop",
    most: Annotated[
        int,
        typer.Option(min=0, help="Judge on so many, evenly spread; of a film, the first; 0: all."),
    ] = 0,
    part: Annotated[
        Literal["choose", "calibrate", "test"] | None,
        typer.Option(
            help="Judge on one of three fixed parts, by the photographs' names: one to choose a "
            "network by, one to calibrate it, one to report; not for films."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write the scores of each photograph or frame as CSV.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help=PICTURE_HELP)] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write a picture of a film's mean colours over time.")
    ] = None,
) -> None:
    """Colour photographs or a film whose colours are known, and score the result.

    Every table has a row for grey: what a model must beat. Photographs have another for the best
    constant colour, films for colours found frame by frame, and for the true film's own.
    """
    _require_free(source, [each for each in (csv, sheet, plot) if each])
    if film and part:
        raise typer.BadParameter("a film has no parts", param_hint="--part")
    if film:
        _film(model, source, most, as_json=as_json, csv=csv, sheet=sheet, plot=plot)
    elif plot:
        raise typer.BadParameter("only a film has one; add --film", param_hint="--plot")
    else:
        _photographs(model, source, size, fit, most, part, as_json=as_json, csv=csv, sheet=sheet)


def _require_free(source: Path, results: list[Path]) -> None:
    """That results can be written, and take no place of what is judged; before it is judged."""
    from photochrom.files.atomic import check_destination, ensure_not_original, identity
    from photochrom.files.folders import files_in

    if not any(map(os.path.lexists, results)):
        originals = set()
    elif source.is_file():
        originals = {identity(source)}
    else:  # a folder, or single pictures of a film: %05d.png
        folder = source if source.is_dir() else source.parent
        judged = files_in(folder, locked=[]) if folder.is_dir() else []
        originals = {identity(each) for each in judged}
    for result in results:
        ensure_not_original(result, originals)
        check_destination(result, overwrite=True)


def _photographs(
    model: Path,
    folder: Path,
    size: int,
    fit: Literal["crop", "squash"],
    most: int,
    part: Literal["choose", "calibrate", "test"] | None,
    *,
    as_json: bool,
    csv: Path | None,
    sheet: Path | None,
) -> None:
    import numpy as np
    from rich.console import Console

    from photochrom import photo, scoring
    from photochrom.colorizer import Colorizer
    from photochrom.files.atomic import write_bytes

    colorizer = Colorizer(model)
    album = scoring.Album(folder, size=size, fit=fit, most=most, part=part)
    if album.left_out:
        note(f"{len(album.left_out)} left out: grey, tinted or broken")

    def answer(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(colorizer.colorize(grey).rgb, np.uint8)

    with progress("photographs") as bar:
        tasks = {step: bar.add_task(step, total=len(album)) for step in ("surveying", "judging")}
        report = scoring.evaluate(
            album,
            answer,
            part=part,
            progress=lambda step, done: bar.update(
                tasks["surveying" if step == "survey" else "judging"], completed=done
            ),
        )
    if as_json:
        for missing in scoring.missing_measures():
            note(missing)
        typer.echo(scoring.to_json(report))
    else:
        Console().print(scoring.to_table(report))
    if csv:
        write_bytes(csv, scoring.photos_to_csv(report).encode(), overwrite=True)
    if sheet:
        photo.write(sheet, scoring.showcase(report, album, answer), overwrite=True)


def _film(
    model: Path,
    place: Path,
    most: int,
    *,
    as_json: bool,
    csv: Path | None,
    sheet: Path | None,
    plot: Path | None,
) -> None:
    from rich.console import Console

    from photochrom import photo, scoring
    from photochrom.colorizer import Colorizer
    from photochrom.files.atomic import write_bytes

    colorizer = Colorizer(model)
    reel, timeline = scoring.Reel(place, most=most), scoring.Timeline()
    with progress("frames") as bar:
        task = bar.add_task("judging", total=reel.count)

        def watch(frames: Mapping[str, npt.NDArray[np.uint8]]) -> None:
            timeline.add(frames)
            bar.advance(task)

        report = scoring.evaluate_film(reel, scoring.answers_of(colorizer), watch)
    if as_json:
        typer.echo(scoring.film_to_json(report))
    else:
        Console().print(scoring.film_to_table(report))
    if csv:
        write_bytes(csv, scoring.frames_to_csv(report).encode(), overwrite=True)
    if sheet:
        photo.write(sheet, timeline.sheet(), overwrite=True)
    if plot:
        photo.write(plot, scoring.flicker_plot(report), overwrite=True)
