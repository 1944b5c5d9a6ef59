"""Export a trained Keras network as a model folder that the runtime can use."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import __version__
from photochrom.errors import MissingExtra, ModelError
from photochrom.files.atomic import output_errors
from photochrom.model.card import Card
from photochrom.model.model import CARD_FILE, KERAS_FILE, NETWORK_FILE, Model
from photochrom.recipes import public_name, reference
from photochrom.recipes import recipe as build_recipe

if TYPE_CHECKING:
    import keras

    from photochrom.recipes.base import AnyRecipe

__all__ = ["card_of", "export", "largest_difference", "store_float16_weights"]

# Keras backends whose ONNX export works for every height and width.
_EXPORTERS: Final = ("tensorflow", "torch")
# The largest relative difference allowed between the outputs of Keras and of the converted network.
# A converted network that differs more is refused. If it differs more only with float16 weights,
# its weights stay in float32.
_TOLERANCE: Final = 1e-3
_OPSET: Final = 18
_OS_ERROR: Final = 3  # exit code of the separate process; the error's number is its last line
_MIN_FLOAT16_VALUES: Final = 256  # smaller tensors are not worth a cast
_MAX_FLOAT16: Final = 65_000  # slightly below the float16 maximum of 65,504


def card_of(recipe: AnyRecipe) -> Card:
    """Make the model card of a network of this recipe; whoever trained it adds the rest."""
    bins, weights = recipe.bins, recipe.bin_weights
    card = Card(
        name=recipe.name,
        recipe=reference(type(recipe)),
        color_space=recipe.color_space,
        input_scale=recipe.input_scale,
        known_scale=recipe.known_scale,
        bins=None if bins is None else bins.tolist(),
        bin_weights=None if weights is None else weights.tolist(),
        output_kind=recipe.output_kind,
        output_scale=recipe.output_scale,
        working_size=recipe.working_size,
        size_multiple=recipe.size_multiple,
        stride=recipe.stride,
        paper=recipe.paper,
        options=recipe.options.model_dump(),
        made_by=f"photochrom {__version__}",
    )
    if recipe.decoding_params is None:
        return card
    faithful, vivid = recipe.decoding_params
    return replace(card, faithful=faithful, vivid=vivid, vividness=1.0)


def export(network: keras.Model, card: Card, folder: Path) -> float:
    """Write `network.onnx`, `network.keras` and `card.json`, and check that the networks agree.

    The conversion runs in a separate process, under TensorFlow or torch, because a process can use
    only one Keras backend, and not every backend can export.

    Args:
        network: the trained network, of any size and precision.
        card: the card of the recipe that built it.
        folder: the model folder. It is replaced as a whole; if anything fails, it stays as it was.

    Returns:
        The largest relative difference between Keras and the converted network at two sizes,
        before the weights are stored as float16.

    Raises:
        MissingExtra: neither TensorFlow nor torch is installed.
        ModelError: the conversion failed, or the networks differ.
        OutputError: a file cannot be written, for example because the disk is full.
    """
    partial = folder.with_name(f".{folder.name}-{os.getpid()}")
    try:
        with output_errors(folder):
            _remove_leftovers(folder)
            partial.mkdir(parents=True)
            network.save(partial / KERAS_FILE)
            (partial / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
            _convert(partial)  # the separate process finds the recipe by the card
            # The final card names no path of this machine.
            public = replace(card, recipe=public_name(card.recipe))
            (partial / CARD_FILE).write_text(public.to_json(), encoding="utf-8")
            difference = float((partial / "difference").read_text())
            (partial / "difference").unlink()
            _replace_folder(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return difference


def _replace_folder(new: Path, folder: Path) -> None:
    """Rename a folder to the name of another, which is deleted."""
    before = new.with_name(f"{new.name}-before")
    if folder.exists():
        folder.rename(before)
    try:
        new.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Remove what exports to a folder have left whose processes were killed."""
    pattern = re.compile(rf"\.{re.escape(folder.name)}-(\d+)(-before)?")
    for left in folder.parent.glob(".*"):
        if not (match := pattern.fullmatch(left.name)) or _is_running(int(match[1])):
            continue
        if match[2] and not folder.exists():  # killed between two renames: it is the only model
            left.rename(folder)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Return whether another process of this number runs on this machine."""
    if process == os.getpid():  # a process that was killed had the same number
        return False
    if sys.platform == "win32":  # there, `os.kill` would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _convert(folder: Path) -> None:
    """Run `_main` in a separate process.

    Raises:
        MissingExtra: neither TensorFlow nor torch is installed.
        ModelError: the conversion failed, or the networks differ.
        OSError: a file could not be written.
    """
    backend = next((name for name in _EXPORTERS if find_spec(name)), None)
    if backend is None:
        raise MissingExtra("train", "exporting a network")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "",
        # Whatever the value, this keeps tf2onnx from copying the graph before each optimization.
        "TF2ONNX_CATCH_ERRORS": "false",
        # So that the process also finds recipes that are not part of Photochrom.
        "PYTHONPATH": os.pathsep.join(part or str(Path.cwd()) for part in sys.path),
    }
    command = [sys.executable, "-m", __name__, str(folder)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode == _OS_ERROR:
        number = int(finished.stderr.splitlines()[-1])
        raise OSError(number, os.strerror(number))
    if finished.returncode:
        reason = (finished.stderr.strip() or "no reason given").splitlines()[-1]
        raise ModelError(f"the network could not be exported through {backend}: {reason}")


def _main(folder: Path) -> None:
    """Convert the network in `folder` and compare the two. Runs in the separate process."""
    import keras

    card = Card.from_json((folder / CARD_FILE).read_bytes(), str(folder / CARD_FILE))
    recipe = build_recipe(card.recipe, card.options)
    trained = keras.saving.load_model(folder / KERAS_FILE, compile=False)
    # The same network in float32 and, if the recipe allows it, for pictures of any size.
    network = recipe.blank(None if card.size_multiple else card.working_size)
    network.set_weights(trained.get_weights())
    network.save(folder / KERAS_FILE)
    runtime = recipe.runtime(network)
    _write_onnx(runtime, folder / NETWORK_FILE, card)
    difference = largest_difference(runtime, Model.load(folder))
    if not difference < _TOLERANCE:
        raise ModelError(f"expected a difference under {_TOLERANCE}; received {difference:.2g}")
    (folder / "difference").write_text(repr(difference))
    converted = (folder / NETWORK_FILE).read_bytes()
    store_float16_weights(folder / NETWORK_FILE)
    if not largest_difference(runtime, Model.load(folder)) < _TOLERANCE:
        (folder / NETWORK_FILE).write_bytes(converted)


def _write_onnx(network: keras.Model, path: Path, card: Card) -> None:
    import keras

    sample = np.zeros((1, card.working_size, card.working_size, _channels(card)), np.float32)
    if keras.backend.backend() == "tensorflow":
        network(sample)  # Keras exports only what has been called
        network.export(path, format="onnx", verbose=False, opset_version=_OPSET)
        return
    import torch

    side = torch.export.Dim.AUTO
    torch.onnx.export(
        network.eval(),
        (torch.from_numpy(sample),),
        path,
        dynamo=True,
        dynamic_shapes=(({0: side, 1: side, 2: side},),),  # Keras takes *args
        external_data=False,
        verbose=False,
    )


def store_float16_weights(path: Path) -> None:
    """Rewrite an ONNX file so that its weights are stored as float16 and cast to float32 when used.

    The file gets half as large, and the weights keep about three digits. An engine folds the casts
    when it loads the network, so it computes in float32 as before.

    Args:
        path: the ONNX file; it is changed in place.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if (
            values.dtype != np.float32
            or values.size < _MIN_FLOAT16_VALUES
            or np.abs(values).max() > _MAX_FLOAT16
        ):
            continue
        name = weight.name
        float16_weight = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
        weight.CopyFrom(float16_weight)
        casts.append(helper.make_node("Cast", [float16_weight.name], [name], to=TensorProto.FLOAT))
    # ONNX requires topological order, so the casts come first.
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def largest_difference(network: keras.Model, model: Model) -> float:
    """Return the largest difference between the outputs of a Keras network and of a model.

    They are compared at two sizes, if the card allows more than one, and with and without known
    colours. The difference is relative to the largest output of all, if that is more than 1. It is
    NaN if an output has a NaN.
    """
    import keras

    card, rng = model.card, np.random.default_rng(0)
    side, multiple = card.working_size, card.size_multiple
    sizes = [(side, side), (side + multiple, max(multiple, side // multiple // 2 * multiple))]
    differences, largest = [], 1.0
    for height, width in sizes[: 2 if multiple else 1]:
        lightness = rng.random((2, height, width, 1), np.float32) * 100
        for share in (0, 0.01) if card.known_scale else (0,):
            colors = rng.random((2, height, width, 3), np.float32) * np.array([60, -60, 1])
            is_known = rng.random((2, height, width, 1)) < share
            known = np.asarray(colors * is_known, np.float32) if card.known_scale else None
            inputs = lightness * card.input_scale
            if known is not None:
                inputs = np.concatenate([inputs, known * card.known_scales], -1)
            outputs = network(inputs, training=False)
            first_output = outputs[0] if isinstance(outputs, list) else outputs
            expected = keras.ops.convert_to_numpy(first_output)
            largest = max(largest, float(np.abs(expected).max()))
            differences.append(np.abs(model(lightness, known) - expected).max())
    return float(np.max(differences)) / largest


def _channels(card: Card) -> int:
    """Return the number of input channels: lightness, and perhaps known colours."""
    return 4 if card.known_scale else 1


if __name__ == "__main__":
    try:
        _main(Path(sys.argv[1]))
    except OSError as error:
        sys.stderr.write(f"\n{error.errno or errno.EIO}\n")
        raise SystemExit(_OS_ERROR) from error
