"""Another encoder under a decoder that has learnt already: weights to start a run from.

    python tools/graft.py runs/photochrom-192-again/best.keras PHOTOS --to start.keras

What the decoder reads is linear in each of the encoder's maps. So each old map is fitted linearly
from the new encoder's at the same stride, over grey photographs of which nothing is known, and the
fit is folded into the decoder's kernels. All other weights are copied.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom import photo
from photochrom.recipes.backend import choose_backend
from photochrom.sampling import subsample

if TYPE_CHECKING:
    import keras
    import numpy.typing as npt

    from photochrom.recipes.base import Recipe

SIDE = 192
AT_ONCE = 20
RIDGE = 1e-4  # of the mean variance of the new maps
READERS = {  # of the encoder's maps, and the layers whose inputs they end
    "decoder4_conv1": "decoder4_skip",
    "decoder8_conv1": "decoder8_skip",
    "decoder16_conv1": "decoder16_skip",
    "bottom": "",
}


def grey_photographs(folder: Path, count: int, recipe: Recipe[Any]) -> npt.NDArray[np.float32]:
    """The network's inputs for photographs from all over a folder, (N, SIDE, SIDE, 4)."""
    from photochrom.training.sources import find

    chosen = subsample(find(folder), count)
    squares = np.stack([photo.square(source.read(), SIDE, "crop") for source in chosen])
    return np.asarray(recipe.encode(squares)[0])


def read_maps(network: keras.Model) -> keras.Model:
    """The maps of the encoder that the decoder reads, in the order of READERS."""
    import keras

    maps = [
        network.get_layer(skip).input[1] if skip else network.get_layer(reader).input
        for reader, skip in READERS.items()
    ]
    return keras.Model(network.input, maps)


def fits(
    old: keras.Model, new: keras.Model, inputs: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float64]]:
    """For every map, (channels of the new + 1, channels of the old): a linear map and a shift."""
    sums: list[list[Any]] = [[0.0, 0.0] for _ in READERS]
    models = read_maps(old), read_maps(new)
    for start in range(0, len(inputs), AT_ONCE):
        maps = (model.predict_on_batch(inputs[start : start + AT_ONCE]) for model in models)
        for total, wanted, given in zip(sums, *maps, strict=True):
            wanted, given = (m.reshape(-1, m.shape[-1]).astype(float) for m in (wanted, given))
            given = np.hstack([given, np.ones((len(given), 1))])
            total[0] += given.T @ given
            total[1] += given.T @ wanted
    return [
        np.linalg.solve(square + RIDGE * np.trace(square) / len(square) * np.eye(len(square)), both)
        for square, both in sums
    ]


def graft(old: keras.Model, new: keras.Model, inputs: npt.NDArray[np.float32]) -> None:
    """Give the new network's decoder the old one's weights, fitted where the encoders differ."""
    for layer in new.layers:
        if not layer.name.startswith("encoder_") and layer.name not in READERS:
            layer.set_weights(old.get_layer(layer.name).get_weights())
    for reader, fit in zip(READERS, fits(old, new, inputs), strict=True):
        (kernel,) = old.get_layer(reader).get_weights()
        above, skip = np.split(kernel, [kernel.shape[2] - fit.shape[1]], axis=2)
        fitted = np.einsum("co,hwof->hwcf", fit[:-1], skip)
        new.get_layer(reader).set_weights([np.concatenate([above, fitted], 2)])
        norm = new.get_layer(f"{reader}_norm")
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights([gamma, beta, mean - np.einsum("o,hwof->f", fit[-1], skip), variance])


def main() -> None:
    """Build, fit, save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", type=Path, help="a .keras file of recipe photochrom")
    parser.add_argument("photos", type=Path, help="a folder of photographs to fit on")
    parser.add_argument("--from-encoder", type=int, default=0, choices=(0, 1, 2))
    parser.add_argument("--encoder", type=int, default=2, choices=(0, 1, 2))
    parser.add_argument("--count", type=int, default=400, help="photographs to fit on")
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    choose_backend()
    import keras

    from photochrom.recipes import recipe

    before = recipe("photochrom", {"encoder": arguments.from_encoder})
    after = recipe("photochrom", {"encoder": arguments.encoder})
    old, new = before.blank(None), after.build(None)
    old.set_weights(keras.saving.load_model(arguments.start, compile=False).get_weights())
    graft(old, new, grey_photographs(arguments.photos, arguments.count, after))
    new.save(arguments.to)


if __name__ == "__main__":
    main()
