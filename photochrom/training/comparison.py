"""Recipes side by side: one budget, the same photographs, one judge.

Every recipe is a run of its own in a folder named after it. What is measured of it is kept there,
too, so that a comparison that was stopped goes on where it was. A recipe can take part more than
once, with other options: `fusion`, `fusion:version=beta`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

import keras
import numpy as np

from photochrom import photo
from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError, DataError
from photochrom.recipes import locate
from photochrom.recipes import recipe as build_recipe
from photochrom.sampling import subsample
from photochrom.training import checkpoints, runs, trainer
from photochrom.training.config import RunConfig, parse_setting
from photochrom.training.held_out import HeldOutEvaluator, Photograph, Rgb, in_grey

__all__ = [
    "DEFAULT",
    "Budget",
    "Entry",
    "compare",
    "contender",
    "course",
    "folder_of",
    "held_out",
    "shown",
]

DEFAULT: Final = "default network"
SIZE: Final = 256  # pixels, at which all are judged
_ENTRY: Final = "entry.json"
_ASKED: Final = "comparison.json"
_FEWEST: Final = 2  # photographs, for a Fréchet distance
_EPOCHS: Final = 10
_WARM: Final = 2  # batches before speed is measured
_TIMED: Final = 6
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Budget:
    """What every recipe gets: so many photographs shown, or so many seconds of training.

    Time is turned into photographs by a measurement before the run begins, so that the learning
    rate knows its end and a run that was stopped can go on.
    """

    photos: int = 0
    seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`5000` photographs, or `20m`, `90s`, `2h`.

        Raises:
            ConfigError: it is neither.
        """
        match = re.fullmatch(r"(\d+)([smh]?)", text.strip())
        if not match or not int(match[1]):
            raise ConfigError(f"expected a budget as 5000 (photographs) or 20m; received {text!r}")
        amount, unit = int(match[1]), match[2]
        return cls(seconds=amount * _UNITS[unit]) if unit else cls(photos=amount)

    def __str__(self) -> str:
        return f"{self.photos:,} photographs" if self.photos else f"{self.seconds:g} s of training"


@dataclass(frozen=True)
class Entry:
    """A line of the scoreboard.

    Attributes:
        name: the recipe's, with its options; or "grey", "best constant", `DEFAULT`.
        scores: as `scoring.Scores` has them, and the Fréchet distance where it could be measured.
        faithful: the same of the faithful reading, of a network that answers with a distribution.
        parameters: of the network.
        photos: that training showed.
        training_speed: photographs a second.
        inference_ms: of the exported network, at 256 × 256.
    """

    name: str
    scores: dict[str, float]
    parameters: int = 0
    photos: int = 0
    training_speed: float = 0.0
    inference_ms: float = 0.0
    faithful: dict[str, float] = field(default_factory=dict)


def contender(text: str) -> tuple[str, dict[str, Any]]:
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
    """Of a contender's run, in the folder of a comparison."""
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
    listener: runs.Listener | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> list[Entry]:
    """Train every recipe, and judge all on the same photographs.

    Args:
        photos: to learn from.
        folder: of the comparison.
        recipes: names; options may follow, `fusion:version=beta`.
        budget: of each.
        config: of every run, but for the recipe and how long it takes.
        validation: photographs to judge by; otherwise a share of `photos`.
        judged: on how many.
        listener: told how the runs go.
        told: of each recipe that begins.

    Returns:
        Grey, the best constant, every recipe and the default network.

    Raises:
        ConfigError: no recipe, or the folder holds another comparison.
        RecipeError: there is no such recipe, or one of them has no such option.
        DataError: too few photographs.
    """
    _check_contenders(recipes, config)
    _same(
        folder,
        {
            "photos": str(photos.resolve()),
            "validation": validation and str(validation.resolve()),
            "budget": str(budget),
            "judged": judged,
            "settings": config.model_dump(mode="json", exclude={"recipe"}),
        },
    )
    runs = []
    for name in recipes:
        keras.backend.clear_session()
        runs.append(_run(photos, folder, name, budget, config, validation, listener))
    jury, found = _jury(runs[0], judged, photos), []
    for name, run in zip(recipes, runs, strict=True):
        told(name)
        keras.backend.clear_session()
        if not (run.folder / _ENTRY).exists():  # or its model would be written once more
            trainer.train(run, listener)
        found.append(_entry(run, name, jury))
    others = [Entry(name, scores) for name, scores in jury.baselines().items()]
    return [*others, *found, _measured(DEFAULT, Colorizer(), jury)]


def _check_contenders(recipes: Sequence[str], config: RunConfig) -> None:
    """What cannot work is said before hours of training."""
    if not recipes:
        raise ConfigError("expected at least one recipe to compare; received none")
    for name in recipes:
        recipe, options = contender(name)
        build_recipe(recipe, {**config.options, **options})


def _jury(run: runs.Run, judged: int, photos: Path) -> HeldOutEvaluator:
    photographs = held_out(run, judged)
    if len(photographs) < _FEWEST:
        raise DataError(
            f"expected {_FEWEST} photographs to judge by; {len(photographs)} of {photos} are held "
            "out: name some with --val"
        )
    return HeldOutEvaluator(photographs)


