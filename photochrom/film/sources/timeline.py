"""Make the clock of a film continuous where it starts again or jumps.

Recordings that were put end to end, such as the parts of a DVD or the clips of a camcorder, each
have a clock of their own. FFmpeg reports their times as they are stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["make_continuous"]

# A clock that goes back further than this, in seconds, has started again. Only in some formats are
# clocks expected to jump; in others, small steps back are errors of the program that wrote them.
_MAX_STEP_BACK: Final = 0.1
_MAX_STEP_BACK_ELSEWHERE: Final = 0.5
_MAX_STEP_FORWARD: Final = 10.0
_MAX_STEP_AT_END: Final = 1.0  # seconds between the last packets of a recording
_LOOKAHEAD: Final = 100  # packets after a jump in which all streams should appear


def make_continuous(
    packets: Iterable[Packet[Stream]], *, offset: float, may_jump: bool
) -> Iterator[Packet[Stream]]:
    """Yield packets with times that continue without a jump where the clock of the film jumps.

    All streams of a recording are moved by the same time, so they stay in step.

    Args:
        packets: the packets of all streams, in the order of the file. Their times are changed.
        offset: what is added to the times of the first recording, in seconds.
        may_jump: whether the format allows jumps. Otherwise, only a clock that starts again is
            corrected.
    """
    source = iter(packets)
    waiting: deque[Packet[Stream]] = deque()
    clock = _Clock(offset, may_jump=may_jump)
    while (packet := waiting.popleft() if waiting else next(source, None)) is not None:
        if not clock.fits(packet):
            while len(waiting) < _LOOKAHEAD and (later := next(source, None)) is not None:
                waiting.append(later)
            clock.restart([packet, *waiting])
        clock.move(packet)
        yield packet


class _Clock:
    """The offset between the times that are stored and the time of the film, in seconds.

    Each stream has its own offset, because its last packets of a recording can come after the first
    packets of another stream of the next recording.
    """

    def __init__(self, offset: float, *, may_jump: bool) -> None:
        self._step_back = _MAX_STEP_BACK if may_jump else _MAX_STEP_BACK_ELSEWHERE
        self._may_jump = may_jump
        self._newest = offset  # the offset of the latest recording
        self._offsets: dict[int, float] = {}
        self._last: dict[int, float] = {}  # the last decoding time of each stream
        self._end = 0.0  # the end of what has been shown so far

    def fits(self, packet: Packet[Stream]) -> bool:
        """Return whether a packet continues its stream."""
        stored = _decoding_time(packet)
        if stored is None:
            return True
        last = self._last.get(packet.stream_index)
        time = stored + self._offset(packet)
        if last is None:  # the first packet of a stream
            return (
                not self._may_jump
                or not self._last
                or (abs(time - max(self._last.values())) <= _MAX_STEP_FORWARD)
            )
        return time >= last - self._step_back and not (
            self._may_jump and time > last + _MAX_STEP_FORWARD
        )

    def restart(self, packets: list[Packet[Stream]]) -> None:
        """Let the next recording begin where the current one ends.

        Args:
            packets: the first packet that does not fit, and those after it.
        """
        starts: dict[int, float] = {}
        for packet in packets:
            stored = _decoding_time(packet)
            if stored is None or packet.stream_index in starts:
                continue
            is_known = packet.stream_index in self._last
            if is_known and self.fits(packet):  # one of the last of the current recording
                self._end = max(self._end, _end(packet) + self._offset(packet))
            else:
                starts[packet.stream_index] = _shown_at(packet)
        self._newest = self._end - min(starts.values())

    def move(self, packet: Packet[Stream]) -> None:
        """Change the times of a packet from those that are stored to those of the film."""
        stored = _decoding_time(packet)
        offset = self._offset(packet)
        if stored is not None:
            self._offsets[packet.stream_index] = offset
            self._last[packet.stream_index] = stored + offset
            self._end = max(self._end, _end(packet) + offset)
        if not offset:
            return
        ticks = round(offset / packet.time_base)
        # Changed together, since a decoding time must not be later than the time of showing.
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks

    def _offset(self, packet: Packet[Stream]) -> float:
        """Return the offset of the recording that a packet belongs to."""
        stored, own = _decoding_time(packet), self._offsets.get(packet.stream_index)
        if stored is None or own is None:
            return self._newest
        step = stored + own - self._last[packet.stream_index]
        return own if -self._step_back <= step <= _MAX_STEP_AT_END else self._newest


def _decoding_time(packet: Packet[Stream]) -> float | None:
    """Return the stored decoding time of a packet of pictures or sound, in seconds.

    Other streams have gaps of any length, so their times say nothing about the clock.
    """
    if packet.dts is None or packet.stream.type not in ("video", "audio"):
        return None
    return float(packet.dts * packet.time_base)


def _shown_at(packet: Packet[Stream]) -> float:
    """Return the stored time at which a packet with a decoding time is shown, in seconds."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return float((ticks or 0) * packet.time_base)


def _end(packet: Packet[Stream]) -> float:
    """Return the stored time at which a packet ends, in seconds."""
    return _shown_at(packet) + float((packet.duration or 0) * packet.time_base)
