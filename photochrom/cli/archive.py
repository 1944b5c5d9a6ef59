"""The commands `photochrom archive run`, `status`, `verify`, `retry`, `export` and others."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from photochrom.cli.archive_options import (
    PaletteColors,
    ReferencePlace,
    failure,
    report_film,
    settings_of,
)
from photochrom.cli.colorize_options import (
    Album,
    AsJson,
    InColor,
    Label,
    Negative,
    Profile,
    Quality,
    SignCert,
    SignKey,
    SignTimestamp,
    Suffix,
)
from photochrom.cli.console import ProgressBars, emit, escape_controls, fail, note
from photochrom.cli.options import (
    EngineOption,
    MaxMegapixels,
    ModelPath,
    PrecisionOption,
    Vividness,
)
from photochrom.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry
    from photochrom.archive.manifest import Manifest

__all__ = ["app"]

app = typer.Typer(
    name="archive",
    help="Colour a large archive, on any storage, with a manifest that says what is done.",
    no_args_is_help=True,
)

ManifestFile = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="The SQLite file of the run.")
]
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Folders with their subfolders, files, patterns, zips and tars: paths, or URIs such "
        "as s3://bucket/scans. Without any, the run goes on with what the manifest has.",
    ),
]
ManifestOption = Annotated[
    Path, typer.Option("--manifest", help="The SQLite file of the run; made if it is not there.")
]
OutputFolder = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder of the results, as a path or a URI; or a pattern of tars, such as "
        "s3://bucket/coloured-%06d.tar.",
        show_default="the manifest's",
    ),
]
ExecutorOption = Annotated[
    Literal["threads", "processes", "ray"],
    typer.Option(help="Where to colour: in this process, in several processes, or on Ray."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of photographs, or of parts of films, to work on at once.",
        show_default="one more than cores; processes: one per core; at most 4; on Ray: one per CPU",
    ),
]
ShardSize = Annotated[int, typer.Option(min=1, help="Number of photographs in one tar.")]
Failed = Annotated[
    bool, typer.Option("--failed", help="Name each failed photograph, with the reason.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")]


@app.command()
def run(
    sources: Sources = None,
    *,
    manifest: ManifestOption,
    output: OutputFolder = None,
    shard_size: ShardSize = 1000,
    executor: ExecutorOption = "threads",
    workers: WorkersOption = None,
    model: ModelPath = None,
    vividness: Vividness = None,
    palette: PaletteColors = None,
    reference: ReferencePlace = None,
    album: Album = True,
    negative: Negative = False,
    profile: Profile = "srgb",
    label: Label = False,
    sign_cert: SignCert = None,
    sign_key: SignKey = None,
    sign_timestamp: SignTimestamp = "",
    in_color: InColor = None,
    suffix: Suffix = None,
    quality: Quality = None,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
    as_json: AsJson = False,
) -> None:
    """Colour the photographs and films of an archive, and go on where an earlier run stopped.

    Exit codes: 0 nothing failed; 1 at least one photograph or film failed or was left out; 2 the
    command line is not valid; 130 interrupted. The same command goes on after any of them.
    """
    from photochrom.archive.manifest import Manifest
    from photochrom.archive.running import prepare
    from photochrom.archive.settings import Settings

    settings = settings_of(
        model=model, engine=engine, precision=precision, max_megapixels=max_megapixels,
        vividness=vividness, palette=palette, reference=reference, album=album, negative=negative,
        in_color=in_color, suffix=suffix, quality=quality, profile=profile, label=label,
        sign_cert=sign_cert, sign_key=sign_key, sign_timestamp=sign_timestamp,
    )  # fmt: skip
    if output is None and not manifest.is_file():
        raise ConfigError(f"expected --output for the new manifest {manifest}")
    with Manifest(manifest, write=True) as opened:
        if output is not None or settings != Settings():
            prepare(opened, output or opened.fact("output"), settings, shard_size=shard_size)
        left_out = _add(opened, sources) if sources else 0
        _color(opened, executor, workers, as_json=as_json, left_out=left_out)


@app.command()
def status(manifest: ManifestFile, as_json: AsJson = False, failed: Failed = False) -> None:
    """Say how many photographs and films of a run are done, failed and so on."""
    from photochrom.archive.manifest import Manifest

    with Manifest(manifest) as opened:
        counts, films, parts = opened.counts(), opened.counts("films"), opened.counts("parts")
        if as_json:
            emit(dict(counts) | {"films": films, "parts": parts})
        else:
            for name, count in counts.items():
                typer.echo(f"{name:9} {count:>9,}")
            if any(films.values()):
                note(f"{films['done']:,} of {_counted(sum(films.values()), 'film')} among these")
            if any(parts.values()):
                total = _counted(sum(parts.values()), "part")
                note(f"{parts['done']:,} of {total} of unfinished films")
            if (counts["queued"] or counts["running"]) and not opened.is_running:
                note(f"no run is going; photochrom archive run --manifest {manifest} goes on")
        if failed:
            for entry in opened.entries("failed"):
                typer.echo(escape_controls(failure(entry)))


@app.command()
def verify(
    manifest: ManifestFile,
    sources: Annotated[
        bool, typer.Option("--sources", help="Read the sources, too, and compare them.")
    ] = False,
    requeue: Annotated[
        bool,
        typer.Option("--requeue", help="Let the next run make missing and changed results anew."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read every result, and check that it is the one that the manifest describes.

    Exit codes: 0 all are; 1 at least one is missing or differs, and each is named.
    """
    from photochrom.archive.manifest import Manifest
    from photochrom.archive.verification import requeued
    from photochrom.archive.verification import verify as verify_all

    _require_manifest(manifest)
    wrong: list[Entry] = []
    with (
        Manifest(manifest, write=requeue) as opened,
        ProgressBars("photographs", verify="checking") as bars,
    ):
        total = opened.counts()["done"]
        results = verify_all(opened.entries("done"), sources=sources)
        for number, (entry, problem) in enumerate(results, 1):
            bars.progress("verify", number, total)
            if problem:
                wrong.append(requeued(entry, problem) if requeue else entry)
                fail(problem)
            if as_json:
                emit({"source": entry.source, "output": entry.output, "problem": problem or None})
        if requeue:
            for entry in wrong:
                opened.record(entry)
    both = " and their sources" if sources else ""
    note(f"{_counted(total - len(wrong), 'result')}{both} as recorded, {len(wrong)} not")
    if requeue and wrong:
        note(f"photochrom archive run --manifest {manifest} makes them anew")
    elif wrong:
        note("--requeue lets the next run make them anew")
    if wrong:
        raise typer.Exit(1)


