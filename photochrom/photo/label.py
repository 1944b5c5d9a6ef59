"""Say below a picture, visibly, that a machine guessed its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from photochrom.color import IntArray
from photochrom.photo.photo import eight_bits

if TYPE_CHECKING:
    from photochrom.photo.encoding import Chroma

__all__ = [
    "BACKGROUND",
    "LabelledChroma",
    "draw_caption",
    "gap_of",
    "labelled_luma",
    "text_size",
]

BACKGROUND: Final = 245
"""The level of grey around a picture. Neutral: the eye judges a colour against those around it."""

_CAPTION: Final = "Colours guessed by a machine"
_TEXT: Final = 110  # level of grey
_TEXT_SIZE: Final = 1 / 45  # of the width of the picture
_MIN_TEXT_SIZE: Final = 11  # pixels
_NEUTRAL: Final = 128  # Cb and Cr without colour


def text_size(width: int) -> int:
    """Return the size of the caption of a picture, in pixels."""
    return max(_MIN_TEXT_SIZE, round(width * _TEXT_SIZE))


def draw_caption(sheet: Image.Image, size: int) -> None:
    """Write the caption in the lower right corner of a picture.

    The typeface is the one built into Pillow, so that it looks the same on every machine.

    Args:
        sheet: a picture in grey or RGB.
        size: size of the text in pixels; a text that is too wide is made smaller.
    """
    gap = gap_of(size)
    font = ImageFont.load_default(size)
    room = max(1, sheet.width - 2 * gap)
    if font.getlength(_CAPTION) > room:
        size = max(1, int(size * room / font.getlength(_CAPTION)))
        font = ImageFont.load_default(size)
    fill = _TEXT if sheet.mode == "L" else (_TEXT,) * 3
    corner = (sheet.width - gap, sheet.height - gap - size)
    ImageDraw.Draw(sheet).text(corner, _CAPTION, fill=fill, font=font, anchor="ra")


def gap_of(size: int) -> int:
    """Return the space around a text of a size, in pixels."""
    return max(2, size // 2)


def labelled_luma(luma: IntArray) -> IntArray:
    """Return the luma of a picture with a strip below it that holds the caption.

    Args:
        luma: (H, W) uint8 or uint16.

    Returns:
        (H', W) of the same dtype; its first H rows are `luma`.
    """
    width = luma.shape[1]
    size = text_size(width)
    strip = Image.new("L", (width, size + 2 * gap_of(size)), BACKGROUND)
    draw_caption(strip, size)
    rows = np.asarray(strip)
    if luma.dtype == np.uint16:
        rows = rows.astype(np.uint16) * np.uint16(257)
    return cast("IntArray", np.concatenate([luma, rows]))


class LabelledChroma:
    """The colours of a picture with a strip below it, which has no colour."""

    def __init__(self, chroma: Chroma, height: int) -> None:
        """Take the colours of a picture.

        Args:
            chroma: the colours.
            height: height of the picture without the strip.
        """
        self._chroma, self._height = chroma, height

    def rgb(self, luma: IntArray) -> IntArray:
        """Return RGB, (H, W, 3), for luma (H, W) with the strip, uint8 or uint16."""
        strip = np.repeat(luma[self._height :, :, None], 3, axis=2)
        return cast("IntArray", np.concatenate([self._chroma.rgb(luma[: self._height]), strip]))

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr as a JPEG file stores them, for luma (H, W) uint8 with the strip."""
        height = -(-len(luma) // 2) if halved else len(luma)
        cb, cr = self._chroma.planes(eight_bits(luma[: self._height]), halved=halved)
        strip = np.full((height - len(cb), cb.shape[1]), _NEUTRAL, np.uint8)
        cb, cr = (cast("IntArray", np.concatenate([plane, strip])) for plane in (cb, cr))
        return cb, cr
