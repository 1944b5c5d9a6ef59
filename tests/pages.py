"""Album pages made of scikit-image's photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photochrom.photo.album import Region


def _grey(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


PHOTOGRAPHS = [
    _grey(skimage.data.astronaut(), (300, 300)),
    _grey(skimage.data.coffee(), (330, 220)),
    _grey(skimage.data.chelsea(), (330, 220)),
    _grey(skimage.data.coffee()[:, ::-1], (330, 220)),
]


def album_page(
    paper: Sequence[int], *, tilts: Sequence[float] = (0.0, 0.0, 0.0, 0.0), border: int = 0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A page with four photographs, (1300, 900, 3) uint8, and the corners of each.

    Args:
        paper: colour of the page, RGB.
        tilts: how much each photograph is tilted, in degrees.
        border: width of a white border around each photograph, in pixels.
    """
    height, width = 1300, 900
    rng = np.random.default_rng(3)
    page = rng.normal(paper, 1.5, (height, width, 3)).astype(np.float32)
    corners = []
    centres = [(225, 300), (675, 300), (225, 950), (675, 950)]
    for picture, centre, tilt in zip(PHOTOGRAPHS, centres, tilts, strict=True):
        # The black of a faded print is a dark grey.
        printed = np.clip(picture * 0.75 + 45, 0, 255).astype(np.uint8)
        printed = cv2.copyMakeBorder(printed, *[border] * 4, cv2.BORDER_CONSTANT, value=240)
        rows, columns = printed.shape
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), tilt, 1)
        turn[:, 2] += np.subtract(centre, (columns / 2, rows / 2))
        there = cv2.warpAffine(np.ones(printed.shape, np.float32), turn, (width, height))[..., None]
        laid = cv2.warpAffine(printed, turn, (width, height))[..., None]
        page = page * (1 - there) + laid * there
        right, bottom = columns - border, rows - border
        inner = np.array([(border, border), (right, border), (right, bottom), (border, bottom)])
        corners.append(inner @ turn[:, :2].T + turn[:, 2])
    return np.clip(page, 0, 255).astype(np.uint8), corners


def overlap(corners: np.ndarray, region: Region) -> float:
    """Intersection over union of a quadrilateral and a region."""
    masks = np.zeros((2, 1300, 900), np.uint8)
    for mask, each in zip(masks, (corners, region.corners), strict=True):
        cv2.fillConvexPoly(mask, np.rint(np.array(each)).astype(np.int32), 1)
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())
