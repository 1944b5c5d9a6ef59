"""Real photographs from scikit-image and scikit-learn, so that no test needs a download."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image


def sample_image(name: str) -> np.ndarray:
    """A photograph of scikit-learn, (H, W, 3) uint8, without the import, which takes seconds."""
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    with Image.open(Path(package.origin).parent / "datasets" / "images" / f"{name}.jpg") as image:
        return np.array(image)


@cache
def colour_pictures() -> tuple[np.ndarray, ...]:
    """RGB, (H, W, 3) uint8: an astronaut, a cat, coffee, a rocket, a palace, a flower."""
    here = [getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")]
    return (*here, sample_image("china"), sample_image("flower"))


def crops(count: int, side: int) -> list[np.ndarray]:
    """Different squares cut out of the pictures, (side, side, 3) uint8, always the same ones."""
    rng = np.random.default_rng(7)
    found = []
    for number in range(count):
        rgb = colour_pictures()[number % len(colour_pictures())]
        edge = int(rng.integers(side, min(rgb.shape[:2])))
        top, left = (int(rng.integers(0, n - edge + 1)) for n in rgb.shape[:2])
        part = Image.fromarray(rgb[top : top + edge, left : left + edge])
        found.append(np.asarray(part.resize((side, side), Image.Resampling.BOX)))
    return found


def fill(folder: Path, count: int, side: int = 96) -> Path:
    """Write `count` of these squares as PNG files to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, rgb in enumerate(crops(count, side)):
        Image.fromarray(rgb).save(folder / f"{number:03}.png")
    return folder
