"""Recipes from outside the package: a file, a module, an installed package's entry point."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from photochrom import color
from photochrom.cli.app import app
from photochrom.colorizer import Colorizer
from photochrom.errors import RecipeError
from photochrom.recipes import RECIPES, locate, recipe, recipe_class, reference, short_name, titles
from photochrom.training.comparison import candidate, folder_of
from photochrom.training.config import RunConfig, load_config
from photochrom.training.export import card_of, export
from photochrom.training.runs import resume
from tests.commands import invoke
from tests.pictures import colour_pictures, fill
from tests.test_imports import commanded, loaded_after

pytestmark = pytest.mark.slow  # TensorFlow is loaded

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "my_recipe.py"
SECOND = """

class Second(MyRecipe):
    name = "second"
"""


@pytest.fixture
def mine(place) -> Path:
    """The example, alone in the working directory."""
    return Path(shutil.copy(EXAMPLE, place / "mine.py"))


@pytest.fixture
def package(place, monkeypatch) -> Path:
    """An installed package that offers the example as "faded", and another as "fusion"."""
    (place / "site" / "outside").mkdir(parents=True)
    (place / "site" / "outside" / "__init__.py").touch()
    shutil.copy(EXAMPLE, place / "site" / "outside" / "nets.py")
    info = place / "site" / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[photochrom.recipes]\nfaded = outside.nets:MyRecipe\nfusion = outside.nets:Other\n"
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "outside"]:
        monkeypatch.delitem(sys.modules, name)  # of the test before
    monkeypatch.syspath_prepend(place / "site")
    return place / "site"


# --- the names ------------------------------------------------------------------------------


def test_a_title_is_read_without_an_import_and_is_the_class_s_own():
    assert titles() == {name: recipe_class(name).title for name in RECIPES}
    assert all(titles().values())


def test_listing_the_recipes_is_quick():
    loaded = loaded_after(commanded("recipes", "list"))
    assert not loaded & {"keras", "tensorflow", "jax", "torch", "numpy"}


def test_a_recipe_in_a_file(mine):
    assert recipe("mine.py").name == "my_recipe"
    assert recipe("./mine.py:MyRecipe", {"width": 3}).options.width == 3
    assert recipe_class("mine.py") is recipe_class(str(mine))  # Keras would not take two
    assert reference(recipe_class("mine.py")) == f"{mine}:MyRecipe"


def test_a_recipe_in_a_module_and_as_an_entry_point(package):
    found = recipe_class("outside.nets:MyRecipe")
    assert recipe_class("faded") is found
    assert reference(found) == locate("faded") == "outside.nets:MyRecipe"


def test_a_bundled_name_wins_over_an_entry_point(package):
    assert locate("fusion") == "fusion"
    said = CliRunner().invoke(app, ["recipes", "list"])
    lines = said.stdout.splitlines()
    assert len([line for line in lines if line.startswith("fusion")]) == 1
    assert any(
        line.split() == ["faded", "outside.nets:MyRecipe,", "from", "outside"] for line in lines
    )
    assert "use outside.nets:Other" in said.stderr


def test_a_bundled_recipe_may_be_named_by_its_class():
    assert recipe_class("photochrom.recipes.fusion:Fusion") is recipe_class("fusion")


def test_two_packages_with_one_name(package):
    shutil.copytree(package / "outside-1.0.dist-info", package / "other-1.0.dist-info")
    (package / "other-1.0.dist-info" / "entry_points.txt").write_text(
        "[photochrom.recipes]\nfaded = other.nets:Faded\n"
    )
    with pytest.raises(RecipeError, match=r"offer 2: other.nets:Faded, outside.nets:MyRecipe"):
        recipe("faded")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nowhere.py", "", "nowhere.py; there is no such file"),
        ("mine.py", "x = 1", r"mine.py; it defines no subclass of photochrom.recipes.base.Recipe"),
        (
            "mine.py",
            EXAMPLE.read_text() + SECOND,
            r"there are MyRecipe, Second. Name one .*mine.py:",
        ),
        (
            "mine.py:Other",
            EXAMPLE.read_text(),
            "expected a class Other in .*mine.py; there is none",
        ),
        (
            "mine.py:MyOptions",
            EXAMPLE.read_text(),
            "MyOptions in .* to be a subclass of photochrom",
        ),
        (
            "mine.py",
            "import keras\n1 / 0\n",
            "import .*mine.py, line 2: ZeroDivisionError: division",
        ),
        (
            "mine.py",
            "import nowhere\n",
            "mine.py, line 1: ModuleNotFoundError: No module named 'no",
        ),
        ("mine.py", "def x(:\n", r"mine.py: SyntaxError: .*line 1"),
        ("mine.py", "raise SystemExit(3)", "mine.py, line 1: SystemExit: 3"),
        (
            "mine.py",
            EXAMPLE.read_text().replace("    output_scale", "    scale"),
            "mine.py is not complete; it lacks output_scale",
        ),
        (
            "mine.py",
            EXAMPLE.read_text().replace('"my_recipe"', '"fusion"'),
            "a name of its own; 'fusion' is the name of a bundled recipe",
        ),
        ("nowhere.nets:Mine", "", "nowhere.nets: ModuleNotFoundError: No module named 'nowhere'"),
        ("json:Mine", "", "expected a class Mine in json; there is none"),
        ("json:dumps", "", "expected dumps in json to be a subclass of photochrom"),
        (
            "alchemy",
            "",
            "of the recipes photochrom, .*path/to/file.py, or package.module:Class; received 'a",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(place, name, text, message):
    if text:
        (place / "mine.py").write_text(text)
    for _ in range(2):  # a failed import leaves nothing behind
        with pytest.raises(RecipeError, match=message) as caught:
            recipe(name)
    assert "\n" not in str(caught.value)


def test_the_command_shows_no_traceback(place):
    (place / "mine.py").write_text("1 / 0")
    said = CliRunner().invoke(app, ["recipes", "show", "mine.py"])
    assert said.exit_code == 2
    assert "mine.py, line 1: ZeroDivisionError" in said.stderr
    assert "Traceback" not in said.output


def test_a_mistake_in_build_is_one_line(mine):
    text = mine.read_text()
    mine.write_text(text.replace("keras.Input(", "keras.Inputt("))
    said = CliRunner().invoke(app, ["recipes", "show", "mine.py"])
    assert said.exit_code == 2
    assert re.search(r"mine\.py, line \d+, in build: AttributeError: .*Inputt", said.stderr)


def test_a_recipe_of_one_s_own_is_shown(mine):
    said = CliRunner().invoke(app, ["recipes", "show", "mine.py", "--set", "width=4"])
    assert said.exit_code == 0, said.output
    assert 'Model: "my_recipe"\nA small network of convolutions' in said.stdout
    assert re.search(r"^width +4 ", said.stdout, re.M)


# --- the settings ---------------------------------------------------------------------------


def test_a_path_is_relative_to_the_file_that_names_it(mine):
    (mine.parent / "sub").mkdir()
    (mine.parent / "sub" / "run.toml").write_text('recipe = "../mine.py"\n')
    assert load_config(Path("sub/run.toml")).recipe == str(mine)
    assert load_config(settings=["recipe=./mine.py"]).recipe == str(mine)
    assert load_config(recipe="mine.py:MyRecipe").recipe == f"{mine}:MyRecipe"
    assert RunConfig(recipe="mine.py").recipe == str(mine)


def test_an_entry_point_is_kept_as_its_class(package):
    assert load_config(recipe="faded").recipe == "outside.nets:MyRecipe"


@pytest.mark.parametrize(
    ("name", "short"),
    [("fusion", "fusion"), ("/a/mine.py", "mine"), ("/a/mine.py:B", "B"), ("a.b:C", "C")],
)
def test_a_short_name_for_folders(name, short):
    assert short_name(name) == short


def test_a_file_takes_part_in_a_comparison(mine, tmp_path):
    assert candidate("./mine.py:MyRecipe:width=3") == (f"{mine}:MyRecipe", {"width": 3})
    assert candidate("mine.py:width=3") == (str(mine), {"width": 3})
    assert folder_of("./mine.py:width=3", tmp_path).name == "mine.py-width=3"


# --- training, export, colouring ------------------------------------------------------------


def program(folder: Path, *arguments: object) -> None:
    command = [sys.executable, "-m", "photochrom", *map(str, arguments)]
    said = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_the_example_is_trained_resumed_elsewhere_exported_and_colours(mine, tmp_path_factory):
    here, elsewhere = mine.parent, tmp_path_factory.mktemp("elsewhere")
    fill(here / "photos", 8, side=64)
    (here / "run.toml").write_text(
        'recipe = "./mine.py"\n[options]\nwidth = 4\n'
        "[data]\nsize = 32\nvalidation = 0.25\n[train]\nepochs = 1\nbatch_size = 4\n"
    )
    arguments = ("photos", "--config", "run.toml", "--run", "run", "--no-export")
    said = invoke("train", *arguments)
    assert said.exit_code == 0, said.stderr
    assert resume(here / "run").config.recipe == str(mine)
    program(elsewhere, "train", "--run", here / "run", "--resume")
    kept = (here / "run" / "model" / "card.json").read_text()
    assert json.loads(kept)["recipe"] == "mine.py:MyRecipe"
    assert str(here) not in kept  # where the file lay is nobody's business
    mine.unlink()
    rgb = colour_pictures()[1]
    coloured = Colorizer(here / "run" / "model").colorize(color.luma(rgb)).rgb
    assert coloured.shape == rgb.shape
    assert np.abs(color.luma(coloured).astype(int) - color.luma(rgb)).max() <= 1


def test_a_recipe_in_a_module_is_exported(package, tmp_path):
    made = recipe("faded", {"width": 2})
    keras.utils.set_random_seed(0)
    assert export(made.build(32), card_of(made), tmp_path / "model") < 1e-3
    assert Colorizer(tmp_path / "model").model.card.recipe == "outside.nets:MyRecipe"


def test_the_guide_shows_the_example_as_it_is():
    guide = (ROOT / "docs" / "how-to" / "write-a-recipe.md").read_text(encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") in guide
