"""Join the coloured parts and the other streams of the original into one film, packet by packet."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import av

from photochrom.film import matroska
from photochrom.film.containers import FIXED_RATE_CONTAINERS, MP4_CONTAINERS
from photochrom.film.encoder import PART_SHIFT
from photochrom.film.fixed_rate import fixed_rate, ticks
from photochrom.film.stream_copy import copy_stream, copy_to_attachment, is_attachment
from photochrom.film.tags import film_tags, has_quicktime_keys, is_timecode, video_tags

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

    from photochrom.film.job import Span
    from photochrom.film.pixel_format import Layout
    from photochrom.film.reader import FilmReader

__all__ = ["OutputPlan", "mux", "open_output"]

_MATROSKA_CONTAINERS: Final = ("matroska", "webm")
# Seconds from the last frame to the end that a film states. More is missing from the file.
_MAX_CORRECTION: Final = 1


@dataclass(frozen=True)
class OutputPlan:
    """What is put into the film to be written.

    Attributes:
        container: FFmpeg's name of the container.
        layout: the layout of the frames, with the colour tags to be written.
        span: the section of the original that is written.
        end: where the pictures of the original end, in the film's time base. None if it is not
            known exactly.
        copied: the indices of the original's streams that are copied.
        has_timecode: whether a timecode is kept, if the original has one.
        fixed_rate: the frame rate in a container that stores no times; else None.
    """

    container: str
    layout: Layout
    span: Span
    end: int | None = None
    copied: frozenset[int] = frozenset()
    has_timecode: bool = True
    fixed_rate: Fraction | None = None


def mux(
    film: FilmReader, parts: Sequence[Path], target: Path, plan: OutputPlan, last_duration: int
) -> None:
    """Write the coloured film.

    Sound, subtitles, chapters, attachments and metadata are copied from the original.

    Args:
        film: the original film.
        parts: the coloured parts, in order.
        target: the file to write; an existing one is replaced.
        plan: what is put into the film.
        last_duration: how long the last frame is shown, in the film's time base; 0 if unknown.
    """
    with film.open() as original:
        if plan.container in FIXED_RATE_CONTAINERS:
            stream = cast("VideoStream", original.streams[film.index])
            rates = film.rate, stream.base_rate
            found = fixed_rate(sorted(_times(parts, film, plan)), film.time_base, rates)
            plan = replace(plan, fixed_rate=found)
        _mux(film, original, parts, target, plan, last_duration)


def _mux(
    film: FilmReader,
    original: InputContainer,
    parts: Sequence[Path],
    target: Path,
    plan: OutputPlan,
    last_duration: int,
) -> None:
    with open_output(film, original, parts[0], target, plan) as made:
        output, streams = made
        other_packets = _other_packets(original, streams, film, plan.span)
        video_packets = _video_packets(parts, streams[film.index], film, plan, last_duration)
        # Players expect the packets of all streams in the order in which they are decoded.
        for _, packet in heapq.merge(video_packets, other_packets, key=lambda pair: pair[0]):
            output.mux_one(packet)


@contextmanager
def open_output(
    film: FilmReader, original: InputContainer, part: Path, target: Path, plan: OutputPlan
) -> Iterator[tuple[OutputContainer, dict[int, Stream]]]:
    """Open a film for writing, and write its header with everything that is in it.

    Args:
        film: the original film.
        original: the original film, opened.
        part: a coloured part.
        target: the file to write; an existing one is replaced.
        plan: what is put into the film.

    Yields:
        The container, and its streams by the index of the original stream.

    Raises:
        av.FFmpegError, ValueError: the container cannot hold what the plan puts into it.
    """
    tags = film_tags(original.metadata, plan.span.start, film.rate)
    options = {}
    if plan.container in MP4_CONTAINERS:
        # Players can start before the whole file is there.
        options["movflags"] = "+faststart"
        if has_quicktime_keys(tags):
            options["movflags"] += "+use_metadata_tags"
    if plan.container in _MATROSKA_CONTAINERS:
        # Without random identifiers, the same film is the same file.
        options["fflags"] = "+bitexact"
    with av.open(str(target), "w", format=plan.container, options=options) as output:
        output.metadata.update(_with_timecode(tags, plan))
        streams = _add_streams(film, original, part, output, plan)
        if chapters := _chapters(original, plan.span):
            output.set_chapters(chapters)
        output.start_encoding()
        yield output, streams
    if _needs_aspect(plan):
        as_ratio = plan.container == "matroska"
        matroska.set_pixel_aspect(target, plan.layout.pixel_aspect, as_ratio=as_ratio)


def _with_timecode(tags: dict[str, str], plan: OutputPlan) -> dict[str, str]:
    if plan.has_timecode:
        return tags
    return {key: text for key, text in tags.items() if not is_timecode(key)}


def _needs_aspect(plan: OutputPlan) -> bool:
    return plan.container in _MATROSKA_CONTAINERS and plan.layout.pixel_aspect != 1


def _add_streams(
    film: FilmReader,
    original: InputContainer,
    part: Path,
    output: OutputContainer,
    plan: OutputPlan,
) -> dict[int, Stream]:
    """Add all streams to the output, in the order of the original.

    Returns:
        The new streams, by the index of the original stream.
    """
    streams: dict[int, Stream] = {}
    for stream in original.streams:
        if stream.index == film.index:
            video = _add_video(output, part, film, plan)
            tags = video_tags(stream.metadata, plan.span.start, film.rate)
            video.metadata.update(_with_timecode(tags, plan))
            video.disposition = stream.disposition
            if _needs_aspect(plan):
                video.metadata["title"] = video.metadata.get("title", "") + matroska.RESERVE
            streams[stream.index] = video
        elif stream.index in plan.copied:
            if is_attachment(stream, plan.container):
                copy_to_attachment(output, stream, film)
            elif (copy := copy_stream(output, stream)) is not None:
                streams[stream.index] = copy
    return streams


def _add_video(
    output: OutputContainer, part: Path, film: FilmReader, plan: OutputPlan
) -> VideoStream:
    """Add the video stream. A part does not keep all of its properties, so they are set again."""
    with av.open(str(part)) as encoded:
        video = output.add_stream_from_template(encoded.streams.video[0], opaque=True)
    context, layout = video.codec_context, plan.layout
    context.framerate = plan.fixed_rate or film.rate
    context.sample_aspect_ratio = layout.pixel_aspect
    context.colorspace, context.color_primaries, context.color_trc, context.color_range = (
        layout.color_tags
    )
    video.time_base = 1 / plan.fixed_rate if plan.fixed_rate else film.time_base
    return video


def _chapters(original: InputContainer, span: Span) -> list[Chapter]:
    """Return the chapters within a section, cut to it and counted from its start."""
    chapters = []
    for chapter in original.chapters():
        base = chapter["time_base"]
        if base is None:
            continue
        start, end = float(chapter["start"] * base), float(chapter["end"] * base)
        last = end if span.end is None else min(end, span.end)
        first = max(start, span.start)
        if last > first:
            shifted = chapter.copy()
            shifted["start"] = round((first - span.start) / base)
            shifted["end"] = round((last - span.start) / base)
            chapters.append(shifted)
    return chapters


def _video_packets(
    parts: Sequence[Path], stream: Stream, film: FilmReader, plan: OutputPlan, last_duration: int
) -> Iterator[tuple[float, Packet[Stream]]]:
    """Yield the packets of all parts, each with its decoding time in seconds.

    The parts are read twice, because decoding times depend on the times of all frames; holding all
    packets instead would need as much memory as the film has bytes.
    """
    base, times = film.time_base, _times(parts, film, plan)
    ordered = sorted(times)
    last = _last_duration(film, plan, ordered[-1] + _start(film, plan), last_duration)
    if plan.fixed_rate:  # the encoder stores frames in the order in which they are shown
        last = max(1, round(last * base * plan.fixed_rate))
        times = ordered = ticks(times, base, plan.fixed_rate)
        base = 1 / plan.fixed_rate
    # A frame is shown until the next one is.
    durations = {first: after - first for first, after in pairwise(ordered)}
    durations[ordered[-1]] = last
    decoding_times = list(_decoding_times(times))
    if plan.container in MP4_CONTAINERS:
        # MP4 ends when the packet that is stored last does, which need not be shown last.
        length = ordered[-1] + durations[ordered[-1]] - ordered[0]
        durations[times[-1]] = max(1, length - (decoding_times[-1] - decoding_times[0]))
    for packet, pts, dts in zip(_read(parts), times, decoding_times, strict=True):
        packet.pts, packet.dts, packet.time_base = pts, dts, base
        packet.duration = durations[pts]
        packet.stream = stream
        yield float(dts * base), packet


def _start(film: FilmReader, plan: OutputPlan) -> int:
    """Return the time at which the written section begins, in the film's time base."""
    return 0 if plan.span.is_whole else film.pts_at(plan.span.start)


