"""The settings of a run: all are listed, and a wrong name gets a hint at the right one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from typer.testing import CliRunner

from photochrom.cli.app import app
from photochrom.errors import ConfigError, RecipeError
from photochrom.recipes import RECIPES, recipe, recipe_class
from photochrom.recipes.settings import settings_of
from photochrom.training.config import DataConfig, RunConfig, TrainConfig, load_config

loads_keras = pytest.mark.slow


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("epochs=3", "train.epochs"),  # without its section
        ("train.epoch=3", "train.epochs"),
        ("data.epochs=3", "train.epochs"),  # in another section
        ("train.batchsize=3", "train.batch_size"),
        ("data.min_size=3", "data.min_side"),
        ("trian.epochs=3", "train"),
        ("option.strides=1", "options"),
    ],
)
def test_a_wrong_name_gets_a_hint(setting, meant):
    with pytest.raises(ConfigError, match=rf"no such setting; did you mean {meant}\?$"):
        load_config(settings=[setting])


def test_a_wrong_name_in_a_file_gets_a_hint(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[train]\nepocs = 3\n")
    with pytest.raises(ConfigError, match=r"train\.epocs: .*did you mean train\.epochs\?"):
        load_config(path)


@loads_keras
def test_a_wrong_option_of_a_recipe_gets_a_hint():
    with pytest.raises(RecipeError, match=r"kernal_size: .*did you mean kernel_size\?"):
        recipe("autoencoder", {"kernal_size": 5})


@loads_keras
def test_a_name_like_no_other_gets_no_wrong_hint():
    with pytest.raises(ConfigError, match=r"the recipe's own settings begin with options\.$"):
        load_config(settings=["learning_rate=0.1"])
    with pytest.raises(RecipeError, match=r"fog: there is no such setting$"):
        recipe("autoencoder", {"fog": 1})


@loads_keras
@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_says_what_it_means(name):
    for model in (RunConfig, recipe_class(name).Options):
        for setting in settings_of(model):
            assert len(setting.meaning) > 5, setting.name


@loads_keras
def test_all_settings_are_listed():
    result = CliRunner().invoke(app, ["train", "--list-settings", "--recipe", "fusion"])
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    config = RunConfig()
    for section in ("data", "train"):
        for name in type(getattr(config, section)).model_fields:
            assert f"{section}.{name}" in lines
    assert lines["train.epochs"].split(maxsplit=2)[1:] == ["100", "number of epochs; at least 1"]
    assert lines["data.fit"].endswith("one of crop, squash")
    assert lines["options.version"].split()[1] == '"full"'
    assert lines["recipe"].split()[1] == '"fusion"'
    assert "options" not in lines  # but each of them


def test_a_default_can_be_set_as_it_is_listed():
    listed = [
        f"{name}={default}"
        for name, default, _ in settings_of(RunConfig)
        if name not in ("options", "recipe")
    ]
    assert load_config(settings=listed) == RunConfig()


@loads_keras
def test_the_configuration_of_the_report_is_the_report():
    """It states every setting of the recipe, and each is the recipe's default: figure 5."""
    path = Path(__file__).parents[2] / "configs" / "report.toml"
    config = load_config(path)
    assert config.recipe == "autoencoder"
    assert config.options == recipe("autoencoder").options.model_dump()
    assert config.data == DataConfig(size=256, fit="squash", flip=False)
    assert config.train == TrainConfig(epochs=500, batch_size=32)
    lines = path.read_text("utf-8").splitlines()
    for before, line in itertools.pairwise(lines):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("#"), f"{line}: where does the report say so?"
