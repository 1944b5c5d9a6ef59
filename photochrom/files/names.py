"""Names of files that stand beside others."""

from __future__ import annotations

import hashlib
import os
from itertools import count
from pathlib import PurePath
from typing import Final, TypeVar

__all__ = ["COLORIZED", "colorized", "hidden_beside", "restored_name"]

_LONGEST: Final = 255  # bytes of a name, on nearly all file systems

COLORIZED: Final = "-colorized"
"""What is added to the name of a photograph, a film or a folder for its result."""

AnyPath = TypeVar("AnyPath", bound=PurePath)


def colorized(path: AnyPath) -> AnyPath:
    """Return the path of a result that stands beside its original: `old-colorized.jpg`."""
    return path.with_stem(path.stem + COLORIZED)


def hidden_beside(name: str, ending: str) -> str:
    """Return the name of something hidden that stands beside a file: `.old.mp4.photochrom`.

    Where it would be too long for a file system, a hash takes the place of the end of `name`.

    Args:
        name: the name of the file.
        ending: what is added to it.
    """
    whole, encoded = f".{name}{ending}", os.fsencode(name)
    if len(os.fsencode(whole)) <= _LONGEST:
        return whole
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    room = _LONGEST - len(f".-{digest}{ending}")
    return f".{encoded[:room].decode(errors='ignore')}-{digest}{ending}"


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
