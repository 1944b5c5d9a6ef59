"""Which pages of a document to colour."""

from __future__ import annotations

import re
from typing import Final

from photochrom.errors import ConfigError

__all__ = ["PAGES_PATTERN", "check_pages", "select"]

# Nine digits are enough, and Python refuses to convert thousands of them.
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})?)?")
_PART: Final = "[1-9][0-9]{0,8}(-([1-9][0-9]{0,8})?)?"
PAGES_PATTERN: Final = f"^(all|{_PART}(,{_PART})*)$"
"""A regular expression for lists of pages without spaces; a range may end before it begins."""


def check_pages(text: str) -> None:
    """Check a list of pages, such as "all", "2" or "1,3-5,9-", before any document is known.

    Raises:
        ConfigError: `text` is not such a list.
    """
    _ranges(text)


def select(text: str, count: int) -> list[int]:
    """Return the pages of a document that a list names.

    Args:
        text: "all", or numbers and ranges from 1, such as "1,3-5,9-".
        count: the number of pages of the document.

    Returns:
        Indices of pages, from 0, in the document's order.

    Raises:
        ConfigError: `text` is not a list of pages, or names a page that does not exist.
    """
    ranges = _ranges(text)
    if ranges is None:
        return list(range(count))
    chosen: set[int] = set()
    for first, last in ranges:
        if max(first, last or 0) > count:
            raise ConfigError(f"expected pages from 1 to {count}; received {max(first, last or 0)}")
        chosen.update(range(first - 1, last or count))
    return sorted(chosen)


def _ranges(text: str) -> list[tuple[int, int | None]] | None:
    """Return first and last page of each range, None for an open end; None for all pages."""
    if text.strip().lower() == "all":
        return None
    ranges: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if not match:
            raise _not_a_list(text)
        first = int(match[1])
        last = int(match[2]) if match[2] else None if part.strip().endswith("-") else first
        if first < 1 or (last is not None and last < first):
            raise _not_a_list(text)
        ranges.append((first, last))
    return ranges


def _not_a_list(text: str) -> ConfigError:
    return ConfigError(f'expected "all", or pages such as "1,3-5"; received {text!r}')
