"""`photochrom film`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from photochrom.cli.colorize import (
    EngineOption,
    ExistsOption,
    ModelPlace,
    PrecisionOption,
    Vividness,
)
from photochrom.cli.console import emit, fail, note, progress
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.film import FilmReport, Watcher
    from photochrom.guidance.hints import Hint

__all__ = ["film"]

_PREVIEW_SECONDS, _PREVIEW_ROWS = 10, 480
_EVERY = 0.5  # seconds between two lines of JSON

References = Annotated[
    list[Path] | None,
    typer.Option(
        "--reference", help="A frame or a photograph in colour, to be followed; may be given again."
    ),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="TIME,X,Y,#RRGGBB",
        help="A colour that you know, at a pixel of the frame at that time; may be given again.",
    ),
]
Start = Annotated[str, typer.Option("--from", metavar="TIME", help="Begin here, 00:10 say.")]
End = Annotated[str, typer.Option("--to", metavar="TIME", help="End here.")]
Codec = Annotated[
    Literal["h264", "hevc", "vp9", "av1", "prores", "ffv1"] | None,
    typer.Option(help="Of the pictures.", show_default="h264; vp9 in .webm"),
]
Quality = Annotated[
    int | None, typer.Option(min=0, max=63, help="The codec's CRF; less is better.")
]
Preset = Annotated[str, typer.Option(help="The encoder's own word for how hard to try.")]
Preview = Annotated[bool, typer.Option(help="A quick look: ten seconds, at most 480 pixels high.")]
Partial = Annotated[
    bool, typer.Option(help="When interrupted, leave NAME.partial.mp4, what is done so far.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Tell how it goes in JSON, a line each.")]


def film(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A film; FFmpeg must read it.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The coloured one.")],
    model: ModelPlace = None,
    vividness: Vividness = None,
    references: References = None,
    hints: Hints = None,
    start: Start = "",
    end: End = "",
    preview: Preview = False,
    codec: Codec = None,
    quality: Quality = None,
    preset: Preset = "",
    exists: ExistsOption = "error",
    partial: Partial = False,
    engine: EngineOption = "openvino",
    precision: PrecisionOption = "f32",
    as_json: AsJson = False,
) -> None:
    """Colour a film. Its luma, sound, subtitles, chapters and words stay as they are.

    Stopped and called again, it goes on where it was. Exit codes: 0 it is written, and what is
    broken in it is named; 1 it cannot be read or written; 2 the command makes no sense; 130
    interrupted.
    """
    from photochrom.colorizer import Colorizer
    from photochrom.film.clock import parse_moment

    if exists == "skip" and target.exists():
        if as_json:
            emit({"event": "skipped", "target": str(target)})
        note(f"{target} is there already")
        return
    if "%" not in source.name and not source.exists():
        raise ConfigError(f"expected a film; there is no file {source}")
    first = parse_moment(start) if start else 0.0
    last = parse_moment(end) if end else None
    if preview:
        last = min(first + _PREVIEW_SECONDS, last or first + _PREVIEW_SECONDS)
    colorizer = Colorizer(model, engine=engine, precision=precision)
    with progress("frames") as bar:
        report = colorizer.film(
            source,
            target,
            vividness=vividness,
            references=references or (),
            hints=[_hint(text) for text in hints or ()],
            start=first,
            end=last,
            codec=codec or "",
            quality=quality,
            preset=preset,
            overwrite=exists == "overwrite",
            partial=partial,
            most_rows=_PREVIEW_ROWS if preview else 0,
            watcher=_watcher(bar, as_json=as_json),
        )
    _conclude(report, target, as_json=as_json)


def _hint(text: str) -> tuple[float, Hint]:
    from photochrom.film.clock import parse_moment
    from photochrom.guidance.hints import parse_hint

    moment, _, rest = text.partition(",")
    if rest.count(",") < 2:
        raise ConfigError(f"expected a hint as TIME,X,Y,#RRGGBB[,RADIUS]; received {text!r}")
    return parse_moment(moment), parse_hint(rest)


def _watcher(bar: Any, *, as_json: bool) -> Watcher:
    from photochrom.film import Watcher

    task = bar.add_task("colouring", total=None)
    begun, told = time.monotonic(), 0.0
    earlier: int | None = None

    class Teller(Watcher):
        def note(self, text: str) -> None:
            emit({"event": "note", "text": text}) if as_json else note(text)

        def problem(self, seconds: float, text: str) -> None:
            if as_json:
                emit({"event": "problem", "seconds": seconds, "text": text})
            fail(f"at {seconds:.2f} s: {text}")

        def frame(self, done: int, total: int, shot: int) -> None:
            nonlocal told, earlier
            earlier = done - 1 if earlier is None else earlier
            total = max(done, total)
            bar.update(task, completed=done, total=total, description=f"shot {shot}")
            now = time.monotonic()
            if not as_json or (now - told < _EVERY and done < total):
                return
            told, speed = now, (done - earlier) / max(1e-6, now - begun)
            record = {"event": "frame", "done": done, "total": total, "shot": shot}
            left = max(0, total - done) / speed
            emit(record | {"fps": round(speed, 2), "seconds_left": round(left, 1)})

    return Teller()


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
    broken = f", {len(report.problems)} places were broken" if report.problems else ""
    shots = "1 shot" if report.shots == 1 else f"{report.shots} shots"
    note(f"{target}: {report.frames} frames, {shots}{broken} ({report.engine})")