def _times(parts: Sequence[Path], film: FilmReader, plan: OutputPlan) -> list[int]:
    """Return when each frame is shown, in the film's time base, in the order of the parts."""
    base = film.time_base
    shift = round(PART_SHIFT / base) + _start(film, plan)
    return [round((packet.pts or 0) * packet.time_base / base) - shift for packet in _read(parts)]


def _last_duration(film: FilmReader, plan: OutputPlan, last: int, duration: int) -> int:
    """Return how long the last frame is shown, in the film's time base.

    Args:
        film: the original film.
        plan: what is put into the film.
        last: the time of the frame.
        duration: its duration, as it was read; 0 if unknown.
    """
    duration = duration or round(1 / (film.rate * film.time_base))
    longest = max(duration, round(_MAX_CORRECTION / film.time_base))
    if plan.end is not None and 0 < plan.end - last <= longest:
        duration = plan.end - last
    if plan.span.end is not None:
        duration = min(duration, max(1, film.pts_at(plan.span.end) - last))
    return duration


def _read(parts: Iterable[Path]) -> Iterator[Packet[Stream]]:
    for part in parts:
        with av.open(str(part)) as encoded:
            yield from (packet for packet in encoded.demux() if packet.size)


def _decoding_times(times: Sequence[int]) -> Iterator[int]:
    """Return decoding times that increase and are never later than the presentation times.

    Encoders store frames in another order than they are shown in, so a frame may have to be decoded
    before frames that are shown earlier. The decoding times in the parts cannot be used: each part
    was encoded on its own, and they overlap where two parts meet. Instead, the presentation times
    in ascending order are used, delayed by the largest number of positions that a frame is moved.

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
    original: InputContainer, streams: dict[int, Stream], film: FilmReader, span: Span
) -> Iterator[tuple[float, Packet[Stream]]]:
    """Yield the packets of all streams but the video, each with its decoding time in seconds."""
    if set(streams) == {film.index}:
        return
    latest, last_dts = 0.0, dict[int, int]()
    for packet in film.other_packets(original):
        index, base = packet.stream_index, packet.time_base
        if index not in streams:
            continue
        if packet.dts is None and packet.pts is None:  # a cover has no times
            packet.pts = packet.dts = 0
        if not _move_into(packet, film, span):
            continue
        decoded_at = packet.dts if packet.dts is not None else packet.pts or 0
        # Muxers refuse decoding times that do not increase, which occur in damaged films. Several
        # subtitles may begin at once.
        earliest = last_dts.get(index, decoded_at - 1) + (packet.stream.type != "subtitle")
        if decoded_at < earliest:
            decoded_at = earliest
            packet.dts, packet.pts = decoded_at, max(decoded_at, packet.pts or decoded_at)
        last_dts[index] = decoded_at
        # `heapq.merge` needs ascending times, but the streams of a film are interleaved loosely.
        latest = max(latest, float(decoded_at * base))
        packet.stream = streams[index]
        yield latest, packet


def _clip(packet: Packet[Stream], shown_at: int, first: int, last: int | None) -> bool:
    """Count the times of a subtitle from the start of a section; return whether it is seen there.

    Args:
        packet: the subtitle, which may begin before the section or end after it.
        shown_at: when it is shown, in its time base.
        first: the start of the section, likewise.
        last: the end of the section, likewise; None for that of the film.
    """
    end = shown_at + (packet.duration or 0)
    begin, end = max(shown_at, first), end if last is None else min(end, last)
    packet.pts = packet.dts = begin - first
    packet.duration = max(0, end - begin)
    return begin < end


def _move_into(packet: Packet[Stream], film: FilmReader, span: Span) -> bool:
    """Count the times of a packet from the start of a section; return whether it is within it."""
    if span.is_whole:
        return True
    base, shown_at = packet.time_base, packet.pts if packet.pts is not None else packet.dts or 0
    # Spans count from the first frame, packets from the zero of the file's own clock.
    origin = float(film.start * film.time_base)
    shift = round((span.start + origin) / base)
    if packet.stream.type == "subtitle" and packet.duration:
        last = None if span.end is None else round((span.end + origin) / base)
        return _clip(packet, shown_at, shift, last)
    is_within = span.contains(float(shown_at * base) - origin)
    packet.pts = None if packet.pts is None else packet.pts - shift
    packet.dts = None if packet.dts is None else packet.dts - shift
    return is_within
