"""Damaged cards are named with their fault, and networks run on photographs of any size."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from photochrom.errors import ConfigError, ConfigTypeError, InvalidModel, ModelNotFound
from photochrom.model import engine
from photochrom.model.card import Card, DecodingParams
from photochrom.model.model import CARD_FILE, NETWORK_FILE, Model
from tests.support import BINS, card, model, network, sloped, write_model, write_zip


def rewritten(**changes: object) -> str:
    return json.dumps(json.loads(card().to_json()) | changes)


# --- the card -------------------------------------------------------------------------------


def test_a_card_goes_round():
    full = card(
        output_kind="distribution",
        bins=BINS,
        stride=4,
        licence="CC-BY-4.0",
        data="dix mille photographies d’été",
        options={"filters": [1, 2]},
        scores={"psnr": 20.5},
    )
    assert Card.from_json(full.to_json()) == full
    assert Card.from_json(full.to_json().encode()) == full


def test_a_card_is_readable_by_people():
    text = card(data="photographies d’été").to_json()
    assert "d’été" in text
    assert text.endswith("}\n")


WRONG = [
    ("format", 2),
    ("format", "1"),
    ("color_space", "hsv"),
    ("color_space", ["lab"]),
    ("output_kind", "regression"),
    ("working_size", 0),
    ("working_size", 256.0),
    ("working_size", True),
    ("stride", -1),
    ("stride", None),
    ("size_multiple", -8),
    ("size_multiple", "8"),
    ("input_scale", 0),
    ("input_scale", math.nan),
    ("output_scale", math.inf),
    ("output_scale", "100"),
    ("output_scale", True),
    ("output_scale", 10**400),
    ("name", 5),
    ("recipe", None),
    ("licence", ["MIT"]),
    ("options", []),
    ("scores", "good"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named(field, value):
    with pytest.raises(InvalidModel, match=rf"old/card\.json.*expected {field} to be .*received"):
        Card.from_json(rewritten(**{field: value}), "old/card.json")


@pytest.mark.parametrize(
    "bins", [None, [], 3, "ab", [[1, 2], [3]], [[1, 2, 3]], [1, 2], [["a", "b"]], [[math.nan, 0]]]
)
def test_a_distribution_needs_bins(bins):
    with pytest.raises(InvalidModel, match="expected bins to be a list of pairs of numbers"):
        Card.from_json(rewritten(output_kind="distribution", bins=bins))


def test_a_missing_field_is_named():
    raw = json.loads(card().to_json())
    del raw["color_space"]
    with pytest.raises(InvalidModel, match=r"m/card\.json is not a card: .*'color_space'"):
        Card.from_json(json.dumps(raw), "m/card.json")


@pytest.mark.parametrize("params", [[], 3, "gamma", None, [["gain", 2]]])
def test_decoding_parameters_are_an_object(params):
    with pytest.raises(InvalidModel, match=r"m/card\.json is not a card"):
        Card.from_json(rewritten(vivid=params), "m/card.json")


def test_a_card_with_the_old_names_of_decoding_parameters_loads():
    old = {"gamma": 0.4, "temperature": 0.9, "gain": 1.2, "restored": 1.4}
    loaded = Card.from_json(rewritten(vivid=old))
    assert loaded.vivid == DecodingParams(
        rebalancing=0.4, temperature=0.9, gain=1.2, chroma_restoration=1.4
    )
    assert Card.from_json(loaded.to_json()) == loaded
    assert '"gamma"' not in loaded.to_json()


def test_a_field_under_its_old_and_its_new_name_is_refused():
    with pytest.raises(InvalidModel, match="expected one of gamma and rebalancing; received both"):
        Card.from_json(rewritten(vivid={"gamma": 0.4, "rebalancing": 0.4}))


def test_unknown_fields_are_named():
    with pytest.raises(InvalidModel, match=r"unknown fields in m/card\.json: colour, zoom"):
        Card.from_json(rewritten(zoom=2, colour=1), "m/card.json")


@pytest.mark.parametrize("text", ["", "{", "not JSON", b"\xff\xfe\x00", "[" * 100_000])
def test_what_is_not_json(text):
    with pytest.raises(InvalidModel, match=r"expected JSON in m/card\.json"):
        Card.from_json(text, "m/card.json")


@pytest.mark.parametrize(("text", "kind"), [("[]", "list"), ("3", "int"), ("null", "NoneType")])
def test_json_that_is_no_object(text, kind):
    with pytest.raises(InvalidModel, match=f"expected a JSON object in .*; received {kind}"):
        Card.from_json(text)


def test_a_card_made_by_hand_is_checked_too():
    with pytest.raises(InvalidModel, match="expected stride to be a positive whole number"):
        card(stride=0)


# --- folders and zips -----------------------------------------------------------------------


def answer(made: Model) -> np.ndarray:
    return made(np.full((1, 8, 16, 1), 50, np.float32))


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_model_is_a_folder_or_a_zip(kind, as_text, tmp_path):
    made = sloped()
    place = (
        write_model(tmp_path / "m", made) if kind == "folder" else write_zip(tmp_path / "m", made)
    )
    opened = Model.load(str(place) if as_text else place)
    assert opened.card == made.card
    assert opened.source == str(place)
    np.testing.assert_array_equal(answer(opened), answer(made))


def test_nothing_there(tmp_path):
    with pytest.raises(ModelNotFound, match=r"there is nothing at .*nowhere"):
        Model.load(tmp_path / "nowhere")


@pytest.mark.parametrize("missing", [CARD_FILE, NETWORK_FILE])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_piece_that_is_missing_is_named(missing, kind, tmp_path):
    folder = write_model(tmp_path / "m", model())
    (folder / missing).unlink()
    place = folder
    if kind == "zip":
        place = tmp_path / "m.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
    with pytest.raises(ModelNotFound, match=f"{place.name}.*{missing}"):
        Model.load(place)


def test_a_run_is_as_good_as_its_model(tmp_path):
    write_model(tmp_path / "run" / "model", model())
    assert Model.load(tmp_path / "run").source == str(tmp_path / "run" / "model")


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04 and no more"])
def test_a_file_that_is_no_zip(data, tmp_path):
    place = tmp_path / "model.zip"
    place.write_bytes(data)
    with pytest.raises(InvalidModel, match=r"expected a model folder or zip; .*model\.zip is neit"):
        Model.load(place)


def test_a_damaged_zip(tmp_path):
    place = write_zip(tmp_path / "model.zip", model())
    data = bytearray(place.read_bytes())
    data[60:80] = bytes(20)
    place.write_bytes(data)
    with pytest.raises(InvalidModel, match=r"model\.zip"):
        Model.load(place)


def test_a_bad_card_in_a_folder_is_named_with_its_place(tmp_path):
    folder = write_model(tmp_path / "m", model())
    (folder / CARD_FILE).write_text(rewritten(stride=0), encoding="utf-8")
    with pytest.raises(InvalidModel, match=r"m/card\.json is not a card: expected stride"):
        Model.load(folder)


# --- the network ----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"no network", network()[:60], network()[:-40]])
def test_bytes_that_are_no_network(data):
    with pytest.raises(InvalidModel, match=r"the network of network\.onnx cannot be run") as caught:
        answer(model(data))
    assert "\n" not in str(caught.value)
    assert "src/" not in str(caught.value)


def test_a_network_that_takes_another_size():
    """The card allows any multiple of 8, but the network takes squares of 32 only."""
    with pytest.raises(InvalidModel, match=r"does not take \(1, 8, 16, 1\)") as caught:
        answer(model(network(side=32)))
    assert "\n" not in str(caught.value)


def test_the_input_is_scaled_as_the_card_says():
    made = model(network((0.0, 0.5), (1.0, -2.0)), input_scale=0.01)
    np.testing.assert_allclose(answer(made)[0, 0, 0], [0.5, -0.5], atol=1e-6)


@pytest.mark.parametrize(("stride", "shape"), [(1, (3, 8, 16, 2)), (4, (3, 2, 4, 2))])
def test_batches_and_strides(stride, shape):
    made = model(network((0.0, 0.0), (1.0, 2.0), stride=stride), stride=stride)
    lightness = np.random.default_rng(0).uniform(0, 100, (3, 8, 16, 1)).astype(np.float32)
    found = made(lightness)
    assert found.shape == shape
    assert found.dtype == np.float32
    thin = lightness[:, ::stride, ::stride] / 100
    np.testing.assert_allclose(found, thin * [1, 2], atol=1e-5)


def test_views_go_in_as_well():
    made = sloped()
    lightness = np.random.default_rng(1).uniform(0, 100, (1, 16, 8, 1)).astype(np.float32)
    view = lightness.transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(made(view), made(np.ascontiguousarray(view)))


@pytest.fixture(scope="module")
def interrupted(model_folder, tmp_path_factory):
    """A process that colours with two models and is then interrupted, and its home folder."""
    code = f"""
