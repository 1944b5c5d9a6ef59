"""Training runs: from a folder of colour photographs to a model."""

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
from photochrom.parallel import map_ordered, subsample
from photochrom.recipes.blocks.quantization import class_weights, color_prior
from photochrom.training import checkpoints, scan
from photochrom.training.baselines import best_constant_scores, constant_argmax_accuracy
from photochrom.training.calibration import calibrate
from photochrom.training.config import RunConfig
from photochrom.training.contact_sheet import ContactSheetCallback
from photochrom.training.dataset import training_batches, validation_batches
from photochrom.training.export import card_of, export
from photochrom.training.interruption import interruption
from photochrom.training.progress import ProgressCallback
from photochrom.training.runs import (
    BASELINES_FILE,
    CONFIG_FILE,
    INDEX_FILE,
    MODEL_FOLDER,
    Run,
    TrainingListener,
    check_photos_exist,
)
from photochrom.training.sources import Source, find, split, split_folders

__all__ = ["prepare", "train"]

_MAX_SHEET_PHOTOS: Final = 64  # validation photographs to colour and measure after each epoch
_MAX_SAMPLE_PHOTOS: Final = 2000  # training photographs for colour statistics
_SAMPLE_SIDE: Final = 96  # pixels


def prepare(
    photos: Path,
    folder: Path,
    config: RunConfig,
    *,
    validation: Path | None = None,
    listener: TrainingListener | None = None,
) -> Run:
    """Scan the photographs and create the folder of a new run.

    Args:
        photos: a folder (or shard) of training photographs; if it has subfolders `train` and
            `val`, they are used as such.
        folder: the run's folder; it must not hold a run.
        config: the run's configuration.
        validation: a folder of validation photographs; by default a share of `photos`.
        listener: receives the progress.

    Returns:
        The run, whose options include those derived from the photographs.

    Raises:
        ConfigError: the folder holds a run or lies within the photographs, the model to start from
            does not fit, or the recipe cannot run at the working size.
        DataError: there are no photographs to train on, or none in `validation`.
        RecipeError: the recipe's options do not work together.
    """
    listener = listener or TrainingListener()
    for photo_folder in filter(None, _folders(photos, validation)):
        if folder.resolve().is_relative_to(photo_folder.resolve()):
            raise ConfigError(
                f"expected a run's folder outside of the photographs, or its contact sheets would "
                f"be used as photographs; {folder} is in {photo_folder}"
            )
    if (folder / CONFIG_FILE).exists():
        raise ConfigError(f"{folder} holds a run already: resume it, or choose another folder")
    run = Run(folder, config)
    _check_working_size(run)
    _initial_network(run)  # reports options that cannot work before the photographs are read
    parts = _split_sources(photos, validation, config)
    folder.mkdir(parents=True, exist_ok=True)
    _scan_sources(parts, folder / INDEX_FILE, config, listener)
    held_out = len(run.photos("val"))
    if not run.photos("train"):
        hint = (
            f" ({held_out} held out for validation; choose a separate folder of validation "
            "photographs)"
        )
        raise DataError(
            f"expected photographs to train on in {photos}, in colour and large enough; found none"
            f"{hint if held_out else ''}"
        )
    if validation and not held_out:
        raise DataError(
            f"expected validation photographs in {validation}, in colour and large enough; found "
            "none"
        )
    if config.data.validation and not held_out:
        listener.note(
            "no photograph is held out for validation: the best epoch is chosen by training loss"
        )
    data_options = run.recipe.options_from_data(_sample_photos(run))
    config = config.model_copy(update={"options": {**data_options, **config.options}})
    checkpoints.replace_text(folder / CONFIG_FILE, config.model_dump_json(indent=2) + "\n")
    return Run(folder, config)


def _check_working_size(run: Run) -> None:
    """Check `train.working_size` now rather than at the export, after hours of training."""
    side, multiple = run.config.train.working_size, run.recipe.size_multiple
    if multiple and side % multiple:
        raise ConfigError(
            f"expected train.working_size to be a multiple of {multiple}, as the recipe "
            f"{run.recipe.name} needs; received {side}"
        )
    if not multiple and side not in (0, run.size):
        raise ConfigError(
            f"expected train.working_size 0 or {run.size}, the fixed size of the recipe "
            f"{run.recipe.name}; received {side}"
        )


def _sample_photos(run: Run) -> npt.NDArray[np.uint8]:
    """Return a sample of the training photographs, evenly spaced, RGB, (N, 96, 96, 3) uint8."""
    photos = run.photos("train")

    def load_square(source: Source) -> npt.NDArray[np.uint8]:
        return photo.square(source.read(), _SAMPLE_SIDE, "crop")

    chosen = subsample(photos, _MAX_SAMPLE_PHOTOS)
    return np.stack(list(map_ordered(load_square, chosen, os.cpu_count() or 1)))


