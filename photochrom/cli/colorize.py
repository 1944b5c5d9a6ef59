"""`photochrom colorize`."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from photochrom.cli.console import emit, fail, note, progress, shown
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome
    from photochrom.colorizer import Colorizer
    from photochrom.prediction import ColorPhoto

__all__ = ["colorize"]

_STREAM = "-"
_ALMOST_GREY = 1.0  # mean chroma, in Lab units, under which a person should be told


Inputs = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Photographs, folders, patterns; - reads one from stdin."),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", help="A folder; for one photograph, a file; - writes to stdout."
    ),
]
ModelPlace = Annotated[
    Path | None,
    typer.Option(
        "--model", "-m", help="A model's folder or zip.", show_default="the one that ships"
    ),
]
Variants = Annotated[
    int,
    typer.Option(min=1, max=8, help="So many different answers of each: NAME-1, NAME-2 and so on."),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-r", help="Go through folders within folders.")
]
ExistsOption = Annotated[
    Literal["skip", "overwrite", "error"],
    typer.Option(help="What to do where a result is there already."),
]
InColour = Annotated[
    Literal["recolour", "skip"],
    typer.Option("--in-colour", help="What to do with photographs that are in colour."),
]
Vividness = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="From 0, faithful, to 1, vivid.", show_default="the model's"),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="X,Y,#RRGGBB[,RADIUS]",
        help="A colour that you know, at a pixel of the upright photograph; may be given again.",
    ),
]
Palette = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|#RRGGBB,…", help="Colours to be drawn to: a picture's, or those named."
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(help="A colour photograph of something alike, whose colours are taken over."),
]
Suffix = Annotated[
    str | None, typer.Option(help="Of the results, .png say.", show_default="the photograph's")
]
Quality = Annotated[
    int | None,
    typer.Option(min=1, max=100, help="Of JPEG, WebP and AVIF.", show_default="92, 92, 85"),
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", "-k", help="Go on after a photograph that fails.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Photographs at once.", show_default="cores, 4 at most")
]
EngineOption = Annotated[
    Literal["openvino", "onnxruntime"],
    typer.Option(help="What runs the network; onnxruntime finds CUDA, CoreML and DirectML."),
]
PrecisionOption = Annotated[
    Literal["f32", "bf16"],
    typer.Option(help="bf16 is quicker on some CPUs, and off by 1 to 2%."),
]
MaxMegapixels = Annotated[
    float, typer.Option(min=0.1, max=1e6, help="Larger photographs are refused.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Tell of each in JSON, a line each.")]


def colorize(
    inputs: Inputs,
    output: Output = "",
    model: ModelPlace = None,
    vividness: Vividness = None,
    hints: Hints = None,
    palette: Palette = None,
    reference: Reference = None,
    variants: Variants = 1,
    recursive: Recursive = False,
    exists: ExistsOption = "error",
    in_colour: InColour = "recolour",
    suffix: Suffix = None,
    quality: Quality = None,
    keep_going: KeepGoing = False,
    dry_run: DryRun = False,
    workers: Workers = None,
    engine: EngineOption = "openvino",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
    as_json: AsJson = False,
) -> None:
    """Colour photographs. The originals are never touched, nor is their luma.

    Exit codes: 0 all went well; 1 some failed, each named; 2 the command makes no sense;
    130 interrupted.
    """
    from photochrom.batch import run
    from photochrom.colorizer import Colorizer

    limit = int(max_megapixels * 1e6)
    opened = partial(Colorizer, model, max_pixels=limit, engine=engine, precision=precision)
    how = _how(vividness, hints or [], palette, reference, limit, variants)
    taken = [Path(each) for each in (palette, reference) if each]
    if _STREAM in (*inputs, output):
        unwanted = dry_run, as_json, variants > 1, exists == "skip", in_colour == "skip"
        _require_one(inputs, *unwanted)
        _require_suffix(suffix, output)
        _require_spared(inputs[0], output, taken)
        result = _streamed(inputs[0], opened(), how)
        _put(result, output, suffix, quality, overwrite=exists == "overwrite")
        return
    jobs = _planned(inputs, output, taken, recursive, suffix, variants, one=bool(hints))
    if dry_run:
        _show_plan(jobs, exists, as_json=as_json)
        return
    colorizer = opened()
    name = colorizer.engine  # a network that cannot be run is no photograph's fault
    going = run(
        jobs,
        colorizer,
        exists=exists,
        keep_going=keep_going,
        keep_colour=in_colour == "skip",
        quality=quality,
        workers=workers,
        how=how,
    )
    _conclude(_watched(going, len(jobs), as_json=as_json), name)


def _require_one(inputs: list[str], *unwanted: bool) -> None:
    if len(inputs) > 1 or any(unwanted):
        raise ConfigError(
            "expected - with one photograph, from stdin or to stdout, and without --dry-run, "
            "--json, --variants, --exists skip or --in-colour skip"
        )


def _require_suffix(suffix: str | None, output: str) -> None:
    from photochrom.photo import READABLE_SUFFIXES

    if suffix and suffix.lower() not in READABLE_SUFFIXES:
        raise ConfigError(f"expected a suffix of a photograph; received {suffix!r}")
    named = Path(output).suffix.lower() if output not in ("", _STREAM) else ""
    if suffix and named and suffix.lower() != named:
        raise ConfigError(f"expected {output} to end in {suffix}, or no suffix to be asked for")


def _planned(
    inputs: list[str],
    output: str,
    taken: list[Path],
    recursive: bool,
    suffix: str | None,
    answers: int,
    *,
    one: bool,
) -> list[Job]:
    from photochrom.batch import left_out, plan

    if not output:
        raise ConfigError("expected -o with a folder, or a file for one photograph")
    jobs = plan(
        inputs,
        Path(output),
        recursive=recursive,
        suffix=suffix,
        answers=answers,
        originals=taken,
    )
    if others := left_out(inputs, recursive=recursive):
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))
        note(f"left out, being of kinds that are not read: {named}")
    if one and len(jobs) > 1:
        raise ConfigError(f"expected --hint with one photograph; received {len(jobs)}")
    return jobs


def _require_spared(source: str, output: str, others: list[Path]) -> None:
    """That the result takes no original's place; the files behind stdin and stdout count, too."""
    from photochrom.files.atomic import ensure_not_original, identity

    first = 0 if source == _STREAM and sys.stdin is not None else source
    target = 1 if output in ("", _STREAM) else Path(output)
    if target != 1 or (sys.stdout is not None and stat.S_ISREG(os.fstat(1).st_mode)):
        ensure_not_original(target, {identity(each) for each in (first, *others)})


