"""The command `photochrom watch`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

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
    Workers,
)
from photochrom.cli.console import emit, fail, note
from photochrom.cli.options import (
    EngineOption,
    MaxMegapixels,
    ModelPath,
    PrecisionOption,
    Vividness,
)

if TYPE_CHECKING:
    from photochrom.archive import Entry

__all__ = ["watch"]

_MANIFEST: Final = ".photochrom.sqlite"  # in the folder of the results; hidden
_DAY: Final = 86_400  # seconds

ManifestFile = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        help="The SQLite file that says what is done. Choose one on a disk of this machine where "
        "OUT is on a network drive.",
        show_default=f"OUT/{_MANIFEST}",
    ),
]
Interval = Annotated[
    float,
    typer.Option(min=0.1, max=_DAY, help="Seconds from one look at the folder to the next."),
]
Settle = Annotated[
    float,
    typer.Option(
        min=0, max=_DAY, help="Seconds in which a file must not change, to count as whole."
    ),
]


def watch(
    folder: Annotated[Path, typer.Argument(metavar="IN", help="The folder to watch.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the results.")],
    *,
    interval: Interval = 5,
    settle: Settle = 5,
    manifest: ManifestFile = None,
    workers: Workers = None,
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
    """Colour the photographs and films of a folder, and those that appear in it, until stopped.

    Subfolders are included, and the originals are never modified. What is coloured is not coloured
    again unless it changes.

    Exit codes: 0 stopped with Ctrl-C or SIGTERM, whether or not something has failed; 1 the
    manifest cannot be written any more; 2 the command line is not valid, or it names folders or a
    manifest that cannot be used.
    """
    from photochrom.archive import Manifest
    from photochrom.archive.watching import begin_watch, check_folders
    from photochrom.archive.watching import watch as watch_folder

    settings = settings_of(
        model=model, engine=engine, precision=precision, max_megapixels=max_megapixels,
        vividness=vividness, palette=palette, reference=reference, album=album, negative=negative,
        in_color=in_color, suffix=suffix, quality=quality, profile=profile, label=label,
        sign_cert=sign_cert, sign_key=sign_key, sign_timestamp=sign_timestamp,
    )  # fmt: skip
    check_folders(folder, output)
    with _interruptible(), Manifest(manifest or output / _MANIFEST, write=True) as opened:
        begin_watch(opened, folder, output, settings)
        note(f"watching {folder}; results go to {output}. Ctrl-C stops")
        rows = watch_folder(
            opened, folder, interval=interval, settle=settle, workers=workers, on_trouble=fail
        )
        with closing(rows):
            for entry in rows:
                _report(entry, as_json=as_json)


@contextmanager
def _interruptible() -> Iterator[None]:
    """End the block without an error at Ctrl-C, and at SIGTERM, which stops services."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
            return
        note("stopped; the same command goes on")
    finally:
        signal.signal(signal.SIGTERM, previous)


def _report(entry: Entry, *, as_json: bool) -> None:
    """Print what became of a photograph or film."""
    if as_json:
        emit(asdict(entry))
    if entry.part:
        return
    if entry.status == "failed":
        fail(failure(entry))
    elif entry.status == "done":
        note(f"{entry.source} is coloured: {entry.output} ({entry.seconds:.1f} s)")
        if entry.details:
            report_film(entry)
    else:
        note(f"{entry.source} is not coloured: {entry.error}")
