"""Times within a film, in the form in which people type them."""

from __future__ import annotations

import re
from typing import Final

from photochrom.errors import ConfigError

__all__ = ["parse_moment"]

_TIME: Final = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def parse_moment(text: str) -> float:
    """Convert a time such as `90`, `1:30` or `0:01:30.5` to seconds.

    Raises:
        ConfigError: `text` is not a time in one of these forms.
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"expected a time such as 90, 1:30 or 0:01:30.5; received {text!r}")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
