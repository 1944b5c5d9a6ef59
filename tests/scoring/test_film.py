"""The measures of films, on frames whose scores are known."""

from __future__ import annotations

import csv
import io
import json
import sys
from fractions import Fraction
from operator import length_hint
from pathlib import Path

import av
import numpy as np
import pytest
from rich.console import Console

from photochrom.color import luma
from photochrom.errors import DataError, MissingExtra, PhotoError
from photochrom.scoring import (
    FILM_METRICS,
    CdcTally,
    FilmReport,
    Motion,
    MotionTracker,
    Reel,
    Timeline,
    WarpTally,
    evaluate_film,
    film_to_json,
    film_to_table,
    flat_color,
    flicker_plot,
    frames_to_csv,
    to_lab,
)
from photochrom.scoring.metrics import PSNR_CEILING
from photochrom.scoring.temporal import reliable_motion
from tests.films import write_frames

COUNT, SIDE = 6, 64


@pytest.fixture(scope="module")
def pan(astronaut: np.ndarray) -> list[np.ndarray]:
    """Six frames, (64, 64, 3) uint8, of a camera that pans over a face, two pixels per frame."""
    return [
        np.ascontiguousarray(astronaut[30 : 30 + SIDE, 80 + 2 * i : 80 + SIDE + 2 * i])
        for i in range(COUNT)
    ]


def write_film(path: Path, frames: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", Fraction(25))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
    return path


# --- warp error -----------------------------------------------------------------------------


def warp_error(trues: list[np.ndarray], colours: list[np.ndarray]) -> float:
    """Return the warp error of coloured frames: from true frames' luma, and ab, (H, W, 2)."""
    tracker, tally = MotionTracker(), WarpTally()
    for true, ab in zip(trues, colours, strict=True):
        tally.add(ab.astype(np.float32), tracker.motion(np.asarray(luma(true), np.uint8)))
    return tally.error()


def ab_of(rgb: np.ndarray) -> np.ndarray:
    return to_lab(rgb)[..., 1:]


def even(rgb: np.ndarray, a: float, b: float) -> np.ndarray:
    return np.broadcast_to(np.float32([a, b]), (*rgb.shape[:2], 2))


def test_a_still_film_is_steady(astronaut):
    assert warp_error([astronaut] * 3, [ab_of(astronaut)] * 3) == 0


def test_colours_that_move_with_what_they_belong_to_are_steady(pan):
    moving = warp_error(pan, [ab_of(frame) for frame in pan])
    left_behind = warp_error(pan, [ab_of(pan[0])] * COUNT)
    assert moving < 0.5
    assert left_behind > 20 * moving


def test_flicker_counts_as_its_square(pan):
    flicker = [even(frame, 3 * (i % 2), 4 * (i % 2)) for i, frame in enumerate(pan)]
    assert warp_error(pan, flicker) == pytest.approx(25)


def test_what_was_hidden_does_not_count(astronaut):
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    frames = [astronaut.copy(), astronaut.copy()]
    for frame, left in zip(frames, (80, 92), strict=True):
        frame[100:140, left : left + 40] = noise
    before, after = even(astronaut, 0, 0), even(astronaut, 0, 0).copy()
    after[100:140, 80:92] = 100  # what the square uncovers as it moves to the right
    assert warp_error(frames, [before, after]) < 1
    shown = warp_error([astronaut] * 2, [before, after])
    assert shown == pytest.approx(2 * 100**2 * 40 * 12 / astronaut.shape[0] ** 2)


def test_where_a_place_can_be_followed():
    right = np.broadcast_to(np.float32([2, 0]), (32, 40, 2)).copy()
    within = np.ones((32, 40), bool)
    within[:, -2:] = False  # these two columns come from without
    assert np.array_equal(reliable_motion(right, -right), within)
    assert not reliable_motion(right, 0 * right).any()  # nothing comes back to where it was
    torn = right.copy()
    torn[:, 20:] = [0, 2]
    gap = ~reliable_motion(torn, -torn)[8:24].all(
        0
    )  # at the motion's boundary, and where the left goes
    assert set(np.flatnonzero(gap)) == {18, 19, 20}


def test_a_cut_does_not_count(astronaut):
    calm, other = astronaut[:128, :128], np.ascontiguousarray(astronaut[128:, 128:][::-1])
    trues = [calm, calm, calm, other, other]
    flicker = [even(calm, 3 * (i % 2), 0) for i in range(3)]
    new = [even(calm, 60, 60)] * 2
    cut = MotionTracker()
    motions = [cut.motion(np.asarray(luma(true), np.uint8)) for true in trues]
    assert [each and each.reliable.mean() > 0.9 for each in motions] == [
        None,
        True,
        True,
        False,
        True,
    ]
    assert motions[3] is not None
    assert motions[3].reliable.mean() < 0.05
    pooled = warp_error(trues, [*flicker, *new])
    by_accident = (60**2 + 60**2) * motions[3].reliable.mean()  # not 7200 for a fourth of the film
    assert pooled == pytest.approx(
        (9 + 9 + by_accident) / (3 + motions[3].reliable.mean()), rel=0.02
    )


def test_nothing_that_can_be_followed():
    motion = Motion(np.zeros((20, 20, 2), np.float32), np.zeros((20, 20), bool))
    tally, ab = WarpTally(), np.ones((20, 20, 2), np.float32)
    assert np.isnan([tally.add(ab, None), tally.add(ab, motion), tally.error()]).all()


def test_tall_frames_are_reduced():
    tracker, tall = MotionTracker(), np.zeros((1440, 200), np.uint8)
    assert tracker.motion(tall) is None
    motion = tracker.motion(tall)
    assert motion is not None
    assert motion.flow.shape == (720, 100, 2)
    tally = WarpTally()
    tally.add(np.zeros((1440, 200, 2), np.float32), None)
    assert tally.add(np.full((1440, 200, 2), 2, np.float32), motion) == pytest.approx(8)


# --- CDC ------------------------------------------------------------------------------------


def cdc(frames: list[np.ndarray]) -> float:
    tally = CdcTally()
    for frame in frames:
        tally.add(frame)
    return tally.cdc()


def test_where_colours_are_does_not_matter_to_their_distribution(astronaut):
    rng = np.random.default_rng(0)
    mixed = [rng.permutation(astronaut.reshape(-1, 3)).reshape(astronaut.shape) for _ in range(5)]
    assert cdc(mixed) == 0


def test_distributions_with_nothing_in_common():
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert cdc([black, white]) == pytest.approx(np.log(2))
    assert cdc([black, white] * 3) == pytest.approx(np.log(2) / 3)  # by steps of 2 and 4, the same
    red = black.copy()
    red[..., 0] = 255
    assert cdc([black, red]) == pytest.approx(np.log(2) / 3)  # one channel of three


def test_half_of_a_distribution_changes():
    one, other = np.zeros((2, 8, 3), np.uint8), np.zeros((2, 8, 3), np.uint8)
    other[1] = 9
    by_hand = (np.log(4 / 3) + 0.5 * np.log(2 / 3) + 0.5 * np.log(2)) / 2
    assert cdc([one, other]) == pytest.approx(by_hand)


def test_the_three_steps():
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 200 + 9 * i, (16, 16, 3), np.uint8) for i in range(7)]
    means = [np.mean([cdc([frames[i], frames[i + t]]) for i in range(7 - t)]) for t in (1, 2, 4)]
    assert cdc(frames) == pytest.approx(np.mean(means))


