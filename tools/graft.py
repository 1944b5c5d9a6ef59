"""Replace the encoder under a trained decoder, and write weights to start a run from.

    python tools/graft.py runs/photochrom-192-again/best.keras PHOTOS --to start.keras

The decoder's first layers are linear in each of the encoder's maps. So each old map is approximated
by a linear function of the new encoder's map at the same stride, fitted on grey photographs without
known colours. The fit is folded into the decoder's kernels. All other weights are copied.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom import photo
from photochrom.parallel import subsample
from photochrom.recipes.backend import choose_backend

if TYPE_CHECKING:
    import keras
    import numpy.typing as npt

    from photochrom.recipes.base import Recipe

SIDE = 192
BATCH_SIZE = 20
RIDGE = 1e-4  # relative to the mean variance of the new maps
# Layers that read the encoder's maps, and the layers that concatenate these maps for them.
SKIP_OF_READER = {
    "decoder4_conv1": "decoder4_skip",
    "decoder8_conv1": "decoder8_skip",
    "decoder16_conv1": "decoder16_skip",
    "bottom": "",
}


def grey_photographs(folder: Path, count: int, recipe: Recipe[Any]) -> npt.NDArray[np.float32]:
    """Return the network's inputs for a sample of photographs, (N, SIDE, SIDE, 4) float32."""
    from photochrom.training.sources import find

    chosen = subsample(find(folder), count)
    squares = np.stack([photo.square(source.read(), SIDE, "crop") for source in chosen])
    return np.asarray(recipe.encode(squares)[0])


def map_model(network: keras.Model) -> keras.Model:
    """Return a model of the maps that the decoder reads, in the order of SKIP_OF_READER."""
    import keras

    maps = [
        network.get_layer(skip).input[1] if skip else network.get_layer(reader).input
        for reader, skip in SKIP_OF_READER.items()
    ]
    return keras.Model(network.input, maps)


def fit_maps(
    old: keras.Model, new: keras.Model, inputs: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float64]]:
    """Fit the old encoder's maps linearly to the new encoder's.

    Returns:
        For each map (new channels + 1, old channels) float64; the last row is the constant term.
    """
    # Sums over batches: all maps together would not fit in memory.
    moments: list[list[Any]] = [[0.0, 0.0] for _ in SKIP_OF_READER]
    models = map_model(old), map_model(new)
    for start in range(0, len(inputs), BATCH_SIZE):
        maps = (model.predict_on_batch(inputs[start : start + BATCH_SIZE]) for model in models)
        for moment, old_map, new_map in zip(moments, *maps, strict=True):
            old_map, new_map = (
                m.reshape(-1, m.shape[-1]).astype(float) for m in (old_map, new_map)
            )
            new_map = np.hstack([new_map, np.ones((len(new_map), 1))])
            moment[0] += new_map.T @ new_map
            moment[1] += new_map.T @ old_map
    return [
        np.linalg.solve(gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), cross)
        for gram, cross in moments
    ]


def graft(old: keras.Model, new: keras.Model, inputs: npt.NDArray[np.float32]) -> None:
    """Set the new network's decoder to the old one's weights, fitted where the encoders differ."""
    for layer in new.layers:
        if not layer.name.startswith("encoder_") and layer.name not in SKIP_OF_READER:
            layer.set_weights(old.get_layer(layer.name).get_weights())
    for reader, linear_map in zip(SKIP_OF_READER, fit_maps(old, new, inputs), strict=True):
        (kernel,) = old.get_layer(reader).get_weights()
        # The reader's input is the upsampled map, then the encoder's map.
        upper, skip = np.split(kernel, [kernel.shape[2] - linear_map.shape[1]], axis=2)
        fitted = np.einsum("co,hwof->hwcf", linear_map[:-1], skip)
        new.get_layer(reader).set_weights([np.concatenate([upper, fitted], 2)])
        # The normalization that follows absorbs the constant term of the fit.
        norm = new.get_layer(f"{reader}_norm")
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights(
            [gamma, beta, mean - np.einsum("o,hwof->f", linear_map[-1], skip), variance]
        )


def main() -> None:
    """Build the new network, fit its decoder and save it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", type=Path, help="trained network of the recipe photochrom, .keras")
    parser.add_argument("photos", type=Path, help="folder of photographs to fit on")
    parser.add_argument(
        "--from-encoder",
        type=int,
        default=0,
        choices=(0, 1, 2),
        help="EfficientNet-Lite of the trained network",
    )
    parser.add_argument(
        "--encoder",
        type=int,
        default=2,
        choices=(0, 1, 2),
        help="EfficientNet-Lite of the new network",
    )
    parser.add_argument("--count", type=int, default=400, help="number of photographs to fit on")
    parser.add_argument("--to", type=Path, required=True, help="the .keras file to write")
    arguments = parser.parse_args()
    choose_backend()
    import keras

    from photochrom.recipes import recipe

    old_recipe = recipe("photochrom", {"encoder": arguments.from_encoder})
    new_recipe = recipe("photochrom", {"encoder": arguments.encoder})
    old, new = old_recipe.blank(None), new_recipe.build(None)
    old.set_weights(keras.saving.load_model(arguments.start, compile=False).get_weights())
    graft(old, new, grey_photographs(arguments.photos, arguments.count, new_recipe))
    new.save(arguments.to)


if __name__ == "__main__":
    main()
