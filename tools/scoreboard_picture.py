"""Draw the scoreboard's picture: a comparison's networks on freely usable sample photographs.

    python tools/scoreboard_picture.py COMPARISON --to docs/pictures/scoreboard.png

The photographs come with scikit-image and scikit-learn; no network was trained on them.
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
    """Return the sample photographs by name, RGB, (256, 256, 3) uint8."""
    palace, flower = load_sample_images().images
    pictures = {
        "astronaut": skimage.data.astronaut(),
        "cat": skimage.data.chelsea(),
        "coffee": skimage.data.coffee(),
        "palace": palace,
        "flower": flower,
    }
    return {name: photo.resized(middle(rgb), 256) for name, rgb in pictures.items()}


def middle(rgb: np.ndarray) -> np.ndarray:
    """Return the largest central square."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def main() -> None:
    """Colour the samples with every network and save the picture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("comparison", type=Path, help="folder of a finished comparison")
    parser.add_argument("--to", type=Path, required=True, help="the picture to write")
    arguments = parser.parse_args()
    choose_backend()
    from photochrom.training import comparison
    from photochrom.training.held_out import Entry

    scoreboard = json.loads((arguments.comparison / "scoreboard.json").read_text("utf-8"))
    entries = [Entry(**entry) for entry in scoreboard["entries"]]
    rows = list(comparison.picture_rows(arguments.comparison, entries, list(samples().items())))
    headings = ("grey", *(entry.name for entry in entries if entry.inference_ms), "true")
    page = scoring.contact_sheet(
        rows, [heading.replace(":", " ") for heading in headings], tile=TILE
    )
    Image.fromarray(page).save(arguments.to, optimize=True)


if __name__ == "__main__":
    main()
