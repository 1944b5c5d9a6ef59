"""Names of files that stand beside others."""

from __future__ import annotations

from itertools import count
from pathlib import PurePath
from typing import Final, TypeVar

__all__ = ["COLORIZED", "colorized", "restored_name"]

COLORIZED: Final = "-colorized"
"""What is added to the name of a photograph, a film or a folder for its result."""

AnyPath = TypeVar("AnyPath", bound=PurePath)


def colorized(path: AnyPath) -> AnyPath:
    """Return the path of a result that stands beside its original: `old-colorized.jpg`."""
    return path.with_stem(path.stem + COLORIZED)


def restored_name(path: AnyPath, taken: set[str]) -> AnyPath:
    """Return the path of a repaired copy that stands beside a result: `old-restored.jpg`.

    Args:
        path: the path of the result.
        taken: paths in small letters that are used already, to which the new one is added.
    """
    names = (path.with_stem(f"{path.stem}-restored{'' if n == 1 else f'-{n}'}") for n in count(1))
    free = next(each for each in names if str(each).casefold() not in taken)
    taken.add(str(free).casefold())
    return free
