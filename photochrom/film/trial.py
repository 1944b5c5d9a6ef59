"""Find out by trial, before the work begins, what a container holds of a film.

Muxers refuse streams in three ways: when a stream is added, when the header is written, and by
storing something that nobody can read. So a stream is written, with its first packet, and read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import av

from photochrom.film.containers import MP4_CONTAINERS
from photochrom.film.mux import OutputPlan, open_output
from photochrom.film.stream_copy import codec_name, copy_stream, is_attachment, is_cover

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    from photochrom.film.reader import FilmReader

__all__ = ["WrittenFilm", "first_packets", "is_held", "written_film"]

Packets: TypeAlias = "Mapping[int, Packet[Stream]]"

_MAX_PACKETS: Final = 10_000  # read to find the first packet of each stream


@dataclass(frozen=True)
class WrittenFilm:
    """A film of one frame, as it is read after it was written.

    Attributes:
        color_tags: colour space, primaries, transfer and range, as numbered in FFmpeg.
        pixel_aspect: width of a pixel divided by its height.
        tags: the names of the film's tags, in lower case.
    """

    color_tags: tuple[int, int, int, int]
    pixel_aspect: Fraction
    tags: frozenset[str]


def first_packets(film: FilmReader) -> Packets:
    """Return the first packet of each stream, by the stream's index.

    Streams that begin very late are left out, since finding them would take long.
    """
    packets: dict[int, Packet[Stream]] = {}
    with film.open() as original:
        count = len(original.streams)
        for packet in islice(original.demux(), _MAX_PACKETS):
            if packet.size:
                packets.setdefault(packet.stream_index, packet)
            if len(packets) == count:
                break
    return packets


def is_held(stream: Stream, packet: Packet[Stream] | None, container: str, trial: Path) -> bool:
    """Return whether a container can hold a copy of a stream.

    Args:
        stream: a stream of the original.
        packet: its first packet; None if it is not known.
        container: FFmpeg's name of the container.
        trial: a file to write to; it is deleted again.
    """
    if is_attachment(stream, container):
        return True
    try:
        with av.open(str(trial), "w", format=container) as output:
            copy = copy_stream(output, stream)
            if copy is None:
                return False
            output.start_encoding()
            if packet is not None:
                packet.pts = packet.dts = 0
                packet.time_base, packet.stream = stream.time_base or packet.time_base, copy
                output.mux_one(packet)
        # A container may leave out a stream without packets, and MP4 has covers in its metadata.
        if packet is None or (is_cover(stream) and container in MP4_CONTAINERS):
            return True
        with av.open(str(trial)) as written:
            kinds = [(each.type, codec_name(each)) for each in written.streams]
    except (av.FFmpegError, ValueError):
        return False
    finally:
        trial.unlink(missing_ok=True)
    return (stream.type, codec_name(stream)) in kinds


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
    except (av.FFmpegError, ValueError, IndexError, StopIteration):
        return None
    finally:
        trial.unlink(missing_ok=True)
    color_tags = frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range
    return WrittenFilm(color_tags, aspect, tags)
