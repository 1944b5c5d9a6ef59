"""Photographs as squares: what networks learn from and are judged on."""

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
    """A photograph as a square of a given size.

    Args:
        source: a path or bytes.
        size: the side of the result, in pixels.
        fit: "crop" takes the middle square, "squash" the whole photograph.

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
    """RGB, (H, W, 3) uint8, at size × size, whatever its aspect."""
    how = cv2.INTER_AREA if min(rgb.shape[:2]) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (size, size), interpolation=how), np.uint8)
