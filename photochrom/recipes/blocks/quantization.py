"""The ab plane cut into bins, for recipes that answer with a distribution over colour.

R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization, ECCV 2016: a grid of step 10, colours
soft-encoded over their 5 nearest bins with a Gaussian of σ = 5.
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
    "binned",
    "class_weights",
    "color_prior",
    "soft_codes",
    "table_index",
]

AB_LIMIT: Final = 110  # no colour of sRGB has an a or b beyond
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Indices = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

_TABLE_STEP: Final = 2  # ab units between the entries of the table of codes
_TABLE_SIDE: Final = 2 * AB_LIMIT // _TABLE_STEP + 1
_NEIGHBOURS: Final = 5
_SIGMA: Final = 5.0


@lru_cache(maxsize=4)
def ab_bins(step: int = 10, margin: int = 0) -> FloatArray:
    """The points of a grid that sRGB can show at one lightness at least, or nearly so.

    Args:
        step: of the grid, in ab units.
        margin: how far in a and in b a colour that can be shown may lie, in ab units.

    Returns:
        (Q, 2) float32; Q is 227 at step 10, and 307 with a margin of 10.
    """
    side = np.arange(-AB_LIMIT, AB_LIMIT + 1, dtype=np.float32)
    shown = cv2.dilate(_shown(side), np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    coarse = np.stack(np.meshgrid(side[::step], side[::step], indexing="ij"), -1)
    bins: FloatArray = coarse[shown[::step, ::step] > 0]
    bins.flags.writeable = False
    return bins


def _shown(side: FloatArray) -> Bytes:
    """Which colours sRGB can show at one lightness at least, over a and b."""
    found = np.zeros((len(side), len(side)), np.uint8)
    lab = np.zeros((len(side), len(side), 3), np.float32)
    lab[..., 1:] = np.stack(np.meshgrid(side, side, indexing="ij"), -1)
    for lightness in range(1, 100):
        lab[..., 0] = lightness
        rgb = color.lab_to_rgb(lab)
        found |= ((rgb >= -1e-3) & (rgb <= 1 + 1e-3)).all(-1)
    return found


@lru_cache(maxsize=4)
def soft_codes(step: int = 10, margin: int = 0) -> FloatArray:
    """The soft code of every colour on a fine grid, to be looked up at `table_index`.

    Returns:
        (n, Q) float32; each row sums to 1; Q as `ab_bins` has it.
    """
    bins = ab_bins(step, margin)
    side = np.linspace(-AB_LIMIT, AB_LIMIT, _TABLE_SIDE, dtype=np.float32)
    colors = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 1, 2)
    squares = ((colors - bins) ** 2).sum(-1)
    nearest = np.argpartition(squares, _NEIGHBOURS, axis=-1)[:, :_NEIGHBOURS]
    distances = np.take_along_axis(squares, nearest, -1)
    weights = np.exp((distances.min(-1, keepdims=True) - distances) / (2 * _SIGMA**2))
    codes = np.zeros(squares.shape, np.float32)
    np.put_along_axis(codes, nearest, weights / weights.sum(-1, keepdims=True), -1)
    codes.flags.writeable = False
    return codes


def table_index(ab: FloatArray) -> Indices:
    """Where in `soft_codes` a colour's code stands, (..., 2) → (...) int32."""
    cell = np.rint((np.clip(ab, -AB_LIMIT, AB_LIMIT) + AB_LIMIT) / _TABLE_STEP)
    return (cell[..., 0] * _TABLE_SIDE + cell[..., 1]).astype(np.int32)


def binned(rgb: Bytes, stride: int) -> Indices:
    """What a network at that stride is to answer of photographs: the mean colour of every block.

    Args:
        rgb: (B, H, W, 3) uint8.
        stride: pixels a block, along a side.

    Returns:
        (B, H / stride, W / stride) int32: rows of `soft_codes`.
    """
    count, height, width = rgb.shape[:3]
    found = np.empty((count, height // stride, width // stride), np.int32)
    for number, each in enumerate(rgb):
        ab = color.rgb_to_lab(np.divide(each, 255, dtype=np.float32))[..., 1:]
        blocks = ab.reshape(height // stride, stride, width // stride, stride, 2)
        found[number] = table_index(blocks.mean((1, 3)))
    return found


def color_prior(photos: Iterable[Bytes], bins: FloatArray, space: str) -> FloatArray:
    """How often each bin is the nearest to a pixel's chroma.

    Args:
        photos: RGB, (H, W, 3) uint8 each.
        bins: (Q, 2), in the units of the space.
        space: a key of `color.SPACES`.

    Returns:
        (Q,) float32, summing to 1.
    """
    counts = np.zeros(len(bins))
    for rgb in photos:
        pixels = np.divide(rgb, 255, dtype=np.float32)
        chroma = color.SPACES[space].from_rgb(pixels)[..., 1:].reshape(-1, 2)
        nearest = (chroma @ bins.T - (bins**2).sum(-1) / 2).argmax(-1)
        counts += np.bincount(nearest, minlength=len(bins))
    return np.asarray(counts / counts.sum(), np.float32)


def class_weights(prior: FloatArray, mixed: float = 0.5) -> FloatArray:
    """w(q) of R. Zhang et al., Colorful Image Colorization, ECCV 2016: 1 on average.

    Args:
        prior: how often each bin occurs, (Q,).
        mixed: λ, the share of a uniform prior.
    """
    weights = 1 / ((1 - mixed) * prior + mixed / len(prior))
    return np.asarray(weights / (prior * weights).sum(), np.float32)
