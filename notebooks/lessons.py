"""What the notebooks share: photographs from packages, a training loop, and how to show results."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
import numpy.typing as npt
import skimage.data
from IPython.display import Image
from matplotlib.cbook import get_sample_data
from PIL import Image as Pillow
from sklearn.datasets import load_sample_images

from photochrom import color, photo
from photochrom.recipes.base import AnyRecipe
from photochrom.scoring import contact_sheet

__all__ = ["colorize", "crops", "grey", "seen", "show", "show_file", "train", "unseen"]

Rgb: TypeAlias = npt.NDArray[np.uint8]

_BATCH_SIZE = 8
_SMALLEST_CROP = 0.4  # as a share of the photograph's shorter side


def seen() -> dict[str, Rgb]:
    """Return the photographs to learn from by name, RGB, (H, W, 3) uint8."""
    palace, flower = load_sample_images().images
    return {
        "astronaut": skimage.data.astronaut(),
        "coffee": skimage.data.coffee(),
        "rocket": skimage.data.rocket(),
        "palace": palace,
        "flower": flower,
    }


def unseen() -> dict[str, Rgb]:
    """Return the photographs to judge by, which no network here learns from."""
    admiral = Pillow.open(get_sample_data("grace_hopper.jpg", asfileobj=False))
    return {"cat": skimage.data.chelsea(), "admiral": np.asarray(admiral.convert("RGB"))}


def crops(photographs: Mapping[str, Rgb], count: int, size: int, seed: int = 0) -> list[Rgb]:
    """Cut random squares out of photographs, the same number out of each.

    Args:
        photographs: by name, RGB, (H, W, 3) uint8.
        count: number of squares out of each photograph.
        size: side of the result in pixels, to which each square is shrunk.
        seed: decides which squares.

    Returns:
        RGB, (size, size, 3) uint8 each.
    """
    rng = np.random.default_rng(seed)
    return [_crop(rgb, size, rng) for rgb in photographs.values() for _ in range(count)]


def _crop(rgb: Rgb, size: int, rng: np.random.Generator) -> Rgb:
    side = round(min(rgb.shape[:2]) * rng.uniform(_SMALLEST_CROP, 1))
    top, left = (int(rng.integers(0, length - side + 1)) for length in rgb.shape[:2])
    square = rgb[top : top + side, left : left + side]
    return photo.resized(square[:, ::-1] if rng.random() < 0.5 else square, size)


def train(recipe: AnyRecipe, network: keras.Model, steps: int, size: int) -> list[float]:
    """Train a network on random squares of the seen photographs.

    Args:
        recipe: the recipe of the network.
        network: what `recipe.build` returned; changed in place.
        steps: number of steps, with 8 squares each.
        size: side of the squares, in pixels.

    Returns:
        The loss during each tenth of the steps.
    """
    model = recipe.training_model(network, steps)
    model.jit_compile = False  # on a CPU, compiling with XLA costs more than it gains
    batches = (recipe.encode(rgb) for rgb in _batches(list(seen().values()), size))
    parts = min(10, steps)
    history = model.fit(
        x=batches, steps_per_epoch=steps // parts, epochs=parts, shuffle=False, verbose=0
    )
    return list(history.history["loss"])


def _batches(pictures: Sequence[Rgb], size: int) -> Iterator[Rgb]:
    """Yield batches of random squares without end, RGB, (8, size, size, 3) uint8."""
    rng = np.random.default_rng(0)
    while True:
        chosen = rng.integers(0, len(pictures), _BATCH_SIZE)
        yield np.stack([_crop(pictures[number], size, rng) for number in chosen])


def grey(rgb: Rgb) -> Rgb:
    """Return what a black-and-white film would have kept of a photograph, (H, W, 3) uint8."""
    return np.dstack([color.luma(rgb)] * 3)


def colorize(recipe: AnyRecipe, network: keras.Model, pictures: Sequence[Rgb]) -> list[Rgb]:
    """Return photographs with their own luma and the chroma that a network predicts from it.

    Args:
        recipe: the recipe of the network; its network predicts chroma at full size.
        network: what `recipe.runtime` returns.
        pictures: squares of one size, RGB, (H, W, 3) uint8; only their luma is used.

    Returns:
        RGB, (H, W, 3) uint8 each.
    """
    output = network(recipe.encode_input(np.stack(pictures)), training=False)
    chroma = keras.ops.convert_to_numpy(output) * recipe.output_scale  # (B, H, W, 2)
    return [
        color.merge(color.luma(rgb), each, recipe.color_space)
        for rgb, each in zip(pictures, chroma, strict=True)
    ]


def show(rows: Sequence[Sequence[Rgb]], titles: Sequence[str] = (), tile: int = 112) -> Image:
    """Return pictures in rows, with a title above each column, for the notebook to display."""
    return _displayed(Pillow.fromarray(contact_sheet(rows, titles, tile=tile)))


def show_file(path: Path, width: int = 500) -> Image:
    """Return a picture from a file, shrunk to a width in pixels, for the notebook to display."""
    with Pillow.open(path) as picture:
        return _displayed(picture.resize((width, picture.height * width // picture.width)))


def _displayed(picture: Pillow.Image) -> Image:
    """Compress a picture as a JPEG: PNG would make the notebooks ten times as large."""
    jpeg = io.BytesIO()
    picture.convert("RGB").save(jpeg, "JPEG", quality=90)
    return Image(data=jpeg.getvalue(), format="jpeg")