def train(
    run: Run, listener: TrainingListener | None = None, *, exporting: bool = True
) -> checkpoints.State:
    """Train until the last epoch or until the loss stops improving, then export the best network.

    A run that was interrupted is resumed after its last complete epoch. A finished run is only
    exported. This needs its best network, the history of its last checkpoint and the list of
    photographs; if the network outputs a distribution, it also needs some of the photographs.

    Args:
        run: prepared by `prepare`.
        listener: receives the progress.
        exporting: whether to export the best network.

    Returns:
        The state after the last epoch.

    Raises:
        ConfigError: the network of the last checkpoint is missing.
        DataError: photographs of the run are missing.
        ModelError: no epoch had a finite loss, a network cannot be read, or the export failed.
    """
    listener = listener or TrainingListener()
    state = checkpoints.latest_state(run.folder / "checkpoints")
    if not _is_finished(run, state):
        state = _fit_from_checkpoint(run, listener)
    if exporting:
        _export(run, state, listener)
    else:
        listener.note(
            f"the best network is in {run.folder / checkpoints.BEST}; it was not exported, so "
            "there is no model yet"
        )
    return state


def _is_finished(run: Run, state: checkpoints.State) -> bool:
    """Return whether the run has reached its last epoch or run out of patience."""
    config = run.config.train
    stopped = bool(config.patience) and state.since_best >= config.patience
    return state.epochs >= config.epochs or stopped


def _fit_from_checkpoint(run: Run, listener: TrainingListener) -> checkpoints.State:
    """Train from the last checkpoint, or from the start if there is none."""
    config = run.config.train
    recipe = run.recipe  # its import registers the layers that a checkpoint contains
    checkpoint = checkpoints.latest(run.folder / "checkpoints")
    # Before the network is built: its initial weights and its dtypes depend on these.
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    trained_epochs = checkpoints.latest_state(run.folder / "checkpoints").epochs
    if checkpoint:
        network, state = _load_network(checkpoint[0]), checkpoint[1]
        listener.note(f"resuming after epoch {state.epochs}")
    elif trained_epochs:  # starting anew would overwrite the best network
        raise ConfigError(
            f"expected checkpoints/last-{trained_epochs:04d}.keras in {run.folder}, to resume "
            f"after epoch {trained_epochs}; found no such file: copy it there, or set train.epochs "
            f"in {CONFIG_FILE} to {trained_epochs}"
        )
    else:
        network = recipe.training_model(
            _initial_network(run), config.epochs * _steps_per_epoch(run)
        )
        state = checkpoints.State()
    if keras.backend.backend() == "tensorflow":
        network.jit_compile = False  # on a CPU, XLA halves the speed of these networks
    _fit(network, run, state, listener)
    return state


