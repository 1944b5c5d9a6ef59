"""The report's study: optimizers, kernels, padding and strides over a number of epochs.

Every combination is a run of its own, in a folder named after it, so that a study that was stopped
goes on where it was, in the middle of a run if need be.

A run of 1,000 epochs passes through 100, 500 and 600, so one run a combination answers for every
number of epochs that is asked about: `milestones` are read from its log.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras

from photochrom.errors import RecipeError
from photochrom.training import runs, trainer
from photochrom.training.config import RunConfig

__all__ = ["REPORT_SPACE", "Result", "tune"]

REPORT_SPACE: Final[dict[str, list[Any]]] = {
    "optimizer": ["adamax", "adam", "rmsprop"],
    "kernel_size": [3, 5, 7],
    "padding": ["same", "valid"],
    "strides": [2, 1],
}


@dataclass(frozen=True)
class Result:
    """A combination, and its log; or why it cannot be built."""

    options: dict[str, Any]
    history: list[dict[str, float]]
    reason: str = ""

    @property
    def name(self) -> str:
        """«adamax, kernel_size 3, same, strides 2»."""
        words = (v if isinstance(v, str) else f"{k} {v}" for k, v in self.options.items())
        return ", ".join(words)

    def at(self, epochs: int) -> dict[str, float]:
        """The log's row of that epoch, if it got there."""
        return self.history[epochs - 1] if len(self.history) >= epochs else {}


def tune(
    photos: Path,
    folder: Path,
    config: RunConfig,
    space: dict[str, list[Any]],
    *,
    validation: Path | None = None,
    listener: runs.Listener | None = None,
    told: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Train every combination of a recipe's options.

    Args:
        photos: to learn from.
        folder: of the study.
        config: of every run; `train.epochs` is the most.
        space: option → values.
        validation: photographs to validate with.
        listener: told how the runs go.
        told: of every result.

    Returns:
        The results, those that cannot be built included.

    Raises:
        ConfigError: the folder holds a run of a combination with other settings.
        DataError: nothing to learn from.
    """
    results = []
    for values in itertools.product(*space.values()):
        keras.backend.clear_session()  # or every network would stay
        chosen = dict(zip(space, values, strict=True))
        results.append(_result(photos, folder, config, chosen, validation, listener))
        told(results[-1])
    return results


def _place(folder: Path, options: dict[str, Any]) -> Path:
    return folder / "-".join(str(value) for value in options.values())


def _result(
    photos: Path,
    folder: Path,
    config: RunConfig,
    chosen: dict[str, Any],
    validation: Path | None,
    listener: runs.Listener | None,
) -> Result:
    place = _place(folder, chosen)
    mine = config.model_copy(update={"options": {**config.options, **chosen}})
    try:
        if (place / runs.CONFIG).exists():
            run = runs.resumed(place, mine)
        else:
            run = trainer.prepare(photos, place, mine, validation=validation, listener=listener)
    except RecipeError as error:
        return Result(chosen, [], str(error))
    return Result(chosen, trainer.train(run, listener, exporting=False).history)
