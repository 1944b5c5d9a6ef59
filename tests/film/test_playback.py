"""Films that most players can play: pixel formats, and AVI."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av import VideoFrame

from photochrom.errors import ConfigError
from photochrom.film.encoder import Encoding
from photochrom.film.fixed_rate import fixed_rate, ticks
from photochrom.film.pixel_format import Layout, detect_layout
from tests.films import RecordingListener, colored, panned, planes, sound, write_film


def layout(pix_fmt: str, width: int = 64, height: int = 48) -> Layout:
    return detect_layout(VideoFrame(width, height, pix_fmt), None)


@pytest.mark.parametrize(
    ("codec", "film", "auto", "source"),
    [
        ("h264", "yuv420p", "yuv420p", "yuv420p"),
        ("h264", "yuv422p", "yuv420p", "yuv422p"),
        ("h264", "yuv444p", "yuv420p", "yuv444p"),
        ("h264", "yuv444p10le", "yuv420p10le", "yuv444p10le"),  # 8 bits would change luma
        ("hevc", "yuv422p10le", "yuv420p10le", "yuv422p10le"),
        ("ffv1", "yuv444p", "yuv444p", "yuv444p"),  # a codec for editing
        ("prores", "yuv420p", "yuv422p10le", "yuv422p10le"),
    ],
)
def test_colours_are_halved_where_more_players_then_play(codec, film, auto, source):
    assert Encoding(codec).pix_fmt(layout(film)) == auto
    assert Encoding(codec, pixel_format="source").pix_fmt(layout(film)) == source


def test_what_is_done_and_what_players_cannot_play_is_said():
    def notes(pix_fmt: str, codec: str = "h264", choice: str = "auto", **size: int) -> str:
        return "; ".join(Encoding(codec, pixel_format=choice).notes(layout(pix_fmt, **size)))

    assert notes("yuv420p") == notes("yuv444p", "ffv1") == notes("yuv420p10le", "hevc") == ""
    assert notes("yuv444p").startswith("4:4:4 is stored as 4:2:0, which more players play; luma is")
    assert "cannot play h264 with 4:4:4" in notes("yuv444p", choice="source")
    assert "cannot play h264 with 4:2:0 with 10 bits; they can play hevc" in notes("yuv420p10le")
    assert "luma is rounded to 8 bits" in notes("yuv420p10le", choice="420")
    assert "which the odd size 63 × 48 needs" in notes("yuv420p", width=63)


def test_a_pixel_format_that_cannot_be():
    with pytest.raises(ConfigError, match="pixel formats auto, 420, source; received '411'"):
        Encoding("h264", pixel_format="411")
    for codec, width in (("h264", 63), ("prores", 64)):
        with pytest.raises(ConfigError, match=f"allow 4:2:0; received {codec} and {width} × 48"):
            Encoding(codec, pixel_format="420").pix_fmt(layout("yuv420p", width))


def test_luma_is_the_same_with_fewer_colours(tmp_path, warm):
    source = write_film(tmp_path / "in.mkv", panned(3), pix_fmt="yuv444p")
    lossless = {"codec": "h264", "quality": 0, "preset": "ultrafast"}
    target = colored(tmp_path, warm, source, **lossless)
    with av.open(str(target)) as film:
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p"
    for (_, old), (_, new) in zip(planes(source), planes(target), strict=True):
        np.testing.assert_array_equal(new[0], old[0])


def test_an_avi_has_frames_at_a_fixed_rate_and_its_sound(tmp_path, warm):
    numbers = [0, 1, 2, 5, 6, 8, 9, 10]  # some frames are shown for longer
    times = [24 * number for number in numbers]
    source = write_film(
        tmp_path / "in.mkv", panned(8), times=times, sound="pcm_s16le", chapters=True
    )
    target, listener = tmp_path / "out.avi", RecordingListener()
    warm.film(source, target, preset="ultrafast", listener=listener)
    assert listener.notes == ["out.avi cannot hold chapters, so they are left out"]
    assert sound(target) == sound(source)
    with av.open(str(target)) as film:
        stream = film.streams.video[0]
        assert film.format.name == "avi"
        assert stream.average_rate == 25
        shown = [packet.dts for packet in film.demux(stream) if packet.size]
    assert shown == numbers


def test_the_rate_of_an_avi_is_the_first_that_fits():
    base = Fraction(1, 1000)
    film = [0, 33, 67, 100, 133]  # as Matroska rounds 30 frames per second
    assert fixed_rate(film, base, [None, Fraction(25), Fraction(30)]) == 30
    assert ticks(film, base, Fraction(30)) == [0, 1, 2, 3, 4]
    uneven = [100, 124, 130, 190, 191]
    assert fixed_rate(uneven, base, [Fraction(30)]) == 120
    assert ticks(uneven, base, Fraction(120)) == [12, 15, 16, 23, 24]  # none at the same place
