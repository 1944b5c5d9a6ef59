"""The command `photochrom evaluate`."""

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

_STEPS = {"survey": "finding the best constant", "judge": "judging"}
_SHEET_HELP = (
    "Write a contact sheet: the best, the median and the worst photograph, or frames of the film."
)


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder or zip file of a model.")],
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR|FILM", help="Folder of colour photographs, or a colour film."),
    ],
    film: Annotated[
        bool,
        typer.Option(
            "--film",
            help="Judge a film: a file, an image sequence (%05d.jpg) or a folder of frames.",
        ),
    ] = False,
    size: Annotated[
        int,
        typer.Option(min=16, help="Side of the square photographs, in pixels; not for films."),
    ] = 256,
    fit: Annotated[
        Literal["crop", "squash"],
        typer.Option(help="How to make photographs square; not for films."),
    ] = "crop",
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            "--most",  # the old name, for one release
            min=0,
            help="Use at most this many photographs, evenly spread, or first frames; 0: all.",
        ),
    ] = 0,
    part: Annotated[
        Literal["choose", "calibrate", "test"] | None,
        typer.Option(
            help="Use one of three fixed parts of the photographs, split by file name: choose to "
            "select a network, calibrate to tune it, test to report scores; not for films."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write the scores of each photograph or frame to a CSV file."),
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help=_SHEET_HELP)] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write a plot of the film's mean colours over time.")
    ] = None,
) -> None:
    """Colour photographs or a film whose true colours are known, and score the result.

    Every table also scores baselines that a model must beat: grey and, for photographs, the best
    constant colour; for films, colouring frame by frame. The true film is scored, too.
    """
    _require_writable(source, [each for each in (csv, sheet, plot) if each])
    if film and part:
        raise typer.BadParameter(
            "expected photographs; a film is not split into parts", param_hint="--part"
        )
    if film:
        _film(model, source, limit, as_json=as_json, csv=csv, sheet=sheet, plot=plot)
    elif plot:
        raise typer.BadParameter("expected a film; add --film", param_hint="--plot")
    else:
        _photographs(model, source, size, fit, limit, part, as_json=as_json, csv=csv, sheet=sheet)


def _require_writable(source: Path, results: list[Path]) -> None:
    """Raise an error where a result cannot be written, or would replace a judged picture.

    This runs first: judging takes long, and must not end in an error that could be foreseen.
    """
    from photochrom.files.atomic import check_destination, ensure_not_original, identity
    from photochrom.files.folders import files_in

    if not any(map(os.path.lexists, results)):  # a new file replaces nothing
        originals = set()
    elif source.is_file():
        originals = {identity(source)}
    else:  # a folder, or an image sequence: %05d.png
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
    limit: int,
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

    # Loaded first: a missing model should be reported before all photographs are examined.
    colorizer = Colorizer(model)
    photographs = scoring.Album(folder, size=size, fit=fit, limit=limit, part=part)
    if photographs.skipped:
        note(f"skipped {len(photographs.skipped)} files: grey, tinted or damaged")

    def colorize(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(colorizer.colorize(grey).rgb, np.uint8)

    with progress("photographs") as bar:
        tasks = {
            step: bar.add_task(title, total=len(photographs)) for step, title in _STEPS.items()
        }
        report = scoring.evaluate(
            photographs,
            colorize,
            part=part,
            progress=lambda step, done: bar.update(tasks[step], completed=done),
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
        photo.write(sheet, scoring.showcase(report, photographs, colorize), overwrite=True)


def _film(
    model: Path,
    place: Path,
    limit: int,
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
    frames, timeline = scoring.Reel(place, limit=limit), scoring.Timeline()
    with progress("frames") as bar:
        task = bar.add_task("judging", total=frames.count)

        def show(versions: Mapping[str, npt.NDArray[np.uint8]]) -> None:
            timeline.add(versions)
            bar.advance(task)

        report = scoring.evaluate_film(frames, scoring.film_methods(colorizer), show)
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
