"""Import the class that a recipe's name stands for, and check that it is a recipe."""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from photochrom.errors import MissingExtra, PhotochromError, RecipeError
from photochrom.recipes.registry import RECIPES, as_file, locate, offered

if TYPE_CHECKING:
    from photochrom.recipes.base import AnyRecipe

__all__ = ["naming_mistakes", "public_name", "recipe", "recipe_class", "reference"]

_TRAINING: Final = ("keras", "pydantic")  # what the extra [train] brings and recipes import
_EXPECTED: Final = ("name", "Options", "output_scale", "size_multiple")


def recipe(name: str, options: Mapping[str, object] | None = None) -> AnyRecipe:
    """Build a recipe with these options, the others at their defaults.

    Raises:
        RecipeError: there is no such recipe, or an option is unknown or out of range.
        MissingExtra: Keras is not installed.
    """
    return recipe_class(name).from_options(options or {})


def recipe_class(name: str) -> type[AnyRecipe]:
    """Return the class that a name stands for; `photochrom.recipes.registry` lists the forms.

    A file is imported once in a process: later changes to it are not seen.

    Raises:
        RecipeError: there is no such recipe, it cannot be imported, or it is not complete.
        MissingExtra: Keras is not installed.
    """
    location = locate(name)
    if file := as_file(location):
        found = _class_in(_module_at(file[0]), file[1], str(file[0]))
    else:
        module, colon, cls = RECIPES.get(location, location).rpartition(":")
        if not (module and colon and cls):
            raise RecipeError(_unknown(name))
        with _importing(module):
            imported = import_module(module)
        found = _class_in(imported, cls, module)
    _check(found, location)
    return found


def reference(cls: type[AnyRecipe]) -> str:
    """Return the name by which another process finds this class."""
    location = f"{cls.__module__}:{cls.__qualname__}"
    if _is_bundled(cls):
        return cls.name
    module = sys.modules[cls.__module__]
    if cls.__module__ == "__main__" or cls.__module__ == _module_name(_file_of(module)):
        return f"{_file_of(module)}:{cls.__qualname__}"
    return location


def public_name(location: str) -> str:
    """Return a recipe's name as a model's card tells it: of a file, without its folder."""
    file = as_file(location)
    return f"{file[0].name}:{file[1]}".rstrip(":") if file else location


def _unknown(name: str) -> str:
    names = [*RECIPES, *(each.name for each in offered() if each.name not in RECIPES)]
    return (
        f"expected one of the recipes {', '.join(names)}, or path/to/file.py, or "
        f"package.module:Class; received {name!r}"
    )


def _is_bundled(cls: type[AnyRecipe]) -> bool:
    return RECIPES.get(cls.name) == f"{cls.__module__}:{cls.__qualname__}"


# --- importing ------------------------------------------------------------------------------


def _module_at(path: Path) -> ModuleType:
    """Import a file, once: Keras knows a layer by its class, and two copies would not match."""
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        raise RecipeError(f"expected a recipe in {path}; there is no such file")
    spec = spec_from_file_location(name, path)
    assert spec is not None  # it ends in .py
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)  # pydantic looks for it there
    try:
        with _importing(str(path)):
            spec.loader.exec_module(module)
    except PhotochromError:
        del sys.modules[name]
        raise
    return module


def _module_name(path: Path) -> str:
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]  # two folders may hold a mine.py
    return f"photochrom_recipe_{path.stem}_{digest}"


def _file_of(module: ModuleType) -> Path:
    return Path(getattr(module, "__file__", None) or f"{module.__name__}.py").resolve()


@contextmanager
def _importing(location: str) -> Iterator[None]:
    """Turn whatever goes wrong in somebody's module into an error that names it."""
    try:
        yield
    except (Exception, SystemExit) as error:
        lost = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
        if lost and (lost.partition(".")[0] in _TRAINING or location in _bundled_modules()):
            raise MissingExtra("train", "building a recipe") from error
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f", line {each.lineno}" for each in frames if each.filename == location), "")
        raise RecipeError(
            f"cannot import the recipe {location}{line}: {type(error).__name__}: {error}"
        ) from error


@contextmanager
def naming_mistakes(name: str) -> Iterator[None]:
    """Turn a mistake in the methods of a recipe from a file into an error that names its line.

    Args:
        name: the recipe, as for `recipe_class`. Errors of other recipes pass unchanged.

    Raises:
        RecipeError: a method of the recipe raised an exception.
    """
    try:
        yield
    except PhotochromError:
        raise
    except Exception as error:
        file = as_file(locate(name))
        frames = traceback.extract_tb(error.__traceback__)
        lines = [each for each in frames if file and each.filename == str(file[0])]
        if not lines:
            raise
        raise RecipeError(
            f"{file[0] if file else name}, line {lines[-1].lineno}, in {lines[-1].name}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _bundled_modules() -> set[str]:
    return {each.partition(":")[0] for each in RECIPES.values()}


# --- the class ------------------------------------------------------------------------------


def _class_in(module: ModuleType, name: str, location: str) -> type[AnyRecipe]:
    """Return the class of that name, or the only recipe that is defined in the module."""
    from photochrom.recipes.base import Recipe

    if name:
        found = getattr(module, name, None)
        if found is None:
            raise RecipeError(f"expected a class {name} in {location}; there is none")
        if not (isinstance(found, type) and issubclass(found, Recipe)):
            raise RecipeError(
                f"expected {name} in {location} to be a subclass of "
                "photochrom.recipes.base.Recipe; it is not"
            )
        return found
    classes = {
        each.__name__: each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Recipe)
        and each.__module__ == module.__name__
        and not inspect.isabstract(each)
    }
    if len(classes) > 1:
        raise RecipeError(
            f"expected one recipe in {location}; there are {', '.join(classes)}. "
            f"Name one of them: {location}:{next(iter(classes))}"
        )
    if not classes:
        raise RecipeError(
            f"expected a recipe in {location}; it defines no subclass of "
            "photochrom.recipes.base.Recipe with the methods build and compile"
        )
    return classes.popitem()[1]


def _check(cls: type[AnyRecipe], location: str) -> None:
    missing = [name for name in _EXPECTED if not hasattr(cls, name)]
    missing += sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise RecipeError(f"the recipe {location} is not complete; it lacks {', '.join(missing)}")
    if cls.name in RECIPES and not _is_bundled(cls):
        raise RecipeError(
            f"expected the recipe {location} to have a name of its own; {cls.name!r} is the name "
            "of a bundled recipe"
        )
