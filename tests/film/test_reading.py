"""Reading films: awkward files, joined recordings, damage, and sequences of pictures."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from photochrom.cli.app import app
from photochrom.errors import UnreadableFilm, UnsupportedFilm
from photochrom.film.reader import FilmReader, SourceFrame
from tests.films import HEIGHT, WIDTH, colored, panned, planes, sound, write_film, write_frames
from tests.support import picture_bytes

CASES = Path(__file__).parent.parent / "cases" / "film"


def read(film: FilmReader, **options: Any) -> tuple[list[SourceFrame], list[tuple[float, str]]]:
    """Return the frames of a film, and the problems in it."""
    problems: list[tuple[float, str]] = []
    frames = film.frames(on_problem=lambda *problem: problems.append(problem), **options)
    return list(frames), problems


def times_of_others(film: FilmReader) -> list[float]:
    """Return the times of the packets of the sound and so on, in seconds."""
    with film.open() as container:
        packets = list(film.other_packets(container))
        return [float(each.pts * each.time_base) for each in packets if each.pts is not None]


# --- mirrored, cropped and interlaced films -------------------------------------------------


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("horizontally", [False, True])
@pytest.mark.parametrize("vertically", [False, True])
def test_a_turned_or_mirrored_film_is_read_as_players_show_it(
    tmp_path, degrees, horizontally, vertically
):
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(degrees, horizontally, vertically)
        film.mux(stream.encode(av.VideoFrame.from_ndarray(panned(1)[0], "rgb24")))
        film.mux(stream.encode(None))
    (_, stored), *_ = planes(path)
    # A film is turned counter-clockwise first, and mirrored then.
    expected = np.rot90(stored[0], degrees // 90)
    expected = expected[:, ::-1] if horizontally else expected
    expected = expected[::-1] if vertically else expected
    film = FilmReader(path)
    (frame,), _ = read(film)
    assert film.size == expected.shape
    np.testing.assert_array_equal(frame.luma, expected)


def test_edges_that_the_file_cuts_off_are_cut_off():
    film = FilmReader(CASES / "crop.mkv")
    (_, stored), *_ = planes(CASES / "crop.mkv")
    (frame, *_), _ = read(film)
    assert film.size == (64, 128)
    np.testing.assert_array_equal(frame.luma, stored[0][16:-16])


def test_a_film_that_becomes_interlaced_is_deinterlaced_from_there():
    path, notes = CASES / "f08_prog_then_interlaced.vob", list[str]()
    frames, problems = read(FilmReader(path), on_note=notes.append)
    assert problems == []
    assert notes == ["the film is interlaced from 0.40 s on; it is deinterlaced there"]
    stored = [each[0] for _, each in planes(path)]
    assert len(frames) == len(stored) == 40
    is_changed = [not np.array_equal(a.luma, b) for a, b in zip(frames, stored, strict=True)]
    assert not any(is_changed[:10])
    assert all(is_changed[10:])


# --- joined recordings ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["joined.ts", "joined.vob", "joined_forward.ts", "joined_videoonly.vob"]
)
def test_the_clock_goes_on_where_two_recordings_were_joined(name):
    film = FilmReader(CASES / name)
    frames, problems = read(film)
    assert (len(frames), problems) == (100, [])
    steps = [film.seconds_at(b.pts) - film.seconds_at(a.pts) for a, b in pairwise(frames)]
    join = steps.pop(49)  # the sound of a recording can be a little longer than its pictures
    assert steps == pytest.approx([0.04] * 98)
    assert 0.04 <= join < 0.1
    others = times_of_others(film)
    assert all(0.02 < later - earlier < 0.03 for earlier, later in pairwise(others))


@pytest.mark.parametrize("name", ["joined.ts", "joined.vob"])
def test_a_joined_film_can_be_read_from_any_place(name):
    film = FilmReader(CASES / name)
    frames = [(each.pts, each.luma.tobytes()) for each in read(film)[0]]
    for number in (1, 30, 49, 50, 51, 99):
        rest, _ = read(film, first=frames[number][0])
        assert [(each.pts, each.luma.tobytes()) for each in rest] == frames[number:]


# --- edit lists and tags --------------------------------------------------------------------


def test_what_an_edit_list_cuts_away_is_neither_seen_nor_heard(tmp_path, warm):
    source = CASES / "s25_editlist_ss.mp4"
    film = FilmReader(source)
    frames, _ = read(film)
    assert [film.seconds_at(each.pts) for each in frames] == pytest.approx(
        [0.04 * number for number in range(22)]
    )
    target = colored(tmp_path, warm, source)
    assert planes(target)[0][0] == 0
    assert 0 < len(sound(target)) < len(sound(source))


def test_the_silence_before_the_sound_is_kept():
    """AAC decoders need the silence before the sound."""
    others = times_of_others(FilmReader(CASES / "cut_tail.mkv"))
    assert len(others) == 31


def test_tags_that_are_not_utf_8_are_taken_for_latin_1(tmp_path, warm):
    with FilmReader(CASES / "tags_not_utf8.mp4").open() as film:
        assert film.metadata["compatible_brands"] == "isomiso2avc\xd3mp41"
    target = colored(tmp_path, warm, CASES / "tags_not_utf8.mp4")
    assert len(planes(target)) == 20


# --- damage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seconds", "stated"), [("cut_faststart.mp4", 2.28, 4.0), ("cut_tail.mkv", 0.8, 1.2)]
)
def test_a_film_whose_end_is_missing_is_named(name, seconds, stated, capfd):
    frames, problems = read(FilmReader(CASES / name))
    assert (
        pytest.approx(seconds),
        f"the film ends here, but its header says that it is {stated} s long",
    ) in problems
    assert frames
    assert capfd.readouterr() == ("", "")  # FFmpeg's own messages stay away


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"), [(".mov", "png", "rgb24"), (".mkv", "mpeg4", "yuv420p")]
)
@pytest.mark.parametrize("number", [5, 27, 28, 29])
def test_only_the_damaged_frame_is_lost(tmp_path, suffix, codec, pix_fmt, number):
    """With threads, a decoder drops the frames that it still holds if the end is damaged."""
    path = write_film(tmp_path / f"in{suffix}", panned(30), codec=codec, pix_fmt=pix_fmt)
    with av.open(str(path)) as film:
        packets = [(each.pos, each.size) for each in film.demux(video=0) if each.size]
    position, size = packets[number]
    data = bytearray(path.read_bytes())
    data[position + 10 : position + size] = bytes(size - 10)
    path.write_bytes(data)
    frames, problems = read(FilmReader(path))
    assert len(frames) == 29
    assert len(problems) == 1


def test_films_in_good_order_have_no_problems(tmp_path):
    for suffix, codec in ((".mkv", "libx264"), (".mp4", "libx264"), (".ts", "libx264")):
        times = [0, 24, 48, 72, 1500, 1524, 3000, 3024]
        path = write_film(tmp_path / f"in{suffix}", panned(8), codec=codec, times=times)
        frames, problems = read(FilmReader(path))
        assert (len(frames), problems) == (8, [])


# --- what is a film -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["f17_cover.mp3", "f17c_cover.m4a"])
def test_the_cover_of_a_record_is_no_film(name):
    with pytest.raises(UnsupportedFilm, match="has only a cover picture"):
        FilmReader(CASES / name)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "AVIF", "TIFF"])
def test_a_photograph_is_no_film(tmp_path, kind):
    path = tmp_path / f"photo.{kind.lower()}"
    Image.fromarray(panned(1)[0]).save(path, kind)
    with pytest.raises(UnsupportedFilm, match="is a single picture"):
        FilmReader(path)


def test_a_photograph_with_a_preview_behind_it_is_no_film(tmp_path):
    picture = picture_bytes(panned(1)[0], "JPEG")
    for name in ("photo.jpg", "photo.mpo"):
        (tmp_path / name).write_bytes(picture * 2)
        with pytest.raises(UnsupportedFilm, match="is a single picture"):
            FilmReader(tmp_path / name)


@pytest.mark.parametrize("name", ["raw.mjpeg", "raw.mjpg", "raw"])
def test_pictures_one_after_another_are_a_film(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"".join(picture_bytes(frame, "JPEG") for frame in panned(30)))
    film = FilmReader(path)
    frames, problems = read(film)
    assert [film.seconds_at(each.pts) for each in frames] == pytest.approx(
        [0.04 * number for number in range(30)]
    )
    assert problems == []


# --- names ----------------------------------------------------------------------------------


NAMES = ["scene:1.mkv", "a:b/in.mkv", "100%.mkv", "shot%03d.mkv"]
if sys.platform == "linux":  # other systems refuse names that are not UTF-8
    NAMES.append(os.fsdecode(b"caf\xe9.mkv"))


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses these names")
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_and_written(place, model_folder, name):
    source, target = Path(name), Path(name).with_suffix(".mp4")
    source.parent.mkdir(exist_ok=True)
    write_film(place / "old.mkv", panned(3)).rename(source)
    done = CliRunner().invoke(app, ["film", str(source), str(target), "-m", str(model_folder)])
    assert done.exit_code == 0, done.output
    target.rename("new.mp4")
    assert len(planes(Path("new.mp4"))) == 3


# --- sequences of pictures ------------------------------------------------------------------


def numbered(folder: Path, *numbers: int, digits: int = 5) -> Path:
    """Write pictures of these numbers, and return their pattern."""
    written = write_frames(folder, panned(len(numbers)))
    for file, number in zip(sorted(written.iterdir()), numbers, strict=True):
        file.rename(folder / f"_{number:0{digits}d}.png")
    return folder / f"_%0{digits}d.png"


def test_a_sequence_begins_at_any_number(tmp_path):
    for first in (0, 1, 100, 99999):
        film = FilmReader(numbered(tmp_path / str(first), first, first + 1, first + 2))
        frames, problems = read(film)
        assert ([each.pts for each in frames], problems) == ([0, 1, 2], [])
        assert (film.count, film.seconds) == (3, pytest.approx(0.12))


def test_missing_pictures_are_named_and_those_after_them_are_read(tmp_path):
    frames, problems = read(FilmReader(numbered(tmp_path / "in", 7, 8, 10, 14)))
    assert [each.pts for each in frames] == [0, 1, 3, 7]
    assert problems == [
        (pytest.approx(0.12), "_00009.png is missing"),
        (pytest.approx(0.28), "_00011.png to _00013.png are missing"),
    ]


def test_a_film_does_not_stand_still_for_many_missing_pictures(tmp_path):
    frames, problems = read(FilmReader(numbered(tmp_path / "in", 1, 2, 5000)))
    assert [each.pts for each in frames] == [0, 1, 2]
    assert [text for _, text in problems] == ["_00003.png to _04999.png are missing"]


def test_empty_and_broken_pictures_are_named_and_those_after_them_are_read(tmp_path):
    pattern = numbered(tmp_path / "in", *range(1, 11))
    for number, data in ((1, b""), (7, b""), (9, b"no picture")):
        (pattern.parent / f"_{number:05d}.png").write_bytes(data)
    frames, problems = read(FilmReader(pattern))
    assert [each.pts for each in frames] == [1, 2, 3, 4, 5, 7, 9]
    assert [text.split(":")[0] for _, text in problems] == [
        "_00001.png is empty",
        "_00007.png is empty",
        "_00009.png cannot be read",
    ]


def test_a_sequence_holds_only_the_pictures_of_its_pattern(tmp_path):
    pattern = numbered(tmp_path / "in", 1, 2, digits=3)
    for name in ("_0003.png", "_3.png", "_003.jpg", "x_003.png"):
        (pattern.parent / name).write_bytes(b"")
    assert read(FilmReader(pattern))[1] == []


def test_a_sequence_without_pictures_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnreadableFilm, match=r"numbered as .*%05d\.png; found none"):
            FilmReader(folder / "%05d.png")


def test_photographs_of_a_sequence_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn it clockwise
    for number, rgb in enumerate(panned(2)):
        Image.fromarray(rgb).save(tmp_path / f"{number}.jpg", exif=exif.tobytes())
    film = FilmReader(tmp_path / "%d.jpg")
    assert film.size == (WIDTH, HEIGHT)
    assert len(read(film)[0]) == 2