def _load_network(path: Path, **options: Any) -> keras.Model:
    """Load a Keras network.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        return keras.saving.load_model(path, **options)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"cannot read the network {path}: {error}") from error


def _initial_network(run: Run) -> keras.Model:
    """Build the network, with the weights of the model that the run starts from, if any.

    Raises:
        RecipeError: the layers do not fit the size of the training pictures.
        ConfigError: the model to start from cannot be read or has other weights.
    """
    recipe, start = run.recipe, run.config.train.start
    size = run.size
    try:
        network = recipe.blank(size) if start else recipe.build(size)
    except ValueError as error:  # from Keras
        raise RecipeError(
            f"recipe {recipe.name}: its layers do not fit data.size {size}; expected a "
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


def _batch_size(run: Run, photos: int) -> int:
    """Return the batch size, at most the number of photographs."""
    return min(run.config.train.batch_size, photos)


def _steps_per_epoch(run: Run) -> int:
    """Return the number of batches in an epoch."""
    photos = len(run.photos("train"))
    return math.ceil((run.config.data.photos_per_epoch or photos) / _batch_size(run, photos))


def _folders(photos: Path, validation: Path | None) -> tuple[Path, Path | None]:
    """Return the training folder and the validation folder, if there is one."""
    train_folder, val_folder = split_folders(photos)
    return train_folder, validation or val_folder


def _split_sources(
    photos: Path, validation: Path | None, config: RunConfig
) -> dict[str, list[Source]]:
    """Return the photographs of the parts "train" and "val"."""
    train_folder, val_folder = _folders(photos, validation)
    if val_folder:
        # The validation folder may lie within the training folder.
        root = val_folder.resolve()
        train = [s for s in find(train_folder) if not Path(s.path).resolve().is_relative_to(root)]
        return {"train": train, "val": find(val_folder)}
    return dict(zip(("train", "val"), split(find(photos), config.data.validation), strict=True))


def _scan_sources(
    parts: dict[str, list[Source]], index: Path, config: RunConfig, listener: TrainingListener
) -> None:
    """Check all photographs and write the list of them to `index`."""
    total, rows = sum(map(len, parts.values())), []
    for part, sources in parts.items():
        counts: Counter[scan.Verdict] = Counter()
        for source, verdict in scan.scan(sources, config.data.min_side):
            counts[verdict] += 1
            rows.append((part, source, verdict))
            listener.progress("scan", len(rows), total)
        purpose = "training" if part == "train" else "validation"
        listener.note(f"{purpose}: {scan.summary(counts)}")
    scan.save_index(index, rows)


def _fit(
    network: keras.Model, run: Run, state: checkpoints.State, listener: TrainingListener
) -> None:
    """Call `fit` with the data, the callbacks and Ctrl-C handling."""
    check_photos_exist(run)
    config, recipe = run.config, run.recipe
    training, validation = run.photos("train"), run.photos("val")
    batch, steps = _batch_size(run, len(training)), _steps_per_epoch(run)
    shared = {"size": run.size, "batch_size": batch}
    stream = training_batches(
        training,
        recipe,
        config.data,
        seed=config.train.seed,
        first=state.epochs * steps,  # a resumed run continues the stream
        **shared,
    )
    validation_arguments: dict[str, Any] = {}
    constants = {"ab_argmax_accuracy": _constant_accuracy(run, training)}
    callbacks: list[keras.callbacks.Callback] = []
    if validation:
        sheets = _sheet_callback(run, validation)
        constants["val_ab_argmax_accuracy"] = _constant_accuracy(run, validation)
        constants |= best_constant_scores(sheets.photos)
        validation_arguments["validation_data"] = validation_batches(
            validation, recipe, config.data, **shared
        )
        validation_arguments["validation_steps"] = math.ceil(len(validation) / batch)
        callbacks.append(sheets)
    callbacks.append(
        checkpoints.CheckpointCallback(run.folder, state, patience=config.train.patience)
    )
    checkpoints.replace_text(run.folder / BASELINES_FILE, json.dumps(constants, indent=2) + "\n")
    callbacks.append(ProgressCallback(run, state, (steps, batch), constants, listener))
    with interruption() as interrupt_callback:
        try:
            network.fit(
                stream,
                steps_per_epoch=steps,
                initial_epoch=state.epochs,
                epochs=config.train.epochs,
                callbacks=[*callbacks, interrupt_callback],
                shuffle=False,  # the stream is shuffled already
                verbose=0,
                **validation_arguments,
            )
        except Exception:
            check_photos_exist(run)  # a backend's own error about a lost file is unreadable
            raise


def _constant_accuracy(run: Run, sources: list[Source]) -> float:
    """Return the best constant's argmax accuracy on photographs as the network sees them."""
    return constant_argmax_accuracy(sources, run.size, run.config.data.fit)


def _sheet_callback(run: Run, validation: list[Source]) -> ContactSheetCallback:
    """Create the callback that colours validation photographs after each epoch."""
    size, fit = run.size, run.config.data.fit
    chosen = subsample(validation, _MAX_SHEET_PHOTOS)
    photos = np.stack([photo.square(source.read(), size, fit) for source in chosen])
    recipe = run.recipe
    return ContactSheetCallback(
        run.folder, recipe, card_of(recipe), photos, run.config.train.sheet_photos
    )


def _export(run: Run, state: checkpoints.State, listener: TrainingListener) -> None:
    """Export the best network as a model, in float32 whatever the training precision was."""
    recipe, config = run.recipe, run.config
    if not state.best_epoch:
        raise ModelError(
            f"expected a loss that is a number; received only NaN or infinity in {state.epochs} "
            "epochs: the learning rate may be too high"
        )
    scores = {"epoch": state.best_epoch, **state.history[state.best_epoch - 1]}
    card = card_of(
        recipe,
        name=run.folder.name,
        licence=config.train.keep_licence,
        data=config.train.data_terms,
        # At the training size, objects appear as large as in training.
        working_size=config.train.working_size or run.size,
        scores=json.loads(json.dumps(scores)),
    )
    if recipe.bins is not None and recipe.bin_weights is None:
        # The network was trained without class weights; vivid decoding uses them.
        prior = color_prior(_sample_photos(run), recipe.bins, card.color_space)
        card = replace(card, bin_weights=class_weights(prior).tolist())
    best = _load_network(run.folder / checkpoints.BEST, compile=False)
    difference = export(recipe.inference_model(best), card, run.folder / MODEL_FOLDER)
    if recipe.bins is not None and not recipe.decoding_params and (photos := run.photos("val")):
        listener.note("choosing the decoding parameters on validation photographs")
        card = calibrate(Model.load(run.folder / MODEL_FOLDER), photos)
        checkpoints.replace_text(run.folder / MODEL_FOLDER / CARD_FILE, card.to_json())
    listener.note(
        f"model written to {run.folder / MODEL_FOLDER}; "
        f"largest difference from Keras {difference:.1e}"
    )
