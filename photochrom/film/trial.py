"""Find out by trial, before the work begins, what a container holds of a film.

Muxers refuse streams in three ways: when a stream is added, when the header is written, and by
storing something that nobody can play. So a stream is written, with its first packets, and read.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import av
from av.packet import Packet

from photochrom.film.containers import MP4_CONTAINERS
from photochrom.film.mux import OutputPlan, open_output
from photochrom.film.stream_copy import codec_name, copy_stream, is_attachment, is_cover
from photochrom.film.tags import has_timecode

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

    from photochrom.film.reader import FilmReader

__all__ = ["Packets", "WrittenFilm", "first_packets", "is_held", "written_film"]

Packets: TypeAlias = "Mapping[int, Sequence[tuple[Packet[Stream], Fraction]]]"
"""The first packets of each stream, by the stream's index, each with its duration in seconds."""

_TRIED_PACKETS: Final = 10  # per stream; players need several to recognize some codecs
_USUAL_DURATION: Final = Fraction(1, 10)  # seconds, of packets that do not say
_MAX_BYTES: Final = 1 << 26  # the largest part of a film that is read to find these packets
# Layers of MPEG audio, which some containers do not tell apart. Decoders play all of them.
_MPEG_AUDIO: Final = ("mp1", "mp2", "mp3")


@dataclass(frozen=True)
class WrittenFilm:
    """A film of one frame, as it is read after it was written.

    Attributes:
        color_tags: colour space, primaries, transfer and range, as numbered in FFmpeg.
        pixel_aspect: width of a pixel divided by its height.
        tags: the names of the film's tags, in lower case.
        has_timecode: whether the film or one of its streams has a timecode.
        has_chapters: whether the film has chapters.
    """

    color_tags: tuple[int, int, int, int]
    pixel_aspect: Fraction
    tags: frozenset[str]
    has_timecode: bool
    has_chapters: bool


def first_packets(film: FilmReader) -> Packets:
    """Return the first packets of each stream.

    Streams that begin very late are left out, since finding them would take long.
    """
    packets: dict[int, list[tuple[Packet[Stream], Fraction]]] = {}
    read = 0
    with film.open() as original:
        wanted = {each.index: 1 if is_cover(each) else _TRIED_PACKETS for each in original.streams}
        for packet in original.demux():
            index = packet.stream_index
            if packet.size and wanted.get(index):
                duration = (packet.duration or 0) * packet.time_base or _USUAL_DURATION
                packets.setdefault(index, []).append((packet, duration))
                wanted[index] -= 1
            read += packet.size
            if not any(wanted.values()) or read > _MAX_BYTES:
                break
    return packets


def is_held(
    film: FilmReader, stream: Stream, packets: Packets, container: str, trial: Path
) -> bool:
    """Return whether a container can hold a copy of a stream.

    Args:
        film: the original film.
        stream: one of its streams.
        packets: the first packets of the original.
        container: FFmpeg's name of the container.
        trial: a file to write to; it is deleted again.
    """
    if is_attachment(stream, container):
        return True
    copied = packets.get(stream.index, [])
    # MPEG-TS has no header, so nothing is known of a stream without packets.
    if not copied and stream.type == "subtitle" and container == "mpegts":
        copied = [(Packet(bytes(2)), _USUAL_DURATION)]
    try:
        with av.open(str(trial), "w", format=container) as output:
            copy = copy_stream(output, stream)
            if copy is None:
                return False
            output.start_encoding()
            _write_packets(output, stream, copy, copied)
        # A container may leave out a stream without packets, and MP4 has covers in its metadata.
        if not copied or (is_cover(stream) and container in MP4_CONTAINERS):
            return True
        with av.open(str(trial), metadata_errors="replace") as written:
            if _plays(written, stream):
                return True
            is_known = _kind(stream) in map(_kind, written.streams)
        with film.open() as original:  # what cannot be played there is copied as it is
            return is_known and not _plays(original, stream)
    except (av.FFmpegError, ValueError) as error:
        _raise_if_full(error)
        return False
    finally:
        trial.unlink(missing_ok=True)


def _raise_if_full(error: Exception) -> None:
    """Raise an error again if it says that the disk is full, which is no refusal."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        raise error


def _write_packets(
    output: OutputContainer,
    stream: Stream,
    copy: Stream,
    packets: Sequence[tuple[Packet[Stream], Fraction]],
) -> None:
    """Write packets of a stream to its copy, as if they were the first."""
    time = Fraction(0)
    for packet, duration in packets:
        base = stream.time_base or packet.time_base
        packet.time_base, packet.stream = base, copy
        packet.pts = packet.dts = round(time / base)
        packet.duration = round(duration / base)
        output.mux_one(packet)
        time += max(duration, base)


def _plays(container: InputContainer, stream: Stream) -> bool:
    """Return whether a container has a stream like another one, which can be decoded."""
    for each in container.streams:
        if _kind(each) == _kind(stream):
            try:
                return each.type != "audio" or next(container.decode(each), None) is not None
            except (av.FFmpegError, ValueError):
                return False
    return False


def _kind(stream: Stream) -> tuple[str, str]:
    """Return the type and the codec of a stream."""
    name = codec_name(stream)
    return stream.type, _MPEG_AUDIO[0] if name in _MPEG_AUDIO else name


def written_film(
    film: FilmReader, original: InputContainer, part: Path, plan: OutputPlan, trial: Path
) -> WrittenFilm | None:
    """Write a film of one frame, with everything that a plan puts into it, and read it.

    Args:
        film: the original film.
        original: the original film, opened.
        part: a part of one frame.
        plan: what is put into the film.
        trial: a file to write to; it is deleted again.

    Returns:
        What was read, or None if the container cannot hold what the plan puts into it.
    """
    try:
        with (
            open_output(film, original, part, trial, plan) as (output, streams),
            av.open(str(part)) as encoded,
        ):
            for packet in encoded.demux():
                if packet.size:
                    packet.pts = packet.dts = 0
                    packet.stream = streams[film.index]
                    output.mux_one(packet)
        with av.open(str(trial), metadata_errors="replace") as written:
            frame = next(written.decode(video=0))
            aspect = written.streams.video[0].sample_aspect_ratio or Fraction(1)
            tags = frozenset(key.lower() for key in written.metadata)
            kept = has_timecode(written), bool(written.chapters())
    except (av.FFmpegError, ValueError, IndexError, StopIteration) as error:
        _raise_if_full(error)
        return None
    finally:
        trial.unlink(missing_ok=True)
    color_tags = frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range
    return WrittenFilm(color_tags, aspect, tags, *kept)
