"""The report's hyperparameter study: optimizers, kernels, padding and strides.

Each combination is a run in a folder named after it. So a study that was interrupted can be
resumed, even in the middle of a run.

A run of 1,000 epochs passes 100, 500 and 600. So one run for each combination answers for all
numbers of epochs: their scores are read from its log.
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
    """The result of one combination of options.

    Attributes:
        options: the options that the study varies.
        history: the run's log, a dictionary for each epoch.
        reason: why the network cannot be built; empty if it can.
    """

    options: dict[str, Any]
    history: list[dict[str, float]]
    reason: str = ""

    @property
    def name(self) -> str:
        """The options in words: "adamax, kernel_size 3, same, strides 2"."""
        parts = (v if isinstance(v, str) else f"{k} {v}" for k, v in self.options.items())
        return ", ".join(parts)

    def at(self, epochs: int) -> dict[str, float]:
        """Return the log's row after so many epochs, or an empty one if the run was shorter."""
        return self.history[epochs - 1] if len(self.history) >= epochs else {}


def tune(
    photos: Path,
    folder: Path,
    config: RunConfig,
    space: dict[str, list[Any]],
    *,
    validation: Path | None = None,
    listener: runs.TrainingListener | None = None,
    on_result: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Train every combination of a recipe's options.

    Args:
        photos: folder of training photographs.
        folder: folder of the study.
        config: configuration of every run; `train.epochs` is the largest number of epochs.
        space: values to try, by option.
        validation: folder of validation photographs; by default a share of `photos`.
        listener: receives the progress of the runs.
        on_result: called with each result.

    Returns:
        The results, including those of combinations that cannot be built.

    Raises:
        ConfigError: the folder holds a run of a combination with other settings.
        DataError: there are no photographs to train on.
    """
    results = []
    for values in itertools.product(*space.values()):
        keras.backend.clear_session()  # or the networks of all runs would stay in memory
        options = dict(zip(space, values, strict=True))
        results.append(_result(photos, folder, config, options, validation, listener))
        on_result(results[-1])
    return results


def _run_folder(folder: Path, options: dict[str, Any]) -> Path:
    """Return the folder of a combination's run."""
    return folder / "-".join(str(value) for value in options.values())


def _result(
    photos: Path,
    folder: Path,
    config: RunConfig,
    options: dict[str, Any],
    validation: Path | None,
    listener: runs.TrainingListener | None,
) -> Result:
    """Prepare or resume a combination's run and train it."""
    run_folder = _run_folder(folder, options)
    run_config = config.model_copy(update={"options": {**config.options, **options}})
    try:
        if (run_folder / runs.CONFIG_FILE).exists():
            run = runs.resume_with_config(run_folder, run_config)
        else:
            run = trainer.prepare(
                photos, run_folder, run_config, validation=validation, listener=listener
            )
    # Some combinations, such as strides of 1, cannot be built; the study reports them, too.
    except RecipeError as error:
        return Result(options, [], str(error))
    return Result(options, trainer.train(run, listener, exporting=False).history)
