"""Read the packets of a film's file: from any time, to where it really ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, cast

import av
from av.format import Flags

from photochrom.film.sources.base import reason
from photochrom.film.sources.timeline import make_continuous

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

    from photochrom.film.sources.base import ProblemCallback

__all__ = ["clock_offset", "demux", "without_edited_out"]

_CONTAINER_TICKS: Final = 1_000_000  # per second, in the times of a container (`av.time_base`)
# The demuxers of formats whose header says how long the film is. For others, FFmpeg estimates it.
_FORMATS_WITH_LENGTH: Final = {"mov", "matroska", "avi", "asf", "nut"}
_LENGTH_TOLERANCE: Final = 0.25  # seconds
_MAX_PRIMING: Final = 0.15  # seconds of silence that audio encoders put before the sound


def clock_offset(container: InputContainer) -> float:
    """Return what is added to all stored times of a film, in seconds.

    In formats for broadcasts and DVDs, a recording can begin at any time of its clock, and the film
    is counted from its beginning. Elsewhere, times are kept as they are stored.
    """
    return -(container.start_time or 0) / _CONTAINER_TICKS if _may_jump(container) else 0.0


def _may_jump(container: InputContainer) -> bool:
    """Return whether the clock of a film may jump, by its format."""
    return bool(container.format.flags & cast("int", Flags.ts_discont.value))


def demux(
    container: InputContainer, stream: VideoStream, start: int | None, report: ProblemCallback
) -> Iterator[Packet[Stream]]:
    """Yield the packets of all streams, with continuous times, in the order of the file.

    Args:
        container: the film, newly opened.
        stream: the video stream.
        start: a time in the time base of the video stream. Reading begins at a key frame that is
            shown then or earlier, as far as the index of the file can be trusted. None means the
            beginning.
        report: receives the damaged places.

    Raises:
        av.FFmpegError: seeking to `start` failed.
    """
    may_jump = _may_jump(container)
    if start is not None and not may_jump:
        container.seek(start, stream=stream)
    extent, errors = _Extent(container, stream), list[av.FFmpegError | OSError]()
    stored = _stored_packets(container, errors)
    packets = make_continuous(stored, offset=clock_offset(container), may_jump=may_jump)
    if start is not None and may_jump:
        # The same stored time can occur twice, so the start is found by reading up to it.
        packets = _from_key_frame(packets, stream.index, start)
    for packet in packets:
        extent.add(packet)
        yield packet
    if errors:
        report(extent.end, f"the file cannot be read beyond this point: {reason(errors[0])}")
    elif missing := extent.describe_missing():
        report(extent.end, missing)


def _stored_packets(
    container: InputContainer, errors: list[av.FFmpegError | OSError]
) -> Iterator[Packet[Stream]]:
    """Yield packets as they are stored; if the file cannot be read further, add the error."""
    try:
        # An empty packet would make a decoder stop. PyAV ends each stream with one, and in AVI it
        # stands for a frame that equals the one before.
        yield from (packet for packet in container.demux() if packet.size)
    except (av.FFmpegError, OSError) as error:
        errors.append(error)


class _Extent:
    """How far the packets of a film reach, compared with what its header says.

    Attributes:
        end: the end of the last packet, in seconds.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.end = self._stated_end = 0.0
        self._index, self._shown_at, self._step = stream.index, 0.0, 0.0
        self._counts_all_streams = not stream.duration
        if container.format.name.partition(",")[0] not in _FORMATS_WITH_LENGTH:
            return
        if stream.duration and stream.time_base:
            end = (stream.start_time or 0) + stream.duration
            self._stated_end = float(end * stream.time_base)
        elif container.duration:  # of the longest stream
            end = (container.start_time or 0) + container.duration
            self._stated_end = end / _CONTAINER_TICKS

    def add(self, packet: Packet[Stream]) -> None:
        """Count a packet."""
        is_video = packet.stream_index == self._index
        if packet.pts is None or not (is_video or self._counts_all_streams):
            return
        shown_at = float(packet.pts * packet.time_base)
        duration = float((packet.duration or 0) * packet.time_base)
        if is_video:
            self._step = max(0.0, shown_at - self._shown_at)
            self._shown_at = max(self._shown_at, shown_at)
            duration = duration or self._step  # not every container says how long the last one is
        self.end = max(self.end, shown_at + duration)

    def describe_missing(self) -> str:
        """Return a message if the end of the film is missing, or an empty text."""
        if self.end + _LENGTH_TOLERANCE >= self._stated_end:
            return ""
        return f"the film ends here, but its header says that it is {self._stated_end:.1f} s long"


def _from_key_frame(
    packets: Iterable[Packet[Stream]], index: int, start: int
) -> Iterator[Packet[Stream]]:
    """Leave out what comes before the last key frame that is shown at `start` or earlier.

    Args:
        packets: the packets of all streams.
        index: the index of the video stream.
        start: a time in the time base of the video stream.
    """
    source = iter(packets)
    held: list[Packet[Stream]] = []
    for packet in source:
        pts = packet.pts
        if packet.stream_index == index and pts is not None:
            if packet.is_keyframe and pts <= start:
                held.clear()
            elif pts > start:
                yield from held
                yield packet
                break
        held.append(packet)
    else:
        yield from held
    yield from source


def without_edited_out(packets: Iterable[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Leave out the packets that the film's edit list cuts away.

    The silence that encoders put before the sound is kept, because decoders need it.
    """
    begun, cut = set[int](), set[int]()
    for packet in packets:
        index, time = packet.stream_index, 0.0
        if packet.pts is not None:
            time = float(packet.pts * packet.time_base)
        if packet.is_discard and index not in begun and time < -_MAX_PRIMING:
            cut.add(index)
        if packet.is_discard and (index in begun or index in cut):
            continue
        # A packet that reaches into the film is cut, too: it would begin before the pictures.
        if index in cut and time < 0:
            continue
        begun.add(index)
        yield packet
