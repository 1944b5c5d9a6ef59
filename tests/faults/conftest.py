"""A working folder with grey photographs, and the tiny model in the environment."""

from __future__ import annotations

import pytest

from tests.support import write_pictures


@pytest.fixture
def scans(place, monkeypatch, model_folder):
    """Six grey photographs in two folders; the working folder is above them."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    write_pictures(place / "scans", "a.png", "b.jpg", "c.tif")
    write_pictures(place / "scans" / "more", "d.png", "e.jpg", "f.tif")
    return place / "scans"
