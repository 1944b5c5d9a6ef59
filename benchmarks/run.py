"""`make bench`: how fast photographs reach the network, what training keeps in memory, and how long
a 12-megapixel photograph takes. Ratios are taken within one run.

    python benchmarks/run.py [--photos DIR] [--counts 1000 10000]

Without `--photos` it learns from squares cut out of scikit-image's and scikit-learn's pictures.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))


def photographs(folder: Path | None, count: int, place: Path) -> Path:
    """A folder with `count` photographs, as links."""
    from photochrom.photo import READABLE_SUFFIXES
    from tests.pictures import fill

    found = sorted(folder.rglob("*")) if folder else sorted(fill(place / "cut", 60, 256).iterdir())
    found = [path for path in found if path.suffix.lower() in READABLE_SUFFIXES]
    links = place / str(count)
    links.mkdir()
    for number, path in enumerate(itertools.islice(itertools.cycle(found), count)):
        (links / f"{number:06}{path.suffix}").symlink_to(path.resolve())
    return links


def training_memory(photos: Path, run: Path) -> float:
    """Peak MB of a training process at batch 16, 256 × 256, over a whole pass of the loader."""
    command: list[str | Path] = [
        sys.executable, "-m", "photochrom", "train", photos, "--run", run,
        "--set", "train.epochs=2", "--set", "data.photos_per_epoch=160",
        "--set", "data.validation=0.01",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = max([peak, *(int(n) / 1024 for n in re.findall(r"VmHWM:\s+(\d+)", status))])
        time.sleep(0.2)
    assert process.returncode == 0, "training failed"
    return peak


_STREAM = """
import resource, sys
from pathlib import Path
from photochrom.recipes.backend import choose_backend
choose_backend()
from photochrom.recipes import recipe
from photochrom.training import config, dataset, reading, sources
found = sources.find(Path(sys.argv[1]))
settings, made = config.load_config().data, recipe("autoencoder")
stream = dataset.training_batches(
    found, reading.PhotoReader(len(found), 64), made, settings, size=256, batch_size=16, seed=0
)
for _ in zip(range(len(found) // 16), stream):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def loader_memory(photos: Path) -> float:
    """Peak MB of a process that streams a whole pass of the photographs at batch 16."""
    done = subprocess.run(
        [sys.executable, "-c", _STREAM, photos], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def speeds(photos: Path) -> tuple[float, dict[str, float]]:
    """Photographs per second: of the loader alone, and of the training step at two precisions."""
    from photochrom.recipes.backend import choose_backend

    choose_backend()
    import keras

    from photochrom.recipes import recipe
    from photochrom.training import config, dataset, reading, sources

    made = recipe("autoencoder")
    found = sources.find(photos)
    stream = iter(
        dataset.training_batches(
            found, reading.PhotoReader(len(found), 64), made, config.load_config().data,
            size=256, batch_size=16, seed=0,
        )
    )  # fmt: skip
    inputs, targets = next(stream)
    start = time.perf_counter()
    for _ in range(40):
        next(stream)
    loader = 40 * 16 / (time.perf_counter() - start)
    del stream
    steps = {}
    for precision in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(precision)
        network = made.build(256)
        made.compile(network)
        network.train_on_batch(inputs, targets)
        start = time.perf_counter()
        for _ in range(3):
            network.train_on_batch(inputs, targets)
        steps[precision] = 3 * 16 / (time.perf_counter() - start)
    return loader, steps


def twelve_megapixels(model: Path, place: Path) -> dict[str, float]:
    """Seconds, the best of five: from file to file, and for reading and writing alone."""
    from photochrom import photo
    from photochrom.colorizer import Colorizer
    from tests.pictures import colour_pictures

    grey = cv2.cvtColor(cv2.resize(colour_pictures()[0], (4000, 3000)), cv2.COLOR_RGB2GRAY)
    Image.fromarray(grey).save(place / "grey.jpg", quality=92)
    colorizer = Colorizer(model)
    result = colorizer.colorize(place / "grey.jpg")

    def best(work: Callable[[], object]) -> float:
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
        return min(taken)

    return {
        "read": best(lambda: photo.read(place / "grey.jpg")),
        "write": best(lambda: result.save(place / "out.jpg", overwrite=True)),
        "whole": best(
            lambda: colorizer.colorize(place / "grey.jpg").save(place / "out.jpg", overwrite=True)
        ),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for count in arguments.counts:
            photos = photographs(arguments.photos, count, place)
            print(f"loader, {count} photographs: peak {loader_memory(photos):.0f} MB", flush=True)
            peak = training_memory(photos, place / f"run-{count}")
            print(f"training, {count} photographs, batch 16: peak {peak:.0f} MB", flush=True)
        loader, steps = speeds(photos)
        print(f"loader alone: {loader:.0f} photos/s", flush=True)
        for precision, speed in steps.items():
            print(f"training step, {precision}: {speed:.1f} photos/s ({loader / speed:.0f} times)")
        seconds = twelve_megapixels(place / f"run-{count}" / "model", place)
        alone = seconds["read"] + seconds["write"]
        print(
            f"12 megapixels, JPEG to JPEG: {seconds['whole']:.2f} s, "
            f"{seconds['whole'] / alone:.1f} times reading and writing alone ({alone:.2f} s); "
            f"{np.float64(12 / seconds['whole']):.0f} megapixels a second"
        )


if __name__ == "__main__":
    main()
