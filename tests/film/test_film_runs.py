"""Runs that are interrupted and resumed, damaged films, and reading from any time."""

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
from photochrom.files.names import hidden_beside
from photochrom.film import FilmListener, part_encoder, trial
from photochrom.film.encoder import PartWriter
from photochrom.film.reader import FilmReader
from tests.films import (
    CASES,
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

# --- interrupted runs -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_resumed_run_writes_the_same_film(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(part_encoder, "PART_SECONDS", 0.8)
    source = write_film(tmp_path / "in.mkv", [*panned(60), *panned(60, name="coffee")])
    whole = tmp_path / "whole.mkv"
    warm.film(source, whole, codec="ffv1")
    target = tmp_path / "out.mkv"
    for after in (40, 85):
        with pytest.raises(KeyboardInterrupt):
            warm.film(source, target, codec="ffv1", listener=InterruptingListener(after))
        assert not target.exists()
    listener = RecordingListener()
    report = warm.film(source, target, codec="ffv1", listener=listener)
    assert any("resuming at" in note for note in listener.notes)
    assert (report.frames, report.shots) == (120, 2)
    for (time, old), (other, new) in zip(planes(whole), planes(target), strict=True):
        assert time == other
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv", "whole.mkv"]


@pytest.mark.slow
def test_a_resumed_run_knows_the_notes_of_the_earlier_one(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(part_encoder, "PART_SECONDS", 0.3)
    source, target = CASES / "f08_prog_then_interlaced.vob", tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, listener=InterruptingListener(38))
    report = warm.film(source, target)
    assert [note for note in report.notes if "resuming at" in note]
    assert [note.split(" from ")[0] for note in report.notes][-1] == "the film is interlaced"
    assert report.problems == ()


@pytest.mark.slow
def test_a_run_with_other_settings_does_not_discard_finished_parts(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(part_encoder, "PART_SECONDS", 0.3)
    source, target = write_film(tmp_path / "in.mkv", panned(40)), tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, listener=InterruptingListener(22))
    other = InterruptingListener(3)
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, codec="ffv1", listener=other)
    assert other.notes[0].startswith("starting from the beginning")
    assert other.notes[-1].startswith("nothing is kept: films are kept in parts of 0.3 seconds")
    source.rename(tmp_path / "in.mkv.moved")
    (tmp_path / "in.mkv.moved").rename(source)
    listener = RecordingListener()
    warm.film(source, target, listener=listener)
    assert listener.notes[0].startswith("resuming at")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv"]


@pytest.mark.slow
def test_two_runs_cannot_write_the_same_film(tmp_path, warm):
    source, target = write_film(tmp_path / "in.mkv", panned(40)), tmp_path / "out.mkv"

    class SecondRun(FilmListener):
        def progress(self, task: str, done: int, total: int) -> None:
            if done == 5:
                with pytest.raises(OutputError, match=r"another run is already writing .*out\.mkv"):
                    warm.film(source, target, vividness=None)

    warm.film(source, target, listener=SecondRun())
    assert len(planes(target)) == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "out.mkv"]


@pytest.mark.parametrize("name", ["n" * 251, "ü" * 125])
def test_a_film_with_a_long_name(tmp_path, warm, name):
    """The longest that file systems allow."""
    source, target = write_film(tmp_path / "in.mkv", panned(4)), tmp_path / f"{name}.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, listener=InterruptingListener(2))
    warm.film(source, target)
    assert len(planes(target)) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", target.name}


def test_the_name_of_a_hidden_folder():
    assert hidden_beside("a.mkv", ".photochrom") == ".a.mkv.photochrom"
    assert len(hidden_beside("n" * 243, ".photochrom")) == 255
    names = [hidden_beside(f"{'n' * 243}{each}", ".photochrom") for each in "12"]
    assert [len(each) for each in names] == [255, 255]
    assert len({*names, hidden_beside("n" * 243, ".photochrom")}) == 3
    assert len(hidden_beside("\udcfc" * 251, ".photochrom")) < 255  # a name that is not UTF-8
    assert all(each.startswith(".nnn") and each.endswith(".photochrom") for each in names)


