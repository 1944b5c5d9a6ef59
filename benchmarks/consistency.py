"""Measure how alike an album's photographs are coloured, each by itself and with shared colours.

    python benchmarks/consistency.py --folder PHOTOGRAPHS [--limit 50] [--part test]

Of every colour photograph, five pictures are made: the whole, two overlapping crops of three
quarters of each side, a darker and a lighter copy (gamma 1.5 and 0.65). Each is made grey and
coloured. Where two of the five show the same place, their colours should be the same: the mean
CIEDE2000 of these places is reported, at the mean lightness of both, so that the different
exposures do not count. PSNR is that of the coloured pictures and their true colours.

Three kinds of albums are coloured: the five pictures of each photograph, all pictures of all
photographs together, and the whole photographs alone, which have little to do with one another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from skimage.color import deltaE_ciede2000

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.hints import lab, photographs
from photochrom import Colorizer, ColorOptions, Prediction, SharedColors, color
from photochrom.scoring import PARTS, psnr

GAMMAS = (1.5, 0.65)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of an album: its true colours, (H, W, 3) uint8, and where it lies in the whole."""

    truth: np.ndarray
    left: int
    top: int
    prediction: Prediction


def pictures_of(rgb: np.ndarray, colorizer: Colorizer) -> list[Picture]:
    """Make the five pictures of a photograph, (H, W, 3) uint8, and predict their colours."""
    height, width = rgb.shape[:2]
    rows, columns = height * 3 // 4, width * 3 // 4
    exposed = [(255 * (rgb / 255) ** gamma + 0.5).astype(np.uint8) for gamma in GAMMAS]
    parts = [
        (rgb, 0, 0),
        (rgb[:rows, :columns], 0, 0),
        (rgb[height - rows :, width - columns :], width - columns, height - rows),
        *((copy, 0, 0) for copy in exposed),
    ]
    return [
        Picture(truth, left, top, colorizer.predict(color.luma(np.ascontiguousarray(truth))))
        for truth, left, top in parts
    ]


def colored(pictures: Sequence[Picture], shared: SharedColors | None) -> list[np.ndarray]:
    """Colour pictures, (H, W, 3) uint8 each."""
    options = ColorOptions(shared=shared)
    return [np.asarray(each.prediction.color(options).rgb) for each in pictures]


def shared_by(pictures: Sequence[Picture]) -> SharedColors:
    return SharedColors(found for each in pictures for found in each.prediction.as_references())


def differences(pictures: Sequence[Picture], results: Sequence[np.ndarray]) -> Iterator[float]:
    """Yield the mean CIEDE2000 of the places that two pictures share, for all pairs."""
    for (one, first), (other, second) in combinations(zip(pictures, results, strict=True), 2):
        a, b = (
            overlap(picture, result, one, other)
            for picture, result in ((one, first), (other, second))
        )
        lightness = (a[..., 0] + b[..., 0]) / 2
        a[..., 0] = b[..., 0] = lightness
        yield float(deltaE_ciede2000(a, b).mean())


def overlap(picture: Picture, result: np.ndarray, one: Picture, other: Picture) -> np.ndarray:
    """Return the Lab of the part of a picture that two pictures both show, (h, w, 3)."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    right = min(each.left + each.truth.shape[1] for each in (one, other))
    bottom = min(each.top + each.truth.shape[0] for each in (one, other))
    rows = slice(top - picture.top, bottom - picture.top)
    return lab(np.ascontiguousarray(result[rows, left - picture.left : right - picture.left]))


def chroma_of(rgb: np.ndarray) -> float:
    """Return the mean distance of a picture's colours from grey, in Lab units."""
    return float(np.linalg.norm(lab(rgb)[..., 1:], axis=-1).mean())


def report(
    name: str, albums: Sequence[Sequence[Picture]], results: Sequence[list[np.ndarray]]
) -> None:
    """Print a row of the table."""
    apart = [
        np.mean(list(differences(pictures, found)))
        for pictures, found in zip(albums, results, strict=True)
        if len(pictures) > 1
    ]
    pairs = [
        (picture.truth, result)
        for pictures, found in zip(albums, results, strict=True)
        for picture, result in zip(pictures, found, strict=True)
    ]
    quality = np.array([psnr(result, truth) for truth, result in pairs])
    strength = np.mean(
        [np.linalg.norm(lab(result)[..., 1:], axis=-1).mean() for _, result in pairs]
    )
    difference = f"{np.mean(apart):12.2f}" if apart else f"{'':12}"
    print(f"{name:44} {difference} {quality.mean():9.2f} {strength:9.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="test")
    arguments = parser.parse_args()
    colorizer = Colorizer()
    found = photographs(arguments.folder, arguments.part, arguments.limit)
    albums = [pictures_of(rgb, colorizer) for _, rgb in found]
    print(f"{len(albums)} photographs, part {arguments.part}")
    print(f"{'':44} {'CIEDE2000':>12} {'PSNR, dB':>9} {'chroma':>9}")
    report("each picture by itself", albums, [colored(each, None) for each in albums])
    own = [colored(each, shared_by(each)) for each in albums]
    report("album: the pictures of one photograph", albums, own)
    everything = shared_by([picture for each in albums for picture in each])
    together = [colored(each, everything) for each in albums]
    report("album: the pictures of all photographs", albums, together)
    wholes = [each[:1] for each in albums]
    report("whole photographs, each by itself", wholes, [colored(each, None) for each in wholes])
    unrelated = shared_by([picture for (picture,) in wholes])
    alone = [colored(each, unrelated) for each in wholes]
    report("album: the whole photographs", wholes, alone)


if __name__ == "__main__":
    main()
