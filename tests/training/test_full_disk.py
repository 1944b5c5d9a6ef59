"""A full disk gives an error in one line, leaves no partial file, and the run can be resumed."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from photochrom.errors import ModelError, OutputError, OutputFailed
from photochrom.recipes import recipe
from photochrom.training import checkpoints, export, sources, tuning
from photochrom.training.figures import draw_curves
from tests.pictures import fill

pytestmark = pytest.mark.slow  # TensorFlow is loaded

FULL = "No space left on device"


def files(folder: Path) -> dict[str, int]:
    """Return all files in a folder, also hidden ones, except the log, which is only appended to."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and "tensorboard" not in path.parts
    }


@pytest.fixture
def fill_disk(monkeypatch):
    """Return a function that lets only a given number of further files be stored."""

    def after(count: int) -> None:
        synced, fsync = [], os.fsync

        def fsync_while_there_is_room(file):
            if stat.S_ISREG(os.fstat(file).st_mode):  # and not a folder
                synced.append(file)
            if len(synced) > count:
                raise OSError(errno.ENOSPC, FULL)
            fsync(file)

        monkeypatch.setattr(os, "fsync", fsync_while_there_is_room)

    return after


@pytest.fixture
def epoch(tmp_path):
    """Return a function that ends an epoch of a run, with a better network each time."""
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    network.compile("adam", "mse")
    callback = checkpoints.CheckpointCallback(tmp_path, checkpoints.State())
    callback.set_model(network)
    callback.on_train_begin()
    yield lambda number: callback.on_epoch_end(number - 1, {"loss": 1 / number})
    callback.on_train_end()


@pytest.mark.parametrize("count", range(5))  # the best, the history, the network, log.csv, the log
def test_a_checkpoint_is_there_as_a_whole_or_not_at_all(tmp_path, epoch, fill_disk, count):
    epoch(1)
    before = files(tmp_path)
    fill_disk(count)
    with pytest.raises(OutputFailed, match=rf"cannot write .*: {FULL}"):
        epoch(2)
    left = files(tmp_path)
    assert not [name for name in left if ".photochrom-" in name]
    network, state = checkpoints.latest(tmp_path / "checkpoints")
    assert state.epochs == (1 if count < 3 else 2)
    for path in (network, tmp_path / "best.keras"):
        keras.saving.load_model(path, compile=False)
    if count == 0:
        assert left == before


def test_a_network_that_fails_half_way_leaves_nothing(tmp_path, epoch, monkeypatch):
    epoch(1)
    before = files(tmp_path)

    def save(network, path):
        Path(path).write_bytes(b"half a network")
        try:
            raise OSError(errno.ENOSPC, FULL)
        except OSError:  # as zipfile does when it closes an archive that it could not write
            raise ValueError("Can't close the ZIP file") from None

    monkeypatch.setattr(keras.Model, "save", save)
    with pytest.raises(OutputFailed, match=rf"cannot write .*best\.keras: {FULL}"):
        epoch(2)
    assert files(tmp_path) == before


def write_list(folder: Path) -> None:
    sources.save_index(folder / "photos.csv", [("train", sources.Source("a.jpg"), "good")])


def write_study(folder: Path) -> None:
    result = tuning.Result({"strides": 2}, [{"epoch": 1, "loss": 0.5}])
    tuning.write_tuning_report([result], [1], folder)


def write_curves(folder: Path) -> None:
    draw_curves([{"epoch": 1, "loss": 0.5}], {}, folder / "curves.png")


@pytest.mark.parametrize("write", [write_list, write_study, write_curves])
def test_lists_tables_and_curves_stay_as_they_were(tmp_path, fill_disk, write):
    write(tmp_path)
    before = files(tmp_path)
    assert before
    fill_disk(0)
    with pytest.raises(OutputFailed, match=rf"cannot write .*: {FULL}"):
        write(tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize("place", ["here", "in the process that converts"])
def test_a_model_that_cannot_be_stored_leaves_the_old_one(tmp_path, monkeypatch, place):
    made, folder = recipe("autoencoder"), tmp_path / "model"
    folder.mkdir()
    (folder / "network.onnx").write_bytes(b"the old network")
    before = files(tmp_path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, FULL)

    def convert(command, **_):
        assert Path(command[-1], "network.keras").is_file()
        return subprocess.CompletedProcess(command, 3, "", f"many words\n\n{errno.ENOSPC}\n")

    if place == "here":
        monkeypatch.setattr(keras.Model, "save", full)
    else:
        monkeypatch.setattr(keras.Model, "save", lambda _, path: path.write_bytes(b"network"))
        monkeypatch.setattr(subprocess, "run", convert)
    with pytest.raises(OutputFailed, match=rf"cannot write .*model: {FULL}"):
        export.export(keras.Sequential(), export.card_of(made), folder)
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "run").write_text("a file")
    callback = checkpoints.CheckpointCallback(tmp_path / "run", checkpoints.State())
    with pytest.raises(OutputError, match=r"cannot write .*checkpoints"):
        callback.on_train_begin()


def test_a_run_on_a_full_disk_is_one_line_and_can_go_on(tmp_path):
    """A limit on file sizes stands in for a full disk: the network exceeds it."""
    arguments = [
        *("train", fill(tmp_path / "photos", 8), "--run", tmp_path / "run", "--no-export"),
        *("--recipe", "autoencoder"),
        *("--set", "train.epochs=1", "--set", "data.size=32"),
    ]

    def limit_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))

    def train(*more: object, limit=None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "photochrom", *map(str, more)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, preexec_fn=limit
        )

    said = train(*arguments, limit=limit_size)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "best.keras: File too large" in said.stderr.splitlines()[-1]
    assert not [name for name in files(tmp_path / "run") if "keras" in name]
    assert np.all([".photochrom-" not in name for name in files(tmp_path / "run")])
    said = train("train", "--run", tmp_path / "run", "--resume", "--no-export")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "run" / "best.keras").is_file()


def test_what_killed_exports_left_is_removed(tmp_path, model_folder, monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = tmp_path / "model"
    others = [tmp_path / f".model-{os.getppid()}", tmp_path / f".model-2-{ended.pid}"]
    left = [tmp_path / f".model-{ended.pid}", tmp_path / f".model-{os.getpid()}-before"]
    for each in (*others, *left):
        shutil.copytree(model_folder, each)
    only_model = tmp_path / f".model-{ended.pid}-before"
    shutil.copytree(model_folder, only_model)

    def fail(_):
        raise ModelError("no conversion")

    monkeypatch.setattr(export, "_convert", fail)
    made = recipe("fusion", {"version": "alpha"})
    with pytest.raises(ModelError, match="no conversion"):
        export.export(made.blank(64), export.card_of(made), folder)
    assert sorted(tmp_path.iterdir()) == sorted([*others, folder])
