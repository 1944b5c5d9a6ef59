"""Load the files of `integrations/`, which is no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2] / "integrations"


def load(name: str) -> ModuleType:
    """Import a file of `integrations/`, given by its path, as a module of its own."""
    path = ROOT / name
    folder = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        f"photochrom_{path.parent.name}_{path.stem.strip('_')}",
        path,
        submodule_search_locations=folder,
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
