"""The pages of the Python API: directives for mkdocstrings, from the public names.

Nothing is imported. `__all__` is read from the source, so that a module which is renamed, added or
removed changes the site by itself.
"""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = "photochrom"
LEFT_OUT = {"cli", "__main__"}  # the command line has a page of its own
FRONT = """These names come from the package itself. The pages of its modules have the others.

```python
import photochrom

photochrom.colorize("old.jpg").save("new.jpg")
```
"""


def titles(root: Path) -> dict[str, str]:
    """The name of each page, and its title."""
    return {"index.md": PACKAGE} | {f"{name}.md": f"{PACKAGE}.{name}" for name in _rooms(root)}


def pages(root: Path) -> dict[str, str]:
    """The text of each page, by its name."""
    texts = {"index.md": _front(root)}
    for name, paths in _rooms(root).items():
        texts[f"{name}.md"] = _room(root, name, paths)
    return texts


def _front(root: Path) -> str:
    names = [name for name in public(root / PACKAGE / "__init__.py") if not name.startswith("_")]
    asked = [f"::: {PACKAGE}.{name}\n    options:\n      heading_level: 2\n" for name in names]
    return "\n".join([f"# {PACKAGE}\n\n{FRONT}", *asked])


def _rooms(root: Path) -> dict[str, list[Path]]:
    """Return the direct subpackages and modules, each with its files that have public names."""
    found = {}
    for path in sorted((root / PACKAGE).iterdir()):
        if path.stem.startswith("_") or path.stem in LEFT_OUT:
            continue
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        own = path / "__init__.py"
        if path.is_dir():  # what is in no package is not found by mkdocstrings
            files = [each for each in files if _is_packaged(each, path)]
        if own in files and public(own):
            files = [own]  # what a package offers is what it says it offers
        named = [each for each in files if each.suffix == ".py" and public(each)]
        if named:
            found[path.stem] = named
    return found


def _is_packaged(path: Path, room: Path) -> bool:
    folders = [each for each in path.parents if each == room or room in each.parents]
    return all((each / "__init__.py").exists() for each in folders)


def public(path: Path) -> list[str]:
    """The names in a file's `__all__`; none where it has none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def _room(root: Path, name: str, paths: list[Path]) -> str:
    if len(paths) == 1:
        return _page(root, f"{PACKAGE}.{name}", paths[0])
    return f"# {PACKAGE}.{name}\n\n" + "\n".join(
        _ask(_dotted(root, each), each, 2) for each in paths
    )


def _page(root: Path, title: str, path: Path) -> str:
    return f"# {title}\n\n" + _ask(_dotted(root, path), path, 1)


def _dotted(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _ask(module: str, path: Path, level: int) -> str:
    """A module's docstring and its public names."""
    names = "".join(f"\n        - {name}" for name in public(path) if name != "__version__")
    heading = "" if level == 1 else f"## `{module}`\n\n"
    return (
        f"{heading}::: {module}\n    options:\n      show_root_heading: false\n"
        f"      heading_level: {level + 1}\n      members:{names}\n"
    )
