"""The same frames give the same film, whatever else is in memory and runs at the same time."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from av import VideoFrame

from photochrom.film.encoder import CODECS
from photochrom.film.pixel_format import reformat
from tests.films import panned, write_film

# Encodes 30 frames that move, and prints a hash of what a player shows.
_ENCODE = """
import hashlib, sys
from fractions import Fraction
from pathlib import Path
import av, cv2
import numpy as np
from av import VideoFrame
from photochrom.film.encoder import Encoding, PartWriter
from photochrom.film.pixel_format import detect_layout
from photochrom.parallel import limit_cores
codec, path = sys.argv[1], Path(sys.argv[2])
if sys.argv[3] != "0":
    limit_cores(int(sys.argv[3]))
scene = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
scene = cv2.resize(scene, (440, 360), interpolation=cv2.INTER_CUBIC)
frames = [
    VideoFrame.from_ndarray(np.ascontiguousarray(scene[n : n + 288, n : n + 352]), "rgb24")
    .reformat(format="yuv420p", threads=1)
    for n in range(30)
]
rate = Fraction(25)
writer = PartWriter(path, detect_layout(frames[0], None), Encoding(codec), 1 / rate, rate)
for number, frame in enumerate(frames):
    writer.write(frame, number, 1)
writer.finish()
digest = hashlib.sha256()
with av.open(str(path)) as film:
    for frame in film.decode(video=0):
        digest.update(frame.to_ndarray().tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_neither_used_memory_nor_the_number_of_cores_changes_a_film(tmp_path, codec):
    """The C library fills fresh memory with the value of a variable, as if it had been used."""
    made = set()
    for value, cores in (("0", "0"), ("85", "1")):
        done = subprocess.run(
            [sys.executable, "-c", _ENCODE, codec, str(tmp_path / f"{value}.film"), cores],
            env=os.environ | {"MALLOC_PERTURB_": value},
            capture_output=True,
            text=True,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mp4", ".mov", ".nut"])
def test_the_same_film_is_the_same_file(tmp_path, warm, suffix):
    """Matroska would identify each file, track and chapter by a random number."""
    sound = "libopus" if suffix == ".webm" else "aac"
    source = write_film(
        tmp_path / "in.mkv", panned(4), sound=sound, sample_rate=48000, chapters=True
    )
    first, second = (tmp_path / f"{number}{suffix}" for number in range(2))
    warm.film(source, first)
    warm.film(source, second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("pix_fmt", ["yuv422p10le", "yuv420p10le", "yuv444p10le"])
def test_a_conversion_to_more_bits_keeps_luma(pix_fmt):
    """FFmpeg's threads write over each other's rows at this width, if there are several."""
    frame = VideoFrame(1000, 562, "yuv420p")
    luma = np.frombuffer(frame.planes[0], np.uint8).reshape(562, -1)
    luma[...] = np.random.default_rng(0).integers(16, 236, luma.shape)
    for _ in range(20):
        plane = reformat(frame, format=pix_fmt).planes[0]
        made = np.frombuffer(plane, np.uint16).reshape(562, -1)[:, :1000]
        np.testing.assert_array_equal(made, luma[:, :1000].astype(np.uint16) * 4)
