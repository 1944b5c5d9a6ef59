"""Train the network of a run, and export the best one as a model."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import grain
import keras
import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import ConfigError, ModelError
from photochrom.files.atomic import write_text
from photochrom.model.card import Card
from photochrom.model.model import CARD_FILE, Model
from photochrom.parallel import subsample
from photochrom.recipes.blocks.quantization import class_weights, color_prior
from photochrom.training import checkpoints
from photochrom.training.baselines import best_constant_scores, constant_argmax_accuracy
from photochrom.training.calibration import calibrate
from photochrom.training.cluster import distributed, leave
from photochrom.training.dataset import training_batches, validation_batches
from photochrom.training.export import card_of, export
from photochrom.training.interruption import interruption
from photochrom.training.networks import (
    accumulate_gradients,
    check_steps,
    initial_network,
    load_network,
)
from photochrom.training.preparation import sample_photos
from photochrom.training.progress import ContactSheetCallback, ProgressCallback
from photochrom.training.reading import PhotoReader
from photochrom.training.runs import (
    BASELINES_FILE,
    CONFIG_FILE,
    MODEL_FOLDER,
    Run,
    TrainingListener,
)
from photochrom.training.sources import Source

if TYPE_CHECKING:
    from photochrom.recipes.base import AnyRecipe

__all__ = ["train"]

_MAX_SHEET_PHOTOS: Final = 64  # validation photographs to colour and measure after each epoch


def train(
    run: Run, listener: TrainingListener | None = None, *, exporting: bool = True
) -> checkpoints.State:
    """Train until the last epoch or until the loss stops improving, then export the best network.

    A run that was interrupted is resumed after its last complete epoch. A finished run is only
    exported. This needs its best network, the history of its last checkpoint and the list of
    photographs; if the network outputs a distribution, it also needs some of the photographs.

    A photograph that goes bad during the run is named once, and the next one takes its place.

    The processes of a cluster train together. All of them call this; process 0 writes all files.

    Args:
        run: prepared by `prepare`; in a cluster, the one that `share` returns.
        listener: receives the progress.
        exporting: whether to export the best network.

    Returns:
        The state after the last epoch.

    Raises:
        ConfigError: the network of the last checkpoint is missing, or the devices cannot share a
            batch.
        DataError: most photographs of the run can no longer be read.
        RecipeError: the recipe has training steps of its own, and cannot do what is asked.
        StorageError: the storage of the photographs cannot be reached.
        ModelError: no epoch had a finite loss, a network cannot be read, or the export failed.
        OutputError: a file cannot be written, for example because the disk is full. The last
            checkpoint is complete, so that the run can be resumed.
    """
    listener = listener or TrainingListener()
    reader = run.reader(listener)
    state = checkpoints.latest_state(run.folder / "checkpoints")
    if not _is_finished(run, state):
        with distributed(run.cluster):
            state = _fit_from_checkpoint(run, reader, listener)
    if run.cluster.devices > 1:
        leave()  # the export takes long, and nobody has to wait for it
    if not run.cluster.is_first:
        return state
    if exporting:
        _export(run, state, reader, listener)
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


def _fit_from_checkpoint(
    run: Run, reader: PhotoReader, listener: TrainingListener
) -> checkpoints.State:
    """Train from the last checkpoint, or from the start if there is none."""
    config = run.config.train
    recipe = run.recipe  # its import registers the layers that a checkpoint contains
    checkpoint = checkpoints.latest(run.folder / "checkpoints")
    # Before the network is built: its initial weights and its dtypes depend on these.
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    trained_epochs = checkpoints.latest_state(run.folder / "checkpoints").epochs
    if checkpoint:
        network, state = load_network(checkpoint[0]), checkpoint[1]
        listener.note(f"resuming after epoch {state.epochs}")
    elif trained_epochs:  # starting again would overwrite the best network
        raise ConfigError(
            f"expected checkpoints/last-{trained_epochs:04d}.keras in {run.folder}, to resume "
            f"after epoch {trained_epochs}; found no such file: copy it there, or set train.epochs "
            f"in {CONFIG_FILE} to {trained_epochs}"
        )
    else:
        network, state = _new_network(run, recipe), checkpoints.State()
    if keras.backend.backend() == "tensorflow":
        network.jit_compile = False  # on a CPU, XLA halves the speed of these networks
    if run.cluster.devices > 1:
        check_steps(network, "several devices")
    _note_batches(run, listener)
    _fit(network, run, state, reader, listener)
    return state


def _new_network(run: Run, recipe: AnyRecipe) -> keras.Model:
    """Return the network of a new run, compiled."""
    batches = run.config.train.accumulate
    steps = math.ceil(run.config.train.epochs * _steps_per_epoch(run) / batches)
    network = recipe.training_model(initial_network(run), steps)
    accumulate_gradients(network, batches)
    return network


def _note_batches(run: Run, listener: TrainingListener) -> None:
    """Say how many photographs each step of the optimizer uses, if that is not one plain batch."""
    size, batches, cluster = _batch_size(run), run.config.train.accumulate, run.cluster
    if batches > 1 or cluster.devices > 1:
        listener.note(
            f"effective batch: {size * batches} photographs ({batches} x {size}, on "
            f"{cluster.devices} devices of {cluster.processes} processes)"
        )


def _batch_size(run: Run) -> int:
    """Return the batch size, at most the number of photographs.

    Raises:
        ConfigError: the devices cannot share such a batch.
    """
    wanted, devices = run.config.train.batch_size, run.cluster.devices
    if wanted % devices:
        raise ConfigError(
            f"expected train.batch_size to be a multiple of {devices}, the number of devices; "
            f"received {wanted}"
        )
    if len(run.training) < devices:
        raise ConfigError(
            f"expected at least one photograph for each of {devices} devices; received "
            f"{len(run.training)}"
        )
    return min(wanted, len(run.training) // devices * devices)


def _steps_per_epoch(run: Run) -> int:
    """Return the number of batches in an epoch."""
    photos = run.config.data.photos_per_epoch or len(run.training)
    return math.ceil(photos / _batch_size(run))


def _fit(
    network: keras.Model,
    run: Run,
    state: checkpoints.State,
    reader: PhotoReader,
    listener: TrainingListener,
) -> None:
    """Call `fit` with the data, the callbacks and Ctrl-C handling."""
    reader.check_files([*run.training, *run.validation])
    steps = _steps_per_epoch(run)
    streams: dict[str, object] = {"x": _training_stream(run, reader, first=state.epochs * steps)}
    sheet_photos = _sheet_photos(run, reader) if run.validation else None
    if sheet_photos is not None:
        streams |= _validation_stream(run, reader, sheet_photos[0])
    if run.cluster.is_first:
        callbacks = _writing_callbacks(run, state, reader, listener, sheet_photos)
    else:
        callbacks = [checkpoints.StateCallback(state, patience=run.config.train.patience)]
    with interruption() as interrupt_callback:
        try:
            network.fit(
                **streams,
                steps_per_epoch=steps,
                initial_epoch=state.epochs,
                epochs=run.config.train.epochs,
                callbacks=[*callbacks, interrupt_callback],
                shuffle=False,  # the stream is shuffled already
                verbose=0,
            )
        except Exception:
            reader.check()  # a backend's own error about lost photographs is unreadable
            raise


def _writing_callbacks(
    run: Run,
    state: checkpoints.State,
    reader: PhotoReader,
    listener: TrainingListener,
    sheet_photos: npt.NDArray[np.uint8] | None,
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that write files and report progress."""
    callbacks: list[keras.callbacks.Callback] = []
    constants = {"ab_argmax_accuracy": _constant_accuracy(run, run.training, reader)}
    if sheet_photos is not None:
        card, rows = card_of(run.recipe), run.config.train.sheet_photos
        constants["val_ab_argmax_accuracy"] = _constant_accuracy(run, run.validation, reader)
        constants |= best_constant_scores(sheet_photos)
        callbacks.append(ContactSheetCallback(run.folder, run.recipe, card, sheet_photos, rows))
    write_text(run.folder / BASELINES_FILE, json.dumps(constants, indent=2) + "\n")
    amount = (_steps_per_epoch(run), _batch_size(run))
    return [
        *callbacks,
        checkpoints.CheckpointCallback(run.folder, state, patience=run.config.train.patience),
        ProgressCallback(run, state, amount, constants, listener),
    ]


