"""The command `photochrom colorize`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photochrom.cli.colorize_options import (
    Album,
    AsJson,
    Compare,
    DryRun,
    FailFast,
    Hints,
    InColor,
    Inputs,
    KeepGoing,
    KeepProfile,
    Negative,
    Output,
    Pages,
    Palette,
    Profile,
    Quality,
    Recursive,
    Reference,
    Split,
    Suffix,
    Variants,
    Workers,
)
from photochrom.cli.console import (
    ProgressBars,
    emit,
    escape_controls,
    fail,
    note,
    note_metadata_lost,
)
from photochrom.cli.options import (
    EngineOption,
    ExistsOption,
    MaxMegapixels,
    ModelPath,
    PrecisionOption,
    Vividness,
)
from photochrom.cli.side_by_side import check_comparison, write_comparison
from photochrom.cli.stream import STREAM, Stream
from photochrom.errors import ConfigError, OutputExists, SeveralPages

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions

__all__ = ["colorize"]

_ALMOST_GREY = 1.0  # mean chroma in CIE Lab units; below it, the result hardly looks coloured


def colorize(
    inputs: Inputs,
    output: Output = "",
    model: ModelPath = None,
    vividness: Vividness = None,
    hints: Hints = None,
    palette: Palette = None,
    reference: Reference = None,
    variants: Variants = 1,
    album: Album = True,
    split: Split = False,
    pages: Pages = "",
    negative: Negative = False,
    profile: Profile = "srgb",
    keep_profile: KeepProfile = False,
    recursive: Recursive = False,
    exists: ExistsOption = "error",
    in_color: InColor = None,
    suffix: Suffix = None,
    quality: Quality = None,
    compare: Compare = None,
    fail_fast: FailFast = False,
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
    from photochrom.batch import plan, run
    from photochrom.colorizer import Colorizer

    max_pixels = int(max_megapixels * 1e6)
    create = partial(Colorizer, model, max_pixels=max_pixels, engine=engine, precision=precision)
    options = _options(vividness, hints or [], palette, reference, max_pixels, variants)
    options = replace(options, album=album, negative=negative)
    originals = [Path(each) for each in (palette, reference) if each]
    target = "keep" if keep_profile else profile
    if fail_fast and keep_going:
        raise ConfigError("expected --fail-fast or --keep-going, not both")
    if STREAM in (*inputs, output):
        skips = exists == "skip", in_color == "skip"
        unwanted = dry_run, as_json, variants > 1, split, bool(pages), bool(compare), *skips
        _require_one(inputs, *unwanted)
        stream = Stream(inputs[0], output, suffix, quality, target)
        return stream.run(create, options, originals, overwrite=exists == "overwrite")
    arrange = partial(
        plan, recursive=recursive, suffix=suffix, variants=variants, split=split,
        documents=bool(pages), originals=originals,
    )  # fmt: skip
    folder_or_file = Path(output) if output else None
    jobs = _plan(arrange, inputs, folder_or_file, one=bool(hints))
    _note_left_out(inputs, folder_or_file, recursive=recursive, documents=bool(pages))
    overwrite = exists == "overwrite"
    if compare:
        check_comparison(compare, jobs, overwrite=overwrite)
    if dry_run:
        return _show_plan(jobs, exists, as_json=as_json)
    color = partial(
        run, exists=exists, fail_fast=fail_fast, in_color=in_color or "skip",
        quality=quality, workers=workers, options=options, pages=pages, profile=target,
    )  # fmt: skip
    share = partial(write_comparison, max_pixels=max_pixels, overwrite=overwrite)
    destination = "" if output else _destination(jobs)
    _run(jobs, create(), color, as_json=as_json, destination=destination)
    return share(compare, jobs[0]) if compare else None


def _run(
    jobs: list[Job],
    colorizer: Colorizer,
    color: Callable[[list[Job], Colorizer], Generator[Outcome]],
    *,
    as_json: bool,
    destination: str,
) -> None:
    """Do the jobs with `color`, and report them; `destination` tells where the results are."""
    # Loads the network now: if it cannot be run, that is one usage error, not many failed photos.
    engine_name = colorizer.engine
    outcomes = _report_all(color(jobs, colorizer), len(jobs), as_json=as_json)
    _conclude(outcomes, engine_name, destination)


def _require_one(inputs: list[str], *unwanted: bool) -> None:
    if len(inputs) > 1 or any(unwanted):
        raise ConfigError(
            "expected - with one photograph, from stdin or to stdout, and without --dry-run, "
            "--json, --variants, --split, --pages, --compare, --exists skip or --in-color skip"
        )


def _plan(
    arrange: Callable[[list[str], Path | None], list[Job]],
    inputs: list[str],
    output: Path | None,
    *,
    one: bool,
) -> list[Job]:
    """Plan the jobs with `arrange`; `one` demands a single photograph."""
    jobs = arrange(inputs, output)
    if one and len(jobs) > 1:
        raise ConfigError(f"expected --hint with one photograph; received {len(jobs)}")
    return jobs


def _note_left_out(
    inputs: list[str], output: Path | None, *, recursive: bool, documents: bool
) -> None:
    """Print how many folders are not searched, and how many pictures have unsupported formats."""
    from photochrom.batch import unsearched_folders, unsupported_suffixes

    folders = 0 if recursive else unsearched_folders(inputs, output)
    if folders:
        subject = "1 subfolder was" if folders == 1 else f"{folders} subfolders were"
        note(f"{subject} not searched (--recursive searches subfolders, too)")

    unsupported = unsupported_suffixes(inputs, recursive=recursive, documents=documents)
    if unsupported:
        counts = ", ".join(
            f"{count} {kind}{_missing_extra(kind)}" for kind, count in sorted(unsupported.items())
        )
        note(f"skipped (format not supported): {counts}")


def _missing_extra(suffix: str) -> str:
    """Name the extra that would read pictures with a suffix; "" if there is none."""
    from photochrom.photo.codecs import NOT_INSTALLED

    codec = NOT_INSTALLED.get(suffix)
    return f" (install photochrom[{codec.extra}] to read it)" if codec else ""


def _report_all(outcomes: Generator[Outcome], total: int, *, as_json: bool) -> list[Outcome]:
    """Report each outcome as it comes, and return them all."""
    finished: list[Outcome] = []
    # Closing the generator cancels what has not started, so that Ctrl-C does not wait for it.
    with ProgressBars("photographs", color="colouring") as bars, closing(outcomes):
        bars.progress("color", 0, total)
        try:
            for outcome in outcomes:
                finished.append(outcome)
                _report(outcome, as_json=as_json)
                bars.progress("color", len(finished), total)
        except KeyboardInterrupt:
            done = sum(outcome.status == "done" for outcome in finished)
            note(f"{done} of {total} files were coloured; add --exists skip to colour the rest")
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
                "expected --palette with a picture, or with colours as khaki,#RRGGBB; there is no "
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
    targets = outcome.written or outcome.job.unsplit_targets
    if as_json:
        emit(
            {
                "source": str(outcome.job.source),
                "target": str(targets[0]),
                "targets": [str(each) for each in targets],
                "status": outcome.status,
                "reason": outcome.reason or None,
                "seconds": round(outcome.seconds, 3),
                "width": outcome.size[0] if outcome.size else None,
                "height": outcome.size[1] if outcome.size else None,
                "tint": outcome.tint or None,
                "mean_chroma": round(outcome.mean_chroma, 2) if outcome.status == "done" else None,
                "photographs": outcome.photographs if outcome.status == "done" else None,
                "unchanged": [
                    {"page": page, "reason": reason} for page, reason in outcome.unchanged
                ],
                "metadata_lost": list(outcome.metadata_lost),
            }
        )
    if outcome.status == "failed":
        fail(f"{outcome.reason}{_advice(outcome.error)}")
    elif outcome.status == "done":
        _note_done(outcome, str(targets[0]))


def _advice(error: Exception | None) -> str:
    """Return which option would have helped, in brackets."""
    if isinstance(error, OutputExists):
        return " (--exists skip or overwrite)"
    return " (--pages all, or --pages 1,3-5)" if isinstance(error, SeveralPages) else ""


def _note_done(outcome: Outcome, target: str) -> None:
    """Print what a person may want to know of a result."""
    _note_format(outcome)
    if outcome.mean_chroma < _ALMOST_GREY:
        note(f"{target} is almost grey")
    if outcome.photographs > 1:
        note(f"{outcome.job.source}: {outcome.photographs} photographs were found and coloured")
    for page, reason in outcome.unchanged:
        note(f"{target}: an image on page {page} was not coloured: {reason}")
    note_metadata_lost(target, outcome.metadata_lost)


def _destination(jobs: list[Job]) -> str:
    """Return the end of a sentence that tells where the results are."""
    targets = [target for job in jobs for target in job.unsplit_targets]
    if len(targets) == 1:
        return f": {targets[0]}"
    return f" in {os.path.commonpath([target.parent for target in targets]) or '.'}"


def _note_format(outcome: Outcome) -> None:
    """Print that a photograph's name ends with the suffix of another format than it has."""
    from photochrom.photo import READABLE_SUFFIXES, WRITABLE_SUFFIXES, result_suffix

    source = outcome.job.source
    suffix = source.suffix.lower()
    expected = WRITABLE_SUFFIXES.get(result_suffix(suffix), outcome.format)
    if outcome.format and outcome.format != expected:
        named = READABLE_SUFFIXES[suffix]
        note(f"{source} is not a {named} file despite its name; it was read by its content")


def _conclude(outcomes: list[Outcome], engine: str, destination: str) -> None:
    """Print how many photographs had each outcome; exit with 1 where any failed."""
    from photochrom.batch import IN_COLOR_ALREADY

    count = Counter(outcome.status for outcome in outcomes)
    coloured = sum(each.photographs for each in outcomes if each.status == "done")
    in_color = sum(each.reason == IN_COLOR_ALREADY for each in outcomes)
    parts = [f"{_number(coloured, 'photograph')} coloured{destination if coloured else ''}"]
    if skipped := count["skipped"] - in_color:
        parts.append(f"{_number(skipped, 'file')} skipped")
    if in_color:
        parts.append(f"{_number(in_color, 'file')} in colour already (see --in-color)")
    if count["failed"]:
        parts.append(f"{count['failed']} failed")
    if count["cancelled"]:
        parts.append(f"{count['cancelled']} not started (--fail-fast)")
    note(", ".join(parts) + (f" ({engine})" if coloured else ""))
    if count["failed"]:
        raise typer.Exit(1)


def _number(count: int, noun: str) -> str:
    """Return the subject of a sentence with its verb, such as "2 files were"."""
    return f"{count} {noun} was" if count == 1 else f"{count} {noun}s were"
