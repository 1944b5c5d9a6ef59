"""Compare recipes: the same budget, the same training photographs, the same evaluation.

Each recipe is a run in a folder named after it. Its results are saved there, so that a comparison
that was interrupted can be resumed. A recipe can take part more than once with different options:
`fusion`, `fusion:version=beta`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Self

import keras

from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError, DataError, ModelError
from photochrom.files.atomic import write_text
from photochrom.recipes import locate
from photochrom.recipes import recipe as build_recipe
from photochrom.training import checkpoints, preparation, runs, trainer
from photochrom.training.config import RunConfig, parse_setting
from photochrom.training.estimation import Estimate, photos_left, training_speed
from photochrom.training.held_out import (
    Entry,
    HeldOutEvaluator,
    Photograph,
    Rgb,
    colorize,
    grey_rgb,
    held_out,
    measure,
)
from photochrom.training.request import kept_request, request_of

__all__ = ["Budget", "candidate", "compare", "folder_of", "learning_curve", "picture_rows"]

_DEFAULT_NETWORK: Final = "default network"
_ENTRY_FILE: Final = "entry.json"
_REQUEST_FILE: Final = "comparison.json"
_MIN_PHOTOS: Final = 2  # photographs; a Fréchet distance needs a covariance
_EPOCHS: Final = 10
_SECONDS_PER_UNIT: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Budget:
    """The amount of training for each recipe: a number of photographs or of seconds.

    A time is converted to photographs by a measurement before the runs. So the learning rate
    schedule has a fixed end, and an interrupted run can be resumed.

    Attributes:
        photos: photographs shown in training, repetitions included; 0 if `seconds` is given.
        seconds: seconds of training; 0 if `photos` is given.
    """

    photos: int = 0
    seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a number of photographs, `5000`, or a time, `90s`, `20m` or `2h`.

        Raises:
            ConfigError: `text` is not a positive number with an optional unit.
        """
        match = re.fullmatch(r"(\d+)([smh]?)", text.strip())
        if not match or not int(match[1]):
            raise ConfigError(
                f"expected a budget such as 5000 (photographs) or 20m (minutes); received {text!r}"
            )
        amount, unit = int(match[1]), match[2]
        return cls(seconds=amount * _SECONDS_PER_UNIT[unit]) if unit else cls(photos=amount)

    def __str__(self) -> str:
        return f"{self.photos:,} photographs" if self.photos else f"{self.seconds:g} s of training"


def candidate(text: str) -> tuple[str, dict[str, object]]:
    """Split `fusion:version=beta` into the recipe's name, a path made absolute, and its options.

    Raises:
        ConfigError: an option is not `key=value`.
        RecipeError: there is no such recipe or option.
    """
    name, *settings = re.split(r":(?=[^:=]*=)", text)  # a class may follow a file or a module
    options = {".".join(keys): value for keys, value in map(parse_setting, settings)}
    build_recipe(name, options)
    return locate(name), options


def folder_of(name: str, folder: Path) -> Path:
    """Return the folder of one candidate's run."""
    return folder / re.sub(r"[^\w.=-]+", "-", name).lstrip(".-")  # no hidden folder for ./mine.py


def compare(
    photos: Path,
    folder: Path,
    recipes: Sequence[str],
    budget: Budget,
    config: RunConfig,
    *,
    validation: Path | None = None,
    judged: int = 200,
    listener: runs.TrainingListener | None = None,
    on_estimate: Callable[[Estimate], None] = lambda _: None,
    on_recipe: Callable[[str], None] = lambda _: None,
) -> list[Entry]:
    """Train every recipe and evaluate all on the same photographs.

    Args:
        photos: folder of training photographs.
        folder: folder of the comparison.
        recipes: names, optionally with options: `fusion:version=beta`.
        budget: amount of training for each recipe.
        config: configuration of every run, apart from its recipe and length.
        validation: folder of photographs to judge by; by default a share of `photos`.
        judged: maximum number of photographs to judge by.
        listener: receives the progress of the runs.
        on_estimate: called once, before the first recipe is trained.
        on_recipe: called with the name of each recipe before it is trained.

    Returns:
        The entries of grey, the best constant, every recipe and the default network. That of a
        recipe whose training or export failed says why, and has no scores.

    Raises:
        ConfigError: `recipes` is empty, or the folder holds another comparison.
        RecipeError: a recipe or an option is unknown.
        DataError: there are too few photographs.
        OutputError: the folder cannot be made, for example because a file has its name.
    """
    _check_candidates(recipes, config)
    request = request_of(
        photos, validation, config.model_dump(mode="json", exclude={"recipe"}),
        budget=str(budget), judged=judged,
    )  # fmt: skip
    run_folders = [folder_of(name, folder) for name in recipes]
    # Prepare all runs first, so that errors show before hours of training.
    with kept_request(folder / _REQUEST_FILE, "comparison", request, run_folders):
        prepared = [_run(photos, folder, name, config, validation, listener) for name in recipes]
        evaluator, entries = _evaluator(prepared[0], judged, photos), []
    speeds = [_speed(run) for run in prepared]
    budgeted = list(map(partial(_with_budget, budget), prepared, speeds))
    on_estimate(_estimate(budgeted, speeds))
    for name, run, speed in zip(recipes, budgeted, speeds, strict=True):
        on_recipe(name)
        entries.append(_train_and_judge(run, name, evaluator, speed, listener))
    baselines = [Entry(name, scores) for name, scores in evaluator.baselines().items()]
    return [*baselines, *entries, measure(_DEFAULT_NETWORK, Colorizer(), evaluator)]