@app.command()
def retry(
    manifest: ManifestFile,
    executor: ExecutorOption = "threads",
    workers: WorkersOption = None,
    as_json: AsJson = False,
) -> None:
    """Colour the photographs and films that failed again, and those that are still queued.

    Those whose sources have changed since are among them; their results are replaced.
    """
    from photochrom.archive.manifest import Manifest

    _require_manifest(manifest)
    with Manifest(manifest, write=True) as opened:
        note(f"{_counted(opened.requeue('failed'), 'file')} queued again")
        _color(opened, executor, workers, as_json=as_json)


@app.command()
def export(
    manifest: ManifestFile,
    output: Annotated[
        Path, typer.Argument(help="The file to write, which ends in .parquet, .csv or .jsonl.")
    ],
    overwrite: Overwrite = False,
) -> None:
    """Write the rows of a manifest as a table: Parquet, CSV or JSON Lines."""
    from photochrom.archive.manifest import Manifest
    from photochrom.archive.tables import export as export_rows

    with Manifest(manifest) as opened:
        export_rows(opened.entries(), output, overwrite=overwrite)


@app.command()
def bag(
    manifest: ManifestFile,
    folder: Annotated[Path, typer.Argument(help="The bag to make; it must not exist.")],
) -> None:
    """Copy originals and results into a BagIt bag, with their hashes and PREMIS metadata.

    Each file is compared with the manifest, and the bag is made completely or not at all.
    """
    from photochrom.archive.bag import write_bag
    from photochrom.archive.manifest import Manifest

    with Manifest(manifest) as opened:
        count = write_bag(opened.entries("done"), folder, settings=opened.settings())
    note(f"{_counted(count, 'photograph')} in the bag {folder}")