def _same(folder: Path, asked: dict[str, Any]) -> None:
    """Whether a folder holds this comparison, or none so far."""
    place, text = folder / _ASKED, json.dumps(asked, indent=2) + "\n"
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        checkpoints.replace_text(place, text)
    elif (kept := json.loads(place.read_text("utf-8"))) != json.loads(text):
        others = [f"{key} = {kept.get(key)}" for key in asked if kept.get(key) != asked[key]]
        raise ConfigError(
            f"{folder} holds another comparison, {', '.join(others)}; name another folder, or ask "
            "for the same"
        )


def _run(
    photos: Path,
    folder: Path,
    name: str,
    budget: Budget,
    config: RunConfig,
    validation: Path | None,
    listener: runs.Listener | None,
) -> runs.Run:
    place = folder_of(name, folder)
    if (place / runs.CONFIG).exists():
        run = runs.resume(place)
    else:
        recipe, options = contender(name)
        data = config.data.model_copy(update={"photos_per_epoch": 0})
        mine = config.model_copy(
            update={"recipe": recipe, "options": {**config.options, **options}, "data": data}
        )
        run = trainer.prepare(photos, place, mine, validation=validation, listener=listener)
    if run.config.data.photos_per_epoch:  # or it was stopped before its budget was settled
        return run
    shown_ = budget.photos or round(budget.seconds * _speed(run))
    batch = run.config.train.batch_size
    data = run.config.data.model_copy(
        update={"photos_per_epoch": max(batch, round(shown_ / _EPOCHS))}
    )
    train = run.config.train.model_copy(update={"epochs": _EPOCHS})
    settled = run.config.model_copy(update={"data": data, "train": train})
    checkpoints.replace_text(place / runs.CONFIG, settled.model_dump_json(indent=2) + "\n")
    return runs.Run(place, settled)


def _speed(run: runs.Run) -> float:
    """Training's, in photographs a second, without the reading of them."""
    recipe, config = run.recipe, run.config
    size = config.data.size or recipe.working_size
    keras.config.set_dtype_policy(config.train.precision)
    learner = recipe.learner(recipe.build(size))
    if keras.backend.backend() == "tensorflow":
        learner.jit_compile = False
    few = [photo.square(s.read(), size, "crop") for s in run.photos("train")[:4]]
    batch = recipe.encode(
        np.stack([few[i % len(few)] for i in range(config.train.batch_size)]),
        rng=np.random.default_rng(0),
    )
    for _ in range(_WARM):
        learner.train_on_batch(*batch)
    start = time.perf_counter()
    for _ in range(_TIMED):
        learner.train_on_batch(*batch)
    return _TIMED * config.train.batch_size / (time.perf_counter() - start)


def _entry(run: runs.Run, name: str, jury: HeldOutEvaluator) -> Entry:
    kept = run.folder / _ENTRY
    if kept.exists():
        return Entry(**json.loads(kept.read_text("utf-8")))
    config, recipe = run.config, run.recipe
    colorizer = Colorizer(run.folder / runs.MODEL)
    entry = _measured(
        name,
        colorizer,
        jury,
        parameters=recipe.build(config.data.size or recipe.working_size).count_params(),
        photos=config.data.photos_per_epoch * config.train.epochs,
        training_speed=_speed(run),
    )
    checkpoints.replace_text(kept, json.dumps(asdict(entry), indent=2) + "\n")
    return entry


def _measured(name: str, colorizer: Colorizer, jury: HeldOutEvaluator, **details: Any) -> Entry:
    taken = _inference_ms(colorizer)  # first: an engine is quickest at the first size that it meets
    scores = jury.scores(partial(_answer, colorizer))
    faithful = {}
    if colorizer.model.card.output_kind == "distribution":
        faithful = jury.scores(partial(_answer, colorizer, vividness=0.0))
    return Entry(name, scores, inference_ms=taken, faithful=faithful, **details)


def held_out(run: runs.Run, most: int) -> list[Photograph]:
    """Photographs that a run did not learn from: names and RGB, (256, 256, 3) uint8."""
    chosen = subsample(run.photos("val"), most)
    return [(source.name, photo.square(source.read(), SIZE, "crop")) for source in chosen]


def course(run: runs.Run) -> list[dict[str, float]]:
    """A run's log, with how many photographs it had been shown by then, "photos"."""
    history = checkpoints.latest_state(run.folder / "checkpoints").history
    return [{**row, "photos": row["epoch"] * run.config.data.photos_per_epoch} for row in history]


def shown(
    folder: Path, entries: Sequence[Entry], judging: Sequence[Photograph]
) -> Iterator[list[Rgb]]:
    """For each photograph: grey, what every network makes of it, and the truth."""
    networks = [
        Colorizer()
        if entry.name == DEFAULT
        else Colorizer(folder_of(entry.name, folder) / runs.MODEL)
        for entry in entries
        if entry.inference_ms
    ]
    for _, rgb in judging:
        yield [in_grey(rgb), *(_answer(network, rgb) for network in networks), rgb]


def _answer(colorizer: Colorizer, rgb: Rgb, *, vividness: float | None = None) -> Rgb:
    return np.asarray(colorizer.colorize(rgb, vividness=vividness).rgb, np.uint8)


def _inference_ms(colorizer: Colorizer) -> float:
    model = colorizer.model
    lightness = np.full((1, SIZE, SIZE, 1), 50, np.float32)
    model(lightness)
    taken = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        model(lightness)
        taken.append(time.perf_counter() - start)
    return 1000 * median(taken)
