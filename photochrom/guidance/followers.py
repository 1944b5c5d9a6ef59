"""Find which cells of a photograph follow a hint: those that look like it and lie near it.

A cell is one position of the network's output, which is a small picture, (h, w). Cells in the
hint's own segment follow more readily than the rest. Distances are in sides of the picture, so that
they do not depend on its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom.color import in_channel_groups
from photochrom.guidance.hints import owners
from photochrom.model.guide import segment_means
from photochrom.parallel import subsample

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.guidance.hints import Hint, IndexArray
    from photochrom.model.guide import Guide

    BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

__all__ = ["Followers", "find_followers"]

# Which cells follow a hint: similarity, less a cost for distance, must reach a threshold.
_FREE_DISTANCE: Final = 0.25  # sides; up to there, distance costs nothing
_DISTANCE_COST: Final = 0.6  # similarity that is lost over each further side
_FOLLOW_RANGE: Final = (0.5, 0.75)  # similarity at which following begins and is complete
_SEGMENT_BONUS: Final = 0.2  # similarity that a cell in the hint's segment gains
_BONUS_FADES: Final = (0.25, 0.6)  # sides; the bonus for following fades between these distances
_OTHER_SEGMENT_COST: Final = 0.05  # similarity that is lost in another segment
_SEGMENT_AGREEMENT: Final = 0.5  # how far a cell's similarity is moved towards its segment's mean
# Which cells get a share of a hint's correction: similar ones, in a Gaussian around the hint.
_CORRECTION_RANGE: Final = (0.6, 0.9)  # similarity at which the correction begins and is complete
_CORRECTION_REACH: Final = 0.2  # sides: standard deviation
_REACH_WITHOUT_FEATURES: Final = 0.05  # sides: standard deviation if similarity is not known
_SEGMENT_REACH: Final = 2  # factor on the reach within the hint's segment
_BRUSH_REACH: Final = 0.025  # sides: the same around a hint that does not spread
_RIVALRY: Final = 3  # hints share a cell by this power of their strengths
# A hint lies in a segment if this share of the cells in its main segment lies in that one, too.
_MIN_SEGMENT_SHARE: Final = 0.25
_MIN_COVERED_SHARE: Final = 0.5  # of a cell that counts as covered by a hint
_SUPERSAMPLING: Final = 2  # hints are drawn at this multiple of the network's input size
_MAX_CELLS: Final = 64  # cells of a hint that other cells are compared to
_MAX_PIXELS: Final = 256  # pixels of a hint that its colour is measured on
_TINY: Final = 1e-6  # avoids division by zero


@dataclass(frozen=True, eq=False)
class Followers:
    """Which cells follow which hints.

    Attributes:
        visible: the numbers of the n hints that are not covered by later ones, (n,) int32.
        pixels: x and y of m pixels of the photograph that show a hint, (m, 2) int32.
        owner: the index in `visible` of each pixel's hint, (m,) int32.
        follow_weight: how far a cell takes the network's colouring with hints, (h, w) float32 in
            [0, 1].
        correction_weight: how much of each hint's correction a cell gets, (h, w, n) float32 in
            [0, 1].
    """

    visible: IndexArray
    pixels: IndexArray
    owner: IndexArray
    follow_weight: FloatArray
    correction_weight: FloatArray


def find_followers(
    hints: Sequence[Hint],
    photo: tuple[int, int],
    input_size: tuple[int, int],
    guide: Guide,
    features: FloatArray | None,
) -> Followers:
    """Compare all cells with each hint.

    Args:
        hints: one or more; later ones cover earlier ones.
        photo: height and width of the photograph, in pixels.
        input_size: height and width of the network's input, in pixels.
        guide: lightness and segments of the photograph, at the size of the network's output.
        features: the network's features of the photograph, (h', w', F) float32, unit vectors;
            None if it gives none.

    Raises:
        ConfigError: a hint lies outside the photograph.
    """
    height, width = (
        min(_SUPERSAMPLING * side, limit) for side, limit in zip(input_size, photo, strict=True)
    )
    numbers = owners(hints, photo, (height, width))
    pixels, owner = _hinted_pixels(numbers, len(hints), photo)
    # Hints that are covered by others have no pixels: the rest is numbered without gaps.
    visible, renumbered = np.unique(owner, return_inverse=True)
    owner = renumbered.astype(np.int32)
    grid = guide.segments.shape[0], guide.segments.shape[1]
    rows, columns = _cell_coordinates(pixels, photo, grid)
    similarity, distance = _compare(pixels, owner, photo, grid, features)
    deviation = segment_means(similarity, guide.segments)[guide.segments] - similarity
    similarity += np.float32(_SEGMENT_AGREEMENT) * deviation
    own = _same_segment(guide.segments, rows, columns, owner)
    following = _following(similarity, distance, own)
    strength = _correction(similarity, distance, own, has_features=features is not None)
    for index, number in enumerate(visible):
        if not hints[number].spread:
            covered = _covered_cells(numbers, number, grid)
            covered[rows[owner == index], columns[owner == index]] = True
            strength[covered] = 0  # what spreads from other hints ends here
            share = _around(covered, similarity[..., index])
            following[..., index] = strength[..., index] = share
    follow = following.max(-1)
    rivals = strength**_RIVALRY
    parts = strength * (rivals / np.maximum(rivals.sum(-1, keepdims=True), _TINY))
    # Whatever its similarity, a hinted cell follows, and belongs to its own hints only.
    follow[rows, columns] = 1
    parts[rows, columns] = 0
    np.add.at(parts, (rows, columns, owner), 1)
    parts[rows, columns] /= parts[rows, columns].sum(-1, keepdims=True)
    return Followers(visible, pixels, owner, follow, parts)


def _hinted_pixels(
    numbers: IndexArray, count: int, photo: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Return some pixels of the photograph for each hint.

    Args:
        numbers: which hint covers each pixel of a canvas, as `owners` returns it.
        count: the number of hints.
        photo: height and width of the photograph.

    Returns:
        x and y of the pixels, (m, 2) int32, and the index of each pixel's hint, (m,) int32.
    """
    canvas, pixels, owner = numbers.shape, [], []
    for number in range(count):
        rows, columns = np.nonzero(numbers == number)
        chosen = subsample(range(len(rows)), _MAX_PIXELS)
        centres = np.stack([columns[chosen] + 0.5, rows[chosen] + 0.5], -1)
        scale = np.array(photo[::-1]) / np.array(canvas[::-1])
        pixels.append((centres * scale).astype(np.int32))
        owner.append(np.full(len(chosen), number, np.int32))
    return np.concatenate(pixels), np.concatenate(owner)


