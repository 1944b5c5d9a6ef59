"""Matrices from RGB to luma and chroma, and the integer levels by which files store them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

__all__ = ["BT601", "BT709", "BT2020", "JPEG", "Levels", "Matrix"]


@dataclass(frozen=True)
class Matrix:
    """The matrix from R'G'B' to Y'CbCr.

    Y' = Kr R' + Kg G' + Kb B', Cb = (B' - Y') / (2 - 2 Kb), Cr = (R' - Y') / (2 - 2 Kr).

    Attributes:
        kr: weight of red in luma.
        kb: weight of blue in luma.
    """

    kr: float
    kb: float

    @cached_property
    def weights(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Weights of red, green and blue in luma, (3,) float32."""
        return np.array([self.kr, 1 - self.kr - self.kb, self.kb], np.float32)

    @cached_property
    def red_cr(self) -> np.float32:
        """Factor from Cr to R' - Y'."""
        return np.float32(2 - 2 * self.kr)

    @cached_property
    def blue_cb(self) -> np.float32:
        """Factor from Cb to B' - Y'."""
        return np.float32(2 - 2 * self.kb)

    @cached_property
    def green_cb(self) -> np.float32:
        """Factor from Cb to its part of G' - Y', which follows from red, blue and luma."""
        return np.float32(-self.kb * (2 - 2 * self.kb) / (1 - self.kr - self.kb))

    @cached_property
    def green_cr(self) -> np.float32:
        """Factor from Cr to its part of G' - Y'."""
        return np.float32(-self.kr * (2 - 2 * self.kr) / (1 - self.kr - self.kb))


BT601: Final = Matrix(0.299, 0.114)
BT709: Final = Matrix(0.2126, 0.0722)
BT2020: Final = Matrix(0.2627, 0.0593)


@dataclass(frozen=True)
class Levels:
    """The integer levels that stand for luma in [0, 1] and chroma in [-0.5, 0.5].

    Attributes:
        depth: bits per sample, 8 to 16.
        full: True for full range, as in a JPEG file; False for the limited range of television,
            16 to 235 for luma and 16 to 240 for chroma at 8 bits (ITU-R BT.601, BT.709, BT.2020).
    """

    depth: int = 8
    full: bool = True

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The NumPy type of a sample."""
        return np.uint8 if self.depth <= 8 else np.uint16

    @property
    def black(self) -> int:
        """The luma level of black."""
        return 0 if self.full else 16 << (self.depth - 8)

    @property
    def luma_range(self) -> int:
        """The number of levels from black to white."""
        return (1 << self.depth) - 1 if self.full else 219 << (self.depth - 8)

    @property
    def grey(self) -> int:
        """The chroma level of grey."""
        return 1 << (self.depth - 1)

    @property
    def chroma_range(self) -> int:
        """The number of levels from the least chroma to the greatest."""
        return (1 << self.depth) - 1 if self.full else 224 << (self.depth - 8)

    @property
    def top(self) -> int:
        """The highest level that a sample can have."""
        return (1 << self.depth) - 1


JPEG: Final = Levels()
