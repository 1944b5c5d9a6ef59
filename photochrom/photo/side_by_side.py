"""Draw a photograph before and after colouring side by side, to be shared."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

__all__ = ["side_by_side"]

_CAPTION: Final = "colours guessed by a machine"
# Neutral greys: the eye judges a colour against those around it.
_BACKGROUND: Final = (245, 245, 245)
_TEXT: Final = (110, 110, 110)
_TEXT_SIZE: Final = 1 / 45  # of the width of one photograph
_MIN_TEXT_SIZE: Final = 11  # pixels


def side_by_side(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], *, max_side: int = 1600
) -> npt.NDArray[np.uint8]:
    """Draw two pictures side by side, with a caption that says where the colours come from.

    The text is set in the typeface built into Pillow, so it looks the same on every machine.

    Args:
        before: sRGB, (h, w, 3) uint8.
        after: sRGB, (H, W, 3) uint8. `before` is shown at its size.
        max_side: the longer side of each picture in the result, in pixels; larger ones are reduced.

    Returns:
        sRGB, (height, width, 3) uint8.
    """
    height, width = after.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    left, right = (_fitted(picture, width, height) for picture in (before, after))
    text_size = max(_MIN_TEXT_SIZE, round(width * _TEXT_SIZE))
    gap = max(2, text_size // 2)
    sheet = Image.new("RGB", (2 * width + 3 * gap, height + 3 * gap + text_size), _BACKGROUND)
    sheet.paste(left, (gap, gap))
    sheet.paste(right, (2 * gap + width, gap))
    font = ImageFont.load_default(text_size)
    corner = (sheet.width - gap, height + 2 * gap)
    ImageDraw.Draw(sheet).text(corner, _CAPTION, fill=_TEXT, font=font, anchor="ra")
    return np.asarray(sheet)


def _fitted(picture: npt.NDArray[np.uint8], width: int, height: int) -> Image.Image:
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return Image.fromarray(resized)
