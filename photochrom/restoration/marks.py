"""Tell dust from scratches, and both from what only looks like damage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["Marks", "find_marks"]

Mask = npt.NDArray[np.bool_]  # (H, W)

# What is surely damage decides whether a scan is damaged. In a damaged scan, marks may be less
# sure. They go on where damage is possible.
_SURE: Final = 0.8
_PROBABLE: Final = 0.6
_POSSIBLE: Final = 0.4
# Dark marks must be surer than light ones: eyes, brows and mouths are dark, and much worse to lose.
_SURE_IF_DARK: Final = 0.97
_AROUND: Final = (25, 25)  # pixels around a mark with which its luma is compared
_MIN_SCRATCH: Final = 10  # pixels
_MIN_ASPECT: Final = 4  # of a scratch: length divided by width
# Crumbs, petals and wires look like damage, too. But damage seldom comes alone, so few or short
# marks are taken for details.
_MIN_DUST: Final = 10  # specks
_MIN_DENSITY: Final = 60  # specks per megapixel
_MIN_LENGTH: Final = 0.6  # of all scratches together, as a share of the diagonal
_MAX_AREA: Final = 0.2  # share of the scan: more is no damage that could be filled in


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of one kind in a scan.

    Attributes:
        count: number of marks.
        mask: where they are, (H, W) bool.
    """

    count: int
    mask: Mask = field(repr=False)


def find_marks(luma: npt.NDArray[np.uint8], probability: FloatArray) -> tuple[Marks, Marks]:
    """Find dust and scratches; both are empty if the scan is most likely clean.

    Args:
        luma: (H, W) uint8.
        probability: of damage, (H, W) float32, in [0, 1].

    Returns:
        Dust and other specks; scratches, cracks and hairs.
    """
    possible = (probability > _POSSIBLE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(possible, connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    area = stats[:, cv2.CC_STAT_AREA]
    is_scratch = (length >= _MIN_SCRATCH) & (length**2 >= _MIN_ASPECT * area)
    inside = np.asarray(labels > 0)  # label 0 is what is not damaged
    indices = np.asarray(labels, np.intp)[inside]
    highest = np.zeros(len(stats), np.float32)
    np.maximum.at(highest, indices, probability[inside])
    darker = np.bincount(indices, _contrast(luma, inside)[inside], len(stats)) < 0
    sure = highest > np.where(darker, _SURE_IF_DARK, _SURE)
    megapixels, diagonal = probability.size / 1e6, np.hypot(*probability.shape)
    has_dust = (sure & ~is_scratch).sum() >= max(_MIN_DUST, _MIN_DENSITY * megapixels)
    has_scratches = length[sure & is_scratch].sum() >= _MIN_LENGTH * diagonal
    is_mark = highest > np.where(darker, _SURE_IF_DARK, _PROBABLE)
    if not (has_dust or has_scratches) or area[is_mark].sum() > _MAX_AREA * probability.size:
        is_mark[:] = False
    dust, scratches = (
        Marks(int(each.sum()), np.asarray(each[labels], bool))
        for each in (is_mark & ~is_scratch, is_mark & is_scratch)
    )
    return dust, scratches


def _contrast(luma: npt.NDArray[np.uint8], mask: Mask) -> FloatArray:
    """Return by how much luma is lighter than what surrounds it outside of a mask, (H, W)."""
    samples, known = luma.astype(np.float32), (~mask).astype(np.float32)
    around = cv2.blur(samples * known, _AROUND) / np.maximum(cv2.blur(known, _AROUND), 1e-3)
    return np.asarray(samples - around, np.float32)
