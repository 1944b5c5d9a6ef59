"""Measure the time of films against a plain decode and encode, and their memory.

    python benchmarks/film.py [FILM ...] [--frames 240] [--long]

Without a film, one is made: a camera that moves over scikit-image's and scikit-learn's photographs,
with a cut every four seconds. Both are run in turn, in one process, with the same codec settings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

RATE, SHOT, ROUNDS = 24, 96, 3
SIZES = ((1280, 720), (1920, 1080))
PEAK = """
import sys
from photochrom import Colorizer
Colorizer().film(sys.argv[1], sys.argv[2], preset="ultrafast")
with open("/proc/self/status") as status:  # what a parent kept is not counted, as getrusage does
    print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")))
"""


def make_film(path: Path, width: int, height: int, frames: int) -> Path:
    """A grey film of moving photographs."""
    from benchmarks.coloring import mosaic

    wide = mosaic(width + 800, height + 500)
    noise = np.random.default_rng(1).integers(-3, 4, (4, height, width), np.int16)
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            shot, moment = divmod(number, SHOT)
            left, top = (moment * 3 + shot * 97) % 800, (moment + shot * 61) % 500
            view = wide[top : top + height, left : left + width] + noise[number % 4]
            grey = np.clip(view, 0, 255).astype(np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "gray")))
        film.mux(stream.encode(None))
    return path


def transcode(source: Path, target: Path, frames: int) -> float:
    """Seconds for a plain decode and encode."""
    start = time.perf_counter()
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        pictures = old.streams.video[0]
        pictures.thread_type = "AUTO"
        options = {"crf": "18", "preset": "medium"}
        stream: Any = new.add_stream("libx264", rate=pictures.average_rate, options=options)
        stream.width, stream.height = pictures.width, pictures.height
        stream.pix_fmt = pictures.pix_fmt
        for number, frame in enumerate(old.decode(pictures)):
            if number >= frames:
                break
            frame.pict_type = 0
            new.mux(stream.encode(frame))
        new.mux(stream.encode(None))
    return time.perf_counter() - start


def coloured(colorizer: Any, source: Path, target: Path, frames: int) -> float:
    """Seconds for the whole job."""
    with av.open(str(source)) as film:
        rate = film.streams.video[0].average_rate
    assert rate
    end = frames / float(rate) - 1e-3
    start = time.perf_counter()
    colorizer.film(source, target, end=end, overwrite=True)
    return time.perf_counter() - start


def compare(colorizer: Any, source: Path, frames: int, place: Path) -> None:
    """Print one line."""
    with av.open(str(source)) as film:
        stream = film.streams.video[0]
        shape = f"{stream.width} × {stream.height} {stream.pix_fmt}"
        frames = min(frames, stream.frames or frames)
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(transcode(source, place / "plain.mp4", frames))
        ours.append(coloured(colorizer, source, place / "coloured.mp4", frames))
    ratio = min(ours) / min(plain)
    print(
        f"| {source.name}, {shape} | {frames / min(plain):.1f} | {frames / min(ours):.1f} "
        f"| {ratio:.2f} |",
        flush=True,
    )


def peak(source: Path, place: Path) -> float:
    """Return the peak memory of a process, in MB."""
    command = [sys.executable, "-c", PEAK, str(source), str(place / f"peak-{source.name}")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--long", action="store_true", help="memory over one and ten minutes")
    asked = parser.parse_args()
    from photochrom import Colorizer

    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        films = asked.films or [
            make_film(place / f"moving-{height}.mp4", width, height, asked.frames)
            for width, height in SIZES
        ]
        print("| film | decode and encode, fps | coloured, fps | times as long |")
        print("|---|---:|---:|---:|")
        for film in films:
            compare(colorizer, film, asked.frames, place)
        if asked.long:
            for minutes in (1, 10):
                film = make_film(place / f"{minutes}.mp4", 320, 180, minutes * 60 * RATE)
                print(f"{minutes} min at 320 × 180: {peak(film, place):.0f} MB at most", flush=True)


if __name__ == "__main__":
    main()
