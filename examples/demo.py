"""`make demo`: colour grey photographs with the default network.

The photographs come with scikit-image and scikit-learn; the network never saw them. One has no
colours to compare with: it was taken in black and white. What is written lies in `.demo/`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

from photochrom import Colorizer, color, scoring

HERE = Path(".demo")


def photochrom(*arguments: object) -> None:
    """Print a command and run it."""
    words = [str(argument) for argument in arguments]
    print("\n$ photochrom", *words, flush=True)
    subprocess.run([sys.executable, "-m", "photochrom", *words], check=True)


def samples() -> dict[str, np.ndarray]:
    """The photographs by name, RGB, (H, W, 3), or grey, (H, W), uint8."""
    palace, flower = load_sample_images().images
    return {
        "astronaut": skimage.data.astronaut(),
        "cat": skimage.data.chelsea(),
        "coffee": skimage.data.coffee(),
        "palace": palace,
        "flower": flower,
        "photographer": skimage.data.camera(),
    }


def lay_out() -> dict[str, np.ndarray]:
    """Write the grey photographs; return the originals by name."""
    truths = samples()
    (HERE / "grey").mkdir(parents=True, exist_ok=True)
    for name, truth in truths.items():
        grey = color.luma(truth) if truth.ndim == 3 else truth
        Image.fromarray(grey).save(HERE / "grey" / f"{name}.jpg", quality=95)
    return truths


def shown(folder: str, name: str) -> np.ndarray:
    """Return a picture of the demo's folder."""
    return np.asarray(Image.open(HERE / folder / f"{name}.jpg"))


def main() -> None:
    """Colour the photographs, put them side by side, and show several results for one."""
    truths = lay_out()
    photochrom("colorize", HERE / "grey", "-o", HERE / "coloured", "--exists", "overwrite")
    rows = [[shown("grey", name), shown("coloured", name), truths[name]] for name in truths]
    page = scoring.contact_sheet(rows, ("grey", "coloured", "as it was"), list(truths))
    Image.fromarray(page).save(HERE / "demo.png")

    prediction = Colorizer().predict(HERE / "grey" / "astronaut.jpg")
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    vivid = [prediction.color(vividness=level).rgb for level in levels]
    several = [answer.rgb for answer in prediction.variants(len(levels))]
    sure = (prediction.confidence() * 255).astype(np.uint8)
    answers: list[list[np.ndarray]] = [[sure, *vivid], [shown("grey", "astronaut"), *several]]
    page = scoring.contact_sheet(
        answers,
        ("confidence / grey", *(f"{level:g} / answer {n}" for n, level in enumerate(levels, 1))),
        ("vividness", "several answers"),
    )
    Image.fromarray(page).save(HERE / "answers.png")
    print(f"\nColoured photographs: {HERE / 'coloured'}\nSide by side: {HERE / 'demo.png'}")
    print(f"Vividness and variants: {HERE / 'answers.png'}")


if __name__ == "__main__":
    main()
