"""The names of recipes, without importing any: bundled, in an installed package, a file, a module.

Four kinds of names are understood:

- `fusion`: a recipe that comes with Photochrom;
- `faded`: an entry point in the group `photochrom.recipes` of an installed package;
- `path/to/mine.py` or `path/to/mine.py:Mine`: a class in a file;
- `package.module:Mine`: a class in a module that Python can import.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from photochrom.errors import RecipeError

__all__ = ["GROUP", "RECIPES", "as_file", "locate", "offered", "short_name", "titles"]

GROUP: Final = "photochrom.recipes"

# Bundled name → class. The description is the class's own `title`: `titles` reads it from the
# source text, so that it is written only once and listing the recipes does not import Keras.
RECIPES: Final = {
    "photochrom": "photochrom.recipes.photochrom:Photochrom",
    "deep_colorization": "photochrom.recipes.deep_colorization:DeepColorization",
    "rebalanced": "photochrom.recipes.rebalanced:Rebalanced",
    "luv_classifier": "photochrom.recipes.luv_classifier:LuvClassifier",
    "dcgan": "photochrom.recipes.dcgan:Dcgan",
    "fusion": "photochrom.recipes.fusion:Fusion",
    "autoencoder": "photochrom.recipes.autoencoder:Autoencoder",
}

_FILE: Final = re.compile(r"(.+\.py)(?::(\w+))?", re.S)


def titles() -> dict[str, str]:
    """Return the name and the one-line description of every bundled recipe."""
    return {name: _title(*location.split(":")) for name, location in RECIPES.items()}


def _title(module: str, cls: str) -> str:
    """Read the class attribute `title` from the source of a module that is not imported."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    for node in ast.parse(Path(spec.origin).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == cls:
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "title":
                    return str(ast.literal_eval(line.value))
    return ""


def offered() -> list[EntryPoint]:
    """Return the recipes that installed packages register as entry points, sorted by name."""
    found = {(each.name, each.value): each for each in entry_points(group=GROUP)}
    return [found[key] for key in sorted(found)]


def as_file(name: str) -> tuple[Path, str] | None:
    """Split `path/to/file.py:Class` into its file and its class, "" if none is named.

    Returns:
        None if the name is not that of a Python file.
    """
    match = _FILE.fullmatch(name)
    return (Path(match[1]).expanduser(), match[2] or "") if match else None


def locate(name: str, folder: Path | None = None) -> str:
    """Return a recipe's name in a form that means the same in every folder and every process.

    Nothing is imported, and the file or module need not be there. A bundled name wins over an
    entry point of the same name.

    Args:
        name: as a person gave it.
        folder: what a relative path starts from; by default the working directory.

    Returns:
        A bundled name, an absolute path with or without `:Class`, or `package.module:Class`. An
        unknown name is returned unchanged.

    Raises:
        RecipeError: two installed packages offer that name.
    """
    if name in RECIPES:
        return name
    if file := as_file(name):
        path = str(((folder or Path()) / file[0]).resolve())
        return f"{path}:{file[1]}" if file[1] else path
    found = [f"{each.module}:{each.attr}" for each in offered() if each.name == name]
    if len(found) > 1:
        raise RecipeError(
            f"expected one recipe named {name!r}; installed packages offer {len(found)}: "
            f"{', '.join(found)}. Use one of these instead of the name"
        )
    return found[0] if found else name


def short_name(name: str) -> str:
    """Return a recipe's name without the folders or packages before it, for people to read.

    `path/to/mine.py` becomes `mine`; with a class, in a file or a module, that class remains.
    """
    if file := as_file(name):
        return file[1] or file[0].stem
    return name.rpartition(":")[2]
