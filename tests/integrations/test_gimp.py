"""The plug-in adds one layer and changes nothing else. GIMP is replaced by stubs of its API.

The stubs follow the reference of libgimp 3.0 (developer.gimp.org/api/3.0/libgimp). They keep only
what the plug-in calls, and refuse what GIMP would refuse.
"""

from __future__ import annotations

import os
import stat
import sys
from enum import Enum, auto
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.commands import invoke
from tests.integrations.loading import load

POSIX = pytest.mark.skipif(os.name == "nt", reason="the stand-in program is a shell script")


class Mode(Enum):
    INTERACTIVE = auto()
    NONINTERACTIVE = auto()
    LCH_COLOR = auto()
    GRAY = auto()
    RGB = auto()
    PLUGIN = auto()
    SUCCESS = auto()
    CANCEL = auto()
    EXECUTION_ERROR = auto()
    READWRITE = auto()


class Layer:
    def __init__(self, pixels, name="Background"):
        self.pixels, self.name, self.mode = pixels, name, None

    def set_name(self, name):
        self.name = name

    def set_mode(self, mode):
        assert isinstance(mode, Mode)
        self.mode = mode


class GimpImage:
    """Gimp.Image, with layers from the top to the bottom."""

    def __init__(self, layers, base=Mode.GRAY):
        self.layers, self.base, self.undo, self.deleted = layers, base, [], False

    def duplicate(self):
        self.copy = GimpImage(list(self.layers), self.base)
        return self.copy

    def flatten(self):
        self.layers = [Layer(self.layers[-1].pixels)]

    def delete(self):
        self.deleted = True

    def get_base_type(self):
        return self.base

    def convert_rgb(self):
        assert self.base != Mode.RGB  # GIMP fails if the image is RGB already
        self.base = Mode.RGB

    def insert_layer(self, layer, parent, position):
        assert parent is None
        self.layers.insert(position, layer)

    def undo_group_start(self):
        self.undo.append("start")

    def undo_group_end(self):
        self.undo.append("end")


class Procedure:
    def __init__(self, plug_in, name, kind, run, data):
        self.run, self.settings, self.menus = run, {}, []

    @staticmethod
    def new(*arguments):
        return Procedure(*arguments)

    def add_double_argument(self, name, nick, blurb, low, high, value, flags):
        assert low <= value <= high
        self.settings[name] = value

    def add_string_argument(self, name, nick, blurb, value, flags):
        self.settings[name] = value

    def add_menu_path(self, path):
        self.menus.append(path)

    def set_image_types(self, types):
        self.types = types

    def set_menu_label(self, label):
        self.label = label

    def set_documentation(self, blurb, text, help_id):
        assert blurb
        assert text

    def set_attribution(self, authors, rights, date):
        assert authors

    def new_return_values(self, status, error):
        return status, error.message


class GError(Exception):
    def __init__(self, message=None):
        self.message = message


class File:
    def __init__(self, path):
        self.path = path

    @staticmethod
    def new_for_path(path):
        return File(path)


def _save(mode, image, file, options):
    assert mode == Mode.NONINTERACTIVE
    (layer,) = image.layers
    Image.fromarray(layer.pixels).save(file.path)
    return True


def _load(mode, image, file):
    return Layer(np.asarray(Image.open(file.path)), "colored.png")


class Dialog:
    answer = True

    def fill(self, names):
        assert names is None

    def run(self):
        return self.answer

    def destroy(self):
        pass


@pytest.fixture
def plugin(monkeypatch):
    """The plug-in, loaded with stubs in place of GIMP's modules."""
    plug_in = type("PlugIn", (), {"__gtype__": "type"})
    gimp = SimpleNamespace(
        PlugIn=plug_in,
        ImageProcedure=Procedure,
        RunMode=Mode,
        LayerMode=Mode,
        ImageBaseType=Mode,
        PDBProcType=Mode,
        PDBStatusType=Mode,
        file_save=_save,
        file_load_layer=_load,
        progress_init=lambda text: True,
        displays_flush=lambda: None,
        main=lambda kind, arguments: None,
    )
    repository = ModuleType("gi.repository")
    repository.Gimp = gimp
    repository.GimpUi = SimpleNamespace(
        init=lambda name: None, ProcedureDialog=SimpleNamespace(new=lambda *_: Dialog())
    )
    repository.Gio = SimpleNamespace(File=File)
    repository.GLib = SimpleNamespace(Error=GError)
    repository.GObject = SimpleNamespace(ParamFlags=Mode)
    gi = ModuleType("gi")
    gi.require_version = lambda name, version: None
    gi.repository = repository
    monkeypatch.setitem(sys.modules, "gi", gi)
    monkeypatch.setitem(sys.modules, "gi.repository", repository)
    return load("gimp/photochrom-colorize/photochrom-colorize.py")


