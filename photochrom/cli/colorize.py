"""The command `photochrom colorize`, and the options that other commands share with it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from photochrom.cli.console import emit, escape_controls, fail, note, progress
from photochrom.errors import ConfigError, OutputExists

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions
    from photochrom.prediction import ColorPhoto

__all__ = ["colorize"]

_STREAM = "-"  # in place of a path: stdin or stdout
_ALMOST_GREY = 1.0  # mean chroma in CIE Lab units; below it, the result hardly looks coloured

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Photographs, folders or patterns; - reads from stdin."),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", help="A folder, or a file for one photograph; - writes to stdout."
    ),
]
ModelPlace = Annotated[
    Path | None,
    typer.Option(
        "--model", "-m", help="Folder or zip file of a model.", show_default="the one that ships"
    ),
]
Variants = Annotated[
    int,
    typer.Option(
        min=1,
        max=8,
        help="Number of different colourings of each photograph: NAME-1, NAME-2 and so on.",
    ),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Search subfolders, too.")]
ExistsOption = Annotated[
    Literal["skip", "overwrite", "error"],
    typer.Option(help="What to do where a result exists already."),
]
InColour = Annotated[
    Literal["recolour", "skip"],
    typer.Option("--in-colour", help="What to do with photographs that are in colour."),
]
Vividness = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Colour strength, from 0 (cautious) to 1 (vivid).",
        show_default="the model's",
    ),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="X,Y,#RRGGBB[,RADIUS]",
        help="A known colour at a pixel of the upright photograph; can be given more than once.",
    ),
]
Palette = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|#RRGGBB,…",
        help="Colours to prefer: those of a picture, or a list of colours.",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(help="A colour photograph of a similar subject, to copy the colours from."),
]
Suffix = Annotated[
    str | None,
    typer.Option(
        help="File type of the results, for example .png.", show_default="the photograph's"
    ),
]
Quality = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100,
        help="Quality, 1 to 100, for JPEG, WebP and AVIF.",
        show_default="92, 92, 85",
    ),
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", "-k", help="Continue after a photograph that fails.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would be done, but do nothing.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Number of photographs to work on at once.", show_default="cores, 4 at most"
    ),
]
EngineOption = Annotated[
    Literal["openvino", "onnxruntime"],
    typer.Option(help="Inference engine; onnxruntime can use CUDA, CoreML or DirectML."),
]
PrecisionOption = Annotated[
    Literal["f32", "bf16"],
    typer.Option(help="Number format; bf16 is faster on some CPUs, with errors of 1 to 2%."),
]
MaxMegapixels = Annotated[
    float, typer.Option(min=0.1, max=1e6, help="Refuse photographs with more megapixels.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Report each photograph as one line of JSON.")]


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
    """Colour photographs. The originals are never modified, and their luma is kept.

    Exit codes: 0 all photographs were coloured or skipped; 1 at least one failed, and each failure
    is named; 2 the command line is not valid; 130 interrupted.
    """
    from photochrom.batch import run
    from photochrom.colorizer import Colorizer

    max_pixels = int(max_megapixels * 1e6)
    create = partial(Colorizer, model, max_pixels=max_pixels, engine=engine, precision=precision)
    options = _options(vividness, hints or [], palette, reference, max_pixels, variants)
    originals = [Path(each) for each in (palette, reference) if each]
    if _STREAM in (*inputs, output):
        unwanted = dry_run, as_json, variants > 1, exists == "skip", in_colour == "skip"
        _require_one(inputs, *unwanted)
        _require_suffix(suffix, output)
        _require_not_original(inputs[0], output, originals)
        result = _colorize_stream(inputs[0], create(), options)
        _write_stream(result, output, suffix, quality, overwrite=exists == "overwrite")
        return
    jobs = _plan(inputs, output, originals, recursive, suffix, variants, one=bool(hints))
    if dry_run:
        _show_plan(jobs, exists, as_json=as_json)
        return
    colorizer = create()
    # Loads the network now: if it cannot be run, that is one usage error, not many failed photos.
    engine_name = colorizer.engine
    outcomes = run(
        jobs,
        colorizer,
        exists=exists,
        keep_going=keep_going,
        keep_colour=in_colour == "skip",
        quality=quality,
        workers=workers,
        options=options,
    )
    _conclude(_report_all(outcomes, len(jobs), as_json=as_json), engine_name)


def _require_one(inputs: list[str], *unwanted: bool) -> None:
    if len(inputs) > 1 or any(unwanted):
        raise ConfigError(
            "expected - with one photograph, from stdin or to stdout, and without --dry-run, "
            "--json, --variants, --exists skip or --in-colour skip"
        )


def _require_suffix(suffix: str | None, output: str) -> None:
    from photochrom.photo import WRITABLE_SUFFIXES

    if suffix and suffix.lower() not in WRITABLE_SUFFIXES:
        raise ConfigError(f"expected the suffix of a photograph, as .png; received {suffix!r}")
    output_suffix = Path(output).suffix.lower() if output not in ("", _STREAM) else ""
    if suffix and output_suffix and suffix.lower() != output_suffix:
        raise ConfigError(f"expected {output} to end in {suffix}; leave out --suffix or change -o")


def _plan(
    inputs: list[str],
    output: str,
    originals: list[Path],
    recursive: bool,
    suffix: str | None,
    variants: int,
    *,
    one: bool,
) -> list[Job]:
    """Plan the jobs, and print how many pictures are skipped because of their format."""
    from photochrom.batch import plan, unsupported_suffixes

    if not output:
        raise ConfigError("expected -o with a folder, or with a file for one photograph")
    jobs = plan(
        inputs,
        Path(output),
        recursive=recursive,
        suffix=suffix,
        variants=variants,
        originals=originals,
    )
    if unsupported := unsupported_suffixes(inputs, recursive=recursive):
        counts = ", ".join(
            f"{count} {kind}{_advice(kind)}" for kind, count in sorted(unsupported.items())
        )
        note(f"skipped (format not supported): {counts}")
    if one and len(jobs) > 1:
        raise ConfigError(f"expected --hint with one photograph; received {len(jobs)}")
    return jobs


def _advice(suffix: str) -> str:
    """Name the extra that would read pictures with a suffix; "" if there is none."""
    from photochrom.photo.codecs import NOT_INSTALLED

    codec = NOT_INSTALLED.get(suffix)
    return f" (install photochrom[{codec.extra}] to read it)" if codec else ""


def _require_not_original(source: str, output: str, others: list[Path]) -> None:
    """Raise an error where the result would replace an original.

    A shell may have connected stdin or stdout to a regular file (`< in.png`, `>> in.png`), so
    those files are compared, too: descriptors 0 and 1 stand for them.
    """
    from photochrom.files.atomic import ensure_not_original, identity

    first = 0 if source == _STREAM and sys.stdin is not None else source
    target = 1 if output in ("", _STREAM) else Path(output)
    if target != 1 or (sys.stdout is not None and stat.S_ISREG(os.fstat(1).st_mode)):
        ensure_not_original(target, {identity(each) for each in (first, *others)})


def _report_all(outcomes: Generator[Outcome], total: int, *, as_json: bool) -> list[Outcome]:
    """Report each outcome as it comes, and return them all."""
    finished: list[Outcome] = []
    # Closing the generator cancels what has not started, so that Ctrl-C does not wait for it.
    with progress("photographs") as bar, closing(outcomes):
        task = bar.add_task("colouring", total=total)
        try:
            for outcome in outcomes:
                finished.append(outcome)
                _report(outcome, as_json=as_json)
                bar.advance(task)
        except KeyboardInterrupt:
            done = sum(outcome.status == "done" for outcome in finished)
            note(f"{done} of {total} coloured; add --exists skip to colour the rest")
            raise
    return finished


def _options(
    vividness: float | None,
    hints: list[str],
    palette: str | None,
    reference: Path | None,
    max_pixels: int,
    variants: int,
) -> ColorOptions:
    """Parse the options of the command line; reads the palette's picture and the reference."""
    from photochrom import photo
    from photochrom.guidance.hints import RGB, palette_of, parse_color, parse_hint
    from photochrom.options import ColorOptions
    from photochrom.photo.photo import eight_bits

    if variants > 1 and (hints or palette):
        raise ConfigError("expected --variants without --hint and --palette")
    colors: Sequence[RGB] = ()
    reference_photo = None
    # `os.path`, because `Path.is_file` raises an error for a list too long to be a file name.
    if palette and os.path.isfile(palette):  # noqa: PTH113
        picture = photo.read(palette, max_pixels=max_pixels)
        colors = palette_of(eight_bits(picture.rgb))
    elif palette:
        try:
            colors = [parse_color(text) for text in palette.split(",")]
        except ConfigError as error:
            raise ConfigError(
                "expected --palette with a picture or colours as #RRGGBB,#RRGGBB; there is no "
                f"such file, and: {error}"
            ) from error
    if reference:
        if not reference.exists():
            raise ConfigError(f"expected a photograph; there is no file {reference}")
        reference_photo = photo.read(reference, max_pixels=max_pixels)
    return ColorOptions.of(
        vividness=vividness,
        hints=[parse_hint(text) for text in hints],
        palette=colors,
        reference=reference_photo,
        variants=variants,
    )


