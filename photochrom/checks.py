"""Checks of arguments that several functions take, and the messages about them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import SupportsFloat, SupportsIndex

from photochrom.errors import ConfigError, ConfigTypeError, PhotochromError

__all__ = ["check_number", "naming"]


@contextmanager
def naming(setting: str) -> Iterator[None]:
    """Put the name of a setting, as a person knows it, before messages about its value."""
    try:
        yield
    except PhotochromError as error:
        error.args = (f"{setting}: {error}",)
        raise


def check_number(
    value: object,
    expected: str,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    whole: bool = False,
) -> None:
    """Check that an argument is a number from `low` to `high`; it must be finite.

    Args:
        value: the argument.
        expected: what it ought to be, for the message, for example "a quality from 1 to 100".
        low: the smallest number that is allowed.
        high: the largest number that is allowed.
        whole: whether it must be an integer.

    Raises:
        ConfigTypeError: it is not a number, or not a whole one.
        ConfigError: it is out of range, infinite or NaN.
    """
    number = _number(value, whole=whole)
    if number is None:
        raise ConfigTypeError(f"expected {expected}; received {value!r}")
    if not (low <= number <= high and -math.inf < number < math.inf):
        raise ConfigError(f"expected {expected}; received {value}")


def _number(value: object, *, whole: bool) -> float | None:
    """Return a Python or NumPy number; None for anything else, also for numbers in a text."""
    kind = SupportsIndex if whole else SupportsFloat
    if not isinstance(value, kind):
        return None
    try:
        return value.__index__() if isinstance(value, SupportsIndex) else float(value)
    except (TypeError, ValueError):  # an array of several numbers
        return None
