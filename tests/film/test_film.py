"""Colouring films: what is kept from the original, steady colours, and refusals."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image
from typer.testing import CliRunner

from photochrom import Colorizer, Hint
from photochrom.cli.app import app
from photochrom.color import luma
from photochrom.errors import (
    ConfigError,
    ConfigTypeError,
    MissingExtra,
    OutputError,
    OutputExists,
    UnreadableFilm,
    UnsupportedFilm,
)
from photochrom.film import FilmListener, color_frames
from photochrom.film.propagation import Estimate, propagate
from photochrom.film.small_frames import small_frames
from tests.films import (
    HEIGHT,
    WIDTH,
    InterruptingListener,
    RecordingListener,
    colored,
    panned,
    planes,
    sound,
    write_film,
)
from tests.support import known_color_model, picture_bytes, write_model

# --- what is kept ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le", "gray"]
)
def test_luma_and_times_are_unchanged(tmp_path, warm, pix_fmt):
    source = write_film(tmp_path / "in.mkv", panned(20), pix_fmt=pix_fmt)
    before, after = planes(source), planes(colored(tmp_path, warm, source))
    assert [time for time, _ in after] == [time for time, _ in before]
    for (_, old), (_, new) in zip(before, after, strict=True):
        np.testing.assert_array_equal(new[0], old[0])
    deep = 4 if "10" in pix_fmt else 1
    cb, cr = (np.mean([new[n] for _, new in after]) for n in (1, 2))
    assert cr > 132 * deep  # the model `warm` colours everything reddish
    assert cb < 140 * deep
    assert after[0][1][1].dtype == (np.uint16 if deep > 1 else np.uint8)


@pytest.mark.slow
def test_uneven_times_are_kept(tmp_path, warm):
    times = [0, 24, 30, 90, 91, 200, 260, 500]
    source = write_film(tmp_path / "in.mkv", panned(8), times=times)
    for suffix, codec in ((".mkv", "ffv1"), (".mp4", "h264")):
        after = planes(colored(tmp_path, warm, source, suffix=suffix, codec=codec))
        found = [float(time) for time, _ in after]
        assert found == pytest.approx([float(time) for time, _ in planes(source)], abs=1e-3)


def test_sound_chapters_and_metadata_are_copied(tmp_path, warm):
    source = write_film(tmp_path / "in.mkv", panned(20), sound="pcm_s16le", chapters=True)
    target = colored(tmp_path, warm, source)
    assert sound(target) == sound(source)
    with av.open(str(source)) as old, av.open(str(target)) as new:
        assert new.metadata["title"] == "A test"
        assert [c["start"] for c in new.chapters()] == [c["start"] for c in old.chapters()]
        assert [stream.type for stream in new.streams] == [stream.type for stream in old.streams]


def test_a_rotated_film_is_written_upright(tmp_path, warm):
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(90)
        for rgb in panned(6):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
        film.mux(stream.encode(None))
    with av.open(str(source)) as film:
        turns = round(next(film.decode(video=0)).rotation / 90) % 4
    assert turns in (1, 3)
    before, after = planes(source), planes(colored(tmp_path, warm, source))
    for (_, old), (_, new) in zip(before, after, strict=True):
        np.testing.assert_array_equal(new[0], np.rot90(old[0], turns))


def test_colour_tags_are_kept_or_set(tmp_path, warm):
    tags = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}
    for name, wanted, settings in (("tagged", 1, tags), ("untagged", 6, {})):
        source = write_film(tmp_path / f"{name}.mkv", panned(3), codec="libx264", **settings)
        target = tmp_path / f"{name}-out.mkv"
        warm.film(source, target, codec="h264")
        with av.open(str(target)) as film:
            frame = next(film.decode(video=0))
            assert (frame.colorspace, frame.color_range) == (wanted, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("av1", ".mkv"), ("prores", ".mov"), ("prores", ".mkv"), ("hevc", ".mp4"), ("vp9", ".webm")],
)
def test_codecs(tmp_path, warm, codec, suffix):
    source = write_film(tmp_path / "in.mkv", panned(12), times=[600 + 24 * n for n in range(12)])
    target = colored(tmp_path, warm, source, codec=codec, suffix=suffix)
    before, after = planes(source), planes(target)
    expected = [float(time) for time, _ in before]
    assert [float(time) for time, _ in after] == pytest.approx(expected, abs=2e-3)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="needs Linux")
def test_no_encoder_keeps_real_time_priority_or_prints(tmp_path, warm, capfd):
    """SVT-AV1 takes real-time priority when root runs it, and later threads would inherit it."""

    class PriorityCheck(FilmListener):
        def progress(self, task: str, done: int, total: int) -> None:
            for task in Path("/proc/self/task").glob("*"):
                with suppress(ProcessLookupError):  # the thread has ended
                    assert os.sched_getscheduler(int(task.name)) == os.SCHED_OTHER

    source = write_film(tmp_path / "in.mkv", panned(8))
    warm.film(source, tmp_path / "out.mkv", codec="av1", listener=PriorityCheck())
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", ".ts"), ("h264", ".webm")])
def test_a_codec_that_the_container_cannot_hold_is_refused_at_once(tmp_path, warm, codec, suffix):
    source, listener = write_film(tmp_path / "in.mkv", panned(3)), InterruptingListener(0)
    with pytest.raises(OutputError, match=f"out{suffix} cannot hold {codec} video"):
        colored(tmp_path, warm, source, codec=codec, suffix=suffix, listener=listener)
    assert not (tmp_path / f"out{suffix}").exists()


def test_a_cover_is_kept(tmp_path, warm):
    plain = write_film(tmp_path / "plain.mp4", panned(3), codec="libx264")
    cover = picture_bytes(np.full((8, 8, 3), 200, np.uint8), "JPEG")
    source = tmp_path / "in.mp4"
    with av.open(str(plain)) as old, av.open(str(source), "w") as film:
        copy = film.add_stream_from_template(old.streams.video[0])
        picture = film.add_stream("mjpeg")
        picture.width = picture.height = 8
        picture.pix_fmt, picture.disposition = "yuvj444p", Disposition.attached_pic
        cover_packet = av.Packet(cover)
        cover_packet.stream, cover_packet.pts, cover_packet.dts = picture, 0, 0
        film.mux_one(cover_packet)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = copy
                film.mux_one(packet)
    warm.film(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as film:
        (stream,) = [each for each in film.streams if each.disposition & Disposition.attached_pic]
        assert next(bytes(each) for each in film.demux(stream) if each.size) == cover
    warm.film(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as film:
        assert len(planes(tmp_path / "out.mkv")) == 3
        covers = [bytes(e) for s in film.streams.video[1:] for e in film.demux(s) if e.size]
        assert covers == [cover]


def test_a_section_of_a_film(tmp_path, warm):
    source = write_film(tmp_path / "in.mkv", panned(25), sound="pcm_s16le", chapters=True)
    target = colored(tmp_path, warm, source, start=0.2, end=0.6)
    before, after = planes(source), planes(target)
    assert [float(t) for t, _ in after] == pytest.approx([n * 0.04 for n in range(10)], abs=1e-3)
    np.testing.assert_array_equal(after[0][1][0], before[5][1][0])
    assert 0 < len(sound(target)) < len(sound(source))


def test_a_sequence_of_pictures_is_a_film(tmp_path, warm):
    from PIL import Image

    for number, rgb in enumerate(panned(5)):
        Image.fromarray(rgb).save(tmp_path / f"{number:03d}.png")
    target = colored(tmp_path, warm, tmp_path / "%03d.png")
    assert len(planes(target)) == 5


def test_frames_can_be_reduced_for_a_preview(tmp_path, warm):
    source = write_film(tmp_path / "in.mkv", panned(4))
    after = planes(colored(tmp_path, warm, source, max_rows=32))
    assert after[0][1][0].shape == (32, 48)


def test_progress_can_preview_the_latest_frame(tmp_path, warm):
    previews = []

    class PreviewListener(FilmListener):
        def picture(self, look):
            previews.append(look(32))

    source = write_film(tmp_path / "in.mkv", panned(3))
    colored(tmp_path, warm, source, listener=PreviewListener())
    assert [each.shape for each in previews] == [(32, 48, 3)] * 3
    assert previews[0].dtype == np.uint8
    red, _, blue = previews[0].reshape(-1, 3).mean(0)
    assert red > blue  # the model `warm` colours everything reddish


# --- steady colours -------------------------------------------------------------------------


def flickering(count: int, cut: int | None = None, memory=None, first: int = 0):
    """Propagate estimates of `a` that alternate between 30 and -10 from key frame to key frame.

    Returns:
        The segments, and the key frames.
    """
    lumas = [luma(frame) for frame in panned(count)]
    if cut:
        lumas[cut:] = [luma(frame) for frame in panned(count - cut, name="coffee")]
    key_frames = []

    def estimate(_, frame):
        key_frames.append(frame)
        level = 30.0 if len(key_frames) % 2 else -10.0
        grid = np.ones(frame.grid, np.float32)
        return Estimate(np.dstack([grid * level, grid * 0]).astype(np.float32), grid)

    segments = list(propagate(small_frames(enumerate(lumas)), estimate, memory))
    return segments, key_frames


def test_flickering_estimates_are_averaged():
    segments, key_frames = flickering(100)
    frames = [frame for segment in segments for frame in segment.frames]
    assert [number for number, _, _ in frames] == list(range(100))
    assert len(key_frames) < 25
    mean_a = np.array([chroma[..., 0].mean() for _, _, chroma in frames])
    assert np.abs(np.diff(mean_a)).max() < 2  # the estimates differ by 40
    assert mean_a[30:].mean() == pytest.approx(10, abs=5)


def test_a_cut_begins_a_new_shot():
    segments, _ = flickering(40, cut=20)
    begins = [segment.frames[0][0] for segment in segments if segment.begins_shot]
    assert begins == [0, 20]


def test_frames_in_memory_keep_their_luma(warm):
    lumas = [luma(frame) for frame in panned(10)]
    colored_frames = list(color_frames(warm.model, lumas))
    assert len(colored_frames) == 10
    for grey, rgb in zip(lumas, colored_frames, strict=True):
        assert np.abs(luma(rgb).astype(int) - grey).max() <= 1


@pytest.mark.slow
def test_a_hint_reaches_the_whole_shot(tmp_path):
    """A hint for a frame in the middle changes the first and the last frame, too."""
    source = write_film(tmp_path / "in.mkv", panned(30), pix_fmt="yuv444p")
    colorizer = Colorizer()
    plain = planes(colored(tmp_path, colorizer, source))
    hint = (0.6, Hint.at(40, 40, "#1030d0", 12))
    hinted = planes(colored(tmp_path, colorizer, source, hints=[hint], overwrite=True))
    for number in (0, 15, 29):
        bluer = hinted[number][1][1].astype(int) - plain[number][1][1]
        assert bluer[24:56, 20:60].max() > 15


@pytest.mark.slow
def test_a_hint_can_be_limited_to_its_shot(tmp_path):
    """The third shot shows the same as the first, and follows its hint unless that is limited."""
    frames = panned(8) + panned(8, name="coffee") + panned(8)
    source = write_film(tmp_path / "in.mkv", frames, pix_fmt="yuv444p")
    options = {"colorizer": Colorizer(), "source": source, "overwrite": True}
    plain = planes(colored(tmp_path, **options))
    hints = [(0.2, Hint.at(40, 40, "#1030d0", 12))]
    follows = {}
    for spans in (None, {0.2: (0.0, 0.32)}):
        hinted = planes(colored(tmp_path, **options, hints=hints, hint_spans=spans))
        bluer = [new[1][1].astype(int) - old[1][1] for new, old in zip(hinted, plain, strict=True)]
        follows[spans is None] = [int(bluer[number][24:56, 20:60].max()) for number in (4, 20)]
    assert min(follows[True]) > 15
    assert follows[False][0] > 15
    assert follows[False][1] == 0


def test_a_reference_can_be_limited_to_a_shot(tmp_path):
    """Of two equal shots, only the first becomes as blue as the reference."""
    frames = panned(8) + panned(8, name="coffee") + panned(8)
    source = write_film(tmp_path / "in.mkv", frames, pix_fmt="yuv444p")
    blue, grey = tmp_path / "blue.png", tmp_path / "grey.png"
    Image.fromarray(frames[0] // 2 + np.array([0, 40, 120], np.uint8)).save(blue)
    Image.fromarray(frames[0][..., 0]).save(grey)
    model = write_model(tmp_path / "model", known_color_model(compares=True))
    how = ["film", str(source), str(tmp_path / "out.mkv"), "-m", str(model), "--codec", "ffv1"]
    done = CliRunner().invoke(app, [*how, "--reference", f"0-0:00.32,{blue}"])
    assert done.exit_code == 0, done.output
    cb = [planes_of_frame[1].mean() for _, planes_of_frame in planes(tmp_path / "out.mkv")]
    assert min(cb[:8]) > max(cb[8:]) + 20
    assert np.ptp(cb[16:]) < 1

    for reference, error, message in (
        ((blue, 1.0), ConfigTypeError, r"its section as \(start, end\) in seconds"),
        ((blue, (2, 1)), ConfigError, "expected a start of at least 0 and an end after it"),
        ((grey, (0, 1)), ConfigError, r"a reference in colour; .*grey\.png is grey"),
    ):
        with pytest.raises(error, match=message):
            Colorizer(model).film(source, tmp_path / "new.mkv", references=[reference])
    for section, words in (("5-1", "--reference: expected a start"), ("7-9", "within the film")):
        wrong = CliRunner().invoke(
            app, [*how, "--reference", f"{section},{blue}", "--exists", "overwrite"]
        )
        assert (wrong.exit_code, words in wrong.stderr) == (2, True)
    wrong = CliRunner().invoke(app, [*how, "--exists", "overwrite", "--reference", "0-9,none.png"])
    assert wrong.exit_code == 1
    assert "none.png" in wrong.output


@pytest.mark.slow
def test_a_hint_for_a_preview_is_in_pixels_of_the_film(tmp_path):
    source = write_film(tmp_path / "in.mkv", panned(4), pix_fmt="yuv444p")
    options = {"colorizer": Colorizer(), "source": source, "max_rows": 32, "overwrite": True}
    plain = planes(colored(tmp_path, **options))
    hint = (0.0, Hint.at(80, 50, "#1030d0", 12))
    hinted = planes(colored(tmp_path, **options, hints=[hint]))
    bluer = hinted[0][1][1].astype(int) - plain[0][1][1]
    assert bluer[25, 40] > 15


# --- refusals -------------------------------------------------------------------------------


def test_refusals(tmp_path, warm):
    film = write_film(tmp_path / "in.mkv", panned(3), sound="pcm_s16le")
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    picture = tmp_path / "one.png"
    from PIL import Image

    Image.fromarray(panned(1)[0]).save(picture)
    out = tmp_path / "out.mkv"
    for source, error, message in (
        (tmp_path / "none.mp4", UnreadableFilm, "No such file"),
        (text, UnreadableFilm, "text.mp4"),
        (picture, UnsupportedFilm, "single picture"),
    ):
        with pytest.raises(error, match=message):
            warm.film(source, out)
    with pytest.raises(OutputError, match=r"in \.mp4"):
        warm.film(film, tmp_path / "out.txt")
    with pytest.raises(OutputError, match="pcm_s16le"):
        warm.film(film, tmp_path / "out.webm")
    with pytest.raises(OutputError, match="other than the film itself"):
        warm.film(film, film, overwrite=True)
    out.write_bytes(b"mine")
    with pytest.raises(OutputExists):
        warm.film(film, out)
    assert out.read_bytes() == b"mine"
    for options in ({"codec": "h265"}, {"quality": 99}, {"start": 3, "end": 2}, {"start": 99}):
        with pytest.raises(ConfigError):
            warm.film(film, tmp_path / "other.mkv", **options)
    for hints in ((), [(0.0, Hint.at(40, 40, "#1030d0"))]):
        with pytest.raises(ConfigError, match="expected a vividness from 0 to 1; received 2"):
            warm.film(film, tmp_path / "other.mkv", vividness=2, hints=hints)
    assert not list(tmp_path.glob("*.tmp"))


def test_films_need_an_extra(tmp_path, warm, monkeypatch):
    monkeypatch.setattr("photochrom.film.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="video"):
        warm.film(tmp_path / "in.mkv", tmp_path / "out.mkv")


def test_the_command(tmp_path, model_folder):
    source, target = write_film(tmp_path / "in.mkv", panned(12)), tmp_path / "out.mp4"
    arguments = ["film", str(source), str(target), "-m", str(model_folder)]
    done = CliRunner().invoke(app, [*arguments, "--json", "--to", "0:00.4"])
    assert done.exit_code == 0, done.output
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["frames"] == 10
    assert any(event["event"] == "frame" for event in events)
    there = CliRunner().invoke(app, arguments)
    assert (there.exit_code, "allow overwriting (--exists overwrite)" in there.stderr) == (1, True)
    assert CliRunner().invoke(app, [*arguments, "--exists", "skip"]).exit_code == 0
    for wrong, words in (
        (["--from", "soon"], "--from: expected a time"),
        (["--hint", "5"], "--hint: expected a hint as TIME,X,Y,COLOR"),
        (["--from", "9", "--to", "2"], "an end after it"),
        (["--reference", "1:2:3:4-9,a.png"], "--reference: expected a time"),
        (["--from", "9" * 19], "expected frames between"),
        (["--hint", "9" * 19 + ",1,1,red"], "expected hints within the film"),
    ):
        found = CliRunner().invoke(app, [*arguments, "--exists", "overwrite", *wrong])
        assert (found.exit_code, words in found.stderr) == (2, True)
    missing = ["film", str(tmp_path / "none.mkv"), str(tmp_path / "new.mkv")]
    assert CliRunner().invoke(app, missing).exit_code == 2


def test_odd_sizes_and_attachments(tmp_path, warm):
    odd = [frame[:63, :95] for frame in panned(4)]
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as film:
        film.add_attachment("font.ttf", "font/ttf", b"letters")
        stream = film.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 95, 63, "bgr0"
        for rgb in odd:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
        film.mux(stream.encode(None))
    listener = RecordingListener()
    warm.film(source, tmp_path / "out.mp4", listener=listener)
    assert any("attachment" in note and "left out" in note for note in listener.notes)
    assert planes(tmp_path / "out.mp4")[0][1][0].shape == (63, 95)
    warm.film(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as film:
        assert [each.data for each in film.streams if each.type == "attachment"] == [b"letters"]
