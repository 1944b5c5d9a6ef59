"""The command `photochrom verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.console import emit, escape_controls, fail, limit_advice
from photochrom.cli.options import MaxMegapixels
from photochrom.errors import ConfigError, PhotoError

if TYPE_CHECKING:
    from photochrom.provenance.verification import Report

__all__ = ["verify"]


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Photographs to look at.")],
    original: Annotated[
        Path | None,
        typer.Option(
            help="The grey original of the photograph: check that it is the one that was coloured, "
            "and that its luma was kept."
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Certificates to trust, in PEM form, such as your archive's own."),
    ] = None,
    max_megapixels: MaxMegapixels = 250,
    as_json: Annotated[
        bool, typer.Option("--json", help="Report each photograph as one line of JSON.")
    ] = False,
) -> None:
    """Say who coloured photographs, who signed them, and whether they were changed since.

    Exit codes: 0 nothing is wrong; 1 a photograph was changed, its signature is not valid, or it
    cannot be read; 2 the command line is not valid. It never uses the network.
    """
    from photochrom.provenance import require
    from photochrom.provenance import verify as verify_photo

    if original and len(files) > 1:
        raise ConfigError(f"expected --original with one photograph; received {len(files)}")
    anchors, max_pixels = "", int(max_megapixels * 1e6)
    if trust:
        require("--trust")
        from photochrom.provenance.identity import read_anchors

        anchors = read_anchors(trust)
    wrong = False
    for file in files:
        try:
            report = verify_photo(file, original=original, anchors=anchors, max_pixels=max_pixels)
        except PhotoError as error:
            fail(f"{error}{limit_advice(error)}")
            wrong = True
            continue
        wrong = wrong or bool(report.problems)
        emit(asdict(report)) if as_json else _print(report, compared=original is not None)
    if wrong:
        raise typer.Exit(1)


def _print(report: Report, *, compared: bool) -> None:
    """Print a report: first whether anything is wrong, then what is known."""
    if report.problems:
        verdict = "something is wrong"
    elif report.signature == "none" and (report.repaired or not compared):
        verdict = "not signed, so a change would not be noticed"
    else:
        verdict = "nothing is wrong"
    typer.echo(escape_controls(f"{report.file}: {verdict}"))
    for sentence in (*report.problems, *report.facts):
        typer.echo(escape_controls(f"  {sentence}"))