def _training_stream(run: Run, reader: PhotoReader, first: int) -> grain.IterDataset:
    """Return the stream of training batches, from the batch on with which a resumed run goes on."""
    return training_batches(
        run.training, reader, run.recipe, run.config.data,
        size=run.size, batch_size=_batch_size(run), seed=run.config.train.seed, first=first,
        cluster=run.cluster,
    )  # fmt: skip


def _validation_stream(
    run: Run, reader: PhotoReader, spare: npt.NDArray[np.uint8]
) -> dict[str, grain.IterDataset | int]:
    """Return the arguments of `fit` that concern validation."""
    batch_size = _batch_size(run)
    return {
        "validation_data": validation_batches(
            run.validation, reader, run.recipe, run.config.data,
            size=run.size, batch_size=batch_size, spare=spare, cluster=run.cluster,
        ),
        "validation_steps": math.ceil(len(run.validation) / batch_size),
    }  # fmt: skip


def _constant_accuracy(run: Run, sources: list[Source], reader: PhotoReader) -> float:
    """Return the best constant's argmax accuracy on photographs as the network sees them."""
    return constant_argmax_accuracy(sources, reader, run.size, run.config.data.fit)


def _sheet_photos(run: Run, reader: PhotoReader) -> npt.NDArray[np.uint8]:
    """Return validation photographs to colour after each epoch, RGB, (N, H, W, 3) uint8."""
    size, fit = run.size, run.config.data.fit
    chosen = subsample(run.validation, _MAX_SHEET_PHOTOS)
    return np.stack(list(reader.load_all(chosen, lambda data: photo.square(data, size, fit))))