def _covered_cells(numbers: IndexArray, number: int, grid: tuple[int, int]) -> BoolArray:
    """Return which cells of a grid are mostly covered by a hint, (h, w) bool.

    Args:
        numbers: which hint covers each pixel of a canvas, as `owners` returns it.
        number: the hint.
        grid: height and width of the grid.
    """
    share = (numbers == number).astype(np.float32)
    share = cv2.resize(share, grid[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(share > _MIN_COVERED_SHARE)


def _around(covered: BoolArray, similarity: FloatArray) -> FloatArray:
    """Return how far cells follow a hint that does not spread, (h, w) float32 in [0, 1].

    It is 1 where the hint covers them. It falls off quickly around that, and at once where the
    photograph changes, since a hard edge would be seen.

    Args:
        covered: which cells the hint covers, (h, w).
        similarity: similarity of cells to the hint, (h, w).
    """
    cells = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = np.asarray(cells) / np.float32(max(covered.shape))
    share = np.exp(distance**2 / (-2 * _BRUSH_REACH**2)) * _smooth(similarity, *_FOLLOW_RANGE)
    return np.asarray(np.where(covered, 1, share), np.float32)


def _cell_coordinates(
    pixels: IndexArray, photo: tuple[int, int], grid: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Return the rows and columns of the cells of a grid in which pixels lie, (m,) each."""
    columns, rows = pixels.T
    return rows * grid[0] // photo[0], columns * grid[1] // photo[1]


def _hinted_cells(
    pixels: IndexArray, owner: IndexArray, photo: tuple[int, int], grid: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Return flat indices of cells of a grid, hint after hint, and where each hint's begin."""
    rows, columns = _cell_coordinates(pixels, photo, grid)
    cells = []
    for number in range(owner.max() + 1):
        covered = np.unique((rows * grid[1] + columns)[owner == number])
        cells.append(covered[subsample(range(len(covered)), _MAX_CELLS)])
    counts = [len(covered) for covered in cells]
    return np.concatenate(cells), np.cumsum([0, *counts[:-1]])


def _compare(
    pixels: IndexArray,
    owner: IndexArray,
    photo: tuple[int, int],
    grid: tuple[int, int],
    features: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Compare every cell of a grid to the cells of each hint.

    Args:
        pixels: the hints' pixels, (m, 2).
        owner: the index of each pixel's hint, (m,).
        photo: height and width of the photograph.
        grid: height and width of the grid.
        features: the network's features, (h', w', F), or None.

    Returns:
        Similarity to the most similar cell of each hint (cosine; 1 without features) and
        distance to its nearest cell, in sides, (h, w, n) float32 each.
    """
    # Compared at the coarser size of the features, then enlarged: (h · w) × cells is a large array.
    coarse = grid if features is None else features.shape[:2]
    cells, starts = _hinted_cells(pixels, owner, photo, coarse)
    rows, columns = np.divmod(np.arange(coarse[0] * coarse[1]), coarse[1])
    centres = np.stack([rows / coarse[0], columns / coarse[1]], -1).astype(np.float32)
    squares = ((centres[:, None] - centres[cells]) ** 2).sum(-1)
    if features is None:
        similarity = np.ones_like(squares)
    else:
        flat = features.reshape(-1, features.shape[-1])
        similarity = flat @ flat[cells].T
    similarity = np.maximum.reduceat(similarity, starts, -1).reshape(*coarse, -1)
    distance = np.sqrt(np.minimum.reduceat(squares, starts, -1)).reshape(*coarse, -1)
    return _enlarged(similarity, grid), _enlarged(distance, grid)


def _same_segment(
    segments: IndexArray, rows: IndexArray, columns: IndexArray, owner: IndexArray
) -> BoolArray:
    """Return which cells belong to a segment that a hint lies in.

    Args:
        segments: (h, w) int32, numbered from 0 without gaps.
        rows: rows of the hints' cells, (m,).
        columns: columns of the hints' cells, (m,).
        owner: the index of each cell's hint, (m,).

    Returns:
        (h, w, n) bool.
    """
    counts = np.zeros((segments.max() + 1, owner.max() + 1), np.int32)
    np.add.at(counts, (segments[rows, columns], owner), 1)
    return np.asarray((counts >= _MIN_SEGMENT_SHARE * counts.max(0))[segments])


def _following(similarity: FloatArray, distance: FloatArray, own: BoolArray) -> FloatArray:
    """Return how far cells follow each hint, (h, w, n) float32 in [0, 1]."""
    cost = np.float32(_DISTANCE_COST) * np.maximum(distance - np.float32(_FREE_DISTANCE), 0)
    bonus = np.float32(_SEGMENT_BONUS) * (1 - _smooth(distance, *_BONUS_FADES))
    score = similarity - cost + np.where(own, bonus, -np.float32(_OTHER_SEGMENT_COST))
    return _smooth(score, *_FOLLOW_RANGE)


def _correction(
    similarity: FloatArray, distance: FloatArray, own: BoolArray, *, has_features: bool
) -> FloatArray:
    """Return how much of each hint's correction cells get, (h, w, n) float32 in [0, 1].

    Args:
        similarity: similarity of cells to each hint, (h, w, n).
        distance: their distance from it, in sides, (h, w, n).
        own: whether they belong to its segment, (h, w, n).
        has_features: whether similarity comes from features, not from a constant 1.
    """
    base = _CORRECTION_REACH if has_features else _REACH_WITHOUT_FEATURES
    bonus = np.where(own, np.float32(_SEGMENT_BONUS), np.float32(0))
    share = _smooth(similarity + bonus, *_CORRECTION_RANGE)
    reach = np.where(own, np.float32(base * _SEGMENT_REACH), np.float32(base))
    return np.asarray(share * np.exp(distance**2 / (-2 * reach**2)))


def _smooth(values: FloatArray, begin: float, end: float) -> FloatArray:
    """Return 0 up to `begin`, 1 from `end` on, and a smooth curve between them."""
    share = np.clip((values - np.float32(begin)) / np.float32(end - begin), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _enlarged(values: FloatArray, grid: tuple[int, int]) -> FloatArray:
    """Interpolate values of cells, (h, w, n), for the cells of another grid."""

    def enlarge(part: FloatArray) -> FloatArray:
        resized = cv2.resize(part, grid[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(resized, np.float32)

    return in_channel_groups(enlarge, values)
