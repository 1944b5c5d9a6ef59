"""Measure how exactly hints are shown and what else they change, with the default network.

    python benchmarks/hints.py --folder PHOTOGRAPHS [--limit 100] [--part test]

Every colour photograph is made grey. On each, scikit-image's Felzenszwalb segmentation of the true
colours finds one thing of moderate size and even colour, and a person's hint is imitated: the true
mean colour at a place inside it, with the radius that a hint has by default. Each photograph is
coloured without and with the hint, faithfully (vividness 0), by default and vividly (1); then with
a grey hint on the place that is most colourful by itself; then faithfully with ten true hints.

Distances are in ab of CIE Lab. What is asked for is compared as far as the gamut allows: the same
chroma laid over the place's own luma.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from skimage.segmentation import felzenszwalb

sys.path.insert(0, str(Path(__file__).parents[1]))

from photochrom import Colorizer, Hint, Prediction, color, photo
from photochrom.errors import PhotoError
from photochrom.scoring import PARTS, part_of

LEVELS = {"faithful": 0.0, "default": None, "vivid": 1.0}
SMALLEST, LARGEST = 0.01, 0.15  # shares of the picture that a thing takes
GREY = (128, 128, 128)
SIDE = 512  # pixels of the longer side: larger photographs are made smaller
RADIUS = 1 / 100  # of the shorter side, as a hint has by default


def photographs(folder: Path, part: str, limit: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and pixels, RGB, (H, W, 3) uint8, of colour photographs, evenly spread."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    files = [file for file in files if part in ("all", part_of(file.name))]
    order = np.random.default_rng(0).permutation(len(files))
    found = 0
    for number in order:
        try:
            read = photo.read(files[number])
        except PhotoError:
            continue
        if read.color is None or read.is_monochrome or read.rgb.dtype != np.uint8:
            continue
        scale = min(1.0, SIDE / max(read.rgb.shape[:2]))
        size = tuple(round(side * scale) for side in read.rgb.shape[1::-1])
        yield files[number].name, cv2.resize(read.rgb, size, interpolation=cv2.INTER_AREA)
        found += 1
        if found == limit:
            return


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of RGB, (H, W, 3) uint8."""
    return color.rgb_to_lab(np.divide(rgb, 255, dtype=np.float32))


def disc(shape: tuple[int, ...], x: int, y: int) -> np.ndarray:
    """Which pixels a hint of the default radius covers, (H, W) bool."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.circle(mask, (x, y), max(1, round(min(shape[:2]) * RADIUS)), 1, -1)
    return mask > 0


def thing(truth: np.ndarray) -> tuple[np.ndarray, int, int] | None:
    """An object of even, visible colour, (H, W) bool, and its innermost point, x and y."""
    small = cv2.resize(truth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    labels = felzenszwalb(
        small, scale=200, sigma=0.8, min_size=small.shape[0] * small.shape[1] // 100
    )
    labels = cv2.resize(labels, truth.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    ab = lab(truth)[..., 1:]
    rim = np.ones(labels.shape, bool)
    rim[3:-3, 3:-3] = False
    best, found = 0.0, None
    for label in np.unique(labels):
        mask = labels == label
        share = mask.mean()
        if not SMALLEST <= share <= LARGEST or (mask & rim).sum() > 0.25 * rim.sum():
            continue
        mean, spread = ab[mask].mean(0), ab[mask].std(0).max()
        depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        if spread > 12 or depth.max() < 2 * RADIUS * min(labels.shape):
            continue
        score = float(np.linalg.norm(mean)) / (4 + spread)
        if score > best:
            y, x = np.unravel_index(depth.argmax(), depth.shape)
            best, found = score, (mask, int(x), int(y))
    return found


def asked(grey: np.ndarray, rgb: tuple[int, int, int]) -> np.ndarray:
    """Return the ab of a colour at each luma, as far as the gamut allows, (H, W, 2)."""
    ab = lab(np.array([[rgb]], np.uint8))[0, 0, 1:]
    wanted = np.broadcast_to(ab, (*grey.shape, 2)).astype(np.float32)
    fed = wanted.copy()
    for _ in range(4):  # luma is not L: go on until the result has the ab that was asked for
        got = lab(color.merge(grey, fed))[..., 1:]
        fed = fed + (wanted - got)
        fed *= np.minimum(1, 200 / np.maximum(np.linalg.norm(fed, axis=-1, keepdims=True), 1))
    first = lab(color.merge(grey, wanted.copy()))[..., 1:]
    got = lab(color.merge(grey, fed))[..., 1:]
    nearer = np.linalg.norm(got - wanted, axis=-1) < np.linalg.norm(first - wanted, axis=-1)
    return np.where(nearer[..., None], got, first)


def at_the_hint(
    shown: np.ndarray, grey: np.ndarray, rgb: tuple[int, int, int], where: np.ndarray
) -> dict[str, float]:
    """Return the error of the mean colour in a hint's disc, and of its single pixels."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    off = (lab(np.ascontiguousarray(shown[box]))[..., 1:] - asked(grey[box], rgb))[where[box]]
    return {
        "at the hint": float(np.linalg.norm(off.mean(0))),
        "at the hint, pixels": float(np.linalg.norm(off, axis=-1).mean()),
    }


