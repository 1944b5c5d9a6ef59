"""Which module imports which: the runtime stays light, and no layer imports from above."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import photochrom
from tests.support import write_pictures

ROOT = Path(photochrom.__file__).parent
LAYERS = {
    1: ["checks", "deprecation", "errors", "parallel", "progress", "files"],
    2: ["photo", "color", "model", "guidance", "restoration"],
    3: [
        "album",
        "colorizer",
        "color_photo",
        "prediction",
        "options",
        "archive",
        "provenance",
        "batch",
        "documents",
        "film",
        "scoring",
    ],
    4: ["training", "recipes"],
    5: ["cli", "web", "serve_ray", "mcp_server", "__main__"],
}
LAYER_OF = {package: layer for layer, packages in LAYERS.items() for package in packages}
TRAINING = ("recipes", "training", "cli.training_progress")
HEAVY = {"keras", "tensorflow", "jax", "torch", "matplotlib", "pydantic"}

TYPERS_OWN = {"pydantic"}  # Typer looks for it by itself; ours is held by the last tests


# --- what is loaded -------------------------------------------------------------------------


def loaded_after(code: str, **environment: str) -> set[str]:
    """Return the top-level packages that are loaded after running code in a new process."""
    print_packages = "import sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{print_packages}"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def commanded(*arguments: str) -> str:
    return f"""
from photochrom.cli.app import app
assert app({list(arguments)!r}, standalone_mode=False) in (0, None)
"""


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_after("import photochrom")
    assert not loaded & (HEAVY | {"numpy", "cv2", "PIL", "onnxruntime", "typer", "rich"})


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["colorize", "--help"], ["serve", "--help"]]
)
def test_the_version_and_the_help_are_quick(arguments):
    loaded = loaded_after(commanded(*arguments)) - TYPERS_OWN
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"numpy", "cv2", "PIL", "onnxruntime"})


@pytest.mark.slow
def test_the_service_is_loaded_when_it_is_begun_and_the_page_when_it_is_wanted():
    web = {"fastapi", "gradio", "starlette", "uvicorn"}
    assert not loaded_after("import photochrom.web") & (web | HEAVY | {"numpy"})
    loaded = loaded_after("import photochrom.web.app, photochrom.web.server")
    assert loaded & web == web - {"gradio"}


@pytest.mark.slow
def test_colouring_a_photograph_needs_no_training_code(tmp_path, model_folder):
    write_pictures(tmp_path, "old.png")
    old, new = str(tmp_path / "old.png"), str(tmp_path / "new.jpg")
    loaded = loaded_after(
        f"import photochrom\nphotochrom.Colorizer({str(model_folder)!r})"
        f".colorize({old!r}).save({new!r})"
    )
    assert {"numpy", "cv2", "PIL", "onnxruntime"} <= loaded
    assert not loaded & HEAVY
    assert (tmp_path / "new.jpg").exists()


@pytest.mark.slow
def test_the_command_needs_no_training_code(tmp_path, model_folder):
    write_pictures(tmp_path / "in", "old.png", "older.jpg")
    arguments = ["colorize", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--json"]
    loaded = loaded_after(commanded(*arguments), PHOTOCHROM_MODEL=str(model_folder))
    assert "onnxruntime" in loaded
    assert not loaded & (HEAVY - TYPERS_OWN)
    assert len(list((tmp_path / "out").iterdir())) == 2


# --- who imports whom -----------------------------------------------------------------------


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the package by its name below `photochrom`; a package is its `__init__`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def statements(node: ast.AST, *, types: bool, later: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements; `types`: those for type checkers too; `later`: within functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif is_for_types(child) and not types:
            for other in child.orelse:
                yield from statements(other, types=types, later=later)
        elif later or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from statements(child, types=types, later=later)


def imported(name: str, *, types: bool = True, later: bool = True) -> Iterator[str]:
    """Full names of the modules that a module imports."""
    for node in statements(sources()[name], types=types, later=later):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            continue
        assert not node.level, f"{name} has a relative import"
        base = (node.module or "").removeprefix("photochrom").removeprefix(".")
        for alias in node.names:
            below = f"{base}.{alias.name}".removeprefix(".")
            ours = (node.module or "").partition(".")[0] == "photochrom"
            yield f"photochrom.{below}" if ours and below in sources() else node.module or ""


def neighbours(name: str, *, types: bool = True, later: bool = True) -> set[str]:
    """Our own modules that a module imports; `photochrom` itself, which loads nothing, is not."""
    found = imported(name, types=types, later=later)
    return {each.removeprefix("photochrom.") for each in found if each.startswith("photochrom.")}


def packages_of(name: str, *, types: bool = True, later: bool = True) -> set[str]:
    """Return the top-level packages that a module imports."""
    return {each.partition(".")[0] for each in imported(name, types=types, later=later)}


def layer_of(name: str) -> int:
    return LAYER_OF[name.partition(".")[0]]


def is_training(name: str) -> bool:
    return name.startswith(TRAINING)


def is_runtime(name: str) -> bool:
    return bool(name) and not is_training(name) and not name.startswith("cli")


def test_every_package_has_a_layer():
    assert {name.partition(".")[0] for name in sources() if name} <= set(LAYER_OF)


def test_no_module_imports_from_a_layer_above():
    above = {
        name: {other for other in neighbours(name) if layer_of(other) > layer_of(name)}
        for name in sources()
        if name
    }
    assert {name: others for name, others in above.items() if others} == {}


def test_only_the_training_code_knows_keras():
    """Not even within a function; `train` and `tune` go through the training code."""
    known = {name: packages_of(name) for name in sources() if not is_training(name)}
    for name in known:
        if name.startswith("web.") or name == "mcp_server":
            known[name] -= {"pydantic"}  # FastAPI and the MCP server are made with it
    heavy = {"keras", "tensorflow", "jax", "torch", "pydantic", "grain"}
    assert {name: packages & heavy for name, packages in known.items() if packages & heavy} == {}


def test_the_runtime_imports_nothing_of_the_training_code():
    runtime = [name for name in sources() if is_runtime(name)]
    assert not [name for name in runtime if any(map(is_training, neighbours(name)))]


def test_keras_is_used_through_keras_alone():
    """A framework is imported only within a function that converts from it."""
    frameworks = {"tensorflow", "jax", "torch"}
    now = {name: packages_of(name, types=False, later=False) & frameworks for name in sources()}
    assert {name: packages for name, packages in now.items() if packages} == {}


def test_no_module_imports_itself_in_a_circle():
    graph = {name: loads(name) for name in sources() if name}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name in done:
            return
        for other in sorted(graph.get(name, ())):
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def loads(name: str) -> set[str]:
    """Return the modules that must be loaded before a module; a package's may be incomplete."""
    return {
        other
        for other in neighbours(name, types=False, later=False)
        if not name.startswith(f"{other}.")
    }