def _colorize_stream(source: str, colorizer: Colorizer, options: ColorOptions) -> ColorPhoto:
    if source != _STREAM:
        return colorizer.colorize(source, options)
    if sys.stdin is None:
        raise ConfigError("expected a photograph from stdin, which is closed")
    return colorizer.colorize(sys.stdin.buffer.read(), options, name="stdin")


def _write_stream(
    result: ColorPhoto, output: str, suffix: str | None, quality: int | None, *, overwrite: bool
) -> None:
    from photochrom.photo import WRITABLE_SUFFIXES

    if output not in ("", _STREAM):
        result.save(output, quality=quality, overwrite=overwrite)
        return
    if sys.stdout is None:
        raise ConfigError("expected to write the photograph to stdout, which is closed")
    # Encoded as a whole first: a failure leaves stdout empty.
    data = result.encode(WRITABLE_SUFFIXES[suffix.lower()] if suffix else None, quality=quality)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _show_plan(jobs: list[Job], exists: str, *, as_json: bool) -> None:
    consequence = {"skip": "skipped", "overwrite": "overwritten", "error": "an error"}[exists]
    for source, target in ((job.source, target) for job in jobs for target in job.targets):
        target_exists = os.path.lexists(target)
        if as_json:
            emit({"source": str(source), "target": str(target), "exists": target_exists})
        else:
            remark = f" (exists already: {consequence})" if target_exists else ""
            typer.echo(escape_controls(f"{source} → {target}{remark}"))


def _report(outcome: Outcome, *, as_json: bool) -> None:
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
        advice = " (--exists skip or overwrite)" if isinstance(outcome.error, OutputExists) else ""
        fail(f"{outcome.reason}{advice}")
    elif outcome.status == "done" and outcome.mean_chroma < _ALMOST_GREY:
        note(f"{outcome.job.targets[0]} is almost grey")


def _conclude(outcomes: list[Outcome], engine: str) -> None:
    """Print how many photographs had each outcome; exit with 1 where any failed."""
    count = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("done", "skipped", "failed", "cancelled")
    }
    parts = [f"{count['done']} coloured"]
    parts += [f"{count[name]} {name}" for name in ("skipped", "failed") if count[name]]
    if count["cancelled"]:
        parts.append(f"{count['cancelled']} not started (--keep-going continues after a failure)")
    note(", ".join(parts) + (f" ({engine})" if count["done"] else ""))
    if count["failed"]:
        raise typer.Exit(1)
