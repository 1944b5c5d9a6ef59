"""The examples, tools and benchmarks: each can be imported, and the demo does what it says."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import is_coloured

pytestmark = pytest.mark.slow  # every package is imported

ROOT = Path(__file__).parents[1]
# The import of a script that registers a format would change what all other tests read:
# tests/photo/test_codecs.py runs it in a process of its own.
SCRIPTS = [
    f"{folder}.{path.stem}"
    for folder in ("benchmarks", "examples", "tools")
    for path in sorted((ROOT / folder).glob("*.py"))
    if "\nregister(" not in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_uses_names_that_are_there(name):
    import_module(name)


def test_the_demo_colours_its_photographs_and_lays_them_side_by_side(place, monkeypatch):
    demo = import_module("examples.demo")
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1))
    photographs = {"astronaut": np.dstack([ramp, ramp, ramp]), "photographer": ramp}
    monkeypatch.setattr(demo, "samples", lambda: photographs)
    demo.main()
    for name in photographs:
        assert is_coloured(place / ".demo" / "coloured" / f"{name}.jpg")
    for sheet in ("demo.png", "answers.png"):
        with Image.open(place / ".demo" / sheet) as picture:
            assert picture.width > 500


def test_the_demo_has_photographs():
    found = import_module("examples.demo").samples()
    assert {"astronaut", "cat", "coffee", "palace", "flower", "photographer"} == set(found)