def psnr(shown: np.ndarray, truth: np.ndarray) -> float:
    """Decibels."""
    return float(10 * np.log10(255**2 / max(((shown.astype(float) - truth) ** 2).mean(), 1e-9)))


def compared(
    plain: np.ndarray, hinted: np.ndarray, truth: np.ndarray, found: tuple[np.ndarray, int, int]
) -> dict[str, float]:
    """Return how a hint changes the object, everything else, and the far half of the picture."""
    mask, x, y = found
    before, after, true = (lab(each)[..., 1:] for each in (plain, hinted, truth))
    change = np.linalg.norm(after - before, axis=-1)
    rows, columns = np.indices(mask.shape)
    height, width = mask.shape
    far = np.hypot((rows - y) / height, (columns - x) / width) > 0.5
    return {
        "thing off, without": float(np.linalg.norm(before - true, axis=-1)[mask].mean()),
        "thing off, with": float(np.linalg.norm(after - true, axis=-1)[mask].mean()),
        "rest off, without": float(np.linalg.norm(before - true, axis=-1)[~mask].mean()),
        "rest off, with": float(np.linalg.norm(after - true, axis=-1)[~mask].mean()),
        "rest changes": float(change[~mask].mean()),
        "far half changes": float(change[far].mean()),
        "PSNR gain": psnr(hinted, truth) - psnr(plain, truth),
    }


def mean_color(truth: np.ndarray, where: np.ndarray) -> tuple[int, int, int]:
    """The mean of some pixels."""
    red, green, blue = np.rint(truth[where].mean(0)).astype(int)
    return int(red), int(green), int(blue)


def ten_hints(truth: np.ndarray, rng: np.random.Generator) -> list[Hint]:
    """Hints with the true colours of 7 × 7 pixels at ten points, as in tools/release.py."""
    places = zip(*(rng.integers(4, side - 4, 10) for side in truth.shape[1::-1]), strict=True)
    return [
        Hint.at(
            int(x), int(y), tuple(truth[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1)).astype(int)), 3
        )
        for x, y in places
    ]


def measure(
    prediction: Prediction, truth: np.ndarray, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """All numbers of one photograph, by the kind of hint; empty if it has no suitable object."""
    grey, found = prediction.photo.luma, thing(truth)
    if found is None:
        return {}
    _, x, y = found
    where = disc(truth.shape, x, y)
    rgb, results = mean_color(truth, where), {}
    for title, level in LEVELS.items():
        plain = prediction.color(vividness=level).rgb
        start = time.perf_counter()
        shown = prediction.color(vividness=level, hints=[Hint.at(x, y, rgb)]).rgb
        taken = time.perf_counter() - start
        results[title] = (
            at_the_hint(shown, grey, rgb, where)
            | compared(plain, shown, truth, found)
            | {"milliseconds": 1000 * taken}
        )
        if level is None:
            chroma = cv2.blur(np.linalg.norm(lab(plain)[..., 1:], axis=-1), (15, 15))
            v, u = np.unravel_index(chroma[8:-8, 8:-8].argmax(), chroma[8:-8, 8:-8].shape)
            spot = int(u) + 8, int(v) + 8
            shown = prediction.color(hints=[Hint.at(*spot, GREY)]).rgb
            there = disc(truth.shape, *spot)
            all_ = compared(plain, shown, truth, (there, *spot))
            results["grey hint"] = at_the_hint(shown, grey, GREY, there) | {
                key: all_[key] for key in ("rest changes", "far half changes")
            }
    plain = prediction.color(vividness=0).rgb
    shown = prediction.color(vividness=0, hints=ten_hints(truth, rng)).rgb
    results["ten hints, faithful"] = {"PSNR gain": psnr(shown, truth) - psnr(plain, truth)}
    return results


def report(found: list[dict[str, dict[str, float]]]) -> None:
    """Print means; for what must be exact, also the worst value and the share within 2."""
    for kind in found[0]:
        print(f"{kind} ({len(found)} photographs)")
        for name in found[0][kind]:
            values = [each[kind][name] for each in found]
            line = f"  {name:22} {statistics.mean(values):7.2f}"
            if name.startswith("at the hint"):
                within = sum(value <= 2 for value in values) / len(values)
                line += f"   worst {max(values):.1f}, within 2: {within:.0%}"
            if name.endswith("changes"):
                line += f"   worst {max(values):.1f}"
            print(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, nargs="+", required=True, help="colour photographs")
    parser.add_argument("--limit", type=int, default=100, help="photographs of each folder")
    parser.add_argument("--part", choices=(*PARTS, "all"), default="all", help="by file name")
    arguments = parser.parse_args()
    colorizer, rng, found = Colorizer(), np.random.default_rng(0), []
    for folder in arguments.folder:
        for _, truth in photographs(folder, arguments.part, arguments.limit):
            if results := measure(colorizer.predict(color.luma(truth)), truth, rng):
                found.append(results)
    if not found:
        raise SystemExit("expected photographs with a thing of even colour; found none")
    report(found)


if __name__ == "__main__":
    main()
