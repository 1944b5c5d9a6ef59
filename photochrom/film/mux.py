"""The whole film: its new pictures, and all else that was in the old one, packet by packet."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import av
from av.stream import Disposition

from photochrom.errors import OutputError
from photochrom.film.encoder import PART_SHIFT
from photochrom.film.job import Span
from photochrom.film.reader import Source

__all__ = ["assemble", "check_holds", "container_format", "left_out"]

_PLACES: Final = {  # FFmpeg's names of containers, by suffix
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".nut": "nut",
}
_MOVABLE: Final = ("mp4", "mov")
_ATTACHING: Final = ("matroska",)
_NO_CODEC: Final = ("data", "attachment", "unknown")


def container_format(path: Path) -> str:
    """What FFmpeg calls the container of a file of that name.

    Raises:
        OutputError: there is none.
    """
    found = _PLACES.get(path.suffix.lower())
    if not found:
        raise OutputError(f"expected a film's name, in {', '.join(_PLACES)}; received {path.name}")
    return found


def left_out(source: Source, place: str, name: str) -> list[str]:
    """What cannot be taken over into a container: in words.

    Args:
        source: the film.
        place: the container, as FFmpeg calls it.
        name: of the film to be written.

    Raises:
        OutputError: the sound cannot.
    """
    found = []
    with source.opened() as old, ExitStack() as held:
        trial = held.enter_context(av.open(os.devnull, "w", format=place))
        for stream in old.streams:
            if stream.index == source.index or (
                stream.type == "attachment" and place in _ATTACHING
            ):
                continue
            codec = stream.codec_context.name if stream.codec_context else stream.name or "unknown"
            if _taken(trial, stream):
                continue
            if stream.type == "audio":
                raise OutputError(
                    f"{name} cannot hold the film's sound, which is {codec}; .mkv holds any"
                )
            found.append(f"{stream.type} {codec} is left out: {name} cannot hold it")
        return found


def _taken(new: Any, stream: Any) -> Any | None:
    """A stream of the new film like one of the old, if there can be one."""
    if stream.type in _NO_CODEC:
        return None
    try:
        copy = new.add_stream_from_template(stream, opaque=True)
    except (av.FFmpegError, ValueError, TypeError, RuntimeError):
        return None
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def check_holds(place: str, part: Path, trial: Path, target: Path) -> None:
    """Find out on a part whether a container holds what the encoder makes.

    Args:
        place: the container, as FFmpeg calls it.
        part: of any pictures.
        trial: a file to write, and write over.
        target: of the film to be written.

    Raises:
        OutputError: it does not.
    """
    with av.open(str(part)) as pictures:
        old = pictures.streams.video[0]
        name = old.codec_context.name
        try:
            with av.open(str(trial), "w", format=place) as film:
                new = film.add_stream_from_template(old, opaque=True)
                for packet in pictures.demux(old):
                    if packet.size:
                        packet.stream = new
                        film.mux_one(packet)
            with av.open(str(trial)) as film:
                held = bool(film.streams.video)
        except (av.FFmpegError, ValueError):
            held = False
    if not held:
        raise OutputError(f"{target.name} cannot hold pictures of {name}; .mkv holds any")


def assemble(source: Source, parts: list[Path], target: Path, place: str, span: Span) -> None:
    """Write the film.

    Args:
        source: the old one; its sound, subtitles, chapters and words are copied.
        parts: of the new pictures, in order.
        target: where; written over.
        place: the container, as FFmpeg calls it.
        span: what is wanted of the old one.
    """
    options = {"movflags": "+faststart"} if place in _MOVABLE else {}
    with source.opened() as old, ExitStack() as held:
        new = held.enter_context(av.open(str(target), "w", format=place, options=options))
        new.metadata.update(old.metadata)
        streams = _streams(old, new, source, parts[0])
        if chapters := _chapters(old, span):
            new.set_chapters(chapters)
        others = _others(old, streams, source, span)
        pictures = _pictures(parts, streams[source.index], source, span)
        for _, packet in heapq.merge(pictures, others, key=lambda pair: pair[0]):
            new.mux_one(packet)


def _streams(old: Any, new: Any, source: Source, part: Path) -> dict[int, Any]:
    """The new streams, by their place in the old film, in the old order."""
    found = {}
    for stream in old.streams:
        if stream.index == source.index:
            with av.open(str(part)) as pictures:
                mine = new.add_stream_from_template(pictures.streams.video[0], opaque=True)
            mine.metadata.update(_lasting(stream.metadata))
            mine.disposition = stream.disposition
            mine.time_base = source.time_base
            found[stream.index] = mine
        elif stream.type == "attachment":
            if new.format.name in _ATTACHING:
                new.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)
        elif stream.disposition & Disposition.attached_pic and new.format.name in _ATTACHING:
            new.add_attachment(*_cover(source, stream.index))
        elif (copy := _taken(new, stream)) is not None:
            found[stream.index] = copy
    return found


def _cover(source: Source, index: int) -> tuple[str, str, bytes]:
    """Name, MIME type and bytes of a cover, which is a stream of one picture."""
    with source.opened() as film:
        stream = film.streams[index]
        kind = "jpeg" if stream.codec_context.name == "mjpeg" else stream.codec_context.name
        data = next((bytes(packet) for packet in film.demux(stream) if packet.size), b"")
        return f"cover.{kind.replace('jpeg', 'jpg')}", f"image/{kind}", data


def _lasting(words: dict[str, str]) -> dict[str, str]:
    """Without what was true of the old pictures only."""
    gone = ("rotate", "encoder", "duration", "bps", "number_of_", "_statistics")
    return {key: word for key, word in words.items() if not key.lower().startswith(gone)}


def _chapters(old: Any, span: Span) -> list[Any]:
    found = []
    for chapter in old.chapters():
        base = chapter["time_base"]
        start, end = float(chapter["start"] * base), float(chapter["end"] * base)
        last = end if span.end is None else min(end, span.end)
        first = max(start, span.start)
        if last > first:
            shifted = round((first - span.start) / base), round((last - span.start) / base)
            found.append({**chapter, "start": shifted[0], "end": shifted[1]})
    return found


def _pictures(
    parts: Sequence[Path], stream: Any, source: Source, span: Span
) -> Iterator[tuple[float, Any]]:
    """Packets of all parts, with the moments at which they are to be decoded."""
    base = source.time_base
    shift = round(PART_SHIFT / base) + (0 if span.is_whole else source.pts_at(span.start))
    shown = [round(packet.pts * packet.time_base / base) - shift for packet in _packets(parts)]
    for packet, pts, dts in zip(_packets(parts), shown, _decoding_times(shown), strict=True):
        packet.duration = round((packet.duration or 0) * packet.time_base / base)
        packet.pts, packet.dts, packet.time_base = pts, dts, base
        packet.stream = stream
        yield float(dts * base), packet


def _packets(parts: Iterable[Path]) -> Iterator[Any]:
    for part in parts:
        with av.open(str(part)) as pictures:
            yield from (packet for packet in pictures.demux(video=0) if packet.size)


def _decoding_times(shown: Sequence[int]) -> Iterator[int]:
    """Times that increase, none later than the one at which the picture is shown.

    Args:
        shown: when pictures are shown, in the order in which they are coded.
    """
    ordered = sorted(shown)
    place = {pts: number for number, pts in enumerate(ordered)}
    delay = max(number - place[pts] for number, pts in enumerate(shown))
    step = ordered[1] - ordered[0] if delay else 0
    yield from (ordered[0] - step * (delay - number) for number in range(delay))
    yield from ordered[: len(ordered) - delay]


def _others(
    old: Any, streams: dict[int, Any], source: Source, span: Span
) -> Iterator[tuple[float, Any]]:
    wanted = [old.streams[index] for index in streams if index != source.index]
    if not wanted:
        return
    moment = 0.0
    for packet in old.demux(wanted):
        if not packet.size:  # the last of a stream
            continue
        if packet.dts is None and packet.pts is None:  # a cover
            packet.pts = packet.dts = 0
        base, shown = packet.time_base, packet.pts if packet.pts is not None else packet.dts
        if not span.is_whole:
            origin = float(source.start * source.time_base)
            if not span.holds(float(shown * base) - origin):
                continue
            shift = round((span.start + origin) / base)
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        due = packet.dts if packet.dts is not None else packet.pts
        moment = max(moment, float(due * base))
        packet.stream = streams[packet.stream_index]
        yield moment, packet
