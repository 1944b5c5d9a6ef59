"""Measure `photochrom archive run`: speed by executor and number of workers, and memory over time.

    python benchmarks/archive.py [--photos 120] [--executors threads,processes,ray] [--workers 1,2]
    python benchmarks/archive.py --memory 100000 [--model DIR] [--plot memory.png]

Each figure is of a process of its own, whose start counts. The photographs of `--memory` are hard
links to a few small ones. With a tiny model, they show what everything but the network keeps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.coloring import mosaic

MEGAPIXEL = (1200, 860)
KINDS = 20  # different photographs; the rest are links to them


@dataclass
class Measured:
    """What a run used.

    Attributes:
        seconds: by the clock.
        busy: CPU seconds of all its processes.
        memory: resident megabytes of all its processes, at times in seconds.
    """

    seconds: float
    busy: float
    memory: list[tuple[float, float]]

    @property
    def peak(self) -> float:
        """The largest resident memory, in megabytes."""
        return max(megabytes for _, megabytes in self.memory)


def photographs(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """Fill a folder with grey JPEG files: a few different ones, and links to them."""
    picture = mosaic(*size)
    folder.mkdir()
    for number in range(count):
        # Many files in one folder are slow to list on some systems.
        path = folder / f"{number // 1000:04}" / f"{number:07}.jpg"
        path.parent.mkdir(exist_ok=True)
        if number < KINDS:
            Image.fromarray(np.roll(picture, 37 * number, 1)).save(path, quality=90)
        else:
            first = number % KINDS
            os.link(folder / f"{first // 1000:04}" / f"{first:07}.jpg", path)
    return folder


def measure(source: Path, place: Path, *options: str) -> Measured:
    """Colour an archive in a process of its own."""
    command = [sys.executable, "-m", "photochrom", "archive", "run", str(source)]
    command += ["--manifest", str(place / "run.sqlite"), "-o", str(place / "out"), *options]
    begun, memory, busy = time.perf_counter(), [(0.0, 0.0)], 0.0
    process = psutil.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        family = [process, *process.children(recursive=True)]
        megabytes = 0.0
        used = 0.0
        for each in family:
            try:
                megabytes += each.memory_info().rss / 1e6
                times = each.cpu_times()
                used += times.user + times.system
            except psutil.Error:  # it has ended meanwhile
                continue
        memory.append((time.perf_counter() - begun, megabytes))
        busy = max(busy, used)
        time.sleep(0.2)
    assert process.returncode == 0, command
    return Measured(time.perf_counter() - begun, busy, memory)


def speeds(count: int, executors: list[str], workers: list[str]) -> None:
    """Print photographs of a megapixel per second, for each executor and number of workers."""
    print("| executor | workers | photographs/s | CPU s per photograph | cores busy | peak MB |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        source = photographs(Path(folder, "in"), count, MEGAPIXEL)
        for executor in executors:
            for number in workers:
                place = Path(folder, f"{executor}-{number}")
                place.mkdir()
                found = measure(source, place, "--executor", executor, "--workers", number)
                print(
                    f"| {executor} | {number} | {count / found.seconds:.1f} "
                    f"| {found.busy / count:.3f} | {found.busy / found.seconds:.2f} "
                    f"| {found.peak:.0f} |",
                    flush=True,
                )


def memory_over_time(count: int, model: str, plot: Path | None) -> None:
    """Print the resident memory over a run of many small photographs, and draw it."""
    options = ["--model", model] if model else []
    with tempfile.TemporaryDirectory() as folder:
        source = photographs(Path(folder, "in"), count, (160, 120))
        found = measure(source, Path(folder), *options)
    for share in (0.1, 0.25, 0.5, 0.75, 0.95):
        at = int(share * len(found.memory))
        print(f"{100 * share:.0f}% of the time: {found.memory[at][1]:.0f} MB")
    print(f"{count} photographs in {found.seconds:.0f} s, peak {found.peak:.0f} MB")
    if plot:
        draw(found, count, plot)


def draw(found: Measured, count: int, path: Path) -> None:
    """Draw the memory over time as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*found.memory, strict=True), lw=1)
    axes.set(xlabel="seconds", ylabel="MB", title=f"resident memory, {count:,} photographs")
    axes.set_ylim(0)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=120)
    parser.add_argument("--executors", default="threads,processes,ray")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--model", default="")
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    if asked.memory:
        memory_over_time(asked.memory, asked.model, asked.plot)
    else:
        speeds(asked.photos, asked.executors.split(","), asked.workers.split(","))


if __name__ == "__main__":
    main()
