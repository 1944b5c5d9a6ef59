"""A fixed split of any set of photographs into parts to choose, calibrate and test a network.

Whoever selects a network or its settings by scores on some photographs makes these scores too
good: they no longer predict the scores on other photographs. Therefore three parts are kept apart.
A photograph's part depends on its own file name alone, so it is the same in every folder and on
every machine, and does not change when photographs are added or removed.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from typing import Final, Literal, TypeAlias

__all__ = ["PARTS", "Part", "part_of"]

Part: TypeAlias = Literal["choose", "calibrate", "test"]

PARTS: Final[tuple[Part, ...]] = ("choose", "calibrate", "test")
"""Parts to choose a network or a setting by, to calibrate its decoding, and to report scores on."""


def part_of(name: str | os.PathLike[str]) -> Part:
    """Return the part that a photograph belongs to: a hash of its file name, modulo 3.

    Args:
        name: file name of the photograph, or its path; the folders do not matter.
    """
    # macOS stores accents as separate characters, other systems do not: normalise them.
    file_name = unicodedata.normalize("NFC", os.path.basename(os.fsdecode(name)))  # noqa: PTH119
    digest = hashlib.blake2b(os.fsencode(file_name), digest_size=8).digest()
    return PARTS[int.from_bytes(digest, "big") % len(PARTS)]
