"""One clock for recordings that were put end to end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from photochrom.film.sources.timeline import make_continuous


@pytest.fixture
def streams() -> Iterator[dict[str, Stream]]:
    with av.open(os.devnull, "w", format="matroska") as container:
        video = container.add_stream("mpeg4", rate=25)
        sound = [container.add_stream("mp2", rate=48000) for _ in range(2)]
        words = container.add_stream("srt")
        yield {"video": video, "sound": sound[0], "more sound": sound[1], "words": words}


def moved(streams: dict[str, Stream], *packets: tuple[str, float], may_jump: bool = True):
    """Return the times of packets, in seconds, after correction. Each packet lasts one second."""
    made = []
    for name, seconds in packets:
        packet = Packet(b"x")
        packet.stream, packet.time_base = streams[name], Fraction(1, 10)
        packet.pts = packet.dts = round(seconds * 10)
        packet.duration = 10
        made.append(packet)
    return [(each.pts or 0) / 10 for each in make_continuous(made, offset=0.0, may_jump=may_jump)]


def test_times_in_order_are_unchanged(streams):
    packets = [("video", 5), ("sound", 5), ("video", 6), ("words", 90), ("sound", 6), ("video", 14)]
    assert moved(streams, *packets) == [time for _, time in packets]


@pytest.mark.parametrize("start", [0, 3600])
def test_a_recording_begins_when_all_streams_of_the_last_one_are_over(streams, start):
    first = [("video", 0), ("sound", 0), ("video", 1), ("sound", 1), ("sound", 2)]
    again = [("video", 0.5), ("sound", 0), ("video", 1.5), ("sound", 1)]
    again = [(name, start + time) for name, time in again]
    assert moved(streams, *first, *again)[5:] == [3.5, 3, 4.5, 4]


def test_late_packets_of_a_recording_keep_their_place(streams):
    """Demuxers return the last picture of a recording after the first sound of the next."""
    first = [("video", 0), ("sound", 0), ("sound", 1), ("video", 1), ("sound", 2)]
    again = [("sound", 0), ("video", 2), ("video", 0), ("video", 1), ("sound", 1)]
    assert moved(streams, *first, *again)[5:] == [3, 2, 3, 4, 4]


def test_subtitles_and_streams_that_begin_later_follow(streams):
    first = [("video", 0), ("video", 1)]
    again = [("video", 0), ("words", 0.5), ("more sound", 0), ("video", 1), ("more sound", 1)]
    assert moved(streams, *first, *again)[2:] == [2, 2.5, 2, 3, 3]


def test_any_number_of_recordings_can_be_joined(streams):
    packets = [("video", number % 3) for number in range(30)]
    assert moved(streams, *packets) == list(range(30))


def test_long_pauses_are_kept_in_formats_without_jumps(streams):
    packets = [("video", 0), ("video", 3600), ("video", 3601), ("video", 0), ("video", 1)]
    assert moved(streams, *packets, may_jump=False) == [0, 3600, 3601, 3602, 3603]
