"""What the new film keeps of the original, and what is refused or named before the work begins."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.packet import Packet

from photochrom.errors import OutputError
from photochrom.film import mux, trial
from photochrom.film.job import Span
from photochrom.film.reader import FilmReader
from tests.films import (
    CASES,
    InterruptingListener,
    RecordingListener,
    colored,
    panned,
    planes,
    sound,
    write_film,
)

# --- sound and subtitles --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "seen"),
    [((0.5, 1.5), (0, 0.5)), ((1.2, 1.4), (0.2, 0.4)), ((1.5, 3), (0.5, 1)), ((0.5, 5), (0, 1))],
)
def test_subtitles_on_screen_at_the_ends_of_a_section_are_kept(shown, seen):
    kept, packet = _moved(shown, Span(1, 2))
    assert kept
    assert (packet.pts / 10, (packet.pts + packet.duration) / 10) == pytest.approx(seen)
    for outside in ((0, 1), (2, 3)):
        assert not _moved(outside, Span(1, 2))[0]


def _moved(shown, span):
    with av.open(os.devnull, "w", format="matroska") as container:
        packet = Packet(b"x")
        packet.stream, packet.time_base = container.add_stream("srt"), Fraction(1, 10)
        packet.pts = packet.dts = round(shown[0] * 10)
        packet.duration = round((shown[1] - shown[0]) * 10)
        film = SimpleNamespace(start=0, time_base=Fraction(1, 25))
        return mux._move_into(packet, film, span), packet


@pytest.mark.parametrize(
    ("name", "suffix", "message"),
    [
        ("s10_flac.mkv", ".mov", r"sound \(flac\); \.mkv, \.mp4 and \.nut can"),
        ("s10_truehd.mkv", ".mp4", r"sound \(truehd\); \.mkv can"),
        ("s10_vorbis.mkv", ".ts", r"sound \(vorbis\); \.mkv, \.mp4, \.webm and \.nut can"),
        ("s10_pcm_mulaw.mkv", ".ts", r"sound \(pcm_mulaw\); \.mkv, \.mov and \.nut can"),
        ("s11.flv", ".mkv", r"sound \(adpcm_swf\); \.nut can"),
        ("s11_qt.mov", ".mkv", r"sound \(adpcm_ima_qt\); \.mov can"),
    ],
)
def test_sound_that_the_container_cannot_hold_is_refused_at_once(
    tmp_path, warm, name, suffix, message
):
    with pytest.raises(OutputError, match=rf"out{suffix} cannot hold the film's {message}$"):
        warm.film(CASES / name, tmp_path / f"out{suffix}", listener=InterruptingListener(0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["s11.wmv", "s10_pcm_mulaw.mkv"])
def test_matroska_holds_the_sound_of_wave_files(tmp_path, warm, name):
    target = colored(tmp_path, warm, CASES / name, end=0.3)
    assert sound(target)
    assert sound(target) in sound(CASES / name)
    with av.open(str(CASES / name)) as old, av.open(str(target)) as new:
        assert new.streams.audio[0].codec_context.name == old.streams.audio[0].codec_context.name
        assert next(new.decode(audio=0)).samples == next(old.decode(audio=0)).samples


@pytest.mark.parametrize("suffix", [".ts", ".mp4"])
def test_mpeg_sound_is_held(tmp_path, warm, suffix):
    """Until a packet is read, FFmpeg takes the sound for MP3."""
    source = write_film(tmp_path / "in.mkv", panned(3), sound="mp2", sample_rate=32000)
    target = colored(tmp_path, warm, source, codec="h264", suffix=suffix)
    assert sound(target) == sound(source)


@pytest.mark.parametrize("are_late", [False, True])
def test_subtitles_that_nobody_could_read_are_named(tmp_path, warm, monkeypatch, are_late):
    if are_late:
        monkeypatch.setattr(trial, "_MAX_BYTES", 0)
    listener = RecordingListener()
    warm.film(CASES / "s02_ass.mkv", tmp_path / "out.ts", end=0.2, listener=listener)
    assert listener.notes == ["out.ts cannot hold the subtitle stream (ass), so it is left out"]
    with av.open(str(tmp_path / "out.ts")) as film:
        assert [stream.type for stream in film.streams] == ["video"]


def test_sound_whose_times_go_back_is_copied(tmp_path, warm, monkeypatch):
    source = write_film(tmp_path / "in.mkv", panned(10), sound="mp2", sample_rate=32000)
    others = FilmReader.other_packets

    def repeated(self, container):
        yield from others(self, container)
        with self.open() as again:
            yield from others(self, again)

    monkeypatch.setattr(FilmReader, "other_packets", repeated)
    target = colored(tmp_path, warm, source, codec="h264", suffix=".mp4")
    assert sound(target) == 2 * sound(source)


# --- timecodes and tags ---------------------------------------------------------------------


def timecodes(path: Path) -> set[str]:
    with av.open(str(path)) as film:
        tagged = [film.metadata, *(stream.metadata for stream in film.streams)]
    return {text for tags in tagged for key, text in tags.items() if key.lower() == "timecode"}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("s22_tc.mov", ".mov"),
        ("s22_tc.mov", ".mkv"),
        ("tcmeta.mkv", ".mp4"),
        ("tcmeta.mkv", ".mov"),
    ],
)
def test_a_timecode_is_kept(tmp_path, warm, name, suffix):
    listener = RecordingListener()
    target = tmp_path / f"out{suffix}"
    warm.film(CASES / name, target, end=0.2, listener=listener)
    assert timecodes(target) == timecodes(CASES / name)
    assert not [note for note in listener.notes if "timecode" in note or "data stream" in note]


def test_a_section_begins_with_its_own_timecode(tmp_path, warm):
    warm.film(CASES / "s22_tc.mov", tmp_path / "out.mov", start=0.4, end=0.6)
    assert timecodes(tmp_path / "out.mov") == {"01:02:03:14"}


def test_a_timecode_that_cannot_be_stored_is_named(tmp_path, warm):
    """Drop frame is defined for 29.97 and 59.94 frames per second only."""
    tags = {"timecode": "01:00:00;00"}
    source = write_film(tmp_path / "in.mkv", panned(3), tags=tags)
    listener = RecordingListener()
    warm.film(source, tmp_path / "out.mp4", listener=listener)
    assert "out.mp4 cannot hold the timecode, so it is left out" in listener.notes


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_quicktime_keys_are_kept(tmp_path, warm, suffix):
    target = tmp_path / f"out{suffix}"
    warm.film(CASES / "apple.mov", target, end=0.2)
    with av.open(str(target)) as film:
        assert film.metadata["com.apple.quicktime.location.ISO6709"] == "+48.1+011.5/"
        assert film.metadata["com.apple.quicktime.make"] == "Apple"
        assert film.metadata["title"] == "Opa"


def test_tags_that_the_container_cannot_hold_are_named(tmp_path, warm):
    source = write_film(tmp_path / "in.mkv", panned(3), tags={"DIRECTOR": "Méliès"})
    listener = RecordingListener()
    warm.film(source, tmp_path / "out.mp4", listener=listener)
    assert "out.mp4 cannot hold these tags of the film: DIRECTOR" in listener.notes


# --- pictures -------------------------------------------------------------------------------


def test_full_range_is_kept_where_the_container_says_so(tmp_path, warm):
    target = colored(tmp_path, warm, CASES / "f14_gray.mp4", end=0.2)
    with av.open(str(target)) as film:
        assert next(film.decode(video=0)).color_range == 2
    np.testing.assert_array_equal(planes(target)[0][1][0], planes(CASES / "f14_gray.mp4")[0][1][0])


@pytest.mark.parametrize(("codec", "suffix"), [("prores", ".mov"), ("ffv1", ".nut")])
def test_full_range_is_converted_where_nothing_says_so(tmp_path, warm, codec, suffix):
    listener, target = RecordingListener(), tmp_path / f"out{suffix}"
    warm.film(CASES / "f14_gray.mp4", target, codec=codec, end=0.2, listener=listener)
    assert any("converted to limited range" in note for note in listener.notes)
    full, limited = (planes(each)[0][1][0] for each in (CASES / "f14_gray.mp4", target))
    scale = 4 if limited.dtype == np.uint16 else 1
    difference = limited / scale - (16 + full * (219 / 255))
    assert np.abs(difference).max() < 8  # ProRes is not without loss
    assert abs(difference.mean()) < 0.5


@pytest.mark.parametrize(
    ("codec", "suffix"), [("vp9", ".webm"), ("ffv1", ".mkv"), ("prores", ".mov"), ("h264", ".mp4")]
)
def test_colour_tags_are_kept(tmp_path, warm, codec, suffix):
    target = colored(tmp_path, warm, CASES / "bg_trc_sar.mp4", codec=codec, suffix=suffix, end=0.1)
    with av.open(str(target)) as film:
        frame = next(film.decode(video=0))
        assert frame.colorspace in (5, 6)  # two numbers of the same matrix
        assert (frame.color_primaries, frame.color_trc) == (5, 5)


@pytest.mark.parametrize(
    ("codec", "suffix"), [("vp9", ".webm"), ("ffv1", ".mkv"), ("prores", ".mov"), ("h264", ".ts")]
)
def test_the_shape_of_the_pixels_is_kept(tmp_path, warm, codec, suffix):
    target = colored(tmp_path, warm, CASES / "sar.mpg", codec=codec, suffix=suffix, end=0.1)
    with av.open(str(target)) as film:
        aspect = film.streams.video[0].sample_aspect_ratio
        assert float(aspect) == pytest.approx(16 / 15, rel=0.01)
        assert film.streams.video[0].metadata.get("title") is None


def test_what_the_container_cannot_say_of_the_pictures_is_named(tmp_path, warm):
    listener = RecordingListener()
    warm.film(CASES / "sar.mpg", tmp_path / "a.nut", codec="ffv1", end=0.1, listener=listener)
    warm.film(
        CASES / "bg_trc_sar.mp4", tmp_path / "b.nut", codec="ffv1", end=0.1, listener=listener
    )
    assert "a.nut cannot hold the shape of the pixels with ffv1 video, which is 16:15" in (
        listener.notes
    )
    assert "b.nut cannot hold these colour tags with ffv1 video: primaries, transfer" in (
        listener.notes
    )


def test_matroska_states_the_duration_of_a_frame(tmp_path, warm):
    target = colored(tmp_path, warm, CASES / "fps23976.mkv", end=0.2)
    data = target.read_bytes()
    place = data.index(b"\x23\xe3\x83") + 3  # the element DefaultDuration
    nanoseconds = int.from_bytes(data[place + 1 : place + 1 + (data[place] & 15)])
    assert nanoseconds == pytest.approx(1e9 * 1001 / 24000, abs=1)


@pytest.mark.parametrize("name", ["f01_vfr_gap.mp4", "s25_editlist_ss.mp4"])
def test_the_last_picture_is_shown_as_long_as_in_the_original(tmp_path, warm, name):
    warm.film(CASES / name, tmp_path / "out.mp4")
    lengths = []
    for path in (CASES / name, tmp_path / "out.mp4"):
        with av.open(str(path)) as film:
            stream = film.streams.video[0]
            lengths.append(float(stream.duration * stream.time_base))
    assert lengths[1] == pytest.approx(lengths[0], abs=1e-3)


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("hevc", ".mkv")])
def test_closed_captions_are_kept(tmp_path, warm, codec, suffix):
    target = colored(tmp_path, warm, CASES / "cc608.mp4", codec=codec, suffix=suffix, end=0.5)
    old, new = captions(CASES / "cc608.mp4"), captions(target)
    assert len(new) == 15
    assert any(new)
    assert new == old[:15]


def test_closed_captions_that_the_codec_cannot_hold_are_named(tmp_path, warm):
    listener = RecordingListener()
    report = warm.film(CASES / "cc608.mp4", tmp_path / "out.webm", end=0.2, listener=listener)
    assert "vp9 video cannot hold the closed captions, so they are left out; h264 and hevc can" in (
        listener.notes
    )
    assert list(report.notes) == listener.notes


def captions(path: Path) -> list[bytes]:
    """Return the captions of each frame."""
    with av.open(str(path)) as film:
        return [bytes(frame.side_data.get("A53_CC") or b"") for frame in film.decode(video=0)]


def test_raw_dv_is_written_with_its_timecode(tmp_path, warm):
    source = tmp_path / "in.dv"
    with av.open(str(source), "w") as film:
        video = film.add_stream("dvvideo", rate=25)
        video.width, video.height, video.pix_fmt = 720, 576, "yuv420p"
        voice = film.add_stream("pcm_s16le", rate=48000, layout="stereo")
        for number in range(5):
            frame = av.VideoFrame(720, 576, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            film.mux(video.encode(frame))
            samples = av.AudioFrame("s16", "stereo", 1920)
            samples.sample_rate, samples.pts = 48000, number * 1920
            film.mux(voice.encode(samples))
    assert FilmReader(source).rate == 25
    warm.film(source, tmp_path / "out.mov", max_rows=64, end=0.08)
    assert timecodes(tmp_path / "out.mov") == {"00:00:00:00"}
