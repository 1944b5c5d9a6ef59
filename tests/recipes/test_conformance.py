"""What every recipe must do. A new recipe needs a line in `CASES`."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import keras
import numpy as np
import pytest

from photochrom import color, photo
from photochrom.colorizer import Colorizer
from photochrom.errors import RecipeError
from photochrom.model.card import Card
from photochrom.model.distribution import decode
from photochrom.model.model import CARD_FILE, KERAS_FILE, default_model
from photochrom.recipes import RECIPES, recipe
from photochrom.scoring import ab_error, to_lab
from photochrom.training.export import card_of, export
from tests.pictures import colour_pictures

if TYPE_CHECKING:
    from photochrom.recipes.base import Recipe

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """A recipe, its number of parameters, and how to make it overfit within `steps` steps.

    `options` are for the overfitting; `variant` is what is counted, too.
    """

    recipe: str
    parameters: int
    size: int
    steps: int
    options: dict[str, Any] = field(default_factory=dict)
    variant: dict[str, Any] = field(default_factory=dict)

    def made(self) -> Recipe[Any]:
        options = {**self.variant, **self.options}
        from_data = recipe(self.recipe, options).options_from_data(four_photographs(64))
        return recipe(self.recipe, {**from_data, **options})


ROOT = Path(__file__).parents[2]
APART = {"clusters": 4, "diversity": 0.01, "smallest": 1}  # a network for each photograph
ALPHA = {"version": "alpha"}
LEARNT = 4  # ab units
CHECKED = 20  # steps, after which it is seen whether it has learnt
QUICK = {"optimizer": "adam", "learning_rate": 1e-3}
CASES = {
    "photochrom": Case("photochrom", 4_825_436, 32, 120),
    "deep_colorization": Case("deep_colorization", 2_990_065, 32, 800, {"contrast": 0.005} | APART),
    "rebalanced": Case("rebalanced", 32_238_835, 64, 120, {"width": 0.25, "learning_rate": 2e-3}),
    "luv_classifier": Case("luv_classifier", 784_260, 64, 160, {"learning_rate": 3e-3}),
    "dcgan": Case(
        "dcgan", 30_594, 32, 1100, {"objective": "euclidean", "learning_rate": 5e-3, "beta_1": 0.9}
    ),
    "fusion": Case("fusion", 11_193_210, 32, 480, QUICK),
    "fusion alpha": Case("fusion", 32_202, 64, 900, QUICK | {"learning_rate": 3e-3}, ALPHA),
    "autoencoder": Case(
        "autoencoder", 6_219_410, 32, 500, {"optimizer": "adam", "input_scale": 0.01}
    ),
}


def four_photographs(size: int) -> np.ndarray:
    return np.stack([photo.resized(rgb, size) for rgb in colour_pictures()[:4]])


@pytest.fixture(scope="module", params=CASES)
def trained(request) -> tuple[Recipe[Any], keras.Model, Case]:
    """Train a network until it has learnt four photographs, or its steps are used up."""
    case = CASES[request.param]
    keras.utils.set_random_seed(1)
    made = case.made()
    network = made.build(case.size)
    training_model = made.training_model(network)
    training_model.jit_compile = False  # as in `trainer.train`
    inputs, targets = made.encode(four_photographs(case.size))
    for step in range(1, case.steps + 1):
        training_model.train_on_batch(inputs, targets)
        if step % CHECKED == 0 and error_of(made, network, case) < LEARNT:
            break
    return made, network, case


def error_of(made: Recipe[Any], network: keras.Model, case: Case) -> float:
    """Return the mean error of the colours of the four photographs, in ab units."""
    photos = four_photographs(case.size)
    inputs, _ = made.encode(photos)
    answers = made.runtime(network)(inputs, training=False)
    outputs = keras.ops.convert_to_numpy(answers[0] if isinstance(answers, list) else answers)
    card = card_of(made)
    errors = []
    for photo_, output in zip(photos, outputs, strict=True):
        rgb = photo.resized(photo_, output.shape[0])  # what it leaves out is not its to learn
        answer = color.merge(color.luma(rgb), decode(output, card), card.color_space)
        errors.append(ab_error(to_lab(answer), to_lab(rgb)))
    return float(np.mean(errors))


def test_every_recipe_is_held_to_this():
    assert {case.recipe for case in CASES.values()} == set(RECIPES)


@pytest.mark.parametrize("name", CASES)
def test_counts_its_parameters(name):
    made = recipe(CASES[name].recipe, CASES[name].variant)
    assert made.build(made.working_size).count_params() == CASES[name].parameters


def parameters_in(path: Path) -> int:
    """Count the numbers in a saved network; building it would take seconds."""
    sizes: list[int] = []

    def add(_: str, each: h5py.Group | h5py.Dataset) -> None:
        if isinstance(each, h5py.Dataset):
            sizes.append(each.size)

    with zipfile.ZipFile(path) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(add)
    return sum(sizes)


def test_the_documentation_counts_the_same_parameters():
    table = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    for case in CASES.values():
        row = next(line for line in table.splitlines() if line.startswith(f"| `{case.recipe}` |"))
        assert f"{case.parameters:,}" in row
    card = Card.from_json((default_model() / CARD_FILE).read_bytes())
    shipped = parameters_in(default_model() / KERAS_FILE)
    assert f"`encoder={card.options['encoder']}`: {shipped:,}" in table
    assert f" {shipped:,} parameters" in (ROOT / "docs" / "default-network.md").read_text("utf-8")
    assert f" {shipped / 1e6:.1f} million parameters" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["deep_colorization", "dcgan", "fusion", "autoencoder"])
def test_begins_with_faint_colours(name):
    """Otherwise a short run spends half of its steps on unlearning large first outputs."""
    keras.utils.set_random_seed(0)
    made = recipe(name)
    inputs, _ = made.encode(four_photographs(64))
    answers = keras.ops.convert_to_numpy(made.build(64)(inputs, training=True))
    assert np.abs(answers).mean() < 0.1  # of the largest that chroma can be


@pytest.mark.parametrize("name", RECIPES)
def test_refuses_an_option_that_it_does_not_have(name):
    with pytest.raises(RecipeError, match=f"{name}: frobnicate: there is no such setting"):
        recipe(name, {"frobnicate": 1})


def test_overfits_four_photographs(trained):
    made, network, case = trained
    assert error_of(made, network, case) < LEARNT


def test_is_the_same_after_saving_and_loading(trained, tmp_path):
    made, network, case = trained
    inputs, _ = made.encode(four_photographs(case.size))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    before, after = (keras.ops.convert_to_numpy(n(inputs)) for n in (network, loaded))
    np.testing.assert_array_equal(before, after)


def test_its_export_agrees_with_it_and_colours_a_photograph(trained, tmp_path, converted_here):
    made, network, _ = trained
    difference = export(network, replace(card_of(made), name="test"), tmp_path / "model")
    assert difference < 1e-3
    (tmp_path / "other").mkdir()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert {p.name for p in (tmp_path / "model").iterdir()} == {
        "card.json",
        "network.keras",
        "network.onnx",
    }
    rgb = colour_pictures()[0]
    result = Colorizer(tmp_path / "model").colorize(color.luma(rgb))
    assert result.rgb.shape == rgb.shape
    assert result.mean_chroma > 1
    off = np.abs(color.luma(result.rgb).astype(int) - color.luma(rgb))
    assert off.max() <= 1
