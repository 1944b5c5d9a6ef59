"""Frames in memory are coloured in order, with no more of them read ahead than promised."""

from __future__ import annotations

from threading import Semaphore

import numpy as np
import pytest

from photochrom.errors import ConfigError
from photochrom.film import LOOKAHEAD, PlaneFormat, color_frames, color_small_frames
from tests.films import panned
from tests.support import sloped


def test_colours_are_there_once_the_promised_number_of_frames_was_read():
    """A frame is read only when it must be; if more had to be, this would wait for ever."""
    model, stored = sloped(working_size=32), PlaneFormat()
    allowed = Semaphore(LOOKAHEAD)
    frames = [frame[..., 1] for frame in panned(3)] * 22

    def read():
        for number, luma in enumerate(frames):
            assert allowed.acquire(timeout=20), number
            yield number, stored.small(model, luma)

    colored = color_small_frames(model, read())
    for expected in range(len(frames)):
        allowed.release()
        assert next(colored)[0] == expected


def test_planes_and_rgb_are_the_same_colours():
    model = sloped()
    lumas = [frame[..., 1] for frame in panned(3)]
    stored = PlaneFormat(full_range=True, matrix="bt601", subsampling=(1, 1))
    small = [(luma, stored.small(model, luma)) for luma in lumas]
    for rgb, (luma, colors) in zip(
        color_frames(model, lumas), color_small_frames(model, small), strict=True
    ):
        cb, cr = (plane.astype(float) - 128 for plane in colors.planes(luma, stored))
        np.testing.assert_allclose(rgb[..., 2], luma + 1.772 * cb, atol=2)
        np.testing.assert_allclose(rgb[..., 0], luma + 1.402 * cr, atol=2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 32}, "8 to 16 bits per sample; received 32"),
        ({"matrix": "bt470"}, "a matrix out of bt601, bt709, bt2020; received 'bt470'"),
        ({"subsampling": (3, 1)}, r"received \(3, 1\)"),
        ({"pixel_aspect": 0}, "shape of pixels; received 0"),
    ],
)
def test_a_format_that_cannot_be_written_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        PlaneFormat(**wrong)
