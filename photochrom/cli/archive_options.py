"""The options that `photochrom archive run` and `photochrom watch` share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photochrom.cli.console import fail, note

if TYPE_CHECKING:
    from photochrom.archive import Entry, Settings

__all__ = ["PaletteColors", "ReferencePlace", "failure", "report_film", "settings_of"]

PaletteColors = Annotated[str | None, typer.Option(metavar="COLOR,…", help="Colours to prefer.")]
ReferencePlace = Annotated[
    str | None, typer.Option(help="A colour photograph to copy the colours from: a path or a URI.")
]


def settings_of(
    *,
    model: Path | None,
    palette: str | None,
    reference: str | None,
    in_color: str | None,
    suffix: str | None,
    max_megapixels: float,
    sign_cert: Path | None,
    sign_key: Path | None,
    **others: Any,
) -> Settings:
    """Return the settings that options stand for; `others` are the same in both.

    Raises:
        ConfigError: as in `Settings`.
    """
    from photochrom.archive.settings import Settings

    return Settings(
        model=str(model.absolute()) if model else "",
        palette=tuple(palette.split(",")) if palette else (),
        reference=reference or "",
        in_color="recolor" if in_color == "recolor" else "skip",
        suffix=suffix or "",
        max_pixels=int(max_megapixels * 1e6),
        sign_cert=str(sign_cert.absolute()) if sign_cert else "",
        sign_key=str(sign_key.absolute()) if sign_key else "",
        **others,
    )


def failure(entry: Entry) -> str:
    """Return why a photograph failed, with its name."""
    return entry.error if entry.source in entry.error else f"{entry.source}: {entry.error}"


def report_film(entry: Entry) -> None:
    """Print what people should know about a film that is done."""
    about = json.loads(entry.details)
    for text in about["notes"]:
        note(f"{entry.source}: {text}")
    for seconds, text in about["problems"]:
        fail(f"{entry.source}: at {seconds:.2f} s: {text}")
