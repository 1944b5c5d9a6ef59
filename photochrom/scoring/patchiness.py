"""Patchiness: how much colour varies within an object where the grey picture does not.

A stain on a jacket is a change of colour where neither lightness nor texture changes. Objects are
therefore found in the grey picture alone, as segments of equal luma and local texture
(P. F. Felzenszwalb, D. P. Huttenlocher: Efficient Graph-Based Image Segmentation, IJCV 2004).
Within each segment, (a, b) of CIE Lab is fitted as a linear function of luma, which accounts for
shading. The residuals are averaged over cells of 8 x 8 pixels, and the patchiness of a photograph
is the root mean square of these averages over all segments.

True photographs are patchy, too: two objects can look the same in grey and differ in colour. So
compare the patchiness of a coloured photograph with that of the true one, on the same segments.
These are not the segments by which the runtime decodes colours (`photochrom.model.guide`), which
would favour our own networks. Finding them needs scikit-image, which is imported only when it is
needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.errors import MissingExtra

__all__ = ["Segments", "has_segmentation", "patchiness"]

FloatArray = npt.NDArray[np.float32]

_MAX_SIDE: Final = 256  # larger pictures are reduced until their longer side is this
_SCALE: Final = 150  # scale parameter of Felzenszwalb; larger values give larger segments
_BLUR: Final = 0.8  # sigma of Felzenszwalb, in pixels
_TEXTURE_SIGMA: Final = 2.0  # sigma of the window in which texture is measured, in pixels
_MERGE_AREA: Final = 0.0006  # share of the picture; smaller segments are merged into a neighbour
_MIN_AREA: Final = 0.003  # share of the picture; smaller segments are ignored
_CELL: Final = 8  # side of a cell, in pixels
_MIN_PIXELS: Final = 8  # pixels of one segment in a cell; the average of fewer is noise


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of a grey picture, reduced to at most 256 pixels a side.

    Attributes:
        labels: index of each pixel's segment, (h, w) intp, from 0.
        luma: luma of the reduced picture, (h, w) float64, 0 to 255.
    """

    labels: npt.NDArray[np.intp]
    luma: npt.NDArray[np.float64]

    @classmethod
    def of(cls, luma: npt.NDArray[np.uint8]) -> Self:
        """Find the segments of equal lightness and texture in a grey picture.

        Args:
            luma: luma of the picture, (H, W) uint8.

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
        # Texture is the local standard deviation: a lawn and a wall of one lightness differ in it.
        texture = _blurred(np.sqrt(np.maximum(_blurred(light * light) - mean * mean, 0)))
        labels = felzenszwalb(
            np.dstack([light, texture]).astype(np.float64),
            scale=_SCALE,
            sigma=_BLUR,
            min_size=round(_MERGE_AREA * light.size),
            channel_axis=-1,
        )
        return cls(np.asarray(labels, np.intp), small.astype(np.float64))


def has_segmentation() -> bool:
    """Return whether scikit-image is installed."""
    return find_spec("skimage") is not None


def patchiness(lab: FloatArray, segments: Segments) -> float:
    """Return how much the colour of a photograph varies within its grey picture's segments.

    Args:
        lab: the photograph in CIE Lab, (H, W, 3) float32.
        segments: those of its luma, or for the true photograph's.

    Returns:
        The patchiness in Lab units: 0 where each segment's colour is a linear function of its
        luma, 2 to 5 for clean photographs, 4 to 8 for stained ones; nan if no segment is large
        enough.

    Raises:
        ValueError: the segments belong to a picture of another size.
    """
    small = np.asarray(_reduced(lab), np.float64)
    if small.shape[:2] != segments.labels.shape:
        raise ValueError(
            f"expected a photograph whose segments have shape {segments.labels.shape}; received "
            f"one of shape {lab.shape}"
        )
    labels, cells = segments.labels.ravel(), _cells(segments.labels.shape)
    sizes, cell_count = np.bincount(labels), int(cells.max()) + 1
    groups = labels * cell_count + cells  # one index for each pair of segment and cell
    counts = np.bincount(groups, minlength=len(sizes) * cell_count)
    # Small segments have too few pixels for a fit.
    large = np.repeat(sizes >= _MIN_AREA * labels.size, cell_count)
    weights = np.where(large & (counts >= min(_MIN_PIXELS, labels.size)), counts, 0)
    if not weights.any():
        return math.nan
    squares = np.zeros(len(counts))
    for channel in (1, 2):
        residuals = _without_shading(
            small[..., channel].ravel(), segments.luma.ravel(), labels, sizes
        )
        squares += (np.bincount(groups, residuals, len(counts)) / np.maximum(counts, 1)) ** 2
    return float(np.sqrt(np.average(squares, weights=weights)))


def _without_shading(
    values: npt.NDArray[np.float64],
    luma: npt.NDArray[np.float64],
    labels: npt.NDArray[np.intp],
    sizes: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Subtract from values, (N,), a linear function of luma that is fitted to each segment."""

    def means(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(np.bincount(labels, numbers) / np.maximum(sizes, 1))

    # Least squares in each segment, in closed form. Where luma hardly varies, the lower bound of 1
    # keeps the slope from fitting noise.
    shading = luma - means(luma)[labels]
    slopes = means(shading * values) / np.maximum(means(shading * shading), 1)
    return np.asarray(values - means(values)[labels] - slopes[labels] * shading)


def _cells(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Return the index of each pixel's cell, (h * w,), for a picture of shape (h, w)."""
    rows, columns = np.indices(shape) // _CELL
    return np.asarray((rows * -(-shape[1] // _CELL) + columns).ravel(), np.intp)


def _reduced(picture: FloatArray) -> FloatArray:
    height, width = picture.shape[:2]
    if max(height, width) <= _MAX_SIDE:
        return picture
    scale = _MAX_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _blurred(picture: FloatArray) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _TEXTURE_SIGMA), np.float32)
