"""Estimate how long training will take, by timing a few steps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import keras
import numpy as np

from photochrom import photo
from photochrom.parallel import subsample
from photochrom.training import checkpoints, runs

__all__ = ["Estimate", "photos_left", "training_speed"]

_WARMUP_STEPS: Final = 2  # batches, before the speed is measured
_TIMED_STEPS: Final = 6
_SPEED_PHOTOS: Final = 4  # photographs to measure the speed with


@dataclass(frozen=True)
class Estimate:
    """What remains to be trained of a study or a comparison.

    Attributes:
        runs: number of runs that are not finished.
        photos: photographs that they will be shown in training, repetitions included.
        seconds: how long this takes, without validation, export and judging.
    """

    runs: int
    photos: int
    seconds: float


def photos_left(run: runs.Run) -> int:
    """Return how many photographs a run will still be shown, repetitions included."""
    epochs = run.config.train.epochs - checkpoints.latest_state(run.folder / "checkpoints").epochs
    return max(0, epochs) * (run.config.data.photos_per_epoch or len(run.training))


def training_speed(run: runs.Run) -> float:
    """Measure the training speed in photographs per second, without reading them."""
    recipe, config, size = run.recipe, run.config, run.size
    keras.config.set_dtype_policy(config.train.precision)
    training_model = recipe.training_model(recipe.build(size))
    if keras.backend.backend() == "tensorflow":
        training_model.jit_compile = False  # as in `trainer.train`
    # A few photographs, repeated, fill the batch: reading is not part of the measurement.
    sample = subsample(run.training, _SPEED_PHOTOS)
    photos_rgb = list(run.reader().load_all(sample, lambda data: photo.square(data, size, "crop")))
    batch_size = min(config.train.batch_size, len(run.training))
    batch = recipe.encode(
        np.stack([photos_rgb[i % len(photos_rgb)] for i in range(batch_size)]),
        rng=np.random.default_rng(0),
    )
    # The first steps compile and are slower.
    for _ in range(_WARMUP_STEPS):
        training_model.train_on_batch(*batch)
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        training_model.train_on_batch(*batch)
    return _TIMED_STEPS * batch_size / (time.perf_counter() - start)
