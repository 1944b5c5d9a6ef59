"""Optical flow, and the detection of shots."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.color import luma
from photochrom.film import optical_flow
from tests.films import panned


def shot_starts(frames: list[np.ndarray]) -> list[int]:
    """Return the numbers of the frames at which a shot begins."""
    signed = ((number, optical_flow.signature(frame)) for number, frame in enumerate(frames))
    shots = list(optical_flow.detect_shots(signed))
    assert [number for number, _ in shots] == list(range(len(frames)))
    return [number for number, begins in shots if begins]


def grey(frames: list[np.ndarray]) -> list[np.ndarray]:
    return [luma(frame) for frame in frames]


def dimmed(frame: np.ndarray, share: float) -> np.ndarray:
    return np.rint(frame * share).astype(np.uint8)


ONE, OTHER = grey(panned(20)), grey(panned(20, name="coffee"))


def test_a_shot_begins_at_the_start_and_at_every_hard_cut():
    assert shot_starts(ONE) == [0]
    assert shot_starts([*ONE, *OTHER]) == [0, 20]
    assert shot_starts([*ONE[:8], *OTHER[:8], *ONE[8:16]]) == [0, 8, 16]


def test_a_fade_is_not_a_cut():
    fade = [dimmed(frame, 1 - number / 19) for number, frame in enumerate(ONE)]
    assert shot_starts(fade) == [0]
    assert shot_starts(fade[::-1]) == [0]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_not_a_cut(length):
    frames = list(ONE)
    for number in range(8, 8 + length):
        frames[number] = np.full_like(frames[number], 250)
    assert shot_starts(frames) == [0]


def test_a_dissolve_is_not_a_cut():
    mixed = [
        np.rint(a * (1 - share) + b * share).astype(np.uint8)
        for a, b, share in zip(ONE[4:16], OTHER[4:16], np.linspace(0, 1, 12), strict=True)
    ]
    assert shot_starts([*ONE[:4], *mixed, *OTHER[16:]]) == [0]


def test_no_frame_and_one_frame():
    assert shot_starts([]) == []
    assert shot_starts(ONE[:1]) == [0]


def test_flow_finds_a_shift_and_warps_by_it():
    one, other = grey(panned(4, speed=3))[0::3]
    motion = optical_flow.flow(one, other, fine=True)
    middle = motion[16:48, 24:72]
    assert np.median(middle[..., 0]) == pytest.approx(-9, abs=0.5)
    assert np.median(middle[..., 1]) == pytest.approx(0, abs=0.5)
    back = optical_flow.warp(other.astype(np.float32), motion)
    assert np.abs(back - one)[16:48, 24:72].mean() < np.abs(one.astype(float) - other).mean() / 3


def test_flows_are_composed():
    right = np.zeros((8, 8, 2), np.float32)
    right[..., 0] = 2
    down = np.zeros((8, 8, 2), np.float32)
    down[..., 1] = 1
    assert (optical_flow.compose(right, down)[3, 3] == [2, 1]).all()


def test_flows_that_disagree_or_leave_the_picture_are_inconsistent():
    there = np.zeros((20, 20, 2), np.float32)
    there[..., 0] = 4
    assert optical_flow.flow_consistency(there, -there)[:, :14].all()
    assert not optical_flow.flow_consistency(there, -there)[:, 17:].any()  # they leave the picture
    assert not optical_flow.flow_consistency(there, there).any()
    small = optical_flow.resize_flow(there, (10, 10))
    assert small.shape == (10, 10, 2)
    assert (small[..., 0] == 2).all()
