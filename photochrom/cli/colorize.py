"""The command `photochrom colorize`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from photochrom.checks import naming
from photochrom.cli.colorize_options import (
    Album,
    AsJson,
    Compare,
    Consistent,
    DryRun,
    FailFast,
    Hints,
    InColor,
    Inputs,
    KeepGoing,
    KeepProfile,
    Label,
    Negative,
    Output,
    Pages,
    Palette,
    Profile,
    Quality,
    Recursive,
    Reference,
    Restore,
    SignCert,
    SignKey,
    SignTimestamp,
    Split,
    Suffix,
    Variants,
    Workers,
    cores_for,
    repairs_of,
)
from photochrom.cli.colorize_report import conclude, report_all, were
from photochrom.cli.console import ProgressBars, emit, escape_controls, note
from photochrom.cli.options import (
    EngineOption,
    ExistsOption,
    MaxMegapixels,
    ModelPath,
    PrecisionOption,
    Vividness,
)
from photochrom.cli.side_by_side import Comparison
from photochrom.cli.stream import STREAM, Stream
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.batch import InColor as InColorChoice
    from photochrom.batch import Job
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions
    from photochrom.provenance import Signer

__all__ = ["colorize"]


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
    consistent: Consistent = False,
    split: Split = False,
    pages: Pages = "",
    restore: Restore = None,
    negative: Negative = False,
    profile: Profile = "srgb",
    keep_profile: KeepProfile = False,
    recursive: Recursive = False,
    exists: ExistsOption = "error",
    in_color: InColor = None,
    suffix: Suffix = None,
    quality: Quality = None,
    compare: Compare = None,
    label: Label = False,
    sign_cert: SignCert = None,
    sign_key: SignKey = None,
    sign_timestamp: SignTimestamp = "",
    fail_fast: FailFast = False,
    keep_going: KeepGoing = False,
    dry_run: DryRun = False,
    workers: Workers = None,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
    as_json: AsJson = False,
) -> None:
    """Colour photographs. The originals are never modified, and their luma is kept.

    Only the copies of --restore have another luma.

    Exit codes: 0 all photographs were coloured or skipped; 1 at least one failed, and each failure
    is named; 2 the command line is not valid; 130 interrupted.
    """
    max_pixels = int(max_megapixels * 1e6)
    cores = cores_for(inputs, workers)
    create = _creator(model, engine, precision, cores, max_pixels, start=not dry_run)
    options = _options(vividness, hints or [], palette, reference, max_pixels, variants)
    repairs = repairs_of(restore, pages=pages, variants=variants > 1, split=split)
    options = replace(options, album=album, negative=negative, restore=repairs)
    originals = [Path(each) for each in (palette, reference) if each]
    target, overwrite = "keep" if keep_profile else profile, exists == "overwrite"
    signer = _signer(sign_cert, sign_key, sign_timestamp)
    if STREAM in (*inputs, output):
        unwanted = exists == "skip", in_color == "skip", consistent, restore
        _require_one(inputs, dry_run, as_json, variants > 1, split, pages, compare, *unwanted)
        stream = Stream(inputs[0], output, suffix, quality, target, label, signer)
        return stream.run(create, options, originals, overwrite=overwrite)
    _require_compatible(fail_fast=fail_fast, keep_going=keep_going, compare=compare, pages=pages)
    comparison = Comparison(compare, max_pixels, overwrite) if compare else None
    jobs = _plan(
        inputs, output, comparison, one=bool(hints), recursive=recursive, suffix=suffix,
        variants=variants, split=split, restored=bool(repairs), documents=bool(pages),
        originals=originals,
    )  # fmt: skip
    if dry_run:
        return _show_plan(jobs, exists, as_json=as_json)
    _run(
        jobs, create(), options, consistent=consistent, as_json=as_json, show_paths=not output,
        exists=exists, fail_fast=fail_fast, in_color=in_color or "skip", quality=quality,
        workers=workers, pages=pages, profile=target, label=label, signer=signer,
    )  # fmt: skip
    return comparison.write(jobs[0]) if comparison else None


def _creator(
    path: Path | None,
    engine: str,
    precision: str,
    cores: int | None,
    max_pixels: int,
    *,
    start: bool,
) -> Callable[[], Colorizer]:
    """Return what makes the colorizer; with `start`, its engine starts at once in another thread.

    Call it before anything else: the engine takes as long to start as the rest to be imported.
    """
    from photochrom.model.model import Model, default_model

    model = None
    if start:
        path = path or default_model()
        model = Model.load(path, engine=engine, precision=precision, cores=cores)
        model.start()
    from photochrom.colorizer import Colorizer

    return partial(Colorizer, model, max_pixels=max_pixels)


def _run(
    jobs: list[Job],
    colorizer: Colorizer,
    options: ColorOptions,
    *,
    consistent: bool,
    as_json: bool,
    show_paths: bool,
    in_color: InColorChoice,
    workers: int | None,
    **more: Any,
) -> None:
    """Do the jobs, and report them.

    Args:
        jobs: the photographs.
        colorizer: the colorizer to use.
        options: how to colour them.
        consistent: whether they share colours.
        as_json: whether to report each as JSON.
        show_paths: whether to say where the results are.
        in_color: as in `batch.run`.
        workers: as in `batch.run`.
        more: further arguments of `batch.run`.
    """
    from photochrom.batch import run

    # Loads the network now: if it cannot be run, that is one usage error, not many failed photos.
    engine_name = colorizer.engine
    if consistent:
        options = _with_shared_colors(options, jobs, colorizer, in_color=in_color, workers=workers)
    outcomes = run(jobs, colorizer, options=options, in_color=in_color, workers=workers, **more)
    finished = report_all(outcomes, len(jobs), as_json=as_json)
    conclude(finished, engine_name, show_paths=show_paths)


def _signer(certificates: Path | None, key: Path | None, timestamp_url: str) -> Signer | None:
    """Return what signs the results; None if they are not to be signed."""
    if not (certificates or key or timestamp_url):
        return None
    if not (certificates and key):
        raise ConfigError("expected both --sign-cert and --sign-key, to sign the results")
    from photochrom.provenance import Signer

    return Signer(certificates, key, timestamp_url=timestamp_url)


def _require_one(inputs: list[str], *unwanted: object) -> None:
    if len(inputs) > 1 or any(unwanted):
        raise ConfigError(
            "expected - with one photograph, from stdin or to stdout, and without --dry-run, "
            "--json, --variants, --split, --pages, --compare, --consistent, --restore, --exists "
            "skip or --in-color skip"
        )


def _with_shared_colors(
    options: ColorOptions, jobs: list[Job], colorizer: Colorizer, **more: Any
) -> ColorOptions:
    """Look at all photographs, and return options with the colours that they share.

    Args:
        options: how the photographs are to be coloured.
        jobs: the photographs.
        colorizer: the colorizer to use.
        more: further arguments of `batch.share_colors`.

    Raises:
        ConfigError: several variants are asked for, or the model cannot compare photographs.
    """
    from photochrom.batch import share_colors

    if jobs[0].variants > 1:
        raise ConfigError("expected --consistent or --variants; received both")
    seen = count(1)
    with ProgressBars("photographs", look="comparing") as bars:
        bars.progress("look", 0, len(jobs))

        def on_photo() -> None:
            bars.progress("look", next(seen), len(jobs))

        shared = share_colors(jobs, colorizer, options, on_photo=on_photo, **more)
    return replace(options, shared=shared)


def _require_compatible(
    *, fail_fast: bool, keep_going: bool, compare: Path | None, pages: str
) -> None:
    if fail_fast and keep_going:
        raise ConfigError("expected --fail-fast or --keep-going, not both")
    if compare and pages:
        raise ConfigError("expected --compare with one photograph, without --pages")
    if pages:
        from photochrom.documents.selection import check_pages

        with naming("--pages"):
            check_pages(pages)


def _plan(
    inputs: list[str],
    output: str,
    comparison: Comparison | None,
    *,
    one: bool,
    recursive: bool,
    documents: bool,
    originals: list[Path],
    **more: Any,
) -> list[Job]:
    """Plan the jobs, check them, and print what is left out.

    Args:
        inputs: as in `batch.plan`.
        output: a path, or an empty text for results beside the originals.
        comparison: the picture to write beside the result, if there is one.
        one: whether there must be a single photograph.
        recursive: as in `batch.plan`.
        documents: as in `batch.plan`.
        originals: as in `batch.plan`.
        more: further arguments of `batch.plan`.
    """
    from photochrom.batch import plan

    path = Path(output) if output else None
    jobs = plan(inputs, path, recursive=recursive, documents=documents, originals=originals, **more)
    if one and len(jobs) > 1:
        raise ConfigError(f"expected --hint with one photograph; received {len(jobs)}")
    if comparison:
        comparison.check(jobs, originals)
    _note_left_out(inputs, path, recursive=recursive, documents=documents)
    return jobs


def _note_left_out(
    inputs: list[str], output: Path | None, *, recursive: bool, documents: bool
) -> None:
    """Print how many folders are not searched, and how many pictures have unsupported formats."""
    from photochrom.batch import unsearched_folders, unsupported_suffixes

    folders = 0 if recursive else unsearched_folders(inputs, output)
    if folders:
        note(f"{were(folders, 'subfolder')} not searched (--recursive searches subfolders, too)")

    unsupported = unsupported_suffixes(inputs, recursive=recursive, documents=documents)
    pdfs = unsupported.pop(".pdf", 0)
    if pdfs:
        note(f"{were(pdfs, 'PDF')} skipped (--pages all, or --pages 1,3-5, colours pages)")
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
                "expected --palette with a picture, or with colours such as khaki,#7a1f1f; "
                f"no file has that name, and as a list of colours it is wrong: {error}"
            ) from error
    with naming("--hint"):
        known = [parse_hint(text) for text in hints]
    if reference:
        with naming("--reference"):
            if not reference.exists():
                raise ConfigError(f"expected a photograph; there is no file {reference}")
            reference_photo = photo.read(reference, max_pixels=max_pixels)
    return ColorOptions.of(
        vividness=vividness,
        hints=known,
        palette=colors,
        reference=reference_photo,
        variants=variants,
    )


def _show_plan(jobs: list[Job], exists: str, *, as_json: bool) -> None:
    consequence = {"skip": "skipped", "overwrite": "overwritten", "error": "an error"}[exists]
    for job, target in ((each, target) for each in jobs for target in each.targets):
        target_exists = os.path.lexists(target)
        if as_json:
            emit(
                {
                    "source": str(job.source),
                    "target": str(target),
                    "exists": target_exists,
                    "if_damaged": target == job.restored,
                }
            )
        else:
            remark = f" (exists already: {consequence})" if target_exists else ""
            if target == job.restored and not target_exists:
                remark = " (if damage is found)"
            typer.echo(escape_controls(f"{job.source} → {target}{remark}"))
