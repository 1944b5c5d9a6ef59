"""A model is written as a folder for the Hugging Face Hub, and is still a model there."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from ruamel.yaml import YAML

from photochrom.errors import ConfigError, InvalidModel, ModelNotFound, OutputExists
from photochrom.model.hub import README_FILE, readme, write_for_hub
from photochrom.model.model import KERAS_FILE, Model, default_model
from tests.commands import invoke
from tests.support import card, model, network, write_model, write_zip

SCORES = {
    "part": "test",
    "grey": {"psnr": 22.5},
    "default": {"psnr": 24.5, "lpips": 0.15, "photos": 350},
    "vivid": {"psnr": 23.25, "ssim": float("nan")},
}


def head(text: str) -> dict:
    """Return the Hub's card at the head of a README."""
    _, front, _ = text.split("---\n", 2)
    return YAML(typ="safe").load(front)


def metadata(**fields: object) -> dict:
    return head(readme(replace(card(), **fields), "me/mine", trainable=False))


def test_the_folder_is_still_a_model(tmp_path):
    source = write_model(tmp_path / "source", model(network()))
    (source / KERAS_FILE).write_bytes(b"weights")
    write_for_hub(source, tmp_path / "deep" / "hub", "me/mine")
    loaded = Model.load(tmp_path / "deep" / "hub")
    assert loaded.digest == Model.load(source).digest
    assert np.isfinite(loaded(np.zeros((1, 8, 8, 1), np.float32))).all()
    assert (tmp_path / "deep" / "hub" / KERAS_FILE).read_bytes() == b"weights"
    assert "keras" in head((tmp_path / "deep" / "hub" / README_FILE).read_text("utf-8"))["tags"]


def test_a_zip_is_as_good(tmp_path):
    write_for_hub(write_zip(tmp_path / "a.zip", model(network())), tmp_path / "hub", "me/mine")
    assert not (tmp_path / "hub" / KERAS_FILE).exists()
    assert Model.load(tmp_path / "hub").card == card()


def test_the_head_says_what_the_hub_asks():
    found = metadata(name="mine: a “test”", licence="CC-BY-4.0", scores=SCORES)
    assert found["license"] == "cc-by-4.0"
    assert found["library_name"] == "photochrom"
    assert found["pipeline_tag"] == "image-to-image"
    assert found["metrics"] == ["psnr", "lpips"]
    (index,) = found["model-index"]
    assert index["name"] == "mine: a “test”"
    assert "| grey | 22.500 |" in readme(replace(card(), scores=SCORES), "a/b", trainable=False)
    default, vivid = index["results"]
    assert default["dataset"] == {"type": "photographs", "name": "photographs held out, default"}
    assert default["metrics"][0] == {"type": "psnr", "name": "PSNR, dB", "value": 24.5}
    assert [each["type"] for each in vivid["metrics"]] == ["psnr"]


def test_the_scores_of_a_training_run_are_those_on_its_validation_photographs():
    (index,) = metadata(scores={"epoch": 3, "loss": 2.1, "val_psnr": 21})["model-index"]
    (result,) = index["results"]
    assert result["dataset"]["name"] == "photographs held out, validation"
    assert result["metrics"] == [{"type": "psnr", "name": "PSNR, dB", "value": 21.0}]
    assert "model-index" not in metadata(scores={"loss": 2.1})


@pytest.mark.parametrize(
    ("licence", "named"),
    [
        ("Apache-2.0 for the network; see `data`", {"license": "apache-2.0"}),
        ("for my family only", {"license": "other", "license_name": "see-below"}),
        ("", {}),
    ],
)
def test_licences(licence, named):
    found = metadata(licence=licence)
    assert {key: found[key] for key in found if key.startswith("license")} == named


def test_the_model_that_ships(tmp_path):
    text = readme(Model.load(default_model()).card, "me/mine", trainable=True)
    assert head(text)["license"] == "apache-2.0"
    assert "hf download me/mine" in text
    assert "Flickr8k" in text.split("## Training data")[1]


@pytest.mark.parametrize("repository", ["mine", "a/b/c", "me/", "me/$(id)", "me/mine\n"])
def test_a_name_that_the_hub_would_refuse(repository, tmp_path):
    with pytest.raises(ConfigError, match="OWNER/NAME"):
        write_for_hub(tmp_path, tmp_path / "hub", repository)


def test_a_readme_that_somebody_edited_is_not_lost(tmp_path):
    source = write_model(tmp_path / "source", model(network()))
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / README_FILE).write_text("mine")
    with pytest.raises(OutputExists):
        write_for_hub(source, tmp_path / "hub", "me/mine")
    assert [path.name for path in (tmp_path / "hub").iterdir()] == [README_FILE]
    write_for_hub(source, tmp_path / "hub", "me/mine", overwrite=True)
    assert (tmp_path / "hub" / README_FILE).read_text("utf-8").startswith("---\n")


def test_what_is_no_model(tmp_path):
    with pytest.raises(ModelNotFound, match="nothing at"):
        write_for_hub(tmp_path / "none", tmp_path / "hub", "me/mine")
    with pytest.raises(ModelNotFound, match=r"card\.json is missing"):
        write_for_hub(tmp_path, tmp_path / "hub", "me/mine")
    source = write_model(tmp_path / "source", model(network()))
    (source / "card.json").write_text(json.dumps({"name": 3}))
    with pytest.raises(InvalidModel):
        write_for_hub(source, tmp_path / "hub", "me/mine")
    assert not (tmp_path / "hub").exists()


def test_the_command(tmp_path):
    source = write_model(tmp_path / "source", model(network()))
    arguments = ("export", source, tmp_path / "hub", "--repository", "me/mine")
    done = invoke(*arguments)
    assert done.exit_code == 0
    assert f"hf upload me/mine {tmp_path / 'hub'}" in done.stderr
    assert "names no licence" in done.stderr
    again = invoke(*arguments)
    assert again.exit_code == 1
    assert "--exists overwrite" in again.stderr
