"""One fixed split of any set of photographs: to choose by, to calibrate by, to test by.

Whoever chooses between networks, or settings of one, by scores on some photographs makes these
scores too good: they no longer say how the network does on others. So three parts are kept apart.
A photograph's part follows from its own file name alone, so it is the same in every folder, on
every machine, and when photographs are added or taken away.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from typing import Final, Literal, TypeAlias

__all__ = ["PARTS", "Part", "part_of"]

Part: TypeAlias = Literal["choose", "calibrate", "test"]

PARTS: Final[tuple[Part, ...]] = ("choose", "calibrate", "test")
"""To choose a network or a setting by; to find its readings by; to report its scores on."""


def part_of(name: str | os.PathLike[str]) -> Part:
    """The part that a photograph belongs to: a hash of its file name modulo 3.

    Args:
        name: its file name, or a path that ends in it; the folders before it do not count.
    """
    # macOS takes accents apart, others do not
    own = unicodedata.normalize("NFC", os.path.basename(os.fsdecode(name)))  # noqa: PTH119
    digest = hashlib.blake2b(os.fsencode(own), digest_size=8).digest()
    return PARTS[int.from_bytes(digest, "big") % len(PARTS)]