def _check_candidates(recipes: Sequence[str], config: RunConfig) -> None:
    """Check the recipes and options now rather than after hours of training."""
    if not recipes:
        raise ConfigError("expected at least one recipe to compare; received an empty list")
    for name in recipes:
        recipe, options = candidate(name)
        build_recipe(recipe, {**config.options, **options})


def _evaluator(run: runs.Run, judged: int, photos: Path) -> HeldOutEvaluator:
    """Return the evaluator of the photographs that a run holds out.

    Raises:
        DataError: there are too few of them.
    """
    photographs = held_out(run, judged)
    if len(photographs) < _MIN_PHOTOS:
        raise DataError(
            f"expected at least {_MIN_PHOTOS} photographs to judge by; {len(photographs)} of "
            f"{photos} are held out: choose a separate folder of validation photographs"
        )
    return HeldOutEvaluator(photographs)


def _run(
    photos: Path,
    folder: Path,
    name: str,
    config: RunConfig,
    validation: Path | None,
    listener: runs.TrainingListener | None,
) -> runs.Run:
    """Prepare a candidate's run, or open it if it was prepared before."""
    run_folder = folder_of(name, folder)
    if (run_folder / runs.CONFIG_FILE).exists():
        return runs.resume(run_folder)
    recipe, options = candidate(name)
    # 0 marks a run whose budget is not converted to photographs yet.
    data = config.data.model_copy(update={"photos_per_epoch": 0})
    run_config = config.model_copy(
        update={"recipe": recipe, "options": {**config.options, **options}, "data": data}
    )
    keras.backend.clear_session()  # or the networks of all runs would stay in memory
    return preparation.prepare(
        photos, run_folder, run_config, validation=validation, listener=listener
    )


def _is_finished(run: runs.Run) -> bool:
    """Return whether a run was trained and judged by an earlier command."""
    return (run.folder / _ENTRY_FILE).exists()


def _speed(run: runs.Run) -> float:
    """Measure a run's training speed, photographs per second; 0 for a finished run."""
    keras.backend.clear_session()
    return 0.0 if _is_finished(run) else training_speed(run)


def _with_budget(budget: Budget, run: runs.Run, speed: float) -> runs.Run:
    """Return a run with epochs that fit the budget, which it keeps when it is resumed."""
    if run.config.data.photos_per_epoch:  # 0: it was interrupted before its budget was set
        return run
    total_photos = budget.photos or round(budget.seconds * speed)
    batch = run.config.train.batch_size
    data = run.config.data.model_copy(
        update={"photos_per_epoch": max(batch, round(total_photos / _EPOCHS))}
    )
    train = run.config.train.model_copy(update={"epochs": _EPOCHS})
    budget_config = run.config.model_copy(update={"data": data, "train": train})
    write_text(run.folder / runs.CONFIG_FILE, budget_config.model_dump_json(indent=2) + "\n")
    return runs.Run(run.folder, budget_config)


def _estimate(prepared: Sequence[runs.Run], speeds: Sequence[float]) -> Estimate:
    """Estimate what remains to be trained. A speed of 0 marks a finished run."""
    pairs = zip(prepared, speeds, strict=True)
    left = [(photos, speed) for run, speed in pairs if speed and (photos := photos_left(run))]
    seconds = sum(photos / speed for photos, speed in left)
    return Estimate(len(left), sum(photos for photos, _ in left), seconds)


def _train_and_judge(
    run: runs.Run,
    name: str,
    evaluator: HeldOutEvaluator,
    speed: float,
    listener: runs.TrainingListener | None,
) -> Entry:
    """Return the entry of a recipe; where it makes no model, one that says why.

    The others are still compared. An entry without scores is not saved, so that the same command
    tries the export again.
    """
    keras.backend.clear_session()
    try:
        if not _is_finished(run):  # a finished run would be exported again
            trainer.train(run, listener)
        return _entry(run, name, evaluator, speed)
    except ModelError as error:
        if listener:
            listener.note(f"{name}: left out: {error}")
        return Entry(name, {}, left_out=str(error))


def _entry(run: runs.Run, name: str, evaluator: HeldOutEvaluator, speed: float) -> Entry:
    """Return the saved entry of a run, or judge the run and save it with its training speed."""
    saved = run.folder / _ENTRY_FILE
    if saved.exists():
        return Entry(**json.loads(saved.read_text("utf-8")))
    entry = replace(
        measure(name, Colorizer(run.folder / runs.MODEL_FOLDER), evaluator),
        parameters=run.recipe.build(run.size).count_params(),
        photos=run.config.data.photos_per_epoch * run.config.train.epochs,
        training_speed=speed,
    )
    write_text(saved, json.dumps(asdict(entry), indent=2) + "\n")
    return entry


def learning_curve(run: runs.Run) -> list[dict[str, float]]:
    """Return a run's log, with "photos", the photographs shown until each epoch's end."""
    history = checkpoints.latest_state(run.folder / "checkpoints").history
    return [{**row, "photos": row["epoch"] * run.config.data.photos_per_epoch} for row in history]


def picture_rows(
    folder: Path, entries: Sequence[Entry], photographs: Sequence[Photograph]
) -> Iterator[list[Rgb]]:
    """Yield a row of pictures for each photograph: grey, each network's result, the truth.

    Args:
        folder: folder of the comparison.
        entries: results of `compare`.
        photographs: names and RGB, (H, W, 3) uint8.
    """
    networks = [
        Colorizer()
        if entry.name == _DEFAULT_NETWORK
        else Colorizer(folder_of(entry.name, folder) / runs.MODEL_FOLDER)
        for entry in entries
        if entry.inference_ms  # baselines are no networks
    ]
    for _, rgb in photographs:
        yield [grey_rgb(rgb), *(colorize(network, rgb) for network in networks), rgb]
