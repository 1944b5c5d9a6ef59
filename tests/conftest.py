"""Tiny models and real photographs, made once for all tests, and the order of the tests."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# Two tests run at once, and threads of OpenBLAS would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# As in photochrom/training/export.py, for exports in this process.
os.environ.setdefault("TF2ONNX_CATCH_ERRORS", "false")

import cv2
import numpy as np
import pytest
import skimage.data

from photochrom import Colorizer, Model
from tests.support import NAN, model, network, sloped, write_model, write_pictures

# Files with single tests of half a minute and more.
LONGEST = {
    "test_comparison.py",
    "test_conformance.py",
    "test_notebooks.py",
    "test_page.py",
    "test_tuning.py",
}
SLOW_FILE = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files that are slow as a whole, and what they import, out of the quick tests."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return SLOW_FILE.search(text) is not None or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that all workers finish at about the same time."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (_rank(item), -slow[item.path]))


def pytest_collection_finish() -> None:
    """Leave what was imported so far, Keras above all, out of each later garbage collection."""
    gc.collect()
    gc.freeze()


def _rank(item: pytest.Item) -> int:
    """Return 0 for tests of the files that take longest, 1 for slow files, 2 for others."""
    if item.path.name in LONGEST:
        return 0
    module = item.getparent(pytest.Module)
    is_slow = module is not None and any(mark.name == "slow" for mark in module.own_markers)
    return 1 if is_slow else 2


@pytest.fixture(scope="session")
def warm() -> Colorizer:
    """A colorizer that gives every pixel the ab (20, -10)."""
    return Colorizer(model())


@pytest.fixture(scope="session")
def vivid() -> Colorizer:
    """A colorizer of strong colours that change with lightness and leave the gamut at both ends."""
    return Colorizer(sloped())


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny", sloped())


@pytest.fixture
def broken() -> Model:
    """A model whose network returns NaN everywhere."""
    return model(network(NAN))


@pytest.fixture(scope="session")
def camera() -> np.ndarray:
    """(240, 240) uint8: a man with a camera."""
    return cv2.resize(skimage.data.camera(), (240, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(256, 256, 3) uint8: an astronaut, in colour."""
    return cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def deep(camera: np.ndarray) -> np.ndarray:
    """(240, 240) uint16: the same man, using all sixteen bits."""
    noise = np.random.default_rng(3).integers(0, 257, camera.shape)
    return np.minimum(camera * np.int64(257) + noise, 65535).astype(np.uint16)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def archive(place: Path) -> Path:
    """a.png and b.jpg, with c.png one folder and d.tif two folders down, and no pictures."""
    write_pictures(place / "in", "b.jpg", "a.png", "sub/c.png", "sub/deep/d.tif")
    (place / "in" / "notes.txt").write_text("not a picture")
    return place


@pytest.fixture
def shoebox(place: Path, monkeypatch: pytest.MonkeyPatch, model_folder: Path) -> Path:
    """The working directory, with three grey pictures in `in`; the environment names the model."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    write_pictures(place / "in", "a.png", "b.png", "c.jpg")
    return place


@pytest.fixture
def eager() -> Iterator[None]:
    """Run the steps of training one by one: to compile them takes longer than the few steps."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(run_eagerly=True)
    yield
    tf.config.run_functions_eagerly(run_eagerly=False)


@pytest.fixture
def converted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Export networks in this process, which has loaded TensorFlow, instead of a new one."""
    import keras

    from photochrom.training import export

    if keras.backend.backend() == "tensorflow":
        monkeypatch.setattr(export, "_convert", export._main)
