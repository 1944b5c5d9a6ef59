"""The report's hyperparameter study: optimizers, kernels, padding and strides, and its tables.

Each combination is a run in a folder named after it. So a study that was interrupted can be
resumed, even in the middle of a run.

A run of 1,000 epochs passes 100, 500 and 600. So one run for each combination answers for all
numbers of epochs: their scores are read from its log.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras

from photochrom.errors import RecipeError
from photochrom.files.atomic import write_text
from photochrom.training import preparation, runs, trainer
from photochrom.training.config import RunConfig
from photochrom.training.estimation import Estimate, photos_left, training_speed
from photochrom.training.figures import draw_study
from photochrom.training.request import kept_request, request_of

__all__ = [
    "REPORT_EPOCHS",
    "REPORT_RECIPE",
    "REPORT_SPACE",
    "Result",
    "best",
    "rows",
    "tune",
    "write_tuning_report",
]

_REQUEST_FILE: Final = "request.json"
_QUANTITIES: Final = ("loss", "val_loss", "val_psnr", "val_ab_error", "val_ab_argmax_accuracy")

REPORT_RECIPE: Final = "autoencoder"
REPORT_EPOCHS: Final = (100, 500, 600, 1000)
REPORT_SPACE: Final[Mapping[str, Sequence[object]]] = {
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

    options: dict[str, object]
    history: list[dict[str, float]]
    reason: str = ""

    @property
    def name(self) -> str:
        """The options in words: "adamax, kernel_size 3, same, strides 2"."""
        parts = (v if isinstance(v, str) else f"{k} {v}" for k, v in self.options.items())
        return ", ".join(parts)

    def at(self, epochs: int) -> dict[str, float]:
        """Return the log's row after `epochs` epochs, or an empty one if the run was shorter."""
        return self.history[epochs - 1] if len(self.history) >= epochs else {}


