"""Join the coloured parts and the other streams of the original into one film, packet by packet."""

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
from photochrom.film.reader import FilmReader

__all__ = ["check_container", "container_format", "mux", "unsupported_streams"]

# FFmpeg's names of the containers, by suffix. AVI is missing on purpose: it stores a frame rate,
# not the time of each frame.
_CONTAINERS: Final = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".nut": "nut",
}
_FASTSTART_CONTAINERS: Final = ("mp4", "mov")  # players can start before the whole file is there
_ATTACHMENT_CONTAINERS: Final = ("matroska",)
_UNCOPIED_TYPES: Final = ("data", "attachment", "unknown")


def container_format(path: Path) -> str:
    """Return FFmpeg's name of the container for a file name.

    Raises:
        OutputError: no container with this suffix can be written.
    """
    container = _CONTAINERS.get(path.suffix.lower())
    if not container:
        raise OutputError(
            f"expected a file name that ends in {', '.join(_CONTAINERS)}; received {path.name}"
        )
    return container


def unsupported_streams(film: FilmReader, container: str, name: str) -> list[str]:
    """Return a message for each stream of a film that a container cannot hold.

    Args:
        film: the original film.
        container: FFmpeg's name of the container.
        name: the name of the film to be written, for the messages.

    Raises:
        OutputError: the container cannot hold the film's sound.
    """
    messages = []
    with film.open() as original, ExitStack() as stack:
        # Whether a stream fits is known as soon as it is added, before anything is written.
        trial = stack.enter_context(av.open(os.devnull, "w", format=container))
        for stream in original.streams:
            if stream.index == film.index or (
                stream.type == "attachment" and container in _ATTACHMENT_CONTAINERS
            ):
                continue
            codec = stream.codec_context.name if stream.codec_context else stream.name or "unknown"
            if _copy_stream(trial, stream):
                continue
            if stream.type == "audio":
                raise OutputError(
                    f"{name} cannot hold the film's sound ({codec}); .mkv holds any codec"
                )
            kind = stream.type
            messages.append(f"{name} cannot hold the {kind} stream ({codec}), so it is left out")
        return messages


def _copy_stream(output: Any, stream: Any) -> Any | None:
    """Add a stream of the original to an output container.

    Returns:
        The new stream, or None if the container cannot hold it.
    """
    if stream.type in _UNCOPIED_TYPES:
        return None
    try:
        # Without `opaque`, PyAV looks for an encoder of the codec, which a copy does not need.
        copy = output.add_stream_from_template(stream, opaque=True)
    except (av.FFmpegError, ValueError, TypeError, RuntimeError):
        return None
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def check_container(container: str, part: Path, trial: Path, target: Path) -> None:
    """Check, with a part, that a container can hold the encoder's output.

    Args:
        container: FFmpeg's name of the container.
        part: a part with at least one frame.
        trial: a file to write the part to; an existing one is replaced.
        target: the film to be written, for the message.

    Raises:
        OutputError: the container cannot hold it.
    """
    with av.open(str(part)) as encoded:
        stream = encoded.streams.video[0]
        codec = stream.codec_context.name
        try:
            with av.open(str(trial), "w", format=container) as output:
                copy = output.add_stream_from_template(stream, opaque=True)
                for packet in encoded.demux(stream):
                    if packet.size:
                        packet.stream = copy
                        output.mux_one(packet)
            # Some muxers write a stream of a codec that they do not know without an error. The
            # stream is then missing when the file is read.
            with av.open(str(trial)) as output:
                is_held = bool(output.streams.video)
        except (av.FFmpegError, ValueError):
            is_held = False
    if not is_held:
        raise OutputError(f"{target.name} cannot hold {codec} video; .mkv holds any codec")


def mux(film: FilmReader, parts: list[Path], target: Path, container: str, span: Span) -> None:
    """Write the coloured film.

    Sound, subtitles, chapters, attachments and metadata are copied from the original.

    Args:
        film: the original film.
        parts: the coloured parts, in order.
        target: the file to write; an existing one is replaced.
        container: FFmpeg's name of the container.
        span: the section of the original that the parts cover.
    """
    options = {"movflags": "+faststart"} if container in _FASTSTART_CONTAINERS else {}
    with film.open() as original, ExitStack() as stack:
        output = stack.enter_context(av.open(str(target), "w", format=container, options=options))
        output.metadata.update(original.metadata)
        streams = _add_streams(original, output, film, parts[0])
        if chapters := _chapters(original, span):
            output.set_chapters(chapters)
        other_packets = _other_packets(original, streams, film, span)
        video_packets = _video_packets(parts, streams[film.index], film, span)
        # Players expect the packets of all streams in the order in which they are decoded.
        for _, packet in heapq.merge(video_packets, other_packets, key=lambda pair: pair[0]):
            output.mux_one(packet)