def _watched(going: Generator[Outcome], total: int, *, as_json: bool) -> list[Outcome]:
    """All that came of it, told as it comes."""
    outcomes: list[Outcome] = []
    with progress("photographs") as bar, closing(going):  # who interrupts waits for nothing more
        task = bar.add_task("colouring", total=total)
        try:
            for outcome in going:
                outcomes.append(outcome)
                _tell(outcome, as_json=as_json)
                bar.advance(task)
        except KeyboardInterrupt:
            done = sum(outcome.status == "done" for outcome in outcomes)
            note(f"{done} of {total} coloured; the same with --exists skip goes on")
            raise
    return outcomes


def _how(
    vividness: float | None,
    hints: list[str],
    palette: str | None,
    reference: Path | None,
    max_pixels: int,
    answers: int,
) -> dict[str, Any]:
    """What `Colorizer.colorize` is to be told; the reference is read once."""
    from photochrom import photo
    from photochrom.guidance.hints import palette_of, parse_color, parse_hint
    from photochrom.photo.photo import eight_bits

    if answers > 1 and (hints or palette):
        raise ConfigError("expected --variants without --hint and --palette")
    how: dict[str, Any] = {"vividness": vividness, "hints": [parse_hint(text) for text in hints]}
    if palette and os.path.isfile(palette):  # noqa: PTH113  a long list of colours is no path
        how["palette"] = palette_of(eight_bits(photo.read(palette, max_pixels=max_pixels).rgb))
    elif palette:
        try:
            how["palette"] = [parse_color(text) for text in palette.split(",")]
        except ConfigError as error:
            raise ConfigError(
                "expected --palette with a picture or colours as #RRGGBB,#RRGGBB; there is no "
                f"such file, and: {error}"
            ) from error
    if reference:
        _require_file(reference)
        how["reference"] = photo.read(reference, max_pixels=max_pixels)
    return how


def _require_file(path: Path) -> None:
    if not path.exists():
        raise ConfigError(f"expected a photograph; there is no file {path}")


def _streamed(source: str, colorizer: Colorizer, how: dict[str, Any]) -> ColorPhoto:
    if source != _STREAM:
        return colorizer.colorize(source, **how)
    if sys.stdin is None:
        raise ConfigError("expected a photograph from stdin, which is closed")
    return colorizer.colorize(sys.stdin.buffer.read(), name="stdin", **how)


def _put(
    result: ColorPhoto, output: str, suffix: str | None, quality: int | None, *, overwrite: bool
) -> None:
    from photochrom.photo import READABLE_SUFFIXES

    if output not in ("", _STREAM):
        result.save(output, quality=quality, overwrite=overwrite)
        return
    if sys.stdout is None:
        raise ConfigError("expected to write the photograph to stdout, which is closed")
    data = result.encode(READABLE_SUFFIXES[suffix.lower()] if suffix else None, quality=quality)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _show_plan(jobs: list[Job], exists: str, *, as_json: bool) -> None:
    then = {"skip": "is skipped", "overwrite": "is written over", "error": "fails"}[exists]
    for source, target in ((job.source, target) for job in jobs for target in job.targets):
        there = os.path.lexists(target)
        if as_json:
            emit({"source": str(source), "target": str(target), "exists": there})
        else:
            fate = f" (exists already: {then})" if there else ""
            typer.echo(shown(f"{source} → {target}{fate}"))


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "source": str(outcome.job.source),
                "target": str(outcome.job.targets[0]),
                "targets": [str(each) for each in outcome.job.targets],
                "status": outcome.status,
                "reason": outcome.reason or None,
                "seconds": round(outcome.seconds, 3),
                "width": outcome.size[0] if outcome.size else None,
                "height": outcome.size[1] if outcome.size else None,
                "tint": outcome.tint or None,
                "mean_chroma": round(outcome.mean_chroma, 2) if outcome.status == "done" else None,
            }
        )
    if outcome.status == "failed":
        fail(outcome.reason)
    elif outcome.status == "done" and outcome.mean_chroma < _ALMOST_GREY:
        note(f"{outcome.job.targets[0]} came out almost grey")


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
