"""A photograph in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray
from photochrom.photo.metadata import Metadata
from photochrom.photo.tint import Tint

__all__ = ["Photo", "eight_bits"]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph, upright and in sRGB.

    Attributes:
        luma: BT.601 Y', (H, W) uint8 or uint16; for a grey photograph the stored grey, unchanged.
        color: RGB, (H, W, 3) of the same dtype; None for a grey photograph.
        alpha: (H, W) of the same dtype, or None.
        tint: "grey", "tinted" (monochrome in another tone: sepia, cyanotype, faded) or "colour".
        metadata: metadata for the result.
        format: format of the file; "PNG" for arrays and images in memory.
        name: the photograph's name in messages.
        icc: the profile of the scan's colours, which have been converted to sRGB; None without one.
    """

    luma: IntArray
    color: IntArray | None
    alpha: IntArray | None
    tint: Tint
    metadata: Metadata
    format: str
    name: str
    icc: bytes | None = None

    @property
    def rgb(self) -> IntArray:
        """RGB, (H, W, 3); for a grey photograph a read-only view of its luma."""
        if self.color is not None:
            return self.color
        repeated: Any = np.broadcast_to(self.luma[..., None], (*self.luma.shape, 3))
        return cast("IntArray", repeated)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.luma.shape[1], self.luma.shape[0]

    def inverted(self) -> Photo:
        """Return the positive of a negative: grey, with every level of luma inverted.

        Colours are dropped, since those of a negative are those of its film.
        """
        top = np.iinfo(self.luma.dtype).max
        return replace(self, luma=top - self.luma, color=None, tint="grey")

    @property
    def is_monochrome(self) -> bool:
        """Whether the photograph is grey or tinted, for example sepia."""
        return self.tint != "colour"


def eight_bits(samples: IntArray) -> npt.NDArray[np.uint8]:
    """Round uint16 samples to uint8, so that 65,535 becomes 255; uint8 samples are unchanged."""
    if samples.dtype == np.uint8:
        return cast("npt.NDArray[np.uint8]", samples)
    # In integers: the same as rounding samples / 257, without a float copy of the picture.
    rounded = samples // np.uint16(257)
    rounded += samples % np.uint16(257) > 128
    return rounded.astype(np.uint8)
