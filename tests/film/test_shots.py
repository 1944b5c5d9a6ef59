"""The shots of a film, and the frames that stand for them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("av")

from photochrom import color
from photochrom.film.job import Span
from photochrom.film.reader import FilmReader
from photochrom.film.shots import find_shots
from photochrom.progress import ProgressListener
from tests.films import panned, write_film
from tests.support import model


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two shots of 10 frames, 25 a second."""
    path = tmp_path_factory.mktemp("films") / "two.mkv"
    return FilmReader(write_film(path, panned(10) + panned(10, name="coffee"), pix_fmt="yuv444p"))


@pytest.fixture(scope="module")
def two(film):
    return list(find_shots(film, model(), Span()))


def test_each_shot_has_the_frame_in_its_middle(film, two):
    times = [(each.start, each.middle, each.end) for each, _ in two]
    assert np.allclose(times, [(0, 0.2, 0.36), (0.4, 0.6, 0.76)], atol=0.002)
    (wanted,) = list(
        film.frames(first=film.pts_at(0.6), before=film.pts_at(0.63), on_problem=print)
    )
    frame = two[1][1]
    assert frame.size == frame.luma.shape == (64, 96)
    full = (wanted.luma.astype(float) - 16) * 255 / 219
    assert np.abs(frame.luma - full).max() <= 1


def test_a_frame_keeps_its_luma_in_colour(two):
    frame = two[0][1]
    rgb = frame.color(model())
    assert np.abs(color.luma(rgb).astype(int) - frame.luma).max() <= 1
    assert rgb[..., 0].mean() - rgb[..., 2].mean() > 5  # this model makes everything warm


def test_a_section_a_smaller_frame_and_a_search_that_is_stopped(film):
    class Stopping(ProgressListener):
        def progress(self, task, done, total):
            assert (task, total) == ("shots", 15)
            if done > 5:
                raise KeyboardInterrupt

    ((shot, frame),) = find_shots(film, model(), Span(0.4, 0.64), max_side=48)
    assert (round(shot.start, 2), round(shot.end, 2)) == (0.4, 0.6)
    assert (frame.luma.shape, frame.size) == ((32, 48), (64, 96))
    with pytest.raises(KeyboardInterrupt):
        list(find_shots(film, model(), Span(0, 0.6), listener=Stopping()))
