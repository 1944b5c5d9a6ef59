"""The Keras networks of a run: the one to begin with, and those that are saved."""

from __future__ import annotations

from pathlib import Path

import keras

from photochrom.errors import ConfigError, ModelError, RecipeError
from photochrom.model.model import KERAS_FILE
from photochrom.training.runs import Run

__all__ = ["initial_network", "load_network"]


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
