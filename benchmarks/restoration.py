"""Count how often restoration touches clean photographs, and how much drawn damage it repairs.

    python benchmarks/restoration.py PHOTOGRAPHS [--part test] [--limit 300] [--zoom 3]

Each photograph is made grey and restored as it is: whatever is found then is a false alarm. Then
damage is drawn over it, as for training the detector, and it is restored again. `--zoom` enlarges
small photographs first. `--save FOLDER` keeps the false alarms, to look at. `--picture FILE` draws
the picture of the documentation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

import photochrom
from photochrom import photo
from photochrom.errors import PhotochromError
from photochrom.restoration import restore
from photochrom.scoring import PARTS, part_of
from photochrom.training.damage import VISIBLE, damaged

VISIBLY_WORSE = 0.1  # dB
PICTURE_SEED = 47


def photographs(
    folder: Path, part: str, limit: int, zoom: float
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield names and luma, (H, W) uint8, evenly spread over the folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    files = [file for file in files if part in ("all", part_of(file.name))]
    found = 0
    for number in np.random.default_rng(0).permutation(len(files)):
        try:
            luma = photo.read(files[number]).luma
        except PhotochromError:
            continue
        if luma.dtype != np.uint8:
            continue
        if zoom != 1:
            larger = cv2.resize(luma, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
            luma = np.asarray(larger, np.uint8)
        yield files[number].name, luma
        found += 1
        if found == limit:
            return


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the PSNR of two pictures of luma in dB."""
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def draw(path: Path) -> None:
    """Draw a faded, damaged portrait, what is found in it, the repaired copy, and its colours."""
    clean = np.divide(photo.read(skimage.data.astronaut()).luma, 255, dtype=np.float32)
    scan = 0.3 + 0.42 * damaged(clean, np.random.default_rng(PICTURE_SEED))
    luma = np.rint(np.clip(scan, 0, 1) * 255).astype(np.uint8)
    found = restore(luma)
    print(f"{path}: {found}")
    before, after = (np.repeat(each[..., None], 3, 2) for each in (luma, found.photo.luma))
    marked = before.copy()
    marked[found.mask] = (255, 40, 40)
    sheet = np.hstack([before, marked, after, photochrom.colorize(found.photo).rgb])
    Image.fromarray(sheet).resize((1600, 400), Image.Resampling.LANCZOS).save(path, quality=85)


def measure(arguments: argparse.Namespace) -> None:
    """Measure, and print."""
    clean, alarms = 0, {"dust": 0, "scratches": 0, "fading": 0, "any": 0}
    before, after, touched, found, drawn, wrong = [], [], 0, 0, 0, 0
    rng = np.random.default_rng(1)
    for name, luma in photographs(
        arguments.folder, arguments.part, arguments.limit, arguments.zoom
    ):
        clean += 1
        result = restore(luma)
        alarms["dust"] += bool(result.dust)
        alarms["scratches"] += bool(result.scratches)
        alarms["fading"] += bool(result.levels)
        alarms["any"] += bool(result)
        if result and arguments.save:
            arguments.save.mkdir(parents=True, exist_ok=True)
            both = np.hstack([luma, result.photo.luma])
            cv2.imwrite(str(arguments.save / f"{Path(name).stem}.png"), both)
        grey = np.divide(luma, 255, dtype=np.float32)
        scan = damaged(grey, rng)
        mask = np.abs(scan - grey) > VISIBLE[1]
        if not mask.any():
            continue
        levels = np.rint(np.clip(scan, 0, 1) * 255).astype(np.uint8)
        repaired = restore(levels, ("dust", "scratches"))
        before.append(psnr(levels, luma))
        after.append(psnr(repaired.photo.luma, luma))
        touched += bool(repaired)
        drawn += int(mask.sum())
        found += int((mask & repaired.mask).sum())
        near = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        wrong += int((repaired.mask & ~near).sum())
    print(f"clean: {clean} photographs; changed for " + ", ".join(
        f"{kind} {count} ({count / clean:.2%})" for kind, count in alarms.items()
    ))  # fmt: skip
    gains = np.subtract(after, before)
    worse = np.mean(gains < -VISIBLY_WORSE)
    print(
        f"damaged: {len(before)} photographs, {touched} repaired; {found / drawn:.1%} of the "
        f"damaged pixels filled in, and {wrong / len(before):.0f} pixels a photograph elsewhere; "
        f"PSNR {np.mean(before):.2f} to {np.mean(after):.2f} dB (median gain "
        f"{np.median(gains):.2f}, worse in {worse:.1%})"
    )


def main() -> None:
    """Parse the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--part", choices=("all", *PARTS), default="all")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--zoom", type=float, default=1.0)
    parser.add_argument("--save", type=Path, help="a folder for the false alarms")
    parser.add_argument("--picture", type=Path, help="a picture for the documentation, to draw")
    arguments = parser.parse_args()
    if arguments.picture:
        draw(arguments.picture)
    if arguments.folder:
        measure(arguments)


if __name__ == "__main__":
    main()
