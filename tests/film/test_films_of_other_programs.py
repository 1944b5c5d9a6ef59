"""Films as other programs write them: FFmpeg 5.1, mkvmerge 74 and OpenCV."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.films import CASES, RecordingListener, colored, planes

FILMS = sorted((CASES / "written").iterdir())
FULL_RANGE = ("mjpeg", "opencv")


def pattern(number: int) -> np.ndarray:
    """A frame of all these films, (48, 64): a light square that moves over a slope."""
    y, x = np.mgrid[:48, :64]
    grey = (x * 2 + y + number * 6) % 200 + 25
    grey[8:20, 4 + 3 * number : 16 + 3 * number] = 230
    return grey


@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.name)
def test_a_film_is_coloured_with_its_luma_times_and_sound(path, tmp_path, warm):
    listener = RecordingListener()
    target = colored(tmp_path, warm, path, listener=listener)
    assert not listener.problems
    frames = planes(target)
    assert len(frames) == 6
    steps = [float(later - earlier) for (earlier, _), (later, _) in pairwise(frames)]
    assert steps == pytest.approx([0.04] * 5, abs=2e-3)
    is_full = path.stem in FULL_RANGE
    for number, (_, (luma, *_)) in enumerate(frames):
        shown = luma / 4 if luma.dtype == np.uint16 else luma
        expected = pattern(number) if is_full else 16 + pattern(number) * (219 / 255)
        assert np.abs(shown - expected).mean() < 1
    # MOV hides the silence that AAC puts before the sound, and Matroska does not.
    assert 0 <= heard(target) - heard(path) <= 1024
    assert bool(heard(target)) == bool(heard(path))


def heard(path: Path) -> int:
    """Return the number of samples of the sound; 0 without sound."""
    with av.open(str(path)) as film:
        return sum(each.samples for each in film.decode(audio=0)) if film.streams.audio else 0