def test_one_frame_has_no_cdc(astronaut):
    assert np.isnan(cdc([astronaut]))


# --- films ----------------------------------------------------------------------------------


def test_a_film_is_the_same_as_file_sequence_and_folder(tmp_path, pan):
    folder = write_frames(tmp_path / "frames", pan)
    (folder / "notes.txt").write_text("no frame")
    file = write_film(tmp_path / "pan.mp4", pan)
    for place in (folder, folder / "%03d.png", file):
        reel = Reel(place)
        for _ in range(2):
            frames = list(reel)
            assert len(frames) == COUNT
            assert np.abs(np.subtract(frames, pan, dtype=int)).mean() < 6
    assert np.array_equal(list(Reel(folder)), pan)
    assert (length_hint(Reel(folder)), length_hint(Reel(file))) == (COUNT, COUNT)
    assert (length_hint(Reel(folder, limit=2)), len(list(Reel(file, limit=4)))) == (2, 4)


def test_what_is_no_film(tmp_path, pan):
    text = tmp_path / "film.mp4"
    text.write_text("a film about nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    for place, message in (
        (tmp_path / "none.mp4", r"there is no .*none\.mp4"),
        (tmp_path / "none%d.png", r"cannot read .*none%d\.png"),
        (text, r"cannot read .*film\.mp4"),
        (empty, "found no frame in"),
    ):
        with pytest.raises(DataError, match=message):
            Reel(place)
    broken = write_frames(tmp_path / "broken", pan)
    (broken / "003.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(PhotoError, match=r"003\.png"):
        list(Reel(broken))
    uneven = write_frames(tmp_path / "uneven", [*pan[:2], pan[0][:50]])
    with pytest.raises(DataError, match="expected frames of 64 x 64; received 64 x 50 as frame 2"):
        list(Reel(uneven))


def test_sound_is_no_film(tmp_path):
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", 8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(DataError, match="has no video stream"):
        Reel(tmp_path / "sound.wav")


def test_extras_that_are_not_installed(tmp_path, pan, report, monkeypatch):
    film = write_film(tmp_path / "pan.mp4", pan)
    folder = write_frames(tmp_path / "frames", pan)
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"reading a film needs .*photochrom\[video\]"):
        Reel(film)
    assert len(list(Reel(folder))) == COUNT
    with pytest.raises(MissingExtra, match=r"photochrom\[train\]"):
        flicker_plot(report)