import gc, signal
import numpy as np
from photochrom import Colorizer
one, two = Colorizer({str(model_folder)!r}), Colorizer({str(model_folder)!r})
for each in (one, two):
    each.colorize(np.zeros((64, 64), np.uint8))
del one, each
gc.collect()
del two
gc.collect()
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.raise_signal(signal.SIGINT)
"""
    home = tmp_path_factory.mktemp("home")
    unset = ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"HOME": str(home)},
    )
    return done, home


@pytest.mark.slow
def test_ctrl_c_is_heeded_after_models_have_come_and_gone(interrupted):
    assert interrupted[0].stderr.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.slow
def test_the_engine_collects_nothing_about_the_computer(interrupted):
    """ONNX Runtime 1.32 would keep a number of the computer and what to send in ~/.cache."""
    assert list(interrupted[1].iterdir()) == []


def test_the_engine_is_told():
    assert sloped().engine == "ONNX Runtime CPU f32"


def test_answers_do_not_change_when_the_next_is_given():
    made = sloped()
    first = made(np.full((1, 8, 8, 1), 20, np.float32))
    kept = first.copy()
    made(np.full((1, 8, 8, 1), 90, np.float32))
    np.testing.assert_array_equal(first, kept)


def test_threads_may_share_a_model():
    made, rng = sloped(), np.random.default_rng(2)
    shapes = [(1, 8 * (1 + i % 3), 8 * (1 + i % 5), 1) for i in range(40)]
    asked = [rng.uniform(0, 100, shape).astype(np.float32) for shape in shapes]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(made, asked))
    for found, lightness in zip(together, asked, strict=True):
        np.testing.assert_array_equal(found, made(lightness))


def test_there_is_one_core_for_all_threads(monkeypatch):
    """With two cores, one would be freed: see `engine.core`."""
    made = []

    def slowly():
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    monkeypatch.setattr("openvino.Core", slowly)
    monkeypatch.setattr(engine, "_made_core", cache(engine._made_core.__wrapped__))
    with ThreadPoolExecutor(8) as pool:
        cores = {id(core) for core in pool.map(lambda _: engine.core(), range(8))}
    assert len(cores) == len(made) == 1


# --- sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("multiple", [1, 8, 32])
@pytest.mark.parametrize("size", [(256, 256), (480, 640), (3000, 2000), (100, 90), (1000, 4000)])
def test_fit_keeps_the_aspect_and_the_area(size, multiple):
    height, width = model(working_size=256, size_multiple=multiple).fit(*size)
    assert height % multiple == width % multiple == 0
    assert height * width == pytest.approx(256 * 256, rel=0.25)
    scale = 256 / math.sqrt(size[0] * size[1])
    assert abs(height - size[0] * scale) <= multiple / 2
    assert abs(width - size[1] * scale) <= multiple / 2


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (1, 5000), (5000, 1), (7, 300), (20000, 3)])
def test_fit_of_odd_photographs(size):
    made = model(working_size=256, size_multiple=16)
    height, width = made.fit(*size)
    assert min(height, width) >= 16
    assert height % 16 == width % 16 == 0
    assert height * width < 6 * 256 * 256
    assert (height < width) == (size[0] < size[1])


def test_fit_of_a_turned_photograph_is_turned():
    made = model(working_size=256, size_multiple=8)
    assert made.fit(600, 900) == made.fit(900, 600)[::-1]


@pytest.mark.parametrize("size", [(1, 1), (480, 640), (1, 5000)])
def test_a_network_of_one_size_gets_it(size):
    assert model(working_size=224, size_multiple=0).fit(*size) == (224, 224)


@pytest.mark.parametrize("cores", [0, -1, 1.5, "2", 10**6])
def test_no_number_of_cores_is_refused(cores):
    with pytest.raises((ConfigError, ConfigTypeError), match="expected a number of cores"):
        Model(card(), network(), "m", cores=cores)


def test_an_engine_that_was_started_runs():
    started = model()
    started.start()
    np.testing.assert_array_equal(
        started(np.zeros((1, 16, 16, 1), np.float32)), model()(np.zeros((1, 16, 16, 1), np.float32))
    )


def test_a_damaged_network_that_was_started_fails_when_it_runs(capfd):
    damaged = Model(card(), b"not a network", "m")
    damaged.start()
    with pytest.raises(InvalidModel, match="the network of m cannot be run"):
        damaged(np.zeros((1, 16, 16, 1), np.float32))
    assert "Traceback" not in capfd.readouterr().err
