"""What commands say: messages and progress on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["emit", "fail", "note", "progress", "shown", "stderr"]

_TURNS: Final = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def stderr() -> Console:
    """A console for people."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def shown(text: str) -> str:
    """For one line of a terminal: what is in a file's name is shown there, and not obeyed."""
    return "".join(ascii(each)[1:-1] if _is_order(each) else each for each in text)


def _is_order(character: str) -> bool:
    """Control characters, ends of lines, and what turns the direction of writing."""
    kind, turns = unicodedata.category(character), unicodedata.bidirectional(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or turns in _TURNS


def fail(message: str) -> None:
    """Say what went wrong."""
    sys.stderr.write(f"photochrom: {shown(message)}\n")


def note(message: str) -> None:
    """Say what a person should know."""
    sys.stderr.write(f"{shown(message)}\n")


def emit(record: Mapping[str, Any]) -> None:
    """One JSON object a line on stdout, for programs; ASCII, so that no file's name is lost."""
    if sys.stdout is not None:  # closed, by a daemon say
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


def progress(unit: str) -> Progress:
    """A bar with count, speed and time left; shown only where stderr is a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, left"),
        TimeRemainingColumn(),
        TextColumn("gone"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
