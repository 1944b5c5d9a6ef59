"""`photochrom train` from end to end, and what remains after it is killed."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import Result

from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError, DataError, ModelError
from photochrom.recipes import recipe
from photochrom.training import checkpoints
from photochrom.training.config import DataConfig, RunConfig, TrainConfig, load_config
from photochrom.training.preparation import prepare
from photochrom.training.runs import Run, TrainingListener, resume
from photochrom.training.trainer import train
from tests.commands import invoke
from tests.pictures import colour_pictures, fill
from tests.support import heed_interrupts

pytestmark = pytest.mark.slow

TINY = ["--recipe", "photochrom", "--set", "options.pretrained=false"]
SMALL = {"version": "alpha"}  # of the recipe fusion: a network that is written in no time
SETTINGS = [
    "recipe=autoencoder",
    "train.epochs=5",
    "train.batch_size=4",
    "data.size=32",
    "data.validation=0.25",
]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "photochrom", "train", *map(str, arguments)]


def finished(*arguments: object) -> Result:
    """Train in this process, which has loaded TensorFlow already."""
    return invoke("train", *arguments)


def flags() -> list[str]:
    return [part for setting in SETTINGS for part in ("--set", setting)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("photos"), 16)


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory):
    """An uninterrupted run, and its output."""
    run = tmp_path_factory.mktemp("whole") / "run"
    said = finished(photos, "--run", run, *flags())
    assert said.exit_code == 0, said.stderr
    return run, said.stderr


def log_of(run):
    with (run / "log.csv").open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def weights_of(run):
    network = keras.saving.load_model(checkpoints.latest(run / "checkpoints")[0])
    return network.get_weights() + [np.asarray(v) for v in network.optimizer.variables]


def test_a_run_leaves_what_it_promises(whole):
    run, _ = whole
    for name in (
        "best.keras",
        "config.json",
        "constants.json",
        "curves.png",
        "log.csv",
        "photos.csv",
    ):
        assert (run / name).stat().st_size > 0, name
    assert [p.name for p in sorted((run / "sheets").iterdir())] == [
        f"epoch-000{n}.png" for n in range(1, 6)
    ]
    assert list((run / "tensorboard").iterdir())
    assert len(list((run / "checkpoints").iterdir())) == 2
    assert json.loads((run / "config.json").read_text())["train"]["seed"] == 0


def test_every_number_stands_beside_the_best_constants(whole):
    run, said = whole
    constants = json.loads((run / "constants.json").read_text())
    for name in ("ab_argmax_accuracy", "val_ab_argmax_accuracy"):
        assert 0.5 <= constants[name] <= 1
        assert f" (a constant guess: {constants[name]:.0%})" in said
    assert {"loss", "val_loss", "val_psnr", "val_ab_error", "epoch"} <= set(log_of(run)[0])


def test_its_model_colours_a_photograph(whole):
    colorizer = Colorizer(whole[0] / "model")
    assert colorizer.model.card.recipe == "autoencoder"
    assert colorizer.model.card.scores["val_psnr"] > 0
    assert colorizer.model.card.working_size == 32  # as it learnt
    rgb = colour_pictures()[1]
    assert colorizer.colorize(rgb).rgb.shape == rgb.shape


def test_a_run_that_was_killed_goes_on_as_if_it_never_had_been(whole, photos, tmp_path):
    run = tmp_path / "run"
    process = subprocess.Popen(
        command(photos, "--run", run, *flags()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list(run.glob("checkpoints/last-000[23].keras")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoints.latest(run / "checkpoints")[1].epochs < 5
    said = finished("--run", run, "--resume", "--no-export")
    assert said.exit_code == 0, said.stderr
    assert "resuming after epoch" in said.stderr
    for ours, theirs in zip(log_of(run), log_of(whole[0]), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)
    for ours, theirs in zip(weights_of(run), weights_of(whole[0]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_run_that_was_trained_elsewhere_is_exported_at_home(photos, tmp_path, converted_here):
    """Only the best network is brought back, not the checkpoint, which is three times as large."""
    run = tmp_path / "run"
    settings = ["--set", "train.epochs=1", "--set", "train.working_size=64"]
    said = finished(photos, "--run", run, *flags(), *settings, "--no-export")
    assert said.exit_code == 0, said.stderr
    assert "there is no model yet" in said.stderr
    assert not (run / "model").exists()
    (run / "checkpoints" / "last-0001.keras").unlink()
    trained = (run / "best.keras").read_bytes()
    said = finished("--run", run, "--resume")
    assert said.exit_code == 0, said.stderr
    card = Colorizer(run / "model").model.card
    assert (card.recipe, card.working_size) == ("autoencoder", 64)
    assert (run / "best.keras").read_bytes() == trained


def test_patience_stops_a_run(photos, tmp_path):
    said = finished(
        photos, "--run", tmp_path / "run", *flags(), "--no-export", "--set", "recipe=fusion",
        "--set", "options.version=alpha", "--set", "options.learning_rate=1e-12",
        "--set", "train.patience=1",
    )  # fmt: skip
    assert said.exit_code == 0, said.stderr
    assert len(log_of(tmp_path / "run")) < 5


def test_a_run_that_starts_from_a_model_goes_on_from_its_loss(whole, photos, tmp_path):
    said = finished(
        photos, "--run", tmp_path / "run", *flags(), "--no-export", "--set", "train.epochs=1",
        "--set", f"train.start={whole[0] / 'model'}", "--set", "options.learning_rate=1e-9",
    )  # fmt: skip
    assert said.exit_code == 0, said.stderr
    best = min(row["val_loss"] for row in log_of(whole[0]))
    assert log_of(tmp_path / "run")[0]["val_loss"] == pytest.approx(best, rel=0.02)


def test_a_run_that_starts_from_a_model_of_another_recipe_names_it(whole, photos, tmp_path):
    settings = ["--recipe", "fusion", "--set", f"train.start={whole[0] / 'model'}"]
    said = finished(photos, "--run", tmp_path / "run", *settings)
    assert said.exit_code == 2
    expected = "expected a model of the recipe fusion; it is of the recipe autoencoder"
    assert expected in said.stderr.replace("\n", " ")


def test_a_run_that_starts_from_a_model_needs_no_other_weights(photos, tmp_path, monkeypatch):
    """The package with the weights is not needed either."""

    def absent(*_):
        raise AssertionError("ImageNet's weights were asked for")

    monkeypatch.setattr("photochrom.recipes.photochrom.load_imagenet", absent)
    trained = recipe("photochrom", {"pretrained": False, "width": 32, "encoder": 1}).build(None)
    trained.save(tmp_path / "trained.keras")
    config = RunConfig(
        recipe="photochrom",
        options={"width": 32, "encoder": 1},
        data=DataConfig(size=64),
        train=TrainConfig(start=str(tmp_path / "trained.keras")),
    )
    begun = prepare(photos, tmp_path / "run", config)
    assert begun.recipe.options.pretrained  # as was asked for, and as a new run would be


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere does not exist"),
        ([], "expected a folder of photographs"),
        (["--resume"], "expected --resume with --run"),
        (["--resume", "--run", "nowhere"], "expected a run in nowhere"),
        (["PHOTOS", "--recipe", "alchemy"], "received 'alchemy'"),
        (["PHOTOS", "--recipe", "autoencoder", "--set", "options.strides=1"], "end at 2048"),
        (["PHOTOS", "--set", "train.epochs=none"], "train.epochs"),
        (["PHOTOS", "--config", "nothing.toml"], "nothing.toml"),
        (["PHOTOS", "--backend", "abacus"], "received 'abacus'"),
        (["PHOTOS", "--set", "data.min_side=500"], "large enough"),
        (["PHOTOS", "--set", "train.start=no/model"], "there is no such file"),
        (["PHOTOS", "--set", "train.start=PHOTOS"], "the folder holds no network.keras"),
        (["PHOTOS", "--set", "train.start=PHOTOS/000.png"], "received a file named 000.png"),
        (["PHOTOS", *TINY, "--set", "data.size=64", "--run", "a.txt"], "expected a folder to"),
        (["PHOTOS", *TINY, "--set", "data.size=100"], "data.size 100; expected a multiple of 32"),
        (["PHOTOS", *TINY, "--set", "train.working_size=100"], "train.working_size to be a mult"),
        (["PHOTOS", *TINY, "--set", "options.heads=5"], "heads must divide twice the width, 192"),
    ],
)
def test_a_mistake_is_a_line_and_exit_code_2(arguments, message, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").touch()
    named = [each.replace("PHOTOS", str(photos)) for each in arguments]
    said = finished(*named)
    assert said.exit_code == 2
    assert message in said.stderr.replace("\n", " ")
    assert not list(tmp_path.rglob("config.json"))


def test_a_run_without_a_loss_that_is_a_number(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / "run")
    (state,) = (run / "checkpoints").glob("*.json")
    rows = [{"epoch": n, "loss": float("nan")} for n in range(1, 6)]
    state.write_text(json.dumps({"epochs": 5, "history": rows}))
    said = finished("--resume", "--run", run)
    assert said.exit_code == 2
    assert "expected a loss that is a number; received only NaN" in said.stderr


def test_a_run_without_its_last_network_does_not_begin_anew(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / "run")
    (network,) = (run / "checkpoints").glob("*.keras")
    network.unlink()
    config = run / "config.json"
    config.write_text(config.read_text().replace('"epochs": 5', '"epochs": 9'))
    best = (run / "best.keras").read_bytes()
    with pytest.raises(ConfigError, match=r"expected checkpoints/last-0005\.keras in"):
        train(resume(run))
    assert (run / "best.keras").read_bytes() == best


def test_a_checkpoint_that_is_broken(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / "run")
    (run / "best.keras").write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot read the network"):
        train(resume(run))


class Spoiler(TrainingListener):
    """A listener that damages photographs in the first epoch, and records the messages."""

    def __init__(self, *spoil):
        self.spoil, self.notes = spoil, []

    def step(self, epoch, step, *_):
        if (epoch, step) == (1, 1):
            for each in self.spoil:
                each()

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def short_run(photos, tmp_path):
    mine = shutil.copytree(photos, tmp_path / "photos")
    data = DataConfig(size=32, validation=0.25)
    return prepare(
        mine,
        tmp_path / "run",
        RunConfig(recipe="fusion", options=SMALL, data=data, train=TrainConfig(epochs=2)),
    )


def test_a_run_goes_on_without_photographs_that_go_bad(short_run):
    deleted, cut, replaced = (Path(each.path) for each in short_run.training[:3])
    held_out = Path(short_run.validation[0].path)
    listener = Spoiler(
        deleted.unlink,
        lambda: cut.write_bytes(cut.read_bytes()[:999]),
        lambda: replaced.write_text("no picture"),
        held_out.unlink,
    )
    assert train(short_run, listener, exporting=False).epochs == 2
    for path in (deleted, cut, replaced, held_out):
        assert sum(str(path) in text for text in listener.notes) == 1
    longer = short_run.config.train.model_copy(update={"epochs": 3})
    run = Run(short_run.folder, short_run.config.model_copy(update={"train": longer}))
    listener = Spoiler()
    assert train(run, listener, exporting=False).epochs == 3  # it can be resumed, too
    assert sum(str(deleted) in text for text in listener.notes) == 1


def test_a_run_ends_when_most_photographs_are_gone(short_run):
    gone = [Path(each.path) for each in (*short_run.training, *short_run.validation)][:-2]
    listener = Spoiler(*(path.unlink for path in gone))
    with pytest.raises(DataError, match="of them can no longer be read, for example"):
        train(short_run, listener, exporting=False)
    with pytest.raises(DataError, match=f"{len(gone)} of them can no longer be read"):
        train(short_run, exporting=False)


def test_what_is_validated_with_is_not_learnt_from(photos, tmp_path):
    mine = shutil.copytree(photos, tmp_path / "photos")
    held_out = fill(mine / "holdout", 3)
    config = RunConfig(recipe="autoencoder", data=DataConfig(size=32))
    run = prepare(mine, tmp_path / "run", config, validation=held_out)
    assert len(run.validation) == 3
    assert not {each.path for each in run.training} & {e.path for e in run.validation}


def test_a_runs_pictures_are_not_among_its_photographs(photos):
    with pytest.raises(ConfigError, match="expected a run's folder outside of the photographs"):
        prepare(photos, photos / "runs" / "mine", RunConfig())


def test_a_run_is_prepared_with_relative_paths_and_resumed_from_elsewhere(tmp_path, monkeypatch):
    photos, held_out = fill(tmp_path / "photos", 3), fill(tmp_path / "held-out", 2)
    (photos / "shards").mkdir()
    with tarfile.open(photos / "shards" / "a.tar", "w") as shard:
        shard.add(held_out / "000.png", "c.png")
    network = recipe("fusion", SMALL).build(64)
    network.save(tmp_path / "start.keras")
    config = RunConfig(recipe="fusion", options=SMALL, data=DataConfig(size=64, validation=0.3))
    monkeypatch.chdir(tmp_path)
    start = load_config(settings=["train.start=start.keras"]).train
    parts = [Path("photos"), Path("runs/mine"), config.model_copy(update={"train": start})]
    prepare(*parts, validation=Path("held-out"))
    monkeypatch.chdir(photos)
    run = resume(tmp_path / "runs" / "mine")
    assert len(run.training) == 4
    assert len(run.validation) == 2
    assert all(source.read() for source in (*run.training, *run.validation))
    assert run.config.train.start == str(tmp_path / "start.keras")


def test_all_that_is_usable_is_held_out(tmp_path):
    mine = fill(tmp_path / "photos", 1)
    with pytest.raises(DataError, match="1 held out for validation"):
        prepare(mine, tmp_path / "run", RunConfig(data=DataConfig(validation=0.99, size=32)))


def test_names_that_are_not_utf8(photos, tmp_path):
    mine = shutil.copytree(photos, tmp_path / "photos")
    odd = os.fsdecode(b"caf\xe9.png")
    next(mine.glob("*.png")).rename(mine / odd)
    config = RunConfig(recipe="autoencoder", data=DataConfig(size=32))
    run = prepare(mine, tmp_path / "run", config)
    found = [each.path for each in (*run.training, *run.validation)]
    assert str(mine / odd) in found


def test_a_run_is_not_begun_over_another(whole, photos):
    said = finished(photos, "--run", whole[0], *flags())
    assert said.exit_code == 2
    resuming = f"(to resume it: photochrom train --run {whole[0]} --resume)"
    assert f"holds a run already: resume it, or choose another folder {resuming}" in said.stderr


def test_an_interrupted_run_says_130(photos, tmp_path):
    process = subprocess.Popen(
        command(photos, "--run", tmp_path / "run", *flags(), "--set", "train.epochs=500"),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts,
    )  # fmt: skip
    while not list(tmp_path.glob("run/checkpoints/last-*.keras")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert f"to continue: photochrom train --run {tmp_path / 'run'} --resume\n" in stderr
    assert f"tensorboard --logdir {tmp_path / 'run'}\n" in stderr
    assert re.search(r"^epoch 1  .* left$", stderr, re.M)
