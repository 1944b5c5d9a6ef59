#!/usr/bin/env python3
"""A plug-in for GIMP 3 that lays colour over a black-and-white image, in a layer of its own.

The layer has the mode "LCh Color", so the layers below keep their lightness and stay as they are.
GIMP brings a Python of its own, which has no Photochrom. So the program `photochrom` is called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, Gio, GLib, GObject  # noqa: E402  after the versions

PROCEDURE = "plug-in-photochrom-colorize"
NOT_FOUND = (
    "The program photochrom was not found. Install it with “pip install photochrom”. If it is "
    "installed, enter its whole path under Program, or set the environment variable PHOTOCHROM."
)
# What GIMP sets for its own Python and libraries would break those of the program.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH")


class ColoringFailed(Exception):
    """The image cannot be coloured; the message is for the person at the screen."""


def find_program(given: str) -> str:
    """Return the path of the program `photochrom`.

    Args:
        given: what the person entered; a path, a name, or nothing.

    Raises:
        ColoringFailed: there is no such program.
    """
    if given:
        names = [given]
    else:
        # Programs that are started from a menu often do not see the PATH of the shell.
        usual = [Path.home() / ".local/bin/photochrom", "/usr/local/bin/photochrom"]
        names = [os.environ.get("PHOTOCHROM", ""), "photochrom", *map(str, usual)]
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise ColoringFailed(NOT_FOUND)


def call(program: str, source: Path, target: Path, vividness: float) -> None:
    """Colour a picture file.

    Raises:
        ColoringFailed: the program cannot be started, or ends with an error.
    """
    arguments = ["colorize", str(source), "-o", str(target), "--vividness", f"{vividness:g}"]
    arguments += ["--in-color", "recolor", "--no-album"]
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    # Without this, a console would open beside GIMP on Windows.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, env=own, creationflags=flags, check=False
        )
    except OSError as error:
        raise ColoringFailed(f"The program {program} cannot be started: {error}") from error
    if done.returncode or not target.exists():
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise ColoringFailed(f"photochrom ended with code {done.returncode}: {said}")


def add_colors(image: Gimp.Image, program: str, vividness: float) -> None:
    """Add a layer with colours on top of an image, as one step of undo.

    Raises:
        ColoringFailed: the program cannot colour the image, or GIMP cannot write or read a file.
    """
    with tempfile.TemporaryDirectory(prefix="photochrom-") as folder:
        seen, colored = Path(folder, "seen.png"), Path(folder, "colored.png")
        _export(image, seen)
        call(program, seen, colored, vividness)
        image.undo_group_start()
        try:
            if image.get_base_type() == Gimp.ImageBaseType.GRAY:
                image.convert_rgb()  # a grey image cannot hold colours
            file = Gio.File.new_for_path(str(colored))
            layer = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file)
            if layer is None:
                raise ColoringFailed("GIMP cannot read the coloured picture.")
            layer.set_name("Colours by Photochrom")
            layer.set_mode(Gimp.LayerMode.LCH_COLOR)
            image.insert_layer(layer, None, 0)
        finally:
            image.undo_group_end()


def _export(image: Gimp.Image, target: Path) -> None:
    """Write an image as it is seen, with all its layers, and leave the image as it is."""
    copy = image.duplicate()
    try:
        copy.flatten()
        file = Gio.File.new_for_path(str(target))
        if not Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, copy, file, None):
            raise ColoringFailed("GIMP cannot write the picture for Photochrom.")
    finally:
        copy.delete()


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],  # noqa: ARG001  GIMP hands them over
    config: Gimp.ProcedureConfig,
    data: object,  # noqa: ARG001
) -> Gimp.ValueArray:
    """Ask for the settings if a person is there, and colour the image."""
    if run_mode == Gimp.RunMode.INTERACTIVE and not _ask(procedure, config):
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    Gimp.progress_init("Photochrom is colouring the image")
    try:
        program = find_program(config.get_property("program") or "")
        add_colors(image, program, config.get_property("vividness"))
    except ColoringFailed as error:
        failed = Gimp.PDBStatusType.EXECUTION_ERROR
        return procedure.new_return_values(failed, GLib.Error(str(error)))
    Gimp.displays_flush()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


def _ask(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> bool:
    """Show a dialog with the settings; return whether it was confirmed."""
    GimpUi.init("photochrom-colorize")
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Colour with Photochrom")
    dialog.fill(None)
    confirmed = dialog.run()
    dialog.destroy()
    return bool(confirmed)


class PhotochromColorize(Gimp.PlugIn):
    """The plug-in, as GIMP finds it."""

    def do_set_i18n(self, name: str) -> bool:
        """Say that there are no translations."""
        return False

    def do_query_procedures(self) -> list[str]:
        """Name the procedures."""
        return [PROCEDURE]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe the procedure, its place in the menu and its settings."""
        plugin = Gimp.PDBProcType.PLUGIN
        procedure = Gimp.ImageProcedure.new(self, name, plugin, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_documentation(
            "Lay likely colours over a black-and-white image",
            "Adds a layer in the mode LCh Color. The layers below stay as they are.",
            name,
        )
        procedure.set_menu_label("Colour with _Photochrom…")
        procedure.add_menu_path("<Image>/Colors")
        procedure.set_attribution("The Photochrom founders", "Apache-2.0", "2026")
        settings = GObject.ParamFlags.READWRITE
        procedure.add_double_argument(
            "vividness", "_Vividness", "From 0 (cautious) to 1 (vivid)", 0.0, 1.0, 0.5, settings
        )
        procedure.add_string_argument(
            "program", "_Program", "Path of photochrom; empty to look for it", "", settings
        )
        return procedure


Gimp.main(PhotochromColorize.__gtype__, sys.argv)
