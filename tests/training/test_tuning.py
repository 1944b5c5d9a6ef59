"""`tune` runs every combination of a recipe's options, and resumes stopped runs."""

from __future__ import annotations

import pytest

from photochrom.errors import ConfigError
from photochrom.training.config import DataConfig, RunConfig, TrainConfig
from photochrom.training.runs import TrainingListener
from photochrom.training.tuning import tune
from tests.pictures import fill

pytestmark = pytest.mark.slow

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
    results = tune(photos, study, config, SPACE)
    assert [result.options["kernel_size"] for result in results] == [3, 3, 5, 5]
    assert [len(result.history) for result in results] == [2, 0, 2, 0]
    assert all("size 32" in result.reason for result in results if not result.history)
    longer = config.model_copy(update={"train": TrainConfig(epochs=3, batch_size=4)})
    with pytest.raises(ConfigError, match="3-2 holds a run with other settings: train = "):
        tune(photos, study, longer, SPACE)
