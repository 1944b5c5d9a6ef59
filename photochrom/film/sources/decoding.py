"""Decode the packets of a film into frames, including those that the decoder holds back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import av
from av.codec.context import ThreadType
from av.packet import Packet

from photochrom.film.sources.base import reason
from photochrom.parallel import core_count, is_limited

if TYPE_CHECKING:
    from av import VideoFrame
    from av.stream import Stream
    from av.video.stream import VideoStream

    from photochrom.film.sources.base import ProblemCallback

__all__ = ["Decoder"]

# A frame is missing if the time without one is longer than usual by this factor. Not every packet
# becomes a frame: the second field of a frame, for example, can have a packet of its own.
_UNUSUAL_GAP: Final = 1.5
_MISSING_FRAME: Final = "a frame is missing; its packet cannot be decoded"


class Decoder:
    """Decodes the packets of one video stream; reports and skips what cannot be decoded.

    Attributes:
        last: the time of the latest frame that has come out, in the time base. None before that.
        is_cut_short: whether frames were lost at the end. A decoder with threads gives up all that
            it still holds when one of the last packets is damaged. Without threads it holds none.
    """

    def __init__(self, stream: VideoStream, report: ProblemCallback, *, threads: bool) -> None:
        """Set up the decoder.

        Args:
            stream: the video stream, of which nothing has been decoded yet.
            report: receives the damaged places.
            threads: whether several frames are decoded at once.
        """
        stream.thread_type = ThreadType.AUTO if threads else ThreadType.NONE
        if is_limited():
            stream.codec_context.thread_count = core_count()
        self._stream, self._report, self._threads = stream, report, threads
        self._time_base = stream.time_base or Fraction(1)
        self._time = 0.0
        self._problems: list[tuple[float, str]] = []  # since the last frame
        self._errors = 0  # that no missing frame has been assigned to yet
        self._awaited: set[int] = set()  # times of packets that have not become frames
        self._step = 0  # time between the last two frames
        self.last: int | None = None
        self.is_cut_short = False

    def frames(self, packets: Iterable[Packet[Stream]]) -> Iterator[VideoFrame]:
        """Yield the frames of the packets that belong to the stream.

        Problems after the last frame are not reported if frames were lost at the end: whoever
        decodes the end again will find them again.
        """
        for packet in packets:
            if packet.stream_index != self._stream.index:
                continue
            if packet.pts is not None:
                self._time = float(packet.pts * packet.time_base)
                if not packet.is_discard:
                    self._awaited.add(packet.pts)
            yield from self._decode(packet)
        flush = Packet()
        flush.stream, flush.time_base = self._stream, self._time_base
        yield from self._decode(flush)
        self._finish()

    def _decode(self, packet: Packet[Stream]) -> Iterator[VideoFrame]:
        try:
            frames = cast("Packet[VideoStream]", packet).decode()
        except (av.FFmpegError, OSError) as error:
            self._errors += 1
            self._problems.append((self._time, f"a packet cannot be decoded: {reason(error)}"))
            return
        for frame in frames:
            if frame.pts is not None:
                self._note_missing(frame.pts)
            self._report_problems()
            if frame.is_corrupt:
                self._report(self._time if frame.pts is None else frame.time, "a frame is damaged")
            yield frame

    def _note_missing(self, pts: int) -> None:
        """Note the frames that should have come before the one at `pts`, which has come."""
        missing = sorted(each for each in self._awaited if each < pts)
        self._awaited.difference_update(missing, [pts])
        step = 0 if self.last is None else pts - self.last
        if self._step and step > _UNUSUAL_GAP * self._step:
            self._add_missing(missing)
        self._step, self.last = step, pts

    def _add_missing(self, missing: list[int]) -> None:
        """Note missing frames, except those whose packets have caused an error."""
        self._problems += [
            (float(pts * self._time_base), _MISSING_FRAME) for pts in missing[self._errors :]
        ]
        self._errors = max(0, self._errors - len(missing))

    def _finish(self) -> None:
        """Find out whether frames are missing at the end."""
        missing = sorted(each for each in self._awaited if self.last is None or each > self.last)
        self.is_cut_short = self._threads and bool(missing)
        if not self.is_cut_short:
            if self._step and missing and missing[-1] - (self.last or 0) >= self._step:
                self._add_missing(missing)
            self._report_problems()

    def _report_problems(self) -> None:
        for time, text in self._problems:
            self._report(time, text)
        self._problems.clear()
