"""The registry of formats, and a format from outside the package."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from photochrom.color import luma
from photochrom.photo import (
    FORMATS,
    READABLE_SUFFIXES,
    WRITABLE_SUFFIXES,
    Codec,
    register,
    result_suffix,
)
from photochrom.photo.codecs import NOT_INSTALLED, load_entry_points
from photochrom.photo.codecs.base import ENTRY_POINTS, RECOGNIZED

EXAMPLE = Path(__file__).parents[2] / "examples" / "netpbm_codec.py"

SCRIPT = """
import sys
import numpy as np
import netpbm_codec
import photochrom
from photochrom import color, photo

assert photo.FORMATS["PPM"].media_type == "image/x-portable-anymap"
new = photochrom.colorize(sys.argv[1])
new.save(sys.argv[2])
assert new.format == "PPM"
grey, back = photo.read(sys.argv[1]), photo.read(sys.argv[2])
assert back.tint == "colour" and grey.tint == "grey"
assert np.abs(back.luma.astype(int) - grey.luma).max() <= 1
assert photo.thumbnail(sys.argv[2], 20).shape[0] == 20
"""


@pytest.mark.slow
def test_a_format_from_outside_the_package_is_read_and_written(tmp_path: Path) -> None:
    grey = luma(skimage.data.chelsea()[::4, ::4])
    Image.fromarray(grey).save(tmp_path / "old.pgm")
    paths = [str(tmp_path / name) for name in ("old.pgm", "new.ppm")]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *paths],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(EXAMPLE.parent), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_every_format_is_a_file_that_registers_it() -> None:
    for name, codec in RECOGNIZED.items():
        assert getattr(import_module(f"photochrom.photo.codecs.{name.lower()}"), name) is codec
        assert codec.media_type.startswith("image/")
        assert all(
            READABLE_SUFFIXES.get(suffix, name) == name
            and ((suffix in NOT_INSTALLED) != codec.is_installed)
            for suffix in codec.suffixes
        )


def test_formats_that_are_only_read_have_a_format_for_results() -> None:
    for name, codec in RECOGNIZED.items():
        assert (name in FORMATS) == (codec.is_installed and not codec.written_as)
        suffix = codec.suffixes[0]
        assert result_suffix(suffix.upper()).lower() in {suffix, ".png", ".jpg"}
    assert WRITABLE_SUFFIXES.items() <= READABLE_SUFFIXES.items()


def test_names_and_suffixes_are_registered_once() -> None:
    class Other(Codec):
        name = "OTHER"
        suffixes = (".png",)

    with pytest.raises(ValueError, match=r"OTHER \.png exists already"):
        register(Other())
    assert "OTHER" not in FORMATS


def test_the_guide_shows_the_example() -> None:
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-file-format.md"
    assert EXAMPLE.read_text("utf-8").strip() in guide.read_text("utf-8")


def test_a_package_whose_format_fails_to_load_is_named_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = EntryPoint("broken", "no_such_package.codec", ENTRY_POINTS)
    monkeypatch.setattr("photochrom.photo.codecs.base.entry_points", lambda group: [broken])
    with pytest.warns(UserWarning, match=r"image format no_such_package\.codec: No module named"):
        load_entry_points()


@pytest.mark.slow
def test_the_guide_s_example_is_loaded_from_an_installed_package(tmp_path):
    package, info = (
        tmp_path / "netpbm_for_photochrom",
        tmp_path / "netpbm_for_photochrom-1.0.dist-info",
    )
    package.mkdir()
    info.mkdir()
    example = Path(__file__).parents[2] / "examples" / "netpbm_codec.py"
    (package / "codec.py").write_bytes(example.read_bytes())
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: netpbm-for-photochrom\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[photochrom.codecs]\nnetpbm = netpbm_for_photochrom.codec\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c",
         "from photochrom.photo.codecs import FORMATS; print('PPM' in FORMATS)"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "True\n", done.stderr
