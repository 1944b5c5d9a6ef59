"""Draw a photograph before and after colouring side by side, to be shared."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from photochrom.photo.label import BACKGROUND, draw_caption, gap_of, text_size

__all__ = ["side_by_side"]


def side_by_side(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], *, max_side: int = 1600
) -> npt.NDArray[np.uint8]:
    """Draw two pictures side by side, with a caption that says where the colours come from.

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
    size = text_size(width)
    gap = gap_of(size)
    background = (BACKGROUND,) * 3
    sheet = Image.new("RGB", (2 * width + 3 * gap, height + 3 * gap + size), background)
    sheet.paste(left, (gap, gap))
    sheet.paste(right, (2 * gap + width, gap))
    draw_caption(sheet, size)
    return np.asarray(sheet)


def _fitted(picture: npt.NDArray[np.uint8], width: int, height: int) -> Image.Image:
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return Image.fromarray(resized)