# --- judging --------------------------------------------------------------------------------


def flickering(lumas):
    return (flat_color(each, 20 * (i % 2), 0) for i, each in enumerate(lumas))


@pytest.fixture(scope="module")
def report(pan: list[np.ndarray]) -> FilmReport:
    answers = {
        "grey": lambda lumas: map(flat_color, lumas),
        "frame by frame": flickering,
        "steady": lambda lumas: (truth for _, truth in zip(lumas, pan, strict=True)),
    }
    return evaluate_film(pan, answers)


def test_the_rows(report):
    assert list(report.rows) == ["grey", "frame by frame", "steady", "true film"]
    assert (report.count, report.size) == (COUNT, (SIDE, SIDE))
    assert report.rows["steady"] == report.rows["true film"]
    assert report.rows["steady"].psnr == pytest.approx(PSNR_CEILING)
    assert report.rows["steady"].ciede2000 == 0
    grey, flicker = report.rows["grey"], report.rows["frame by frame"]
    assert (grey.colorfulness, grey.warp_error) == pytest.approx((0, 0), abs=1e-6)
    assert flicker.warp_error == pytest.approx(20**2, rel=0.1)  # black has no room for it
    assert flicker.cdc > 2 * grey.cdc
    assert report.of_true("steady", "warp_error") == 1


def test_each_frame(report):
    frames = report.frames["frame by frame"]
    assert [round(frame.a) for frame in frames[:4]] == pytest.approx([0, 20, 0, 20], abs=2)
    assert np.isnan(frames[0].warp_error)
    assert np.mean([f.psnr for f in frames]) == pytest.approx(report.rows["frame by frame"].psnr)


def test_answers_may_lag_behind(pan):
    def late(lumas):
        return iter(list(map(flat_color, lumas)))

    shown = []
    evaluate_film(pan, {"late": late}, on_frame=lambda frames: shown.append(frames["late"]))
    assert all(np.array_equal(a, flat_color(luma(b))) for a, b in zip(shown, pan, strict=True))


def test_what_cannot_be_judged(pan):
    for film, message in (
        ([], "at least 2 frames to judge; received 0"),
        (pan[:1], "at least 2 frames to judge; received 1"),
        ([pan[0][:9], pan[1][:9]], "at least 16 pixels a side; received 64 x 9"),
        (iter(pan), "more than once; received list_iterator"),
    ):
        with pytest.raises(DataError, match=message):
            evaluate_film(film, {"flickering": flickering})


def test_the_screen_table_fits_eighty_columns(report):
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(film_to_table(report))
    text = console.export_text()
    assert "…" not in text
    for metric in FILM_METRICS:
        assert metric.heading in text
        assert metric.text(getattr(report.rows["frame by frame"], metric.key)) in text
    assert "steady 1.00 times the true film's" in text


def test_files_read_back(report):
    content = json.loads(film_to_json(report))
    assert (content["frames"], content["size"]) == (COUNT, [SIDE, SIDE])
    assert set(content["metrics"]) == set(content["scores"]["steady"])
    assert content["scores"]["steady"]["cdc"] == report.rows["steady"].cdc
    rows = list(csv.DictReader(io.StringIO(frames_to_csv(report))))
    assert len(rows) == 4 * COUNT
    assert (rows[0]["version"], rows[0]["frame"], rows[0]["warp_error"]) == ("grey", "0", "")
    assert float(rows[COUNT + 1]["a"]) == report.frames["frame by frame"][1].a


def test_a_film_of_cuts_only_is_no_error_in_json(pan):
    rng = np.random.default_rng(2)
    film = [np.zeros_like(pan[0]), rng.integers(0, 256, pan[0].shape, np.uint8)]
    found = evaluate_film(film, {})
    json.loads(film_to_json(found))
    assert "," in frames_to_csv(found)


@pytest.mark.slow
def test_a_sheet_in_time_grows_no_wider(pan):
    timeline = Timeline(tile=32)
    widths = []
    for number in range(245):  # the ground of the sheet is 245
        timeline.add({"grey": pan[0], "true film": np.full_like(pan[0], number)})
        widths.append(timeline.sheet().shape[1])
    assert max(widths) == widths[119]  # twelve frames of ten each
    page = timeline.sheet()
    shown = [n for n in range(245) if (page == n).all(-1).sum() > 32 * 30]
    assert shown == [0, 40, 80, 120, 160, 200, 240]


@pytest.mark.slow
def test_the_flicker_plot_holds_a_curve_for_each(report):
    drawn = flicker_plot(report)
    assert (drawn.shape, drawn.dtype) == ((400, 1000, 3), np.uint8)
    for ink in ((0x88, 0x88, 0x88), (0xD9, 0x5F, 0x02), (0x1B, 0x6C, 0xA8)):
        assert (drawn == ink).all(-1).sum() > 100
