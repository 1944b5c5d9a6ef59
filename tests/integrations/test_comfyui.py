"""The nodes keep ComfyUI's contract and colour its pictures. ComfyUI and torch are not needed."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom import PhotochromError
from tests.films import panned
from tests.integrations.loading import ROOT, load
from tests.support import exact_luma, known_color_model, sloped, write_model

FOLDER = ROOT / "comfyui"


@pytest.fixture(scope="module")
def pack():
    return load("comfyui/__init__.py")


@pytest.fixture(scope="module")
def nodes(pack):
    return pack.NODE_CLASS_MAPPINGS


def inputs_of(node):
    """Return the type and the settings of each input, in the order of ComfyUI's widgets."""
    found = node.INPUT_TYPES()
    assert set(found) <= {"required", "optional"}
    return {**found["required"], **found.get("optional", {})}


class Tensor:
    """What the nodes use of a tensor of torch, with an array of NumPy in it."""

    def __init__(self, array):
        self.array = np.asarray(array, np.float32)
        self.shape = self.array.shape

    def detach(self):
        return self

    float = cpu = detach

    def clamp(self, low, high):
        return Tensor(self.array.clip(low, high))

    def numpy(self):
        return self.array

    def new_tensor(self, array):
        return Tensor(array)


# --- the contract ---------------------------------------------------------------------------


def test_every_node_keeps_the_contract(pack, nodes):
    assert set(pack.NODE_DISPLAY_NAME_MAPPINGS) == set(nodes)
    for node in nodes.values():
        inputs = inputs_of(node)
        taken = list(inspect.signature(getattr(node(), node.FUNCTION)).parameters)
        assert sorted(taken) == sorted(inputs)
        assert isinstance(node.RETURN_TYPES, tuple)
        assert node.CATEGORY
        for kind, settings in inputs.values():
            assert kind in {"IMAGE", "FLOAT", "STRING", "PHOTOCHROM_HINTS"}
            assert settings["tooltip"]
            assert "default" in settings or kind in {"IMAGE", "PHOTOCHROM_HINTS"}
        # An input that is linked from another node is not given to VALIDATE_INPUTS.
        assert node.VALIDATE_INPUTS() is True


def test_the_default_vividness_is_that_of_the_model(nodes):
    settings = inputs_of(nodes["PhotochromColorize"])["vividness"][1]
    card = Path(photochrom.__file__).parent / "models" / "default" / "card.json"
    assert settings["default"] == json.loads(card.read_text())["vividness"]


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("PhotochromColorize", {"palette": "navi"}, "palette: .* mean navy"),
        ("PhotochromColorize", {"model": "/no/such"}, "model: expected the folder or zip"),
        ("PhotochromFilmFrames", {"model": "/no/such"}, "model: expected the folder or zip"),
        ("PhotochromHints", {"points": "1,2,red\n3"}, "expected a hint as X,Y,COLOR"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(nodes, name, inputs, message):
    assert re.search(message, nodes[name].VALIDATE_INPUTS(**inputs))


def test_a_changed_model_makes_the_node_run_again(nodes, tmp_path):
    node, folder = nodes["PhotochromColorize"], write_model(tmp_path / "m", sloped())
    before = node.IS_CHANGED(model=str(folder), vividness=0.5)
    assert node.IS_CHANGED(model=str(folder), vividness=0.5) == before
    write_model(folder, sloped(working_size=72))
    assert node.IS_CHANGED(model=str(folder), vividness=0.5) != before
    assert node.IS_CHANGED() == node.IS_CHANGED(model="")


# --- the values -----------------------------------------------------------------------------


def test_a_batch_is_coloured_and_keeps_its_luma(nodes, model_folder, camera):
    grey = np.repeat(camera[:40, :60, None] / 255, 3, -1)
    batch = Tensor([grey, grey[:, ::-1] * 1.1 - 0.05])  # partly beyond black and white
    node = nodes["PhotochromColorize"]()
    (colored,) = node.colorize(batch, 0.5, model=str(model_folder))
    assert colored.shape == (2, 40, 60, 3)
    luma = exact_luma(batch.clamp(0, 1).numpy())
    assert np.abs(exact_luma(colored.numpy()) - luma).max() < 1 / 255
    assert np.ptp(colored.numpy(), axis=-1).max() > 0.1


def test_hints_chain_and_reach_the_picture(nodes, tmp_path):
    model = write_model(tmp_path / "m", known_color_model())
    add = nodes["PhotochromHints"]().add
    (first,) = add("10,20,#c03030,4\n\n")
    (both,) = add(" 50,20,navy ", first)
    assert [hint.points[0] for hint in both] == [(10, 20), (50, 20)]
    grey = Tensor(np.full((1, 40, 60, 3), 0.4))
    (colored,) = nodes["PhotochromColorize"]().colorize(grey, 0.5, hints=both, model=str(model))
    red, blue = colored.array[0, 20, 10], colored.array[0, 20, 50]
    assert red[0] > red[2] + 0.2
    assert blue[2] > blue[0] + 0.2
    with pytest.raises(PhotochromError, match="hints within the picture"):
        nodes["PhotochromColorize"]().colorize(grey, 0.5, add("99,2,red")[0], model=str(model))


def test_frames_of_a_film_are_those_of_color_frames(nodes, model_folder):
    frames = panned(4)
    grey = [np.repeat(frame[..., 1:2], 3, -1) for frame in frames]
    node = nodes["PhotochromFilmFrames"]()
    (colored,) = node.colorize(Tensor(np.stack(grey) / 255), 1.0, model=str(model_folder))
    lumas = [frame[..., 1] for frame in frames]
    expected = np.stack(list(photochrom.film.color_frames(sloped(), lumas, vividness=1.0)))
    np.testing.assert_array_equal(np.rint(colored.numpy() * 255), expected)


# --- the files beside the nodes -------------------------------------------------------------


def test_the_workflows_fit_the_nodes_and_each_other(nodes):
    page = json.loads((FOLDER / "workflow.json").read_text())
    api = json.loads((FOLDER / "workflow_api.json").read_text())
    assert {str(node["id"]): node["type"] for node in page["nodes"]} == {
        number: node["class_type"] for number, node in api.items()
    }
    colorize = next(node for node in page["nodes"] if node["type"] in nodes)
    inputs, values = inputs_of(nodes[colorize["type"]]), api[str(colorize["id"])]["inputs"]
    widgets = [name for name, (kind, _) in inputs.items() if kind in ("FLOAT", "STRING")]
    assert colorize["widgets_values"] == [values[name] for name in widgets]
    assert set(values) <= set(inputs)
    linked = {(str(source), str(target)) for _, source, _, target, _, _ in page["links"]}
    assert linked == {
        (value[0], number)
        for number, node in api.items()
        for value in node["inputs"].values()
        if isinstance(value, list)
    }


def test_the_registry_gets_what_it_asks_for():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())
    assert project["project"]["version"] == photochrom.__version__
    assert project["tool"]["comfy"]["PublisherId"]
    assert project["project"]["urls"]["Repository"]
    required = (FOLDER / "requirements.txt").read_text().split()
    assert project["project"]["dependencies"] == required
