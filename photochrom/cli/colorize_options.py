"""The options of `photochrom colorize`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from photochrom.checks import naming
from photochrom.errors import ConfigError
from photochrom.parallel import cores_per_worker

__all__ = [
    "Album",
    "AsJson",
    "Compare",
    "Consistent",
    "DryRun",
    "FailFast",
    "Hints",
    "InColor",
    "Inputs",
    "KeepProfile",
    "Label",
    "Negative",
    "Output",
    "Pages",
    "Palette",
    "Profile",
    "Quality",
    "Recursive",
    "Reference",
    "Restore",
    "SignCert",
    "SignKey",
    "SignTimestamp",
    "Split",
    "Suffix",
    "Variants",
    "Workers",
    "cores_for",
    "repairs_of",
]

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Photographs, folders or patterns; - reads from stdin."),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="A folder, or a file for one photograph; - writes to stdout.",
        show_default="beside the originals, as NAME-colorized",
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
InColor = Annotated[
    Literal["skip", "recolor"] | None,
    typer.Option(
        "--in-color",
        "--in-colour",
        help="What to do with photographs that are in colour already. Sepia is not colour.",
        show_default="skip",
    ),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="X,Y,COLOR[,RADIUS]",
        help="A known colour at a pixel of the upright photograph; can be given more than once. "
        "COLOR is #RRGGBB or a name, for example khaki.",
    ),
]
Palette = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|COLOR,…",
        help="Colours to prefer: those of a picture, or a list of colours.",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(help="A colour photograph of a similar subject, to copy the colours from."),
]
Restore = Annotated[
    list[str] | None,
    typer.Option(
        metavar="dust,scratches,fading|all",
        help="Also write a repaired copy, NAME-restored, of each photograph in which such damage "
        "is found. Only this copy has another luma.",
        show_default="none",
    ),
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
        help="Quality, 1 to 100, for JPEG, WebP, AVIF and HEIC. Without it, the compressed luma of "
        "a grey JPEG file is copied to the result.",
        show_default="92; AVIF 85; HEIC 90",
    ),
]
Album = Annotated[
    bool,
    typer.Option(
        help="Find the photographs on an album page or within a border, and colour only them."
    ),
]
Consistent = Annotated[
    bool,
    typer.Option(
        "--consistent",
        help="Give the same people, clothes, rooms and places the same colours in all photographs. "
        "Each photograph is read twice.",
    ),
]
Split = Annotated[
    bool,
    typer.Option(
        "--split",
        help="Write each photograph of an album page to its own file: NAME-1, NAME-2 and so on.",
    ),
]
Pages = Annotated[
    str,
    typer.Option(
        metavar="all|1,3-5",
        help="Pages to colour in PDFs and in TIFFs with several pages.",
        show_default="refuse several pages",
    ),
]
Negative = Annotated[
    bool, typer.Option("--negative", help="The photographs are negatives: invert them first.")
]
Profile = Annotated[
    Literal["srgb", "display-p3", "adobe-rgb"],
    typer.Option(help="Colour space of the results."),
]
KeepProfile = Annotated[
    bool,
    typer.Option(
        "--keep-profile",
        help="Keep the scan's own colour space if it has a profile; overrides --profile.",
    ),
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Stop after the first photograph that fails.")
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", "-k", hidden=True)  # the default since 0.2.0
]
Compare = Annotated[
    Path | None,
    typer.Option(
        help="Write a picture to share, too: before and after side by side. For one photograph."
    ),
]
Label = Annotated[
    bool,
    typer.Option(
        "--label", help='Write "Colours guessed by a machine" in a strip below each result.'
    ),
]
SignCert = Annotated[
    Path | None,
    typer.Option(
        help="Sign the results as C2PA says with this certificate chain, in PEM form. Needs "
        "--sign-key."
    ),
]
SignKey = Annotated[
    Path | None, typer.Option(help="The private key of the certificate, in PEM form.")
]
SignTimestamp = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Ask this time-stamp service (RFC 3161) when each result is signed. It gets a hash "
        "of the signature.",
        show_default="none, and no use of the network",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would be done, but do nothing.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of photographs to work on at once.",
        show_default="one more than cores, at most 4",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Report each photograph as one line of JSON.")]


def cores_for(inputs: list[str], workers: int | None) -> int | None:
    """Return the cores for each run of the network; None for all: a single photograph has them."""
    several = len(inputs) > 1 or os.path.isdir(inputs[0])  # noqa: PTH112  Path's raises errors
    return cores_per_worker(workers) if several else None


def repairs_of(texts: list[str] | None, **excluded: object) -> tuple[str, ...]:
    """Parse `--restore`, and check that options that exclude it are not given.

    Args:
        texts: the values of the option.
        excluded: options that exclude it, by name, and whether they are given.

    Raises:
        ConfigError: one of them is given, or a repair is not known.
    """
    if not texts:
        return ()
    from photochrom.restoration import parse_repairs

    for name in (name for name, value in excluded.items() if value):
        raise ConfigError(f"expected --restore or --{name}, not both")
    with naming("--restore"):
        return parse_repairs(texts)