@app.command()
def premis(
    manifest: ManifestFile,
    output: Annotated[Path, typer.Argument(help="The XML file to write.")],
    overwrite: Overwrite = False,
) -> None:
    """Write PREMIS 3 metadata: files, what was done to them, and with which program."""
    from photochrom.archive.manifest import Manifest
    from photochrom.archive.premis import write_premis

    with Manifest(manifest) as opened:
        write_premis(opened.entries(), output, settings=opened.settings(), overwrite=overwrite)


@app.command()
def iiif(
    manifest: ManifestFile,
    output: Annotated[Path, typer.Argument(help="The JSON file to write.")],
    base_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where a copy of the bag's folder data/ will be on the web, with this file in it.",
        ),
    ],
    title: Annotated[
        str, typer.Option(help="What viewers call the photographs.")
    ] = "Coloured photographs",
    overwrite: Overwrite = False,
) -> None:
    """Write a IIIF Presentation 3 manifest, which shows each photograph in grey or in colour."""
    from photochrom.archive.iiif import write_iiif
    from photochrom.archive.manifest import Manifest

    with Manifest(manifest) as opened:
        count = write_iiif(
            opened.entries("done"), output, base_url, title=title, overwrite=overwrite
        )
    note(f"{_counted(count, 'photograph')} in {output}")


def _add(manifest: Manifest, sources: list[str]) -> int:
    """Add sources to a manifest, name what has to be left out, and return how much that is."""
    from photochrom.archive.running import add_sources

    left_out = 0

    def report(trouble: StorageError) -> None:
        nonlocal left_out
        left_out += 1
        fail(str(trouble))

    added = add_sources(manifest, sources, on_trouble=report)
    noun = "file" if any(manifest.counts("films").values()) else "photograph"
    note(f"{_counted(added, noun)} added to {manifest.path}")
    return left_out


def _color(
    manifest: Manifest, executor: str, workers: int | None, *, as_json: bool, left_out: int = 0
) -> None:
    """Colour what is queued, report it, and exit with 1 where anything failed or was left out."""
    from photochrom.archive.running import color_queued

    before = manifest.counts()
    total = sum(before.values())
    finished = total - before["queued"] - before["running"]
    done = color_queued(manifest, executor=executor, workers=workers)
    titles = {"color": "colouring", "parts": "parts of films"}
    with ProgressBars("files", **titles) as bars, closing(done):
        bars.progress("color", finished, total)
        for entry in done:
            if entry.part:
                parts = manifest.counts("parts")
                bars.progress("parts", parts["done"], sum(parts.values()))
            else:
                finished += 1
                bars.progress("color", finished, total)
            _report(entry, as_json=as_json)
    _conclude(manifest, left_out)


def _report(entry: Entry, *, as_json: bool) -> None:
    """Report what became of a photograph, a film or a part of one."""
    if as_json:
        emit(asdict(entry))
    if entry.status == "failed" and not entry.part:
        fail(failure(entry))
    elif entry.details and not entry.part:
        report_film(entry)


def _require_manifest(path: Path) -> None:
    if not path.is_file():
        raise ConfigError(f"expected a manifest; there is no file {path}")


def _conclude(manifest: Manifest, left_out: int) -> None:
    counts, films = manifest.counts(), sum(manifest.counts("films").values())
    photographs = sum(counts.values()) - films
    kinds = [
        *([_counted(photographs, "photograph")] if photographs or not films else []),
        *([_counted(films, "film")] if films else []),
    ]
    whole = kinds[0] if len(kinds) == 1 else f"{photographs + films:,} files ({', '.join(kinds)})"
    parts = [f"done: {counts['done']:,} of {whole}"]
    if counts["skipped"]:
        parts.append(f"skipped: {counts['skipped']:,}")
    if counts["failed"]:
        parts.append(f"failed: {counts['failed']:,} (photochrom archive retry {manifest.path})")
    if left_out:
        parts.append(f"left out: {left_out:,} (named above)")
    note(", ".join(parts))
    if counts["failed"] or left_out:
        raise typer.Exit(1)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
