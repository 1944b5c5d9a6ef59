"""Old names of the interface, which work for one more release and say what they are named now."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["renamed_arguments"]

P = ParamSpec("P")
R = TypeVar("R")


def renamed_arguments(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that accepts the old names of keyword arguments, with a warning.

    Args:
        names: the new name of each old one.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def renaming(*args: P.args, **keywords: P.kwargs) -> R:
            for old in names.keys() & keywords.keys():
                message = f"the argument {old} of {function.__qualname__} is named {names[old]} now"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                keywords[names[old]] = keywords.pop(old)
            return function(*args, **keywords)

        return renaming

    return decorate
