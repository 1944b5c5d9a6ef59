"""`photochrom train`: from a folder of colour photographs to a model."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import ConfigError, DataError, ModelError, RecipeError
from photochrom.model.model import CARD_FILE, KERAS_FILE, Model
from photochrom.parallel import map_ordered
from photochrom.recipes.blocks.quantization import class_weights, color_prior
from photochrom.sampling import subsample
from photochrom.training import checkpoints, scan
from photochrom.training.baselines import argmax_constant, best_constant_scores
from photochrom.training.calibration import calibrated
from photochrom.training.config import RunConfig
from photochrom.training.contact_sheet import ContactSheetCallback, draw_curves
from photochrom.training.dataset import training_batches, validation_batches
from photochrom.training.export import card_of, export
from photochrom.training.interruption import interruption
from photochrom.training.runs import (
    CONFIG,
    CONSTANTS,
    INDEX,
    MODEL,
    Listener,
    Run,
    check_there,
)
from photochrom.training.sources import Source, find, split, split_folders

__all__ = ["prepare", "train"]

_SHOWN_AT_MOST: Final = 64  # validation photographs that are coloured after every epoch
_SURVEYED: Final = 2000  # photographs that are looked at for their colours
_SURVEYED_SIDE: Final = 96


def prepare(
    photos: Path,
    folder: Path,
    config: RunConfig,
    *,
    validation: Path | None = None,
    listener: Listener | None = None,
) -> Run:
    """Look at the photographs, and make a new run's folder.

    Args:
        photos: a folder (or shard) to learn from; `train` and `val` within it are used as such.
        folder: of the run; must not hold one yet.
        config: of the run.
        validation: a folder to validate with; otherwise a share of `photos`.
        listener: told how it goes.

    Raises:
        ConfigError: the folder holds a run or lies among the photographs, the model to start from
            does not fit, or the network cannot look at photographs at the working size.
        DataError: nothing to learn from.
        RecipeError: the recipe's options cannot work.
    """
    listener = listener or Listener()
    for place in filter(None, _folders(photos, validation)):
        if folder.resolve().is_relative_to(place.resolve()):
            raise ConfigError(
                f"expected a run's folder outside of the photographs, which its pictures would be "
                f"taken for; {folder} is in {place}"
            )
    if (folder / CONFIG).exists():
        raise ConfigError(f"{folder} holds a run already: go on with --resume, or name another")
    run = Run(folder, config)
    _check_working_size(run)
    _begin(run)
    parts = _parts(photos, validation, config)
    folder.mkdir(parents=True, exist_ok=True)
    _scan(parts, folder / INDEX, config, listener)
    held_out = len(run.photos("val"))
    if not run.photos("train"):
        fell = f"; {held_out} fell into validation: name some with --val" if held_out else ""
        raise DataError(
            f"none of the photographs in {photos} is left to learn from, in colour and large "
            f"enough{fell}"
        )
    if validation and not held_out:
        raise DataError(f"none of the photographs in {validation} is in colour and large enough")
    if config.data.validation and not held_out:
        listener.note("no photograph is held out: the best network is that which learnt most")
    found = run.recipe.surveyed(_small(run))
    config = config.model_copy(update={"options": {**found, **config.options}})
    checkpoints.replace_text(folder / CONFIG, config.model_dump_json(indent=2) + "\n")
    return Run(folder, config)


def _check_working_size(run: Run) -> None:
    """Before hours of training."""
    side, multiple = run.config.train.working_size, run.recipe.size_multiple
    if multiple and side % multiple:
        raise ConfigError(
            f"expected train.working_size to be a multiple of {multiple}, as the recipe "
            f"{run.recipe.name} needs; received {side}"
        )
    if not multiple and side not in (0, run.size):
        raise ConfigError(
            f"expected no train.working_size but {run.size}, at which the recipe "
            f"{run.recipe.name} learns; received {side}"
        )


def _small(run: Run) -> npt.NDArray[np.uint8]:
    """Some of the photographs to learn from, evenly spread, (N, 96, 96, 3)."""
    photos = run.photos("train")

    def small(source: Source) -> npt.NDArray[np.uint8]:
        return photo.square(source.read(), _SURVEYED_SIDE, "crop")

    chosen = subsample(photos, _SURVEYED)
    return np.stack(list(map_ordered(small, chosen, os.cpu_count() or 1)))


def train(
    run: Run, listener: Listener | None = None, *, exporting: bool = True
) -> checkpoints.State:
    """Train until the epochs are over or there is no more gain, then export the best network.

    Goes on after the last whole epoch, if there is one. Of a run that is over, only the best
    network, the last checkpoint's history and the list of photographs are needed; and some of the
    photographs, if the network answers with a distribution over colour.

    Raises:
        ModelError: no epoch had a loss that is a number, or the network could not be exported.
    """
    listener = listener or Listener()
    state = checkpoints.latest_state(run.folder / "checkpoints")
    if not _over(run, state):
        state = _trained(run, listener)
    if exporting:
        _export(run, state, listener)
    else:
        listener.note(
            f"the best network is in {run.folder / checkpoints.BEST}; there is no model yet"
        )
    return state


def _over(run: Run, state: checkpoints.State) -> bool:
    config = run.config.train
    stopped = bool(config.patience) and state.since_best >= config.patience
    return state.epochs >= config.epochs or stopped


def _trained(run: Run, listener: Listener) -> checkpoints.State:
    config = run.config.train
    recipe = run.recipe  # imports the layers that a checkpoint is made of
    checkpoint = checkpoints.latest(run.folder / "checkpoints")
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    told = checkpoints.latest_state(run.folder / "checkpoints").epochs
    if checkpoint:
        network, state = _loaded(checkpoint[0]), checkpoint[1]
        listener.note(f"going on after epoch {state.epochs}")
    elif told:  # a new network would take the place of the best one
        raise ConfigError(
            f"expected checkpoints/last-{told:04d}.keras in {run.folder}, to go on after epoch "
            f"{told}; bring it, or set train.epochs in {CONFIG} to {told}"
        )
    else:
        network = recipe.learner(_begin(run), config.epochs * _steps(run))
        state = checkpoints.State()
    if keras.backend.backend() == "tensorflow":
        network.jit_compile = False  # on a CPU, XLA halves the speed of these networks
    _fit(network, run, state, listener)
    return state


def _loaded(path: Path, **how: Any) -> keras.Model:
    try:
        return keras.saving.load_model(path, **how)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"cannot read the network {path}: {error}") from error


def _begin(run: Run) -> keras.Model:
    """The network as a run begins: with the weights of the model that it starts from, if any."""
    recipe, start = run.recipe, run.config.train.start
    size = run.size
    try:
        network = recipe.blank(size) if start else recipe.build(size)
    except ValueError as error:  # Keras's own
        raise RecipeError(
            f"recipe {recipe.name}: its shapes do not meet at data.size {size}; expected a "
            f"multiple of {recipe.size_multiple}"
        ) from error
    if not start:
        return network
    path = Path(start) / KERAS_FILE if Path(start).is_dir() else Path(start)
    try:
        network.set_weights(keras.saving.load_model(path, compile=False).get_weights())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"cannot start from {start}: {error}") from error
    return network


def _batch(run: Run, photos: int) -> int:
    return min(run.config.train.batch_size, photos)


def _steps(run: Run) -> int:
    """Of an epoch."""
    photos = len(run.photos("train"))
    return math.ceil((run.config.data.photos_per_epoch or photos) / _batch(run, photos))


def _folders(photos: Path, validation: Path | None) -> tuple[Path, Path | None]:
    """To learn from, and to validate with, if there is one."""
    train_folder, val_folder = split_folders(photos)
    return train_folder, validation or val_folder


def _parts(photos: Path, validation: Path | None, config: RunConfig) -> dict[str, list[Source]]:
    train_folder, val_folder = _folders(photos, validation)
    if val_folder:
        inside = val_folder.resolve()
        train = [s for s in find(train_folder) if not Path(s.path).resolve().is_relative_to(inside)]
        return {"train": train, "val": find(val_folder)}
    return dict(zip(("train", "val"), split(find(photos), config.data.validation), strict=True))


def _scan(
    parts: dict[str, list[Source]], index: Path, config: RunConfig, listener: Listener
) -> None:
    total, rows = sum(map(len, parts.values())), []
    for part, sources in parts.items():
        counts: Counter[scan.Verdict] = Counter()
        for source, verdict in scan.scan(sources, config.data.min_side):
            counts[verdict] += 1
            rows.append((part, source, verdict))
            listener.scanning(len(rows), total)
        purpose = "to learn from" if part == "train" else "to validate with"
        listener.note(f"{purpose}: {scan.summary(counts)}")
    scan.save_index(index, rows)


def _fit(network: keras.Model, run: Run, state: checkpoints.State, listener: Listener) -> None:
    check_there(run)
    config, recipe = run.config, run.recipe
    training, validation = run.photos("train"), run.photos("val")
    batch, steps = _batch(run, len(training)), _steps(run)
    shared = {"size": run.size, "batch_size": batch}
    stream = training_batches(
        training,
        recipe,
        config.data,
        seed=config.train.seed,
        first=state.epochs * steps,
        **shared,
    )
    checks: dict[str, Any] = {}
    constants = {"ab_argmax_accuracy": _argmax_constant(run, training)}
    callbacks: list[keras.callbacks.Callback] = []
    if validation:
        gallery = _gallery(run, validation)
        constants["val_ab_argmax_accuracy"] = _argmax_constant(run, validation)
        constants |= best_constant_scores(gallery.photos)
        checks["validation_data"] = validation_batches(validation, recipe, config.data, **shared)
        checks["validation_steps"] = math.ceil(len(validation) / batch)
        callbacks.append(gallery)
    callbacks.append(
        checkpoints.CheckpointCallback(run.folder, state, patience=config.train.patience)
    )
    checkpoints.replace_text(run.folder / CONSTANTS, json.dumps(constants, indent=2) + "\n")
    callbacks.append(_Teller(run, state, (steps, batch), constants, listener))
    with interruption() as stopper:
        try:
            network.fit(
                stream,
                steps_per_epoch=steps,
                initial_epoch=state.epochs,
                epochs=config.train.epochs,
                callbacks=[*callbacks, stopper],
                shuffle=False,  # the stream is shuffled already
                verbose=0,
                **checks,
            )
        except Exception:
            check_there(run)  # what a backend says of a lost photograph nobody understands
            raise


def _argmax_constant(run: Run, sources: list[Source]) -> float:
    return argmax_constant(sources, run.size, run.config.data.fit)


def _gallery(run: Run, validation: list[Source]) -> ContactSheetCallback:
    size, fit = run.size, run.config.data.fit
    chosen = subsample(validation, _SHOWN_AT_MOST)
    photos = np.stack([photo.square(source.read(), size, fit) for source in chosen])
    recipe = run.recipe
    return ContactSheetCallback(
        run.folder, recipe, card_of(recipe), photos, run.config.train.sheet_photos
    )


class _Teller(keras.callbacks.Callback):  # type: ignore[misc]
    """Passes on how the run goes, and draws the curves."""

    def __init__(
        self,
        run: Run,
        state: checkpoints.State,
        amount: tuple[int, int],
        constants: dict[str, float],
        listener: Listener,
    ) -> None:
        super().__init__()
        self.run, self.state, self.constants, self.listener = run, state, constants, listener
        self.steps, self.batch = amount
        self.current = state.epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.current = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.listener.step(self.current + 1, batch + 1, self.steps, self.batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        draw_curves(self.state, self.constants, self.run.folder / "curves.png")
        self.listener.epoch(epoch + 1, logs or {}, self.constants)


def _export(run: Run, state: checkpoints.State, listener: Listener) -> None:
    """The best network becomes the model; a float32 one, whatever it was trained in."""
    recipe, config = run.recipe, run.config
    if not state.best_epoch:
        raise ModelError(
            f"expected a loss that is a number; received none in {state.epochs} epochs: the "
            "learning rate may be too high"
        )
    scores = {"epoch": state.best_epoch, **state.history[state.best_epoch - 1]}
    card = card_of(
        recipe,
        name=run.folder.name,
        licence=config.train.keep_licence,
        data=config.train.data_terms,
        working_size=config.train.working_size or run.size,  # objects are as large as it knows
        scores=json.loads(json.dumps(scores)),
    )
    if recipe.bins is not None and recipe.bin_weights is None:
        prior = color_prior(_small(run), recipe.bins, card.color_space)
        card = replace(card, bin_weights=class_weights(prior).tolist())
    best = _loaded(run.folder / checkpoints.BEST, compile=False)
    difference = export(recipe.learnt(best), card, run.folder / MODEL)
    if recipe.bins is not None and not recipe.readings and (photos := run.photos("val")):
        listener.note("measuring how vivid it is to be read")
        found = calibrated(Model.load(run.folder / MODEL), photos)
        checkpoints.replace_text(run.folder / MODEL / CARD_FILE, found.to_json())
    listener.note(
        f"model written to {run.folder / MODEL}; it differs from Keras by {difference:.1e}"
    )
