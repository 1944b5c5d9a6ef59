"""Recipes are written against Keras alone: every backend that is installed trains them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from photochrom.colorizer import Colorizer
from photochrom.recipes import recipe
from photochrom.recipes.backend import BACKENDS
from photochrom.recipes.blocks.quantization import ab_bins
from photochrom.training import export
from tests.pictures import colour_pictures, fill

pytestmark = pytest.mark.slow

# TensorFlow trains and exports in all other tests.
OTHERS = [name for name in BACKENDS if name != "tensorflow" and find_spec(name)]

# XLA compiles the default network faster if it does not optimize the code.
COMPILE_FAST = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}


def train(
    recipe_name: str, backend: str, place: Path, *more: str, **settings: object
) -> list[float]:
    """The loss of every epoch of a run on twelve photographs."""
    said = subprocess.run(
        [
            sys.executable, "-m", "photochrom", "train", fill(place / "photos", 12),
            "--run", place / "run", "--backend", backend, "--recipe", recipe_name,
            "--set", "train.batch_size=4", "--set", "data.size=32", *more,
            *(part for key, value in settings.items()
              for part in ("--set", f"{key.replace('__', '.')}={value}")),
        ],
        capture_output=True, text=True, check=False, env=os.environ | COMPILE_FAST,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert f"Keras on {backend}" in said.stderr
    with (place / "run" / "log.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("backend", OTHERS)
def test_a_backend_trains_the_default_network(backend, tmp_path):
    settings = {"train__epochs": 4, "options__learning_rate": 2e-3, "options__width": 32}
    losses = train("photochrom", backend, tmp_path, "--no-export", **settings)
    assert losses[-1] < losses[0]
    state = json.loads((tmp_path / "run" / "checkpoints" / "last-0004.json").read_text())
    assert state["epochs"] == 4
    # Another backend reads what it has learnt, here TensorFlow, which exports it.
    recipe("photochrom")  # registers its layers with Keras
    network = keras.saving.load_model(tmp_path / "run" / "best.keras", compile=False)
    # Not by `predict`, which would have XLA compile it.
    logits = keras.ops.convert_to_numpy(network(np.full((1, 32, 32, 4), 0.5, np.float32)))
    assert logits.shape == (1, 8, 8, len(ab_bins()))
    assert np.ptp(logits) > 0


@pytest.mark.skipif(not (find_spec("torch") and find_spec("onnxscript")), reason="needs torch")
def test_networks_are_exported_without_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_EXPORTERS", ("torch",))
    made = recipe("fusion", {"version": "alpha"})
    assert export.export(made.build(64), export.card_of(made), tmp_path / "model") < 1e-5
    rgb = colour_pictures()[0]
    assert Colorizer(tmp_path / "model").colorize(rgb).rgb.shape == rgb.shape
