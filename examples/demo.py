"""`make demo`: train the report's network for a few minutes, then colour grey photographs with it.

The photographs come with scikit-image and scikit-learn. Six teach; two were never seen by the
network, and one has no colours: it was taken in black and white. What is written lies in `.demo/`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

from photochrom import color, scoring

HERE = Path(".demo")
TEACHERS = ("astronaut", "coffee", "rocket", "motorcycle_left")
SETTINGS = {
    "data.size": 128,
    "data.crop": 0.25,
    "data.photos_per_epoch": 240,
    "data.validation": 0,
    "train.epochs": 12,
    "options.input_scale": 0.01,
    "train.data_terms": "'four photographs of scikit-image, two of scikit-learn'",
}


def photochrom(*arguments: object) -> None:
    """Run the program as a person would, and say so."""
    words = [str(argument) for argument in arguments]
    print("\n$ photochrom", *words, flush=True)
    subprocess.run([sys.executable, "-m", "photochrom", *words], check=True)


def picture(name: str) -> np.ndarray:
    """One of scikit-image's, as (H, W, 3) uint8."""
    if name == "motorcycle_left":
        return skimage.data.stereo_motorcycle()[0]
    return getattr(skimage.data, name)()


def lay_out() -> dict[str, np.ndarray]:
    """Write the colour photographs to learn from and the grey ones; return the latter's truth."""
    palace, flower = load_sample_images().images
    for folder in ("colour", "grey"):
        (HERE / folder).mkdir(parents=True, exist_ok=True)
    for name in TEACHERS:
        Image.fromarray(picture(name)).save(HERE / "colour" / f"{name}.png")
    Image.fromarray(flower).save(HERE / "colour" / "flower.png")
    Image.fromarray(palace).save(HERE / "colour" / "palace.png")
    unseen = {"cat": picture("chelsea"), "photographer": skimage.data.camera()}
    seen = {"astronaut": picture("astronaut"), "palace": palace}
    for name, truth in (unseen | seen).items():
        grey = color.luma(truth) if truth.ndim == 3 else truth
        Image.fromarray(grey).save(HERE / "grey" / f"{name}.jpg", quality=95)
    return unseen | seen


def main() -> None:
    """Train, colour, lay side by side."""
    truths = lay_out()
    run = HERE / "run"
    if (run / "model").exists():
        print(f"{run} is there already: its model is used")
    elif run.exists():
        photochrom("train", "--run", run, "--resume")
    else:
        settings = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
        photochrom("train", HERE / "colour", "--run", run, *settings)
    photochrom(
        "colorize", HERE / "grey", "-o", HERE / "coloured", "-m", run / "model",
        "--exists", "overwrite",
    )  # fmt: skip
    rows = [
        [np.asarray(Image.open(HERE / folder / f"{name}.jpg")) for folder in ("grey", "coloured")]
        + [truth]
        for name, truth in truths.items()
    ]
    titles = [
        f"{name} ({'learnt from' if i > 1 else 'never seen'})" for i, name in enumerate(truths)
    ]
    page = scoring.sheet(rows, ("grey", "coloured", "as it was"), titles)
    Image.fromarray(page).save(HERE / "demo.png")
    print(f"\nColoured photographs: {HERE / 'coloured'}\nSide by side: {HERE / 'demo.png'}")


if __name__ == "__main__":
    main()
