"""How luma and chroma are made of red, green and blue, and how they are stored as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

__all__ = ["BT601", "BT709", "BT2020", "JPEG", "Levels", "Matrix"]


@dataclass(frozen=True)
class Matrix:
    """Y' = Kr R' + Kg G' + Kb B', Cb = (B' - Y') / (2 - 2 Kb), Cr = (R' - Y') / (2 - 2 Kr).

    Attributes:
        kr: the share of red in luma.
        kb: the share of blue.
    """

    kr: float
    kb: float

    @cached_property
    def weights(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Of red, green and blue in luma, (3,) float32."""
        return np.array([self.kr, 1 - self.kr - self.kb, self.kb], np.float32)

    @cached_property
    def red_cr(self) -> np.float32:
        """R' - Y' for each Cr."""
        return np.float32(2 - 2 * self.kr)

    @cached_property
    def blue_cb(self) -> np.float32:
        """B' - Y' for each Cb."""
        return np.float32(2 - 2 * self.kb)

    @cached_property
    def green_cb(self) -> np.float32:
        """G' - Y' for each Cb: green is what luma leaves when red and blue are taken from it."""
        return np.float32(-self.kb * (2 - 2 * self.kb) / (1 - self.kr - self.kb))

    @cached_property
    def green_cr(self) -> np.float32:
        """G' - Y' for each Cr."""
        return np.float32(-self.kr * (2 - 2 * self.kr) / (1 - self.kr - self.kb))


BT601: Final = Matrix(0.299, 0.114)
BT709: Final = Matrix(0.2126, 0.0722)
BT2020: Final = Matrix(0.2627, 0.0593)


@dataclass(frozen=True)
class Levels:
    """Whole numbers that stand for luma in [0, 1] and for chroma in [-0.5, 0.5].

    Attributes:
        depth: bits.
        full: all numbers are used, as in a JPEG file; otherwise those of television, 16 to 235 for
            luma and 16 to 240 for chroma at 8 bits (ITU-R BT.601, BT.709, BT.2020).
    """

    depth: int = 8
    full: bool = True

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """What a sample is kept in."""
        return np.uint8 if self.depth <= 8 else np.uint16

    @property
    def black(self) -> int:
        """The number of black's luma."""
        return 0 if self.full else 16 << (self.depth - 8)

    @property
    def luma_range(self) -> int:
        """From black to white."""
        return (1 << self.depth) - 1 if self.full else 219 << (self.depth - 8)

    @property
    def grey(self) -> int:
        """The number of no chroma."""
        return 1 << (self.depth - 1)

    @property
    def chroma_range(self) -> int:
        """From the least chroma to the greatest."""
        return (1 << self.depth) - 1 if self.full else 224 << (self.depth - 8)

    @property
    def top(self) -> int:
        """The largest number."""
        return (1 << self.depth) - 1


JPEG: Final = Levels()
