"""The Keras networks of a run: the one to begin with, and those that are saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras

from photochrom.errors import ConfigError, ModelError, RecipeError
from photochrom.model.card import Card
from photochrom.model.model import CARD_FILE, KERAS_FILE
from photochrom.recipes import public_name, reference
from photochrom.training.runs import Run

if TYPE_CHECKING:
    from photochrom.recipes.base import AnyRecipe

__all__ = ["accumulate_gradients", "check_steps", "initial_network", "load_network"]

# What Keras reads. Of other files it says how to load a TensorFlow model, which is no help.
_NETWORK_SUFFIXES: Final = {".keras", ".h5", ".hdf5"}


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
    file = _start_file(Path(start))
    try:
        network.set_weights(keras.saving.load_model(file, compile=False).get_weights())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(_misfit(file, recipe) or f"cannot start from {start}: {error}") from error
    return network


def _start_file(start: Path) -> Path:
    """Return the file of the network to start from.

    Raises:
        ConfigError: there is none.
    """
    file = start / KERAS_FILE if start.is_dir() else start
    problem = ""
    if not file.is_file():
        problem = f"the folder holds no {KERAS_FILE}" if start.is_dir() else "there is no such file"
    elif file.suffix not in _NETWORK_SUFFIXES:
        problem = f"received a file named {file.name}"
    if problem:
        raise ConfigError(
            f"cannot start from {start}: expected a model's folder with {KERAS_FILE}, or a .keras "
            f"file; {problem}"
        )
    return file


def _misfit(file: Path, recipe: AnyRecipe) -> str:
    """Return what to say if a network's card names another recipe; "" if it does not."""
    try:
        card = Card.from_json((file.parent / CARD_FILE).read_bytes())
    except (OSError, ModelError):  # it is a network without a card
        return ""
    expected = public_name(reference(type(recipe)))
    if card.recipe == expected:
        return ""
    return (
        f"cannot start from {file}: expected a model of the recipe {expected}; it is of the recipe "
        f"{card.recipe}, and its weights do not fit"
    )


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
