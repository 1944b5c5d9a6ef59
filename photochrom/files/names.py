"""Names of files that stand beside others."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, TypeVar

__all__ = ["COLORIZED", "colorized"]

COLORIZED: Final = "-colorized"
"""What is added to the name of a photograph, a film or a folder for its result."""

AnyPath = TypeVar("AnyPath", bound=PurePath)


def colorized(path: AnyPath) -> AnyPath:
    """Return the path of a result that stands beside its original: `old-colorized.jpg`."""
    return path.with_stem(path.stem + COLORIZED)
