"""The page of all commands, generated from the program."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from tables import row
from typer.main import get_command

from photochrom.cli.app import app

HEAD = """# The command line

`photochrom COMMAND --help` says the same in a terminal. This page is made from the program.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([HEAD, *_sections(get_command(app), ["photochrom"])])


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a command and all its subcommands, with the words that call each."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*words, name))


def _sections(root: Any, program: list[str]) -> Iterator[str]:
    for words, command in commands(root):
        if words:
            yield f"## `{' '.join([*program, *words])}`\n"
        yield _prose(command.help or "") + "\n"
        yield from _parameters(command)


def _prose(text: str) -> str:
    return re.sub(r"[\f\b]", "", inspect.cleandoc(text))


def _parameters(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    if not shown:
        return
    annotated = get_type_hints(command.callback, include_extras=True) if command.callback else {}
    yield "| | takes | default | what it is |\n|---|---|---|---|"
    for each in shown:
        kind, *infos = get_args(annotated.get(each.name, None)) or (bool,)
        yield _row(each, kind, infos[0] if infos else None)
    yield ""


def _row(parameter: Any, kind: Any, info: Any) -> str:
    is_option = parameter.opts[0].startswith("-")
    name = str(parameter.metavar or parameter.name.upper())
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [name]
    cells = [
        ", ".join(f"`{each}`" for each in names),
        _takes(parameter.metavar, kind, info) if is_option else "",
        _default(parameter),
        parameter.help or "",
    ]
    return row(cells)


def _takes(metavar: str | None, kind: Any, info: Any) -> str:
    """Return the placeholder after an option's name."""
    if metavar:
        return f"`{metavar}`"
    members = [each for each in get_args(kind) if each is not type(None)]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in members)
    if members:  # a list of something, or something that may be left out
        return _takes(None, members[0], info)
    if kind in (int, float):
        least, most = (getattr(info, name, None) for name in ("min", "max"))
        bounds = ("" if least is None else f" from {least:,}") + (
            "" if most is None else f" to {most:,}"
        )
        return ("a whole number" if kind is int else "a number") + bounds
    return {bool: "", Path: "a path"}.get(kind, "a text")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    said, value = getattr(parameter, "show_default", None), parameter.default
    if isinstance(said, str):
        return said
    if parameter.secondary_opts and isinstance(value, bool):
        return f"`{(parameter.opts if value else parameter.secondary_opts)[0]}`"
    if value in (None, "", (), False) or callable(value):
        return ""
    return f"`{value}`"