def _export(
    run: Run, state: checkpoints.State, reader: PhotoReader, listener: TrainingListener
) -> None:
    """Export the best network as a model, in float32 whatever the training precision was."""
    recipe, folder = run.recipe, run.folder / MODEL_FOLDER
    card = _card(run, state, reader)
    best = load_network(run.folder / checkpoints.BEST, compiled=False)
    difference = export(recipe.inference_model(best), card, folder)
    if recipe.bins is not None and not recipe.decoding_params and run.validation:
        listener.note("choosing the decoding parameters on validation photographs")
        card = calibrate(Model.load(folder), run.validation, reader)
        write_text(folder / CARD_FILE, card.to_json())
    listener.note(f"model written to {folder}; largest difference from Keras {difference:.1e}")


def _card(run: Run, state: checkpoints.State, reader: PhotoReader) -> Card:
    """Return the card of a run's best network, before its decoding is calibrated."""
    recipe, config = run.recipe, run.config.train
    if not state.best_epoch:
        raise ModelError(
            f"expected a loss that is a number; received only NaN or infinity in {state.epochs} "
            "epochs: the learning rate may be too high"
        )
    card = replace(
        card_of(recipe),
        name=run.folder.name,
        licence=config.keep_licence,
        data=config.data_terms,
        # At the training size, objects appear as large as in training.
        working_size=config.working_size or run.size,
        scores=dict(state.history[state.best_epoch - 1]),
    )
    if recipe.bins is None or recipe.bin_weights is not None:
        return card
    # The network was trained without class weights; vivid decoding uses them.
    prior = color_prior(sample_photos(run, reader), recipe.bins, card.color_space)
    return replace(card, bin_weights=class_weights(prior).tolist())
