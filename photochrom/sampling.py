"""Some of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["subsample"]

T = TypeVar("T")


def subsample(items: Sequence[T], count: int) -> list[T]:
    """At most so many of them, evenly spread from the first on, in their order."""
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]
