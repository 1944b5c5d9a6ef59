"""`photochrom compare` from end to end."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import Result

from photochrom.errors import ConfigError, ModelError, RecipeError
from photochrom.training import comparison
from photochrom.training.comparison import Budget, candidate, folder_of
from photochrom.training.runs import BASELINES_FILE
from tests.commands import invoke
from tests.pictures import fill

pytestmark = pytest.mark.slow  # TensorFlow is loaded

RECIPES = ("dcgan", "fusion:version=alpha")
FOLDERS = ("dcgan", "fusion-version=alpha")


def compare(*arguments: object) -> Result:
    return invoke("compare", *arguments)


def test_recipes_side_by_side_and_once_more(tmp_path, converted_here, monkeypatch):
    monkeypatch.setattr(comparison, "_EPOCHS", 2)  # ten of them take a minute
    asked = [
        fill(tmp_path / "photos", 16), "-o", tmp_path / "out", "--recipes", ",".join(RECIPES),
        "--budget", "8", "--judged", "3", "--set", "data.size=64", "--set", "train.batch_size=4",
        "--set", "data.validation=0.25",
    ]  # fmt: skip
    said = compare(*asked)
    assert said.exit_code == 0, said.stderr
    assert "2 runs to train, on 16 photographs, repetitions included: about " in said.stderr
    found = json.loads((tmp_path / "out" / "scoreboard.json").read_text())
    entries = {entry["name"]: entry for entry in found["entries"]}
    assert list(entries) == ["grey", "best constant", *RECIPES, "default network"]
    for name in RECIPES:
        assert entries[name]["photos"] == 8
        assert entries[name]["training_speed"] > 0
    logged = (tmp_path / "out" / "dcgan" / "log.csv").read_text().splitlines()[0].split(",")
    assert {"euclidean", "generator", "discriminator"} <= set(logged)
    assert entries["dcgan"]["parameters"] == 30_594
    assert entries["fusion:version=alpha"]["parameters"] == 32_202
    assert entries["grey"]["scores"]["colorfulness"] == 0
    table = (tmp_path / "out" / "scoreboard.md").read_text()
    assert "8 photographs" in table
    winner = min(RECIPES, key=lambda name: entries[name]["scores"]["ciede2000"])
    assert f"lowest CIEDE2000: {winner}\n" in said.stderr
    assert [line.split("**")[1] for line in table.splitlines() if "**" in line] == [winner]
    assert "dcgan** | **30,594** |" in table or "| dcgan | 30,594 |" in table
    assert "| default network, faithful | " in table
    with Image.open(tmp_path / "out" / "scoreboard.png") as picture:
        assert picture.width > picture.height
    with Image.open(tmp_path / "out" / "curves.png") as picture:
        assert picture.width > picture.height
    more = ["32" if each == "8" else each for each in asked]
    said = compare(*more)
    assert said.exit_code == 2
    assert "holds another comparison, budget = 8 photographs" in said.stderr
    before = {name: (tmp_path / "out" / name / "log.csv").read_text() for name in FOLDERS}
    said = compare(*asked)
    assert said.exit_code == 0, said.stderr
    for name in FOLDERS:
        assert (tmp_path / "out" / name / "log.csv").read_text() == before[name]


@pytest.fixture
def trained(monkeypatch, vivid) -> list[str]:
    """The recipes that `compare` trains, in no time; dcgan diverges."""
    names: list[str] = []

    def train(run, *_):
        names.append(run.folder.name)
        (run.folder / BASELINES_FILE).write_text("{}")
        if names[-1] == "dcgan":
            raise ModelError("expected a loss that is a number; received only NaN")

    monkeypatch.setattr(comparison.trainer, "train", train)
    monkeypatch.setattr(comparison, "training_speed", lambda _: 1.0)
    monkeypatch.setattr(comparison, "Colorizer", lambda *_: vivid)
    return names


def test_a_recipe_that_diverges_is_left_out(tmp_path, trained):
    asked = [fill(tmp_path / "photos", 12), "-o", tmp_path / "out", "--budget", "8",
             "--set", "data.size=64", "--set", "data.validation=0.25"]  # fmt: skip
    reason = "dcgan: left out: expected a loss that is a number; received only NaN"
    for _ in range(2):
        said = compare(*asked, "--recipes", ",".join(RECIPES))
        assert said.exit_code == 0, said.stderr
        assert reason in said.stderr.replace("\n", " ")
        assert f"lowest CIEDE2000: {RECIPES[1]}\n" in said.stderr
        assert f"\n\n{reason}\n" in (tmp_path / "out" / "scoreboard.md").read_text()
    assert trained == [*FOLDERS, "dcgan"]  # the other one was finished
    said = compare(*asked, "--recipes", "dcgan")
    assert said.exit_code == 2
    assert "all were left out" in said.stderr


def test_a_mistake_does_not_block_a_folder(tmp_path, trained):
    photos, out = fill(tmp_path / "photos", 4), tmp_path / "out"
    few = fill(tmp_path / "few", 2)  # one of them is held out, and two are needed
    asked = ["-o", out, "--recipes", "fusion", "--budget", "8", "--set", "data.size=64"]
    assert "does not exist" in compare(tmp_path / "nowhere", *asked).stderr
    assert "photographs to judge by" in compare(few, *asked).stderr
    assert not out.exists()
    said = compare(photos, *asked, "--set", "data.validation=0.5")
    assert said.exit_code == 0, said.stderr
    (tmp_path / "file").touch()
    said = compare(photos, *asked, "-o", tmp_path / "file")
    assert "expected a folder to write to; " in said.stderr


@pytest.mark.parametrize(
    ("text", "photos", "seconds"), [("5000", 5000, 0), ("20m", 0, 1200), ("2h", 0, 7200)]
)
def test_a_budget_is_photographs_or_time(text, photos, seconds):
    assert Budget.parse(text) == Budget(photos, seconds)


@pytest.mark.parametrize("text", ["", "0", "soon", "-3", "1.5h", "10 m"])
def test_a_budget_that_makes_no_sense(text):
    with pytest.raises(ConfigError, match="expected a budget such as 5000"):
        Budget.parse(text)


def test_a_recipe_with_options(tmp_path):
    name = "fusion:version=beta:learning_rate=0.01"
    assert candidate(name) == ("fusion", {"version": "beta", "learning_rate": 0.01})
    assert folder_of(name, tmp_path) == tmp_path / "fusion-version=beta-learning_rate=0.01"
    assert folder_of("a:file=/b/c d.h5", tmp_path).parent == tmp_path


@pytest.mark.parametrize("name", ["fusion:version=gamma", "fusion:speed=3", "alchemy"])
def test_a_recipe_with_options_that_make_no_sense(name):
    with pytest.raises(RecipeError):
        candidate(name)


def test_an_unknown_recipe(tmp_path):
    said = compare(tmp_path, "-o", tmp_path / "out", "--recipes", "fusion,alchemy")
    assert said.exit_code == 2
    assert "alchemy" in said.stderr
