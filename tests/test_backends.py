"""Recipes are written against Keras alone: every backend that is installed trains them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from photochrom.colorizer import Colorizer
from photochrom.recipes import recipe
from photochrom.recipes.backend import BACKENDS
from photochrom.training import export
from tests.pictures import colour_pictures, fill

INSTALLED = [name for name in BACKENDS if find_spec(name)]


@pytest.mark.parametrize(
    ("name", "backend"),
    [("autoencoder", backend) for backend in INSTALLED]
    + [("photochrom", backend) for backend in INSTALLED if backend != "tensorflow"],  # elsewhere
)
def test_a_backend_trains_and_exports(name, backend, tmp_path):
    settings = [
        "train.epochs=4",
        "train.batch_size=4",
        "data.size=32",
        "options.learning_rate=1e-3",
    ]
    said = subprocess.run(
        [
            sys.executable, "-m", "photochrom", "train", fill(tmp_path / "photos", 12),
            "--run", tmp_path / "run", "--backend", backend, "--recipe", name,
            *(part for setting in settings for part in ("--set", setting)),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert f"Keras on {backend}" in said.stderr
    with (tmp_path / "run" / "log.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert min(losses[-3:]) < losses[0]
    state = json.loads((tmp_path / "run" / "checkpoints" / "last-0004.json").read_text())
    assert state["epochs"] == 4
    rgb = colour_pictures()[0]
    assert Colorizer(tmp_path / "run" / "model").colorize(rgb).rgb.shape == rgb.shape


@pytest.mark.parametrize(
    "exporter", [name for name, needs in (("tensorflow", "tf2onnx"), ("torch", "onnxscript"))
                 if find_spec(name) and find_spec(needs)],
)  # fmt: skip
def test_either_exporter_agrees_with_keras_at_two_sizes(exporter, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_EXPORTERS", (exporter,))
    made = recipe("autoencoder")
    assert export.export(made.build(64), export.card_of(made), tmp_path / "model") < 1e-3
    assert Colorizer(tmp_path / "model").model.card.recipe == "autoencoder"
