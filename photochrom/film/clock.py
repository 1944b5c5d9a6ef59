"""Moments of a film as people write them."""

from __future__ import annotations

import re
from typing import Final

from photochrom.errors import ConfigError

__all__ = ["parse_moment"]

_CLOCK: Final = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def parse_moment(text: str) -> float:
    """`90`, `1:30` or `0:01:30.5` → seconds.

    Raises:
        ConfigError: it is no time.
    """
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise ConfigError(f"expected a time as 90, 1:30 or 0:01:30.5; received {text!r}")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds
