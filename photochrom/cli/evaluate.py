"""The command `photochrom evaluate`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from photochrom.cli.console import ProgressBars, note

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    from rich.table import Table

    from photochrom.photo import Fit
    from photochrom.scoring import Part

    Rgb = npt.NDArray[np.uint8]

__all__ = ["evaluate"]

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="Folder or zip file of a model; or default, for the one that ships."
    ),
]
Judged = Annotated[
    Path,
    typer.Argument(metavar="DIR|FILM", help="Folder of colour photographs, or a colour film."),
]
IsFilm = Annotated[
    bool,
    typer.Option(
        "--film", help="Judge a film: a file, an image sequence (%05d.jpg) or a folder of frames."
    ),
]
Size = Annotated[
    int, typer.Option(min=16, help="Side of the square photographs, in pixels; not for films.")
]
FitOption = Annotated[
    Literal["crop", "squash"],
    typer.Option(help="How to make photographs square; not for films."),
]
Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        "--most",  # the old name, for one release
        min=0,
        help="Use at most this many photographs, evenly spread, or first frames; 0: all.",
    ),
]
PartOption = Annotated[
    Literal["choose", "calibrate", "test"] | None,
    typer.Option(
        help="Use one of three fixed parts of the photographs, split by file name: choose to "
        "select a network, calibrate to tune it, test to report scores; not for films."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Csv = Annotated[
    Path | None,
    typer.Option(help="Write the scores of each photograph or frame to a CSV file."),
]
Sheet = Annotated[
    Path | None,
    typer.Option(
        help="Write a contact sheet: the best, the median and the worst photograph, or frames of "
        "the film."
    ),
]
Plot = Annotated[
    Path | None, typer.Option(help="Write a plot of the film's mean colours over time.")
]


@dataclass(frozen=True)
class _Output:
    """The form in which the scores are printed, and the files that are written."""

    as_json: bool
    csv: Path | None
    sheet: Path | None
    plot: Path | None

    def print(self, json: Callable[[], str], table: Callable[[], Table]) -> None:
        """Print the scores to stdout."""
        from rich.console import Console

        if self.as_json:
            typer.echo(json())
        else:
            Console().print(table())

    def write(
        self,
        csv: Callable[[], str],
        sheet: Callable[[], Rgb],
        plot: Callable[[], Rgb] | None = None,
    ) -> None:
        """Write the files that were asked for; only these are made."""
        from photochrom import photo
        from photochrom.files.atomic import write_text

        if self.csv:
            write_text(self.csv, csv())
        if self.sheet:
            photo.write(self.sheet, sheet(), overwrite=True)
        if self.plot and plot:
            photo.write(self.plot, plot(), overwrite=True)


def evaluate(
    model: Model,
    source: Judged,
    film: IsFilm = False,
    size: Size = 256,
    fit: FitOption = "crop",
    limit: Limit = 0,
    part: PartOption = None,
    as_json: AsJson = False,
    csv: Csv = None,
    sheet: Sheet = None,
    plot: Plot = None,
) -> None:
    """Colour photographs or a film whose true colours are known, and score the result.

    Every table also scores baselines that a model must beat: grey and, for photographs, the best
    constant colour; for films, colouring frame by frame. The true film is scored, too.
    """
    from photochrom.model.model import default_model
    from photochrom.photo.codecs import format_of

    _require_writable(source, [each for each in (csv, sheet, plot) if each])
    for picture in filter(None, (sheet, plot)):
        format_of(picture)  # raises an error where this format is not written
    if film and part:
        raise typer.BadParameter(
            "expected photographs; a film is not split into parts", param_hint="--part"
        )
    if plot and not film:
        raise typer.BadParameter("expected a film; add --film", param_hint="--plot")
    output = _Output(as_json, csv, sheet, plot)
    if str(model) == "default" and not model.exists():
        model = default_model()
    elif not model.exists():
        raise typer.BadParameter(
            f"expected default, or a model folder or zip; there is nothing at {model}",
            param_hint="MODEL",
        )
    if film:
        _film(model, source, limit, output)
    else:
        _photographs(model, source, size, fit, limit, part, output)


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
    fit: Fit,
    limit: int,
    part: Part | None,
    output: _Output,
) -> None:
    import numpy as np

    from photochrom import scoring
    from photochrom.colorizer import Colorizer

    # Loaded first: a missing model should be reported before all photographs are examined.
    colorizer = Colorizer(model)
    album = scoring.Album(folder, size=size, fit=fit, limit=limit, part=part)
    if album.skipped:
        note(f"skipped {len(album.skipped)} files: grey, tinted or damaged")

    def colorize(grey: Rgb) -> Rgb:
        return np.asarray(colorizer.colorize(grey, album=False).rgb, np.uint8)

    with ProgressBars("photographs", survey="finding the best constant", judge="judging") as bars:
        report = scoring.evaluate(album, colorize, listener=bars)
    if output.as_json:
        for missing in scoring.missing_measures():
            note(missing)
    output.print(lambda: scoring.to_json(report), lambda: scoring.to_table(report))
    output.write(
        lambda: scoring.photos_to_csv(report), lambda: scoring.showcase(report, album, colorize)
    )


def _film(model: Path, film: Path, limit: int, output: _Output) -> None:
    from photochrom import scoring
    from photochrom.colorizer import Colorizer

    methods = scoring.film_methods(Colorizer(model))
    reel, timeline = scoring.Reel(film, limit=limit), scoring.Timeline()
    with ProgressBars("frames", judge="judging") as bars:
        report = scoring.evaluate_film(reel, methods, listener=bars, on_frame=timeline.add)
    output.print(lambda: scoring.film_to_json(report), lambda: scoring.film_to_table(report))
    output.write(
        lambda: scoring.frames_to_csv(report),
        timeline.sheet,
        lambda: scoring.flicker_plot(report),
    )