def _add_streams(original: Any, output: Any, film: FilmReader, part: Path) -> dict[int, Any]:
    """Add all streams to the output, in the order of the original.

    Returns:
        The new streams, by the index of the original stream.
    """
    streams = {}
    for stream in original.streams:
        if stream.index == film.index:
            with av.open(str(part)) as encoded:
                video = output.add_stream_from_template(encoded.streams.video[0], opaque=True)
            video.metadata.update(_still_valid(stream.metadata))
            video.disposition = stream.disposition
            video.time_base = film.time_base
            streams[stream.index] = video
        elif stream.type == "attachment":
            if output.format.name in _ATTACHMENT_CONTAINERS:
                name, mime_type = stream.name or "attachment", stream.mimetype or ""
                output.add_attachment(name, mime_type, stream.data)
        elif (
            stream.disposition & Disposition.attached_pic
            and output.format.name in _ATTACHMENT_CONTAINERS
        ):
            # MP4 stores a cover as a video stream of one frame, Matroska as an attachment.
            output.add_attachment(*_read_cover(film, stream.index))
        elif (copy := _copy_stream(output, stream)) is not None:
            streams[stream.index] = copy
    return streams


def _read_cover(film: FilmReader, index: int) -> tuple[str, str, bytes]:
    """Return the file name, the MIME type and the bytes of a cover.

    The film is opened again, because reading the cover would move the original's position.
    """
    with film.open() as original:
        stream = original.streams[index]
        kind = "jpeg" if stream.codec_context.name == "mjpeg" else stream.codec_context.name
        data = next((bytes(packet) for packet in original.demux(stream) if packet.size), b"")
        return f"cover.{kind.replace('jpeg', 'jpg')}", f"image/{kind}", data


def _still_valid(metadata: dict[str, str]) -> dict[str, str]:
    """Return a video stream's metadata without what describes the original encoding."""
    outdated = ("rotate", "encoder", "duration", "bps", "number_of_", "_statistics")
    return {key: text for key, text in metadata.items() if not key.lower().startswith(outdated)}


def _chapters(original: Any, span: Span) -> list[Any]:
    """Return the chapters within a section, cut to it and counted from its start."""
    chapters = []
    for chapter in original.chapters():
        base = chapter["time_base"]
        start, end = float(chapter["start"] * base), float(chapter["end"] * base)
        last = end if span.end is None else min(end, span.end)
        first = max(start, span.start)
        if last > first:
            shifted = round((first - span.start) / base), round((last - span.start) / base)
            chapters.append({**chapter, "start": shifted[0], "end": shifted[1]})
    return chapters


def _video_packets(
    parts: Sequence[Path], stream: Any, film: FilmReader, span: Span
) -> Iterator[tuple[float, Any]]:
    """Yield the packets of all parts, each with its decoding time in seconds.

    The parts are read twice, because decoding times depend on the times of all frames; holding all
    packets instead would need as much memory as the film has bytes.
    """
    base = film.time_base
    shift = round(PART_SHIFT / base) + (0 if span.is_whole else film.pts_at(span.start))
    times = [round(packet.pts * packet.time_base / base) - shift for packet in _packets(parts)]
    for packet, pts, dts in zip(_packets(parts), times, _decoding_times(times), strict=True):
        packet.duration = round((packet.duration or 0) * packet.time_base / base)
        packet.pts, packet.dts, packet.time_base = pts, dts, base
        packet.stream = stream
        yield float(dts * base), packet


def _packets(parts: Iterable[Path]) -> Iterator[Any]:
    for part in parts:
        with av.open(str(part)) as encoded:
            yield from (packet for packet in encoded.demux(video=0) if packet.size)


def _decoding_times(times: Sequence[int]) -> Iterator[int]:
    """Return decoding times that increase and are never later than the presentation times.

    Encoders store frames in another order than they are shown in, so a frame may have to be decoded
    before frames that are shown earlier. The decoding times in the parts cannot be used: each part
    was encoded on its own, and they overlap where two parts meet. Instead, the presentation times
    in ascending order are used, delayed by the largest number of places that a frame is moved.

    Args:
        times: the presentation times, in the order in which the frames are stored.
    """
    ordered = sorted(times)
    position = {pts: number for number, pts in enumerate(ordered)}
    delay = max(number - position[pts] for number, pts in enumerate(times))
    step = ordered[1] - ordered[0] if delay else 0
    yield from (ordered[0] - step * (delay - number) for number in range(delay))
    yield from ordered[: len(ordered) - delay]


def _other_packets(
    original: Any, streams: dict[int, Any], film: FilmReader, span: Span
) -> Iterator[tuple[float, Any]]:
    """Yield the packets of all streams but the video, each with its decoding time in seconds."""
    if len(streams) == 1:  # only the video
        return
    latest = 0.0
    for packet in film.other_packets(original):
        if packet.stream_index not in streams:
            continue
        if packet.dts is None and packet.pts is None:  # a cover has no times
            packet.pts = packet.dts = 0
        base, shown_at = packet.time_base, packet.pts if packet.pts is not None else packet.dts or 0
        if not span.is_whole:
            # Spans count from the first frame, packets from the zero of the file's own clock.
            origin = float(film.start * film.time_base)
            if not span.contains(float(shown_at * base) - origin):
                continue
            shift = round((span.start + origin) / base)
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        decoded_at = packet.dts if packet.dts is not None else packet.pts or 0
        # `heapq.merge` needs ascending times, but the streams of a film are interleaved loosely.
        latest = max(latest, float(decoded_at * base))
        packet.stream = streams[packet.stream_index]
        yield latest, packet
