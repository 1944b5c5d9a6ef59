"""The command `photochrom film`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from photochrom.checks import naming
from photochrom.cli.console import emit, note, progress
from photochrom.cli.options import (
    EngineOption,
    ExistsOption,
    ModelPath,
    PrecisionOption,
    Vividness,
)
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.film import FilmReport
    from photochrom.guidance.hints import Hint
    from photochrom.options import FilmReferenceSource

__all__ = ["film"]

_PREVIEW_SECONDS, _PREVIEW_ROWS = 10, 480
_SECTION: Final = re.compile(r"([\d:.]+)-([\d:.]+),(.+)", re.DOTALL)

References = Annotated[
    list[str] | None,
    typer.Option(
        "--reference",
        metavar="[FROM-TO,]FILE",
        help="A colour frame or photograph to copy colours from. FROM-TO limits it to a part of "
        "the film, for example to a shot: 1:10-1:25,coat.jpg. Can be given more than once.",
    ),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="TIME,X,Y,COLOR[,RADIUS]",
        help="A known colour at a pixel of the frame at that time; can be given more than once.",
    ),
]
Start = Annotated[
    str, typer.Option("--from", metavar="TIME", help="Start time, for example 00:10.")
]
End = Annotated[str, typer.Option("--to", metavar="TIME", help="End time, for example 01:30.")]
Codec = Annotated[
    Literal["h264", "hevc", "vp9", "av1", "prores", "ffv1"] | None,
    typer.Option(help="Video codec.", show_default="h264; vp9 in .webm"),
]
Quality = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=63,
        help="CRF of the codec; lower values give better quality.",
        show_default="without visible loss",
    ),
]
Preset = Annotated[str, typer.Option(help="Encoder preset, for example fast or slow.")]
PixelFormat = Annotated[
    Literal["auto", "420", "source"],
    typer.Option(
        help="420 plays everywhere; source is that of the film; auto is 420 where luma stays the "
        "same."
    ),
]
Preview = Annotated[
    bool, typer.Option(help="Colour only ten seconds, at a height of at most 480 pixels.")
]
Partial = Annotated[
    bool, typer.Option(help="When interrupted, save the finished part as NAME.partial.mp4.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Report progress as lines of JSON.")]


def film(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="The film: any file that FFmpeg can read.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File for the coloured film.")],
    model: ModelPath = None,
    vividness: Vividness = None,
    references: References = None,
    hints: Hints = None,
    start: Start = "",
    end: End = "",
    preview: Preview = False,
    codec: Codec = None,
    quality: Quality = None,
    preset: Preset = "",
    pixel_format: PixelFormat = "auto",
    exists: ExistsOption = "error",
    partial: Partial = False,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    as_json: AsJson = False,
) -> None:
    """Colour a film. Its luma, sound, subtitles, chapters and metadata are kept.

    The same command continues a film that was interrupted. Exit codes: 0 the film was written, and
    damaged places in it are named; 1 the film cannot be read or written; 2 the command line is not
    valid; 130 interrupted.
    """
    from photochrom.cli.film_progress import FilmConsole
    from photochrom.colorizer import Colorizer

    if exists == "skip" and target.exists():
        if as_json:
            emit({"event": "skipped", "target": str(target)})
        note(f"{target} exists already")
        return
    # A name with % is an image sequence (`%05d.png`), which is no file by itself.
    if "%" not in source.name and not source.exists():
        raise ConfigError(f"expected a film; there is no file {source}")
    # Parsed before the model is loaded, so that a mistake is reported at once.
    first, last = _section(start, end, preview=preview)
    with naming("--reference"):
        sections = [_reference(text) for text in references or ()]
    with naming("--hint"):
        known = [_hint(text) for text in hints or ()]
    colorizer = Colorizer(model, engine=engine, precision=precision)
    with progress("frames") as bar:
        report = colorizer.film(
            source,
            target,
            vividness=vividness,
            references=sections,
            hints=known,
            start=first,
            end=last,
            codec=codec or "",
            quality=quality,
            preset=preset,
            pixel_format=pixel_format,
            overwrite=exists == "overwrite",
            partial=partial,
            max_rows=_PREVIEW_ROWS if preview else 0,
            listener=FilmConsole(bar, as_json=as_json),
        )
    _conclude(report, target, as_json=as_json)


def _section(start: str, end: str, *, preview: bool) -> tuple[float, float | None]:
    """Return where to begin and to end, in seconds; None for the end of the film."""
    from photochrom.film.clock import parse_moment

    with naming("--from"):
        first = parse_moment(start) if start else 0.0
    with naming("--to"):
        last = parse_moment(end) if end else None
    if preview:
        last = min(first + _PREVIEW_SECONDS, last or first + _PREVIEW_SECONDS)
    return first, last


def _reference(text: str) -> FilmReferenceSource:
    from photochrom.film.clock import parse_moment
    from photochrom.film.job import Span

    match = _SECTION.fullmatch(text)
    if match is None:
        return text
    start, end, file = match.groups()
    section = parse_moment(start), parse_moment(end)
    Span(*section)  # raises an error where the end is not after the start
    return file, section


def _hint(text: str) -> tuple[float, Hint]:
    from photochrom.film.clock import parse_moment
    from photochrom.guidance.hints import parse_hint

    moment, _, rest = text.partition(",")
    if rest.count(",") < 2:
        raise ConfigError(f"expected a hint as TIME,X,Y,COLOR[,RADIUS]; received {text!r}")
    return parse_moment(moment), parse_hint(rest)


def _conclude(report: FilmReport, target: Path, *, as_json: bool) -> None:
    if as_json:
        problems = [{"seconds": at, "text": text} for at, text in report.problems]
        emit(
            {
                "event": "done",
                "target": str(target),
                "frames": report.frames,
                "shots": report.shots,
                "problems": problems,
            }
        )
    count = len(report.problems)
    damaged = f", {count} damaged {'place' if count == 1 else 'places'}" if count else ""
    shots = "1 shot" if report.shots == 1 else f"{report.shots} shots"
    frames = "1 frame" if report.frames == 1 else f"{report.frames} frames"
    note(f"{target}: {frames}, {shots}{damaged} ({report.engine})")
