"""Measure the time and the memory of colouring, with the default network.

    python benchmarks/coloring.py [--plot docs/pictures/speed.png]

Ratios are taken within one run. The large pictures are mosaics of scikit-image's and scikit-learn's
photographs at their own resolution, so that a JPEG coder meets real detail.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

ROUNDS = 9


def mosaic(width: int, height: int) -> np.ndarray:
    """Grey, (height, width) uint8."""
    from photochrom import color
    from tests.pictures import colour_pictures

    tiles = [color.luma(rgb)[:400, :400] for rgb in colour_pictures()]
    tiles = [np.pad(t, [(0, 400 - t.shape[0]), (0, 400 - t.shape[1])], "reflect") for t in tiles]
    rng = np.random.default_rng(0)
    rows = -(-height // 400), -(-width // 400)
    chosen = rng.integers(len(tiles), size=rows)
    whole = np.block([[tiles[i] for i in row] for row in chosen])
    return np.ascontiguousarray(whole[:height, :width])


def best(work: Callable[[], object]) -> float:
    """Return the median of the faster half of the times, in seconds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(sorted(taken)[: ROUNDS // 2 + 1])


def coders(grey: bytes, rgb: np.ndarray) -> dict[str, tuple[float, float]]:
    """Seconds in which libraries decode a grey JPEG file and encode a picture in colour."""
    import cv2
    import simplejpeg

    bgr, image = np.ascontiguousarray(rgb[..., ::-1]), Image.fromarray(rgb)
    buffer, quality = np.frombuffer(grey, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92]
    return {
        "simplejpeg": (
            best(lambda: simplejpeg.decode_jpeg(grey, "GRAY")),
            best(lambda: simplejpeg.encode_jpeg(rgb, 92, "RGB", "420")),
        ),
        "OpenCV": (
            best(lambda: cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE)),
            best(lambda: cv2.imencode(".jpg", bgr, quality)),
        ),
        "Pillow": (
            best(lambda: Image.open(io.BytesIO(grey)).load()),
            best(lambda: image.save(io.BytesIO(), "JPEG", quality=92)),
        ),
    }


def stages(place: Path) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Seconds for the parts of 12 megapixels, file to file, and those of `coders` for them."""
    import simplejpeg

    from photochrom import photo
    from photochrom.colorizer import Colorizer

    grey = mosaic(4000, 3000)
    Image.fromarray(grey).save(place / "grey.jpg", quality=92)
    colorizer = Colorizer()
    prediction = colorizer.predict(place / "grey.jpg")
    result = prediction.color()
    data = (place / "grey.jpg").read_bytes()
    cb, cr = result.chroma.planes(grey, halved=True)
    seconds = {
        "decode alone": best(lambda: simplejpeg.decode_jpeg(data, "GRAY")),
        "encode planes alone": best(lambda: simplejpeg.encode_jpeg_yuv_planes(grey, cb, cr, 92)),
        "read": best(lambda: photo.read(place / "grey.jpg")),
        "network": best(lambda: colorizer.predict(prediction.photo)),
        "guided filter": best(prediction.color),
        "gamut and planes": best(lambda: result.chroma.planes(grey, halved=True)),
        "planes and write": best(lambda: result.save(place / "out.jpg", overwrite=True)),
        "all, as RGB": best(lambda: result.chroma.rgb(grey)),
        "whole, in memory": best(lambda: colorizer.colorize(data).encode()),
        "whole, file to file": best(
            lambda: colorizer.colorize(place / "grey.jpg").save(place / "out.jpg", overwrite=True)
        ),
    }
    return seconds, coders(data, result.rgb)


def process(*arguments: object) -> tuple[float, float]:
    """Seconds and peak MB of a command in a process of its own."""
    code = (
        "import resource,subprocess,sys,time\n"
        "start=time.perf_counter()\n"
        "subprocess.run(sys.argv[1:],check=True,capture_output=True)\n"
        "print(time.perf_counter()-start,"
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024)"
    )
    command = [sys.executable, "-m", "photochrom", *map(str, arguments)]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def cold(place: Path, width: int, height: int) -> tuple[float, float]:
    """Seconds and peak MB of the command line with one photograph."""
    source = place / f"{width}.jpg"
    Image.fromarray(mosaic(width, height)).save(source, quality=92)
    found = [
        process("colorize", source, "-o", place / "new.jpg", "--exists", "overwrite")
        for _ in range(3 if width < 5000 else 1)
    ]
    return min(found)


def folder(place: Path, count: int) -> tuple[float, float, float]:
    """Photographs per second, peak MB and cores in use for a folder of 1-megapixel ones."""
    folder_ = place / f"folder{count}"
    folder_.mkdir()
    data = place / "1152.jpg"
    for number in range(count):
        (folder_ / f"{number:03}.jpg").write_bytes(data.read_bytes())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, megabytes = process("colorize", folder_, "-o", place / f"out{count}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return count / seconds, megabytes, busy / seconds


def engines() -> dict[str, float]:
    """Milliseconds of the network alone at 256 × 256, on every engine and precision."""
    from photochrom.model.model import Model, default_model

    lightness = np.random.default_rng(0).random((1, 256, 256, 1), np.float32) * 100
    found = {}
    for engine, precision in (("onnxruntime", "f32"), ("openvino", "f32"), ("openvino", "bf16")):
        model = Model.load(default_model(), engine=engine, precision=precision)
        answer = model(lightness)
        name = f"{engine} {precision}"
        found[name] = 1000 * best(partial(model, lightness))
        if precision == "f32" and engine == "onnxruntime":
            reference = answer
        off = np.abs(answer - reference).max() / np.abs(reference).max()
        print(f"{name}: {found[name]:.1f} ms, off by {100 * off:.2f}% of the largest logit")
    return found


def plot(seconds: dict[str, float], path: Path) -> None:
    """Plot the total time as a bar of its parts, beside decoding and encoding alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.2), layout="constrained")
    axes = figure.subplots()
    bars = {
        "decode + encode alone": ["decode alone", "encode planes alone"],
        "Photochrom, file to file": ["read", "network", "guided filter", "planes and write"],
    }
    for row, parts in enumerate(bars.values()):
        left = 0.0
        for part in parts:
            axes.barh(row, 1000 * seconds[part], left=left)
            axes.text(left + 500 * seconds[part], row, part, ha="center", va="center", fontsize=7)
            left += 1000 * seconds[part]
    axes.set_yticks(range(len(bars)), bars)
    axes.set(xlabel="milliseconds, 12 megapixels, JPEG to JPEG, 2 cores")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        seconds, alone = stages(place)
        for part, taken in seconds.items():
            print(f"12 MP, {part}: {1000 * taken:.0f} ms")
        alone["simplejpeg, planes"] = seconds["decode alone"], seconds["encode planes alone"]
        for library, (decode, encode) in alone.items():
            ratio = seconds["whole, in memory"] / (decode + encode)
            print(
                f"12 MP by {library}: decode {1000 * decode:.0f} ms + encode {1000 * encode:.0f} "
                f"ms; bytes to bytes takes {ratio:.2f} times as long"
            )
        if arguments.plot:
            plot(seconds, arguments.plot)
        print(f"photochrom --version: {process('--version')[0]:.2f} s")
        for width, height in ((1152, 864), (4000, 3000), (11600, 8700)):
            taken, megabytes = cold(place, width, height)
            print(f"cold, {width * height / 1e6:.0f} MP: {taken:.2f} s, {megabytes:.0f} MB")
        for count in (20, 200):
            speed, megabytes, busy = folder(place, count)
            print(f"{count} of 1 MP: {speed:.1f} a second, {megabytes:.0f} MB, {busy:.2f} cores")
        engines()


if __name__ == "__main__":
    main()
