"""Rows of tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable


def row(cells: Iterable[str]) -> str:
    """Return a row of a table; bars are escaped, except in code."""
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    parts = re.split(r"(`[^`]*`)", text.replace("\n", " "))
    parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
    return "".join(parts)
