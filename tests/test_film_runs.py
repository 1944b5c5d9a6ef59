"""Films on their way: stopped and gone on with, damaged, entered anywhere."""

from __future__ import annotations

import errno

import av
import numpy as np
import pytest

from photochrom import Colorizer, Hint
from photochrom.errors import (
    ConfigError,
    OutputError,
    OutputFailed,
)
from photochrom.film import FilmProgress, pipeline
from photochrom.film.encoder import PartWriter
from photochrom.film.reader import FilmReader
from tests.films import HEIGHT, WIDTH, Heard, Stop, colored, panned, planes, sound, write_film

# --- long runs ------------------------------------------------------------------------------


def test_stopped_and_called_again_it_goes_on_to_the_same_film(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(pipeline, "_PART_SECONDS", 0.8)
    source = write_film(tmp_path / "in.mkv", [*panned(60), *panned(60, name="coffee")])
    whole = tmp_path / "whole.mkv"
    warm.film(source, whole, codec="ffv1")
    target = tmp_path / "out.mkv"
    for after in (40, 85):
        with pytest.raises(KeyboardInterrupt):
            warm.film(source, target, codec="ffv1", watcher=Stop(after))
        assert not target.exists()
    heard = Heard()
    report = warm.film(source, target, codec="ffv1", watcher=heard)
    assert any("resuming at" in note for note in heard.notes)
    assert (report.frames, report.shots) == (120, 2)
    for (time, old), (other, new) in zip(planes(whole), planes(target), strict=True):
        assert time == other
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv", "whole.mkv"]


def test_other_settings_in_between_cost_nothing(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(pipeline, "_PART_SECONDS", 0.3)
    source, target = write_film(tmp_path / "in.mkv", panned(40)), tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, watcher=Stop(22))
    other = Stop(3)
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, codec="ffv1", watcher=other)
    assert other.notes[0].startswith("starting from the beginning")
    assert other.notes[-1].startswith("no part is finished yet")
    source.rename(tmp_path / "in.mkv.moved")
    (tmp_path / "in.mkv.moved").rename(source)
    heard = Heard()
    warm.film(source, target, watcher=heard)
    assert heard.notes[0].startswith("resuming at")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv"]


def test_two_runs_for_one_film(tmp_path, warm):
    source, target = write_film(tmp_path / "in.mkv", panned(40)), tmp_path / "out.mkv"

    class SecondRun(FilmProgress):
        def frame(self, done: int, total: int, shot: int) -> None:
            if done == 5:
                with pytest.raises(OutputError, match=r"another run is already writing .*out\.mkv"):
                    warm.film(source, target, vividness=None)

    warm.film(source, target, watcher=SecondRun())
    assert len(planes(target)) == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv"]


def test_what_is_left_of_a_film_takes_no_originals_place(tmp_path, warm):
    source = write_film(tmp_path / "out.partial.mkv", panned(4))
    before = source.read_bytes()
    with pytest.raises(OutputError, match="is an original"):
        warm.film(source, tmp_path / "out.mkv", partial=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize("how", [{"hints": [(0, Hint.at(900, 9, "#fff000"))]}, {"start": 99.0}])
def test_what_is_refused_leaves_nothing(tmp_path, how):
    source = write_film(tmp_path / "in.mkv", panned(4))
    with pytest.raises(ConfigError):
        Colorizer().film(source, tmp_path / "out.mkv", **how)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_an_interrupted_film_can_be_left_playable(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(pipeline, "_PART_SECONDS", 0.3)
    source = write_film(tmp_path / "in.mkv", panned(40), sound=True)
    target, left = tmp_path / "out.mkv", tmp_path / "out.partial.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, watcher=Stop(22), partial=True)
    assert not target.exists()
    shown = len(planes(left))
    assert 6 <= shown <= 22
    assert len(sound(left)) == pytest.approx(2 * 8000 * shown / 25, rel=0.2)
    warm.film(source, target, partial=True)
    assert len(planes(target)) == 40


def test_a_full_disk_is_told_and_what_is_done_is_kept(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(pipeline, "_PART_SECONDS", 0.8)
    source, target = write_film(tmp_path / "in.mkv", panned(80)), tmp_path / "out.mkv"
    write, calls = PartWriter.write, []

    def full(self, *arguments):
        calls.append(1)
        if len(calls) == 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, *arguments)

    monkeypatch.setattr(PartWriter, "write", full)
    with pytest.raises(OutputFailed, match="No space left"):
        warm.film(source, target)
    assert not target.exists()
    warm.film(source, target)
    assert len(planes(target)) == 80
    assert len(calls) < 50 + 80


def test_broken_packets_are_told_with_their_time(tmp_path, warm):
    source = write_film(tmp_path / "in.avi", panned(60), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 900] = bytes(900)
    source.write_bytes(bytes(data))
    heard = Heard()
    report = warm.film(source, tmp_path / "out.mkv", watcher=heard)
    assert report.frames >= 50
    assert len(planes(tmp_path / "out.mkv")) == report.frames


def test_broken_places_at_the_end_are_in_the_report(tmp_path, warm):
    source = write_film(tmp_path / "in.avi", panned(30), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(source.read_bytes())
    last = data.rfind(b"00dc", 0, data.rfind(b"idx1"))
    data[last + 8 : last + 600] = bytes(592)
    source.write_bytes(bytes(data))
    heard = Heard()
    report = warm.film(source, tmp_path / "out.mkv", watcher=heard)
    assert heard.problems
    assert list(report.problems) == heard.problems


@pytest.mark.parametrize("suffix", [".ts", ".avi", ".mp4", ".264"])
def test_a_film_can_be_entered_anywhere(tmp_path, suffix):
    """Indices of some containers lead past the place that is sought, or nowhere."""
    path = write_film(tmp_path / f"in{suffix}", panned(60), codec="libx264", gop_size=12)
    film = FilmReader(path)
    whole = [(each.pts, each.luma.tobytes()) for each in film.frames(on_problem=print)]
    for number in (1, 13, 30, 59):
        some = film.frames(first=whole[number][0], on_problem=print)
        assert [(each.pts, each.luma.tobytes()) for each in some] == whole[number:]


def test_pictures_of_another_size_are_fitted_and_told(tmp_path, warm):
    small = write_film(tmp_path / "a.ts", panned(5), codec="libx264")
    large = [np.repeat(np.repeat(frame, 2, 0), 2, 1) for frame in panned(5)]
    big = write_film(
        tmp_path / "b.ts", large, codec="libx264", size=(2 * WIDTH, 2 * HEIGHT),
        times=[24 * n for n in range(5, 10)],
    )  # fmt: skip
    source = tmp_path / "both.ts"
    source.write_bytes(small.read_bytes() + big.read_bytes())
    report = warm.film(source, tmp_path / "out.mkv")
    assert "the frame size changes here" in [what for _, what in report.problems]
    assert {planes_[0].shape for _, planes_ in planes(tmp_path / "out.mkv")} == {(HEIGHT, WIDTH)}


def test_sound_stays_with_its_pictures_in_the_beginning_of_a_film_that_starts_late(tmp_path, warm):
    times = [240 + 24 * number for number in range(25)]
    source = write_film(tmp_path / "in.mkv", panned(25), sound=True, times=times)
    target = colored(tmp_path, warm, source, end=0.5)
    with av.open(str(target)) as film:
        begins: dict[str, float] = {}
        for packet in film.demux():
            if packet.size:
                begins.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
    assert begins == {"video": pytest.approx(0, abs=1e-3), "audio": pytest.approx(0, abs=0.06)}
