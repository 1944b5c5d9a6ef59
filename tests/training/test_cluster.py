"""Several processes train one network, and do what a single process would do."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from photochrom.errors import ConfigError, OutputFailed, ProcessLost, RecipeError
from photochrom.training import checkpoints, cluster, trainer
from photochrom.training.config import load_config
from photochrom.training.networks import accumulate_gradients
from photochrom.training.runs import Run
from photochrom.training.sources import Source
from tests.commands import invoke
from tests.pictures import fill

pytestmark = pytest.mark.slow  # TensorFlow is loaded

RECIPE = Path(__file__).parents[2] / "examples" / "my_recipe.py"
# As on a host that has only JAX, which also saves the time to import TensorFlow.
PROGRAM = "import sys; sys.modules['tensorflow'] = None; from photochrom.cli import main; main()"
SETTINGS = {
    "options.width": 4, "data.size": 32, "data.validation": 0.25, "train.batch_size": 4,
    "train.accumulate": 2, "train.epochs": 1,
}  # fmt: skip


def first_epoch(place: Path) -> Path:
    """A run that stopped after one of its three epochs: in the middle of an optimizer's step."""
    settings = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    run = place / "run"
    said = invoke("train", fill(place / "photos", 16), "--run", run, "--recipe", RECIPE, *settings,
                  "--no-export")  # fmt: skip
    assert said.exit_code == 0, said.stderr
    config = json.loads((run / "config.json").read_text())
    config["train"]["epochs"] = 3
    (run / "config.json").write_text(json.dumps(config))
    return run


def train_in_two_processes(run: Path) -> list[str]:
    """Resume a run on JAX, and return what the two processes said."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    environment = os.environ | {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
        "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiles faster
    }
    command = [sys.executable, "-c", PROGRAM, "train", "--run", run, "--resume",
               "--distributed", "--no-export"]  # fmt: skip
    processes = [
        subprocess.Popen(command, env=environment | {"KERAS_DISTRIBUTION_PROCESS_ID": str(number)},
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for number in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=600)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    return said


def log_of(run: Path) -> list[dict[str, float]]:
    with (run / "log.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.skipif(not find_spec("jax"), reason="needs JAX")
def test_two_processes_continue_a_run_as_one_would(tmp_path):
    """On another backend, too: the reference is TensorFlow in this process."""
    run = first_epoch(tmp_path)
    shutil.copytree(run, tmp_path / "two")
    assert invoke("train", "--run", run, "--resume", "--no-export").exit_code == 0
    first, second = train_in_two_processes(tmp_path / "two")
    for ours, theirs in zip(log_of(tmp_path / "two"), log_of(run), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    ours, theirs = (
        keras.saving.load_model(checkpoints.latest(each / "checkpoints")[0])
        for each in (tmp_path / "two", run)
    )
    for one, other in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-3, atol=1e-6)
    assert "effective batch: 8 photographs (2 x 4, on 2 devices of 2 processes)" in first
    assert "epoch 3 " in first
    assert "epoch 3 " not in second
    assert len(list((tmp_path / "two" / "sheets").iterdir())) == 3


# --- without JAX ----------------------------------------------------------------------------


def compiled(batches: int) -> keras.Model:
    """A tiny network, always with the same weights."""
    keras.utils.set_random_seed(3)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    network.compile("adam", "mean_squared_error")
    accumulate_gradients(network, batches)
    network.run_eagerly = True  # tracing would take longer than these few steps
    return network


def batch(number: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    return rng.random((2, 3), np.float32), rng.random((2, 2), np.float32)


def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_gradients_of_two_batches_are_those_of_one_of_twice_the_size():
    one, other = compiled(1), compiled(2)
    one.train_on_batch(*map(np.concatenate, zip(batch(1), batch(2), strict=True)))
    other.train_on_batch(*batch(1))
    assert_same_weights(other, compiled(1))
    other.train_on_batch(*batch(2))
    assert_same_weights(one, other)


def test_a_checkpoint_holds_the_gradients_of_an_unfinished_step(tmp_path):
    network = compiled(2)
    network.train_on_batch(*batch(1))
    network.save(tmp_path / "middle.keras")
    resumed = keras.saving.load_model(tmp_path / "middle.keras")
    resumed.run_eagerly = True
    for each in (network, resumed):
        each.train_on_batch(*batch(2))
    assert_same_weights(resumed, network)
    assert np.abs(network.get_weights()[0] - compiled(2).get_weights()[0]).max() > 0


def test_a_network_with_steps_of_its_own_is_refused():
    class Own(keras.Model):
        def fit(self, *_: object, **__: object) -> None: ...

    with pytest.raises(RecipeError, match=r"for train\.accumulate; Own has training steps of its"):
        accumulate_gradients(Own(), 2)
    accumulate_gradients(Own(), 1)


def test_only_jax_trains_in_several_processes(tmp_path):
    said = invoke("train", tmp_path, "--distributed", "--backend", "tensorflow")
    assert said.exit_code == 2
    assert "expected the backend jax" in said.stderr


@pytest.fixture
def exits(monkeypatch) -> list[int]:
    """The codes with which this process would end at its exit; the backend seems to be JAX."""
    codes: list[int] = []
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(cluster.atexit, "register", lambda _, code: codes.append(code))
    return codes


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RuntimeError("Gloo AllReduce failed: Connection reset by peer"), ProcessLost),
        (RuntimeError("something else"), RuntimeError),
        (OutputFailed("no space left for Gloo.txt"), OutputFailed),
    ],
)
def test_a_process_that_is_lost_is_told_from_other_errors(exits, monkeypatch, error, raised):
    monkeypatch.setattr(cluster, "_join", lambda: cluster.Cluster(1, 2, 2))
    with pytest.raises(raised), cluster.joined():
        raise error
    assert exits == [1]  # and not after a wait for the others, which wait for this process


def test_a_wrong_number_of_processes_is_named(exits, monkeypatch):
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "two")
    with pytest.raises(ConfigError, match=r"expected whole numbers in .*; received 'two' and None"):
        cluster._from_environment()


@pytest.mark.parametrize(("size", "photos", "message"), [
    (5, 8, "multiple of 2, the number of devices; received 5"),
    (4, 1, "one photograph for each of 2 devices; received 1"),
])  # fmt: skip
def test_devices_that_cannot_share_a_batch_are_refused(tmp_path, size, photos, message):
    run = Run(tmp_path, load_config(settings=[f"train.batch_size={size}"]),
              cluster.Cluster(0, 2, 2))  # fmt: skip
    run.__dict__["training"] = [Source("a.png")] * photos
    with pytest.raises(ConfigError, match=message):
        trainer._batch_size(run)
