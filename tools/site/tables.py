"""Rows of tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable


def row(cells: Iterable[str]) -> str:
    """A row; a bar within a cell is escaped, but not in code, where it needs none."""
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    parts = re.split(r"(`[^`]*`)", text.replace("\n", " "))
    parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
    return "".join(parts)
