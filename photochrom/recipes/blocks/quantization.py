"""Bins of the ab plane, for recipes that output a distribution over colour.

R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016: a grid of step 10; colours
are soft-encoded over their 5 nearest bins with a Gaussian of σ = 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from photochrom import color
from photochrom.color import FloatArray

__all__ = [
    "AB_LIMIT",
    "ab_bins",
    "bin_targets",
    "class_weights",
    "color_prior",
    "soft_codes",
    "table_index",
]

AB_LIMIT: Final = 110  # a and b of all sRGB colours lie within ±110
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Indices = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

_TABLE_STEP: Final = 2  # ab units between entries of the table of codes
_TABLE_SIDE: Final = 2 * AB_LIMIT // _TABLE_STEP + 1
_NEIGHBOURS: Final = 5
_SIGMA: Final = 5.0


@lru_cache(maxsize=4)
def ab_bins(step: int = 10, margin: int = 0) -> FloatArray:
    """Return the grid points of the ab plane that sRGB can show at some lightness.

    Args:
        step: distance between grid points, in ab units.
        margin: grid points up to this far outside, in a and in b, are included, in ab units.

    Returns:
        (Q, 2) float32; Q is 227 at step 10, and 307 with a margin of 10.
    """
    axis = np.arange(-AB_LIMIT, AB_LIMIT + 1, dtype=np.float32)
    in_gamut = cv2.dilate(_in_gamut(axis), np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    coarse = np.stack(np.meshgrid(axis[::step], axis[::step], indexing="ij"), -1)
    bins: FloatArray = coarse[in_gamut[::step, ::step] > 0]
    bins.flags.writeable = False  # the cache hands the same array to all callers
    return bins


def _in_gamut(axis: FloatArray) -> Bytes:
    """Return 1 where sRGB can show (a, b) at some lightness, (n, n) uint8, over a and b."""
    in_gamut = np.zeros((len(axis), len(axis)), np.uint8)
    lab = np.zeros((len(axis), len(axis), 3), np.float32)
    lab[..., 1:] = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    for lightness in range(1, 100):
        lab[..., 0] = lightness
        rgb = color.lab_to_rgb(lab)
        # The tolerance admits colours on the border of the gamut, in spite of rounding.
        in_gamut |= ((rgb >= -1e-3) & (rgb <= 1 + 1e-3)).all(-1)
    return in_gamut


@lru_cache(maxsize=4)
def soft_codes(step: int = 10, margin: int = 0) -> FloatArray:
    """Return the soft codes of all colours on a fine grid; `table_index` finds the row of a colour.

    Args:
        step: as in `ab_bins`.
        margin: as in `ab_bins`.

    Returns:
        (n, Q) float32; each row sums to 1.
    """
    bins = ab_bins(step, margin)
    axis = np.linspace(-AB_LIMIT, AB_LIMIT, _TABLE_SIDE, dtype=np.float32)
    colors = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 1, 2)
    square_distances = ((colors - bins) ** 2).sum(-1)
    nearest = np.argpartition(square_distances, _NEIGHBOURS, axis=-1)[:, :_NEIGHBOURS]
    distances = np.take_along_axis(square_distances, nearest, -1)
    # Subtracting the smallest distance keeps the exponential from underflowing.
    weights = np.exp((distances.min(-1, keepdims=True) - distances) / (2 * _SIGMA**2))
    codes = np.zeros(square_distances.shape, np.float32)
    np.put_along_axis(codes, nearest, weights / weights.sum(-1, keepdims=True), -1)
    codes.flags.writeable = False
    return codes


def table_index(ab: FloatArray) -> Indices:
    """Return the row in `soft_codes` of each colour, (..., 2) float32 to (...) int32."""
    cell = np.rint((np.clip(ab, -AB_LIMIT, AB_LIMIT) + AB_LIMIT) / _TABLE_STEP)
    return (cell[..., 0] * _TABLE_SIDE + cell[..., 1]).astype(np.int32)


def bin_targets(rgb: Bytes, stride: int) -> Indices:
    """Return a network's targets: for each block of pixels the row of its mean colour.

    Args:
        rgb: RGB, (B, H, W, 3) uint8.
        stride: side of a block, in pixels.

    Returns:
        (B, H / stride, W / stride) int32: rows of `soft_codes`.
    """
    count, height, width = rgb.shape[:3]
    rows = np.empty((count, height // stride, width // stride), np.int32)
    for number, each in enumerate(rgb):
        ab = color.rgb_to_lab(np.divide(each, 255, dtype=np.float32))[..., 1:]
        blocks = ab.reshape(height // stride, stride, width // stride, stride, 2)
        rows[number] = table_index(blocks.mean((1, 3)))
    return rows


def color_prior(photos: Iterable[Bytes], bins: FloatArray, space: str) -> FloatArray:
    """Return how often each bin is the nearest to a pixel's chroma.

    Args:
        photos: RGB, (H, W, 3) uint8 each.
        bins: (Q, 2), in the units of the colour space.
        space: a key of `color.SPACES`.

    Returns:
        (Q,) float32, which sums to 1.
    """
    counts = np.zeros(len(bins))
    for rgb in photos:
        pixels = np.divide(rgb, 255, dtype=np.float32)
        chroma = color.SPACES[space].from_rgb(pixels)[..., 1:].reshape(-1, 2)
        # The nearest bin maximizes c · q - |q|² / 2; the term |c|² is the same for all bins.
        nearest = (chroma @ bins.T - (bins**2).sum(-1) / 2).argmax(-1)
        counts += np.bincount(nearest, minlength=len(bins))
    return np.asarray(counts / counts.sum(), np.float32)


def class_weights(prior: FloatArray, uniform_share: float = 0.5) -> FloatArray:
    """Return class weights that favour rare colours, with a weighted mean of 1.

    These are w(q) of R. Zhang et al., Colorful Image Colorization, ECCV 2016.

    Args:
        prior: frequency of each bin, (Q,).
        uniform_share: λ, the weight of a uniform prior.

    Returns:
        (Q,) float32.
    """
    weights = 1 / ((1 - uniform_share) * prior + uniform_share / len(prior))
    return np.asarray(weights / (prior * weights).sum(), np.float32)
