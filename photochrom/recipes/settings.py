"""List the settings that Pydantic models check, and explain what is wrong with some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

__all__ = ["Setting", "complaints", "settings_of"]

# Keywords of JSON Schema, and the words for them in messages.
_LIMITS: Final = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "multipleOf": "a multiple of",
}
_MIN_SIMILARITY: Final = 0.75  # from 0 to 1: of a wrong name to the one that may have been meant


class Setting(NamedTuple):
    """A setting that can be made.

    Attributes:
        name: its name, with its section: "train.epochs".
        default: its default as `key=value` takes it.
        meaning: what it does, and which values it takes.
    """

    name: str
    default: str
    meaning: str


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Yield the settings in a model and its sections, in their order.

    Args:
        model: the model that checks them.
        prefix: what to put before each name, for example "options.".
    """
    schema = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        if section := _section(field):
            yield from settings_of(section, f"{prefix}{name}.")
        else:
            default = json.dumps(field.get_default(call_default_factory=True))
            limits = _limits(schema[name])
            meaning = "; ".join(filter(None, (field.description, limits)))
            yield Setting(prefix + name, default, meaning)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that is a section; None if it is a setting."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _limits(schema: Mapping[str, object]) -> str:
    """Say which values a field takes."""
    if isinstance(choices := schema.get("enum"), list):
        return f"one of {', '.join(map(str, choices))}"
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return ", ".join(f"{words} {schema[key]}" for key, words in _LIMITS.items() if key in schema)


def complaints(error: ValidationError, model: type[BaseModel]) -> str:
    """Format a Pydantic error as one line.

    Args:
        error: the error.
        model: the model that found it.

    Returns:
        For example "kernel_size: input should be 3, 5 or 7; received 4".
    """
    problems = []
    for each in error.errors():
        setting = ".".join(str(part) for part in each["loc"]) or "options"
        if each["type"] == "extra_forbidden":
            problems.append(f"{setting}: there is no such setting{_hint(setting, model)}")
        else:
            problems.append(f"{setting}: {each['msg'].lower()}; received {each['input']!r}")
    return "; ".join(problems)


def _hint(wrong: str, model: type[BaseModel]) -> str:
    """Ask whether a similar name was meant, or the same name in its section."""
    names = list(_names(model))
    last_parts = {name.rpartition(".")[2]: name for name in reversed(names)}
    if match := _closest(wrong, names):
        return f"; did you mean {match}?"
    if match := _closest(wrong.rpartition(".")[2], list(last_parts)):
        return f"; did you mean {last_parts[match]}?"
    # A run's configuration cannot know what the recipe takes.
    return "; the recipe's own settings begin with options." if "options" in names else ""


def _names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the names of all settings and sections."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if section := _section(field):
            yield from _names(section, f"{prefix}{name}.")


def _closest(wrong: str, names: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(wrong, names, 1, _MIN_SIMILARITY)), None)
