"""`tune` runs every combination of a recipe's options, resumes stopped runs, and ranks them."""

from __future__ import annotations

import math

import pytest

from photochrom.errors import ConfigError, DataError
from photochrom.training import tuning
from photochrom.training.checkpoints import State
from photochrom.training.config import DataConfig, RunConfig, TrainConfig
from photochrom.training.runs import TrainingListener
from photochrom.training.tuning import Result, best, rows, tune, write_tuning_report
from tests.commands import invoke
from tests.pictures import fill

pytestmark = pytest.mark.slow  # TensorFlow is loaded

SPACE = {"kernel_size": [3, 5], "strides": [2, 1]}


class Stop(TrainingListener):
    """A listener that interrupts after an epoch of the second run."""

    def __init__(self) -> None:
        self.epochs = 0

    def epoch(self, *_) -> None:
        self.epochs += 1
        if self.epochs == 3:
            raise KeyboardInterrupt


def test_a_study_goes_on_where_it_was_stopped(tmp_path):
    photos, study = fill(tmp_path / "photos", 8), tmp_path / "study"
    config = RunConfig(
        recipe="autoencoder",
        data=DataConfig(size=32, validation=0.3),
        train=TrainConfig(epochs=2, batch_size=4),
    )
    with pytest.raises(KeyboardInterrupt):
        tune(photos, study, config, SPACE, listener=Stop())
    estimates = []
    results = tune(photos, study, config, SPACE, on_estimate=estimates.append)
    assert (estimates[0].runs, estimates[0].photos) == (1, 6)  # an epoch of the second run
    assert estimates[0].seconds > 0
    assert [result.options["kernel_size"] for result in results] == [3, 3, 5, 5]
    assert [len(result.history) for result in results] == [2, 0, 2, 0]
    assert all("size 32" in result.reason for result in results if not result.history)
    longer = config.model_copy(update={"train": TrainConfig(epochs=3, batch_size=4)})
    with pytest.raises(ConfigError, match=r"holds another study, train\.epochs = 2;"):
        tune(photos, study, longer, SPACE)


def test_a_study_of_other_photographs_or_settings_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning.trainer, "train", lambda *_, **__: State())
    photos, others = fill(tmp_path / "photos", 4), fill(tmp_path / "others", 4)
    config = RunConfig(
        recipe="autoencoder", options={"kernel_size": 3}, data=DataConfig(size=32, validation=0.3)
    )

    def study(folder, config, **arguments):
        return tune(folder, tmp_path / "study", config, {"strides": [2]}, **arguments)

    with pytest.raises(DataError, match="does not exist"):
        study(tmp_path / "nowhere", config)
    assert not (tmp_path / "study").exists()  # a mistyped name blocks nothing
    assert study(photos, config) == study(photos, config)
    with pytest.raises(ConfigError, match=rf"holds another study, photos = {photos};"):
        study(others, config)
    with pytest.raises(ConfigError, match="holds another study, no validation;"):
        study(photos, config, validation=others)
    with pytest.raises(ConfigError, match=r"holds another study, options\.kernel_size = 3;"):
        study(photos, config.model_copy(update={"options": {}}))


def test_the_best_row_is_marked(tmp_path):
    def log(*losses: float) -> list[dict[str, float]]:
        return [{"epoch": n, "loss": 0.1, "val_loss": each} for n, each in enumerate(losses, 1)]

    results = [
        Result({"optimizer": "adam"}, log(0.4, 0.3)),
        Result({"optimizer": "rmsprop"}, log(0.2, 0.5)),
        Result({"optimizer": "none"}, [], "cannot be built"),
    ]
    assert best(results, [1, 2])["optimizer"] == "rmsprop"
    write_tuning_report(results, [1, 2], tmp_path)
    lines = (tmp_path / "study.md").read_text().splitlines()
    assert [line for line in lines if "**" in line] == [lines[2]]
    assert lines[2] == "| **rmsprop** | **1** | **0.1000** | **0.2000** |  |"
    assert best(results[2:], [1, 2]) == {}


def test_a_run_that_diverged_is_never_the_best(tmp_path):
    losses = (0.5, math.nan, 0.3, math.inf)
    results = [
        Result({"rate": rate}, [{"epoch": 1, "loss": 0.1, "val_loss": loss}])
        for rate, loss in enumerate(losses)
    ]
    assert [row["rate"] for row in rows(results, [1])] == [2, 0, 3, 1]
    assert best(results, [1])["rate"] == 2
    diverged = [results[1], results[3]]
    assert best(diverged, [1]) == {}
    write_tuning_report(diverged, [1], tmp_path)
    assert "**" not in (tmp_path / "study.md").read_text()


def test_another_recipe_needs_a_space(tmp_path):
    said = invoke("tune", tmp_path, "-o", tmp_path / "study")
    assert said.exit_code == 2
    assert "expected --space, such as" in said.stderr
    assert "recipe photochrom" in said.stderr


def test_a_study_without_a_combination_that_can_be_trained_is_an_error(tmp_path):
    photos = fill(tmp_path / "photos", 4)
    said = invoke("tune", photos, "-o", tmp_path / "study", "--space", "learning_rat=[1e-3]")
    assert said.exit_code == 2
    assert "did you mean learning_rate?" in said.stderr
    assert "all were skipped" in said.stderr
    assert "study.csv" not in said.stderr
    assert not (tmp_path / "study").exists()
