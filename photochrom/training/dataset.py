"""Photographs, streamed: decoded in parallel, cropped, flipped, batched; never all in memory.

Which photograph comes when, and how it is cropped, follows from the seed alone, so a run that goes
on at batch n meets the photographs that it would have met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grain
import numpy as np

from photochrom import color, photo
from photochrom.training.augmentation import age

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from photochrom.recipes.base import Recipe
    from photochrom.training.config import DataConfig
    from photochrom.training.sources import Source

__all__ = ["random_view", "training_batches", "validation_batches"]

Pair = tuple["npt.NDArray[np.uint8]", "npt.NDArray[np.uint8]"]  # a photograph, and its grey

_ASPECTS: Final = (3 / 4, 4 / 3)
_AHEAD: Final = 2  # batches that are made or wait, at least; a thread makes one at a time
_ENDLESS: Final = 2**53  # photographs; Grain counts batches in floats, its own endless overflows


def random_view(
    source: Source, size: int, config: DataConfig, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """A photograph cropped (share of area and aspect at random) and mirrored at random.

    Returns:
        RGB, (size, size, 3) uint8.
    """
    rgb = photo.thumbnail(source.read(), round(size / config.crop**0.5))
    if config.fit == "crop":
        rgb = _random_crop(rgb, config.crop, rng)
    if config.flip and rng.random() < 0.5:
        rgb = rgb[:, ::-1]
    return photo.resized(np.ascontiguousarray(rgb), size)


def _random_crop(
    rgb: npt.NDArray[np.uint8], smallest: float, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    side = min(height, width) * rng.uniform(smallest, 1) ** 0.5
    aspect = np.exp(rng.uniform(*np.log(_ASPECTS)))
    h, w = min(height, round(side / aspect**0.5)), min(width, round(side * aspect**0.5))
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return rgb[top : top + h, left : left + w]


def _stream(batches: Any, config: DataConfig) -> grain.IterDataset:
    options = grain.ReadOptions(
        num_threads=config.threads, prefetch_buffer_size=max(_AHEAD, config.threads)
    )
    return batches.to_iter_dataset(options)


def training_batches(
    sources: Sequence[Source],
    recipe: Recipe[Any],
    config: DataConfig,
    *,
    size: int,
    batch_size: int,
    seed: int,
    first: int = 0,
) -> grain.IterDataset:
    """An endless stream of (input, target) from batch number `first` on, shuffled every pass."""

    def view(source: Source, rng: np.random.Generator) -> Pair:
        rgb = random_view(source, size, config, rng)
        return rgb, age(rgb, rng) if rng.random() < config.aging else color.luma(rgb)

    def encode(pair: Pair, rng: np.random.Generator) -> tuple[Any, Any]:
        return recipe.encode(*pair, rng)

    passes = _ENDLESS // len(sources)
    dataset = grain.MapDataset.source(sources).seed(seed).shuffle().repeat(passes)
    batches = dataset.random_map(view).batch(batch_size).random_map(encode)
    return _stream(batches[first:], config)


def validation_batches(
    sources: Sequence[Source],
    recipe: Recipe[Any],
    config: DataConfig,
    *,
    size: int,
    batch_size: int,
) -> grain.IterDataset:
    """One pass of (input, target), always the same."""
    dataset = grain.MapDataset.source(sources).map(
        lambda source: photo.square(source.read(), size, config.fit)
    )
    return _stream(dataset.batch(batch_size).map(recipe.encode), config)
