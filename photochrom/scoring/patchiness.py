"""How patchy colour is: how much it varies within one object although the grey picture does not.

A stain on a jacket is a change of colour where neither lightness nor texture changes. So objects
are looked for in the grey picture alone, as segments of equal look (P. F. Felzenszwalb,
D. P. Huttenlocher: Efficient Graph-Based Image Segmentation, IJCV 2004, on luma and local
texture). Within each, (a, b) of CIE Lab is fitted as a linear function of luma, which shading is;
what is left is averaged over cells of 8 x 8 pixels, and the root of the mean square of these
averages over all segments is the photograph's patchiness.

Photographs have some, too: two objects may look alike in grey and differ in colour. A prediction is
therefore read beside the truth, whose patchiness is found on the same segments. Needs
scikit-image, which is imported when segments are looked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.errors import MissingExtra

__all__ = ["Segments", "find_segments", "has_segmentation", "patchiness"]

FloatArray = npt.NDArray[np.float32]

_SIDE: Final = 256  # larger pictures are reduced until their longer side is this
_SCALE: Final = 150  # Felzenszwalb's: the larger, the larger the segments
_BLUR: Final = 0.8  # his sigma, in pixels
_TEXTURE: Final = 2.0  # pixels: sigma of the window in which texture is measured
_MERGED: Final = 0.0006  # of the area: what is smaller belongs to a neighbour
_IGNORED: Final = 0.003  # of the area: what is smaller is not looked at
_CELL: Final = 8  # pixels
_LEAST: Final = 8  # pixels of a segment within a cell; an average over fewer is noise


@dataclass(frozen=True, eq=False)
class Segments:
    """What looks alike in a grey picture whose longer side is 256 pixels at most.

    Attributes:
        labels: (h, w) intp, the number of each pixel's segment, from 0.
        luma: (h, w) float64, 0 to 255.
    """

    labels: npt.NDArray[np.intp]
    luma: npt.NDArray[np.float64]


def has_segmentation() -> bool:
    """Whether scikit-image is installed."""
    return find_spec("skimage") is not None


def find_segments(luma: npt.NDArray[np.uint8]) -> Segments:
    """Find what looks alike in a grey picture: of one lightness and one texture.

    Args:
        luma: (H, W) uint8.

    Raises:
        MissingExtra: scikit-image is not installed.
    """
    try:
        from skimage.segmentation import felzenszwalb
    except ImportError as error:
        raise MissingExtra("metrics", "measuring patchiness") from error
    small = np.asarray(_reduced(luma.astype(np.float32)), np.float32)
    light = small / np.float32(255)
    mean = _blurred(light)
    texture = _blurred(np.sqrt(np.maximum(_blurred(light * light) - mean * mean, 0)))
    labels = felzenszwalb(
        np.dstack([light, texture]).astype(np.float64),
        scale=_SCALE,
        sigma=_BLUR,
        min_size=round(_MERGED * light.size),
        channel_axis=-1,
    )
    return Segments(np.asarray(labels, np.intp), small.astype(np.float64))


def patchiness(lab: FloatArray, segments: Segments) -> float:
    """How much the colour of a photograph varies within segments that are of one look in grey.

    Args:
        lab: CIE Lab of the photograph, (H, W, 3) float32.
        segments: of its luma, or of the true photograph's.

    Returns:
        In units of Lab: 0 where each segment's colour is a linear function of its luma. Stained
        pictures have 4 to 8, clean ones 2 to 5; nan where no segment is large enough.

    Raises:
        ValueError: the photograph is not of the size of which the segments are.
    """
    small = np.asarray(_reduced(lab), np.float64)
    if small.shape[:2] != segments.labels.shape:
        raise ValueError(
            f"expected a photograph whose segments have shape {segments.labels.shape}; received "
            f"one of shape {lab.shape}"
        )
    labels, cells = segments.labels.ravel(), _cells(segments.labels.shape)
    sizes, cell_count = np.bincount(labels), int(cells.max()) + 1
    groups = labels * cell_count + cells  # what a segment has in a cell
    counts = np.bincount(groups, minlength=len(sizes) * cell_count)
    large = np.repeat(sizes >= _IGNORED * labels.size, cell_count)
    kept = np.where(large & (counts >= min(_LEAST, labels.size)), counts, 0)
    if not kept.any():
        return math.nan
    squares = np.zeros(len(counts))
    for channel in (1, 2):
        left = _without_shading(small[..., channel].ravel(), segments.luma.ravel(), labels, sizes)
        squares += (np.bincount(groups, left, len(counts)) / np.maximum(counts, 1)) ** 2
    return float(np.sqrt(np.average(squares, weights=kept)))


def _without_shading(
    values: npt.NDArray[np.float64],
    luma: npt.NDArray[np.float64],
    labels: npt.NDArray[np.intp],
    sizes: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """What is left of values, (N,), when each segment's linear function of luma is taken away."""

    def means(of: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(np.bincount(labels, of) / np.maximum(sizes, 1))

    shade = luma - means(luma)[labels]
    slopes = means(shade * values) / np.maximum(means(shade * shade), 1)
    return np.asarray(values - means(values)[labels] - slopes[labels] * shade)


def _cells(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """The number of each pixel's cell, (h * w,)."""
    rows, columns = np.indices(shape) // _CELL
    return np.asarray((rows * -(-shape[1] // _CELL) + columns).ravel(), np.intp)


def _reduced(picture: FloatArray) -> FloatArray:
    height, width = picture.shape[:2]
    if max(height, width) <= _SIDE:
        return picture
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _blurred(picture: FloatArray) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _TEXTURE), np.float32)
