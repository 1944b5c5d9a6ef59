"""The Keras networks of a run: the one to begin with, and those that are saved."""

from __future__ import annotations

from pathlib import Path

import keras

from photochrom.errors import ConfigError, ModelError, RecipeError
from photochrom.model.model import KERAS_FILE
from photochrom.training.runs import Run

__all__ = ["accumulate_gradients", "check_steps", "initial_network", "load_network"]


def initial_network(run: Run) -> keras.Model:
    """Build the network, with the weights of the model that the run starts from, if any.

    Raises:
        RecipeError: the layers do not fit the size of the training pictures.
        ConfigError: the model to start from cannot be read or has other weights.
    """
    recipe, start = run.recipe, run.config.train.start
    try:
        network = recipe.blank(run.size) if start else recipe.build(run.size)
    except ValueError as error:  # from Keras
        raise RecipeError(
            f"recipe {recipe.name}: its layers do not fit data.size {run.size}; expected a "
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


def load_network(path: Path, *, compiled: bool = True) -> keras.Model:
    """Load a Keras network.

    Args:
        path: a `.keras` file.
        compiled: whether to load the optimizer and the loss, too.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        return keras.saving.load_model(path, compile=compiled)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"cannot read the network {path}: {error}") from error


def accumulate_gradients(network: keras.Model, batches: int) -> None:
    """Let each step of a compiled network's optimizer use the mean gradient of several batches.

    The gradients of the batches before a step are variables of the optimizer, which checkpoints
    contain.

    Args:
        network: made by `Recipe.training_model`; changed in place.
        batches: number of batches; 1 changes nothing.

    Raises:
        RecipeError: the network does not train as Keras does.
    """
    if batches == 1:
        return
    check_steps(network, "train.accumulate")
    config = network.get_compile_config()
    config["optimizer"]["config"]["gradient_accumulation_steps"] = batches
    network.compile_from_config(config)


def check_steps(network: keras.Model, purpose: str) -> None:
    """Raise an error if a network has training steps of its own, which Keras cannot change.

    Raises:
        RecipeError: it has.
    """
    if type(network).fit is not keras.Model.fit:
        raise RecipeError(
            f"expected a recipe that trains as Keras does, for {purpose}; "
            f"{type(network).__name__} has training steps of its own"
        )