def tune(
    photos: Path,
    folder: Path,
    config: RunConfig,
    space: Mapping[str, Sequence[object]],
    *,
    validation: Path | None = None,
    listener: runs.TrainingListener | None = None,
    on_estimate: Callable[[Estimate], None] | None = None,
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
        on_estimate: called once, before the first run is trained; a few steps are timed for it.
        on_result: called with each result.

    Returns:
        The results, including those of combinations that cannot be built.

    Raises:
        ConfigError: the folder holds a study of other photographs or with other settings.
        DataError: there are no photographs to train on.
        OutputError: the folder cannot be made, for example because a file has its name.
    """
    combinations = [
        dict(zip(space, each, strict=True)) for each in itertools.product(*space.values())
    ]
    request = request_of(photos, validation, config.model_dump(mode="json"))
    run_folders = [_run_folder(folder, options) for options in combinations]
    # Prepare all runs first: errors show before hours of training, and its length can be estimated.
    with kept_request(folder / _REQUEST_FILE, "study", request, run_folders):
        prepared = [
            _run_or_reason(photos, folder, config, options, validation, listener)
            for options in combinations
        ]
    if on_estimate:
        on_estimate(_estimate([run for run in prepared if isinstance(run, runs.Run)]))
    results = []
    for options, run in zip(combinations, prepared, strict=True):
        results.append(_result(options, run, listener))
        on_result(results[-1])
    return results


def _run_folder(folder: Path, options: dict[str, object]) -> Path:
    """Return the folder of a combination's run."""
    return folder / "-".join(str(value) for value in options.values())


def _run_or_reason(
    photos: Path,
    folder: Path,
    config: RunConfig,
    options: dict[str, object],
    validation: Path | None,
    listener: runs.TrainingListener | None,
) -> runs.Run | str:
    """Prepare or resume a combination's run, or say why its network cannot be built."""
    run_folder = _run_folder(folder, options)
    run_config = config.model_copy(update={"options": {**config.options, **options}})
    keras.backend.clear_session()  # or the networks of all runs would stay in memory
    try:
        if (run_folder / runs.CONFIG_FILE).exists():
            return runs.resume_with_config(run_folder, run_config)
        return preparation.prepare(
            photos, run_folder, run_config, validation=validation, listener=listener
        )
    # Some combinations, such as strides of 1, cannot be built; the study reports them, too.
    except RecipeError as error:
        return str(error)


def _result(
    options: dict[str, object], run: runs.Run | str, listener: runs.TrainingListener | None
) -> Result:
    """Train a combination's run, or report why there is none."""
    if isinstance(run, str):
        return Result(options, [], run)
    keras.backend.clear_session()
    return Result(options, trainer.train(run, listener, exporting=False).history)


def _estimate(prepared: Sequence[runs.Run]) -> Estimate:
    """Estimate what remains to be trained.

    Only the first network is timed. The time of a step of the others is taken to grow with their
    number of parameters, as that of a convolution does.
    """
    photos = {run.folder: left for run in prepared if (left := photos_left(run))}
    unfinished = [run for run in prepared if run.folder in photos]
    if not unfinished:
        return Estimate(0, 0, 0.0)
    weights = {run.folder: photos[run.folder] * _parameters(run) for run in unfinished}
    first = unfinished[0]
    seconds = photos[first.folder] / training_speed(first)
    total = seconds * sum(weights.values()) / weights[first.folder]
    return Estimate(len(unfinished), sum(photos.values()), total)


def _parameters(run: runs.Run) -> int:
    """Return the number of parameters of a run's network."""
    keras.backend.clear_session()
    return int(run.recipe.blank(run.size).count_params())


# --- the report -----------------------------------------------------------------------------


def best(results: Sequence[Result], milestones: Sequence[int]) -> dict[str, object]:
    """Return the row with the lowest validation loss.

    It is empty if nothing was trained, or if every run diverged: a loss that is no number is never
    the best.
    """
    first = next(iter(rows(results, milestones)), {})
    loss = first.get("val_loss", first.get("loss"))
    return first if isinstance(loss, float) and math.isfinite(loss) else {}


def rows(results: Sequence[Result], milestones: Sequence[int]) -> list[dict[str, object]]:
    """Return the rows of the table: one for each combination and milestone.

    The lowest validation loss comes first. Runs that diverged come after all others.
    Combinations that cannot be built come last; their column "left out" says why.

    Args:
        results: results of `tune`.
        milestones: numbers of epochs after which to report.
    """
    trained = [
        (log, {**result.options, "epochs": epochs})
        for result in results
        for epochs in milestones
        if (log := result.at(epochs))
    ]
    trained.sort(key=lambda pair: _rank(pair[0]))
    return [
        *({**row, **{q: log[q] for q in _QUANTITIES if q in log}} for log, row in trained),
        *({**r.options, "left out": r.reason} for r in results if r.reason),
    ]


def _rank(log: Mapping[str, float]) -> tuple[bool, float]:
    """Return the key by which rows are sorted: NaN, which cannot be compared, comes last.

    Runs without validation are ranked by their training loss.
    """
    loss = log.get("val_loss", log["loss"])
    return math.isnan(loss), loss


def write_tuning_report(results: Sequence[Result], milestones: Sequence[int], folder: Path) -> None:
    """Write `study.csv`, `study.png` and `study.md`, whose best row is bold, to a folder."""
    table = rows(results, milestones)
    # Combinations that cannot be built have other columns. A dict keeps the columns in order.
    columns = list(dict.fromkeys(key for row in table for key in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(table)
    write_text(folder / "study.csv", buffer.getvalue())
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(column, "")) for column in columns] for row in table]
    if best(results, milestones):
        lines[2] = [f"**{cell}**" if cell else "" for cell in lines[2]]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    write_text(folder / "study.md", text)
    histories = {result.name: result.history for result in results if result.history}
    draw_study(histories, folder / "study.png")


def _cell(value: object) -> str:
    """Format a value for a Markdown table."""
    return f"{value:.4f}" if isinstance(value, float) else str(value).replace("|", "\\|")
