"""A thing keeps its colour over a whole shot, even where optical flow has lost it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photochrom.film.journal import Journal, JournalState
from photochrom.film.propagation import Estimate, Memory
from photochrom.film.shot_history import ShotHistory
from photochrom.guidance.reference import Reference

SIZE = (4, 6)


def key_frame(thing: int, ab: tuple[float, float]) -> Reference:
    """A key frame that shows one thing in one colour."""
    features = np.zeros((*SIZE, 8), np.float32)
    features[..., thing] = 1
    return Reference(features, np.zeros((*SIZE, 2), np.float32) + np.float32(ab))


def written_and_read(folder: Path, memory: Memory) -> Memory:
    """Record a part with a memory, and return the memory as another run reads it."""
    with Journal(folder / "film.mkv", {}) as journal:
        journal.next_part.write_bytes(b"a part")
        journal.commit(JournalState(parts=1, last=1), memory)
    with Journal(folder / "film.mkv", {}) as journal:
        assert journal.memory is not None
        return journal.memory


def test_a_thing_gets_the_mean_of_its_colours():
    history = ShotHistory().extended(key_frame(0, (30, 0)))
    mean = key_frame(0, (20, 0)).chroma
    assert history.mix(key_frame(0, (10, 0))).chroma == pytest.approx(mean, abs=0.1)


def test_the_first_key_frame_stays():
    estimate = Estimate(np.ones((8, 12, 2), np.float32), np.ones((8, 12), np.float32))
    with_key_frame = Estimate(estimate.chroma, estimate.weight, key_frame(0, (1, 1)))
    assert np.array_equal(with_key_frame.mixed(ShotHistory()).chroma, estimate.chroma)
    history = ShotHistory().extended(key_frame(0, (30, 0)))
    assert estimate.mixed(history) is estimate  # a network without features


def test_known_colours_change_less():
    history = ShotHistory().extended(key_frame(0, (31, 1)))
    chroma = np.ones((8, 12, 2), np.float32)
    moved = [
        Estimate(chroma, np.full((8, 12), weight, np.float32), key_frame(0, (1, 1)))
        .mixed(history)
        .chroma[0, 0, 0]
        - 1
        for weight in (1, 8)
    ]
    assert moved == pytest.approx([15, 15 / 8], abs=0.1)


def test_the_kept_key_frames_are_spread_over_the_shot():
    history = ShotHistory()
    for number in range(20):
        history = history.extended(key_frame(0, (number, 0)))
    kept = [each.chroma[0, 0, 0] for each in history.key_frames]
    assert kept == [0, 8, 16]
    assert history.count == 20


def test_a_run_that_resumes_has_the_same_history(tmp_path):
    history = ShotHistory()
    for number in range(6):
        history = history.extended(key_frame(number, (number, 3)))
    memory = Memory(np.zeros((8, 12, 2), np.float32), np.ones((8, 12), np.float32), history)
    read = written_and_read(tmp_path, memory)
    assert (read.history.count, read.history.step) == (6, history.step)
    other = key_frame(2, (9, 9))
    assert np.array_equal(read.history.mix(other).chroma, history.mix(other).chroma)


def test_a_run_that_resumes_at_the_start_of_a_shot(tmp_path):
    memory = Memory(np.zeros((8, 12, 2), np.float32), np.ones((8, 12), np.float32))
    assert written_and_read(tmp_path, memory).history.key_frames == ()