@pytest.fixture
def image():
    return GimpImage([Layer(np.arange(48, dtype=np.uint8).reshape(6, 8))])


def started(plugin, image, mode=Mode.NONINTERACTIVE, **settings):
    """Run the plug-in as GIMP does, and return its status and its message."""
    procedure = plugin.PhotochromColorize().do_create_procedure(plugin.PROCEDURE)
    values = procedure.settings | settings
    config = SimpleNamespace(get_property=values.__getitem__)
    return procedure.run(procedure, mode, image, [image.layers[0]], config, None)


def script(path, *lines):
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@POSIX
def test_the_colours_are_a_layer_over_the_untouched_original(plugin, image, tmp_path):
    below = image.layers[0]
    before = below.pixels.copy()
    words, kept_source = tmp_path / "words", tmp_path / "seen.png"
    program = script(
        tmp_path / "photochrom",
        f'printf "%s\\n" "$@" > {words}',
        f'cp "$2" {kept_source}',
        'cp "$2" "$4"',
    )
    assert started(plugin, image, program=program, vividness=0.25) == (Mode.SUCCESS, None)
    top, kept = image.layers
    assert (top.name, top.mode) == ("Colours by Photochrom", Mode.LCH_COLOR)
    assert kept is below
    assert kept.mode is None
    np.testing.assert_array_equal(kept.pixels, before)
    assert image.base == Mode.RGB
    assert image.undo == ["start", "end"]  # one step of undo
    assert image.copy.deleted
    np.testing.assert_array_equal(np.asarray(Image.open(kept_source)), before)
    assert words.read_text().split()[4:6] == ["--vividness", "0.25"]


@POSIX
def test_the_program_knows_what_the_plug_in_says(plugin, image, tmp_path, shoebox):
    """The arguments are handed to the command line itself, with a tiny model."""
    words = tmp_path / "words"
    program = script(tmp_path / "p", f'printf "%s\\n" "$@" > {words}', 'cp "$2" "$4"')
    assert started(plugin, image, program=program)[0] == Mode.SUCCESS
    arguments = words.read_text().splitlines()
    arguments[1], arguments[3] = str(shoebox / "in" / "a.png"), str(tmp_path / "colored.png")
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    assert np.ptp(np.asarray(Image.open(arguments[3])).astype(int), axis=-1).max() > 5


@POSIX
def test_the_program_does_not_get_the_python_of_gimp(plugin, image, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/opt/gimp")
    program = script(tmp_path / "p", 'test -z "$PYTHONHOME" || exit 7', 'cp "$2" "$4"')
    assert started(plugin, image, program=program)[0] == Mode.SUCCESS


def test_a_missing_program_is_explained(plugin, image, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PHOTOCHROM", raising=False)
    status, message = started(plugin, image, program=str(tmp_path / "none"))
    assert status == Mode.EXECUTION_ERROR
    assert "pip install photochrom" in message
    assert len(image.layers) == 1
    assert image.undo == []


@POSIX
def test_the_program_is_found_where_the_environment_says(plugin, tmp_path, monkeypatch):
    program = script(tmp_path / "elsewhere", "exit 0")
    monkeypatch.setenv("PHOTOCHROM", program)
    assert plugin.find_program("") == program


@POSIX
def test_an_error_of_the_program_is_shown(plugin, image, tmp_path):
    program = script(tmp_path / "p", 'echo "expected a picture" >&2', "exit 1")
    status, message = started(plugin, image, program=program)
    assert (status, message) == (
        Mode.EXECUTION_ERROR,
        "photochrom ended with code 1: expected a picture",
    )
    assert len(image.layers) == 1
    assert image.copy.deleted


def test_the_dialog_can_be_cancelled(plugin, image, monkeypatch):
    monkeypatch.setattr(Dialog, "answer", False)
    assert started(plugin, image, Mode.INTERACTIVE)[0] == Mode.CANCEL
    assert len(image.layers) == 1


def test_the_file_can_be_installed(plugin):
    path = Path(plugin.__file__)
    assert path.parent.name == path.stem  # GIMP looks for a program with the name of its folder
    assert path.read_text().startswith("#!/usr/bin/env python3\n")
    assert os.name == "nt" or os.access(path, os.X_OK)
