"""Streams of batches: decoded in parallel, cropped and mirrored, never all in memory.

The order and the crops of the photographs depend only on the seed. So a run that is resumed at
batch n gets the same batches as one that was never interrupted. Several processes share each batch:
together they get the photographs and crops that one process would get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grain
import numpy as np

from photochrom import color, photo
from photochrom.training.augmentation import age
from photochrom.training.cluster import ALONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from photochrom.recipes.base import AnyRecipe, Batch
    from photochrom.training.cluster import Cluster
    from photochrom.training.config import DataConfig
    from photochrom.training.reading import PhotoReader
    from photochrom.training.sources import Source

__all__ = ["random_view", "training_batches", "validation_batches"]

Pair = tuple["npt.NDArray[np.uint8]", "npt.NDArray[np.uint8]"]  # RGB, and its grey version

_ASPECT_RANGE: Final = (3 / 4, 4 / 3)
_MIN_PREFETCH: Final = 2  # batches made ahead; with more threads, one for each
# The length of an "endless" stream. Grain's own endless repeat overflows when batches are counted,
# because it counts them in floats.
_MAX_PHOTOS: Final = 2**53


def random_view(
    data: bytes, size: int, config: DataConfig, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a photograph, cropped at random (area and aspect ratio) and mirrored at random.

    Args:
        data: the encoded photograph.
        size: side of the result, in pixels.
        config: the limits of crops, and whether to mirror.
        rng: source of all random choices.

    Returns:
        RGB, (size, size, 3) uint8.
    """
    # Decode at a size at which even the smallest crop does not have to be enlarged.
    rgb = photo.thumbnail(data, round(size / config.crop**0.5))
    if config.fit == "crop":
        rgb = _random_crop(rgb, config.crop, rng)
    if config.flip and rng.random() < 0.5:
        rgb = rgb[:, ::-1]
    return photo.resized(np.ascontiguousarray(rgb), size)


def _random_crop(
    rgb: npt.NDArray[np.uint8], min_area: float, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a crop with at least `min_area` of the largest square's area."""
    height, width = rgb.shape[:2]
    side = min(height, width) * rng.uniform(min_area, 1) ** 0.5
    # Uniform in the logarithm: wide and tall crops are equally likely.
    aspect = np.exp(rng.uniform(*np.log(_ASPECT_RANGE)))
    h, w = min(height, round(side / aspect**0.5)), min(width, round(side * aspect**0.5))
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return rgb[top : top + h, left : left + w]


def _stream(batches: grain.MapDataset, config: DataConfig) -> grain.IterDataset:
    """Return a dataset that makes batches in threads, ahead of their use."""
    options = grain.ReadOptions(
        num_threads=config.threads, prefetch_buffer_size=max(_MIN_PREFETCH, config.threads)
    )
    return batches.to_iter_dataset(options)


def training_batches(
    sources: Sequence[Source],
    reader: PhotoReader,
    recipe: AnyRecipe,
    config: DataConfig,
    *,
    size: int,
    batch_size: int,
    seed: int,
    first: int = 0,
    cluster: Cluster = ALONE,
) -> grain.IterDataset:
    """Return an endless stream of (input, target) batches, reshuffled in each pass.

    Args:
        sources: the training photographs.
        reader: reads them; it puts the next photograph in the place of one that has gone bad.
        recipe: encodes batches.
        config: settings of crops, augmentation and threads.
        size: side of the pictures, in pixels.
        batch_size: photographs in a batch, of all processes together.
        seed: determines the order and all random choices.
        first: number of the batch to begin with.
        cluster: the processes; the stream has this process's share of each batch.
    """

    def view(index: int, rng: np.random.Generator) -> Pair:
        rgb = reader.load_next(sources, index, lambda data: random_view(data, size, config, rng))
        return rgb, age(rgb, rng) if rng.random() < config.aging else color.luma(rgb)

    def encode(pair: Pair, rng: np.random.Generator) -> Batch:
        return recipe.encode(*pair, rng)

    passes = _MAX_PHOTOS // len(sources)
    dataset = grain.MapDataset.source(range(len(sources))).seed(seed).shuffle().repeat(passes)
    processes = cluster.processes
    shares = dataset.random_map(view).batch(batch_size // processes).random_map(encode)
    # Slicing skips batches, and the shares of other processes, without decoding them.
    return _stream(shares[first * processes + cluster.process :: processes], config)


def validation_batches(
    sources: Sequence[Source],
    reader: PhotoReader,
    recipe: AnyRecipe,
    config: DataConfig,
    *,
    size: int,
    batch_size: int,
    spare: npt.NDArray[np.uint8],
    cluster: Cluster = ALONE,
) -> grain.IterDataset:
    """Return one pass of (input, target) batches, always the same.

    Every device needs the same number of photographs. So with several devices, the first
    photographs may come a second time at the end.

    Args:
        sources: the validation photographs.
        reader: as in `training_batches`.
        recipe: encodes batches.
        config: settings that say how photographs are made square, and of threads.
        size: side of the pictures, in pixels.
        batch_size: photographs in a batch, of all processes together; the last can have fewer.
        spare: RGB, (size, size, 3) uint8, to go on with if all photographs have gone bad.
        cluster: the processes; the stream has this process's share of the photographs.
    """

    def decode(data: bytes) -> npt.NDArray[np.uint8]:
        return photo.square(data, size, config.fit)

    count = -(-len(sources) // cluster.devices) * cluster.devices
    dataset = grain.MapDataset.source(range(count)).map(
        lambda index: reader.load_next(sources, index % len(sources), decode, spare)
    )
    share = dataset[cluster.process :: cluster.processes]
    return _stream(share.batch(batch_size // cluster.processes).map(recipe.encode), config)
