"""`photochrom colorize`."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from photochrom.cli.console import emit, fail, note, progress
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome
    from photochrom.colorizer import Colorizer

__all__ = ["colorize"]

_STREAM = "-"
_ALMOST_GREY = 1.0  # mean chroma, in Lab units, under which a person should be told


def colorize(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Photographs, folders, patterns; - reads one from stdin."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="A folder; for one photograph, a file; - writes to stdout."
        ),
    ] = "",
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="A model's folder or zip.")
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Go through folders within folders.")
    ] = False,
    exists: Annotated[
        Literal["skip", "overwrite", "error"],
        typer.Option(help="What to do where a result is there already."),
    ] = "error",
    in_colour: Annotated[
        Literal["recolour", "skip"],
        typer.Option("--in-colour", help="What to do with photographs that are in colour."),
    ] = "recolour",
    suffix: Annotated[
        str | None, typer.Option(help="Of the results, .png say. [default: the photograph's]")
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Of JPEG, WebP and AVIF. [default: 92, 92, 85]"),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="Go on after a photograph that fails.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Photographs at once. [default: cores, 4 at most]")
    ] = None,
    max_megapixels: Annotated[
        float, typer.Option(min=0.1, max=1e6, help="Larger photographs are refused.")
    ] = 250,
    as_json: Annotated[
        bool, typer.Option("--json", help="Tell of each in JSON, a line each.")
    ] = False,
) -> None:
    """Colour photographs. The originals are never touched, nor is their luma.

    Exit codes: 0 all went well; 1 some failed, each named; 2 the command makes no sense;
    130 interrupted.
    """
    from photochrom.batch import plan, run
    from photochrom.colorizer import Colorizer

    if _STREAM in (*inputs, output):
        if len(inputs) > 1 or dry_run or as_json or exists == "skip" or in_colour == "skip":
            raise ConfigError(
                "expected - with one photograph, from stdin or to stdout, and without --dry-run, "
                "--json, --exists skip or --in-colour skip"
            )
        colorizer = Colorizer(model, max_pixels=int(max_megapixels * 1e6))
        _stream(inputs[0], colorizer, output, suffix, quality, overwrite=exists == "overwrite")
        return
    if not output:
        raise ConfigError("expected -o with a folder, or a file for one photograph")
    jobs = plan(inputs, Path(output), recursive=recursive, suffix=suffix)
    if dry_run:
        _show_plan(jobs, as_json=as_json)
        return
    colorizer = Colorizer(model, max_pixels=int(max_megapixels * 1e6))
    engine = colorizer.engine  # a network that cannot be run is no photograph's fault
    outcomes: list[Outcome] = []
    with progress("photographs") as bar:
        task = bar.add_task("colouring", total=len(jobs))
        going = run(
            jobs,
            colorizer,
            exists=exists,
            keep_going=keep_going,
            keep_colour=in_colour == "skip",
            quality=quality,
            workers=workers,
        )
        with closing(going):  # an interrupted person waits for nothing that has not begun
            for outcome in going:
                outcomes.append(outcome)
                _tell(outcome, as_json=as_json)
                bar.advance(task)
    _conclude(outcomes, engine)


def _stream(
    source: str,
    colorizer: Colorizer,
    output: str,
    suffix: str | None,
    quality: int | None,
    *,
    overwrite: bool,
) -> None:
    from photochrom.photo import READABLE_SUFFIXES

    if suffix and suffix.lower() not in READABLE_SUFFIXES:
        raise ConfigError(f"expected a suffix of a photograph; received {suffix!r}")
    if source == _STREAM:
        if sys.stdin is None:
            raise ConfigError("expected a photograph from stdin, which is closed")
        result = colorizer.colorize(sys.stdin.buffer.read(), name="stdin")
    else:
        result = colorizer.colorize(source)
    if output not in ("", _STREAM):
        result.save(output, quality=quality, overwrite=overwrite)
        return
    data = result.encode(READABLE_SUFFIXES[suffix.lower()] if suffix else None, quality=quality)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _show_plan(jobs: list[Job], *, as_json: bool) -> None:
    for job in jobs:
        there = os.path.lexists(job.target)
        if as_json:
            emit({"source": str(job.source), "target": str(job.target), "exists": there})
        else:
            typer.echo(f"{job.source} → {job.target}{' (exists already)' if there else ''}")


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "source": str(outcome.job.source),
                "target": str(outcome.job.target),
                "status": outcome.status,
                "reason": outcome.reason or None,
                "seconds": round(outcome.seconds, 3),
                "width": outcome.size[0] if outcome.size else None,
                "height": outcome.size[1] if outcome.size else None,
                "tint": outcome.tint or None,
                "mean_chroma": round(outcome.mean_chroma, 2),
            }
        )
    if outcome.status == "failed":
        fail(outcome.reason)
    elif outcome.status == "done" and outcome.mean_chroma < _ALMOST_GREY:
        note(f"{outcome.job.target} came out almost grey")


def _conclude(outcomes: list[Outcome], engine: str) -> None:
    count = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("done", "skipped", "failed", "stopped")
    }
    parts = [f"{count['done']} coloured"]
    parts += [f"{count[name]} {name}" for name in ("skipped", "failed") if count[name]]
    if count["stopped"]:
        parts.append(f"{count['stopped']} not begun (--keep-going goes on after a failure)")
    note(", ".join(parts) + (f" ({engine})" if count["done"] else ""))
    if count["failed"]:
        raise typer.Exit(1)
