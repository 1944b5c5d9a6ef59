"""Public names are those in `__all__`, in order, and all of them are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import photochrom

pytestmark = pytest.mark.slow  # every module is imported, with TensorFlow and Gradio

ROOT = Path(photochrom.__file__).parent
SETTLES_KERAS = ("recipes", "training", "cli.training_progress")  # they need the extra [train]


def modules() -> list[str]:
    names = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name != "__main__":
            names.append(name)
    return names


def light_modules() -> list[str]:
    left_out = SETTLES_KERAS if find_spec("ray") else (*SETTLES_KERAS, "serve_ray")
    return [name for name in modules() if not name.startswith(left_out)]


@cache
def tree(name: str) -> ast.Module:
    path = ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def exported(name: str) -> list[str] | None:
    for node in tree(name).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def as_ruff_sorts(names: list[str]) -> list[str]:
    """CONSTANTS, then Classes, then the rest, each with 2 before 10 (RUF022)."""

    def key(name: str) -> tuple[int, list[tuple[int, int | str]]]:
        rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
        pieces = [piece for piece in re.split(r"(\d+)", name) if piece]
        return rank, [(0, int(p)) if p.isdigit() else (1, p) for p in pieces]

    return sorted(names, key=key)


def test_a_module_without_exported_names_has_private_ones_only():
    open_doors = [
        f"{name}.{node.name}"
        for name in modules()
        if exported(name) is None
        for node in tree(name).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert open_doors == []


def test_exported_names_are_sorted_and_listed_once():
    lists = {name: names for name in modules() if (names := exported(name)) is not None}
    assert lists == {name: as_ruff_sorts(sorted(set(names))) for name, names in lists.items()}


def test_every_exported_name_is_there():
    for name in light_modules():
        module = import_module(f"photochrom.{name}" if name else "photochrom")
        missing = [each for each in exported(name) or [] if getattr(module, each, None) is None]
        assert not missing, f"{name} lacks {missing}"


@pytest.mark.parametrize("name", ["photo", "scoring", "cli", "recipes"])
def test_a_package_exports_all_that_it_imports_to_be_exported(name):
    imported = {
        alias.asname or alias.name
        for node in tree(name).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("photochrom." + name)
        for alias in node.names
    }
    assert imported <= set(exported(name) or [])


def test_the_package_itself_leaves_nothing_out():
    listed = set(photochrom.__all__)
    assert listed == {*photochrom._MODULES, "__version__"}
    known = {
        alias.name
        for node in ast.walk(tree(""))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("photochrom.")
        for alias in node.names
    }
    assert known == set(photochrom._MODULES)  # what a type checker sees is what is there
    defined = {
        node.name for node in tree("").body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert {name for name in defined if not name.startswith("_")} <= listed


def test_dir_tells_them():
    assert dir(photochrom) == sorted(photochrom.__all__)


def test_names_come_from_the_places_that_a_type_checker_sees():
    for name, home in photochrom._MODULES.items():
        assert getattr(photochrom, name) is getattr(import_module(f"photochrom.{home}"), name)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'photochrom' has no attribute 'sepia'"):
        _ = photochrom.sepia


def test_the_version_is_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(dev|a|b|rc)\d+)?", photochrom.__version__)
