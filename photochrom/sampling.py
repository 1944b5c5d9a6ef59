"""Choose some of many items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["subsample"]

T = TypeVar("T")


def subsample(items: Sequence[T], count: int) -> list[T]:
    """Return at most `count` items, evenly spread from the first on, in their order."""
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]