def test_a_partial_film_does_not_replace_the_original(tmp_path, warm):
    source = write_film(tmp_path / "out.partial.mkv", panned(4))
    before = source.read_bytes()
    with pytest.raises(OutputError, match="is an original"):
        warm.film(source, tmp_path / "out.mkv", partial=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize("options", [{"hints": [(0, Hint.at(900, 9, "#fff000"))]}, {"start": 99.0}])
def test_a_refused_film_leaves_no_files(tmp_path, options):
    source = write_film(tmp_path / "in.mkv", panned(4))
    with pytest.raises(ConfigError):
        Colorizer().film(source, tmp_path / "out.mkv", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.slow
def test_an_interrupted_run_can_write_a_partial_film(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(part_encoder, "PART_SECONDS", 0.3)
    source = write_film(tmp_path / "in.mkv", panned(40), sound="pcm_s16le")
    target, partial = tmp_path / "out.mkv", tmp_path / "out.partial.mkv"
    with pytest.raises(KeyboardInterrupt):
        warm.film(source, target, listener=InterruptingListener(22), partial=True)
    assert not target.exists()
    count = len(planes(partial))
    assert 6 <= count <= 22
    assert len(sound(partial)) == pytest.approx(2 * 8000 * count / 25, rel=0.2)
    warm.film(source, target, partial=True)
    assert len(planes(target)) == 40


@pytest.mark.slow
def test_a_full_disk_is_reported_and_finished_parts_are_kept(tmp_path, warm, monkeypatch):
    monkeypatch.setattr(part_encoder, "PART_SECONDS", 0.8)
    source, target = write_film(tmp_path / "in.mkv", panned(80)), tmp_path / "out.mkv"
    write, calls = PartWriter.write, []

    def write_until_full(self, *arguments):
        calls.append(1)
        if len(calls) == 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, *arguments)

    monkeypatch.setattr(PartWriter, "write", write_until_full)
    with pytest.raises(OutputFailed, match="No space left"):
        warm.film(source, target)
    assert not target.exists()
    warm.film(source, target)
    assert len(planes(target)) == 80
    assert len(calls) < 50 + 80


def test_a_disk_that_is_full_from_the_start_is_no_fault_of_the_container(
    tmp_path, warm, monkeypatch
):
    def open_full(*arguments):
        raise av.error.OSError(errno.ENOSPC, "No space left on device")

    source = write_film(tmp_path / "in.mkv", panned(3))
    monkeypatch.setattr(trial, "open_output", open_full)
    with pytest.raises(OutputFailed, match="No space left"):
        warm.film(source, tmp_path / "out.mkv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.slow
def test_damaged_packets_do_not_stop_a_film(tmp_path, warm):
    source = write_film(tmp_path / "in.avi", panned(60), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 900] = bytes(900)
    source.write_bytes(bytes(data))
    listener = RecordingListener()
    report = warm.film(source, tmp_path / "out.mkv", listener=listener)
    assert report.frames >= 50
    assert len(planes(tmp_path / "out.mkv")) == report.frames


def test_damage_at_the_end_is_in_the_report(tmp_path, warm):
    source = write_film(tmp_path / "in.avi", panned(30), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(source.read_bytes())
    last = data.rfind(b"00dc", 0, data.rfind(b"idx1"))
    data[last + 8 : last + 600] = bytes(592)
    source.write_bytes(bytes(data))
    listener = RecordingListener()
    report = warm.film(source, tmp_path / "out.mkv", listener=listener)
    assert listener.problems
    assert list(report.problems) == listener.problems


@pytest.mark.parametrize("suffix", [".ts", ".avi", ".mp4", ".264"])
def test_frames_can_be_read_from_any_place(tmp_path, suffix):
    """The indices of some containers lead past the wanted time, or nowhere."""
    path = write_film(tmp_path / f"in{suffix}", panned(60), codec="libx264", gop_size=12)
    film = FilmReader(path)
    frames = [(each.pts, each.luma.tobytes()) for each in film.frames(on_problem=print)]
    for number in (1, 13, 30, 59):
        rest = film.frames(first=frames[number][0], on_problem=print)
        assert [(each.pts, each.luma.tobytes()) for each in rest] == frames[number:]


def test_frames_of_another_size_are_resized_and_reported(tmp_path, warm):
    small = write_film(tmp_path / "a.ts", panned(5), codec="libx264")
    large = [np.repeat(np.repeat(frame, 2, 0), 2, 1) for frame in panned(5)]
    big = write_film(
        tmp_path / "b.ts", large, codec="libx264", size=(2 * WIDTH, 2 * HEIGHT),
        times=[24 * n for n in range(5, 10)],
    )  # fmt: skip
    source = tmp_path / "both.ts"
    source.write_bytes(small.read_bytes() + big.read_bytes())
    listener = RecordingListener()
    report = warm.film(source, tmp_path / "out.mkv", listener=listener)
    assert [note for note in report.notes if "the frame size changes to 192 × 128" in note]
    assert list(report.notes) == listener.notes
    assert not report.problems
    assert {planes_[0].shape for _, planes_ in planes(tmp_path / "out.mkv")} == {(HEIGHT, WIDTH)}


def test_sound_stays_in_sync_in_a_section_of_a_film_that_starts_late(tmp_path, warm):
    times = [240 + 24 * number for number in range(25)]
    source = write_film(tmp_path / "in.mkv", panned(25), sound="pcm_s16le", times=times)
    target = colored(tmp_path, warm, source, end=0.5)
    with av.open(str(target)) as film:
        begins: dict[str, float] = {}
        for packet in film.demux():
            if packet.size:
                begins.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
    assert begins == {"video": pytest.approx(0, abs=1e-3), "audio": pytest.approx(0, abs=0.06)}
