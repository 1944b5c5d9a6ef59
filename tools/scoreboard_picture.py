"""A comparison's networks on sample photographs that anyone may show: the scoreboard's picture.

    python tools/scoreboard_picture.py COMPARISON --to docs/pictures/scoreboard.png

The photographs come with scikit-image and scikit-learn; no network here learnt from them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

from photochrom import photo, scoring
from photochrom.recipes.backend import choose_backend

TILE = 128


def samples() -> dict[str, np.ndarray]:
    """By name: RGB, (256, 256, 3) uint8."""
    palace, flower = load_sample_images().images
    found = {
        "astronaut": skimage.data.astronaut(),
        "cat": skimage.data.chelsea(),
        "coffee": skimage.data.coffee(),
        "palace": palace,
        "flower": flower,
    }
    return {name: photo.resized(middle(rgb), 256) for name, rgb in found.items()}


def middle(rgb: np.ndarray) -> np.ndarray:
    """The largest square in the middle."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def main() -> None:
    """Colour with every network, and lay out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("comparison", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    choose_backend()
    from photochrom.training import comparison

    told = json.loads((arguments.comparison / "scoreboard.json").read_text("utf-8"))
    entries = [comparison.Entry(**entry) for entry in told["entries"]]
    rows = list(comparison.shown(arguments.comparison, entries, list(samples().items())))
    heads = ("grey", *(entry.name for entry in entries if entry.inference_ms), "true")
    page = scoring.sheet(rows, [head.replace(":", " ") for head in heads], tile=TILE)
    Image.fromarray(page).save(arguments.to, optimize=True)


if __name__ == "__main__":
    main()
