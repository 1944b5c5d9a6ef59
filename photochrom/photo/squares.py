"""Read photographs as squares, for training and evaluation."""

from __future__ import annotations

import os
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.photo.thumbnails import thumbnail

__all__ = ["Fit", "resized", "square"]

Fit = Literal["crop", "squash"]


def square(
    source: str | os.PathLike[str] | bytes, size: int, fit: Fit = "crop"
) -> npt.NDArray[np.uint8]:
    """Read a photograph as a square.

    Args:
        source: a path or bytes.
        size: the side of the result, in pixels.
        fit: "crop" takes the middle square; "squash" changes the aspect ratio of the whole.

    Returns:
        RGB, (size, size, 3) uint8.

    Raises:
        PhotoError: as in `read`.
    """
    rgb = thumbnail(source, size)
    if fit == "crop":
        side = min(rgb.shape[:2])
        top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
        rgb = rgb[top : top + side, left : left + side]
    return resized(rgb, size)


def resized(rgb: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Resize RGB, (H, W, 3) uint8, to size × size, whatever its aspect ratio."""
    interpolation = cv2.INTER_AREA if min(rgb.shape[:2]) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (size, size), interpolation=interpolation), np.uint8)
