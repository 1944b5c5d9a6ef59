"""Exact hints: each is shown in the colour that was chosen, and its object follows.

A network that is told a colour carries it to other places. At the hint it comes near the colour
only, and it also colours things that merely look a little like it. So what it makes of hints is
taken over only where places look like a hinted one and lie near it; and what is still missing
from the chosen colour is added to the same thing. What belongs to a hint's own segment
of the photograph follows more readily than the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.color.guided import along_luma
from photochrom.guidance.hints import chroma_of, owners
from photochrom.model.guide import segment_means
from photochrom.sampling import subsample

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.color.guided import LinearChroma
    from photochrom.guidance.hints import RGB, Hint, IndexArray
    from photochrom.model.guide import Guide

    BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    _Corners = tuple[IndexArray, FloatArray]

__all__ = ["Binding"]

_NEAR: Final = 0.25  # of a side of the picture: up to there distance costs nothing
_FAR_COSTS: Final = 0.6  # likeness that is lost over each further side
_FOLLOWED: Final = (0.5, 0.75)  # what likeness must be left for following to begin and be whole
_CORRECTED: Final = (0.6, 0.9)  # likeness at which the correction begins and is whole
_CORRECTED_WITHIN: Final = 0.2  # of a side: the standard deviation of its reach
_SAME: Final = 0.2  # likeness that being of the same segment as a hint counts for …
_SAME_FADES: Final = (0.25, 0.6)  # … where following, less and less at these distances in sides
_SAME_REACHES: Final = 2  # times as far the correction reaches in it
_OTHER: Final = 0.05  # likeness that is lost in another segment
_AGREEMENT: Final = 0.5  # how far a place's likeness is drawn to the mean of its segment
_BLIND_WITHIN: Final = 0.05  # of a side: that reach where a network gives no features
_LIES_IN: Final = 0.25  # a hint also lies in a segment with this share of its main one's pixels
_RIVALRY: Final = 3  # the power of their strengths by which hints share a place
_FINER: Final = 2  # times what the network saw: there a hint's pixels are found
_MOST_PLACES: Final = 64  # of a stroke
_MOST_PIXELS: Final = 256  # of a hint, on which the colour is checked
_DAMPING: Final = 0.02  # so that no correction is more than about 3.5 times what is missing
_ROUNDS: Final = 4  # for the chroma whose Lab is the one asked for
_FLAT: Final = 1e-3  # luma variance below which a hint's pixels count as of one luma
_HARDLY: Final = 1e-3  # keeps hints apart that lie in the same place
_NOTHING: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Binding:
    """Where hints lie in a photograph, and which places follow them.

    Attributes:
        colors: of those n hints that later ones do not cover.
        pixels: where they are to be seen: x and y of m pixels of the photograph, (m, 2) int32.
        owner: which hint each pixel belongs to, (m,) int32.
        follow: how far a place takes over what the network makes of the hints, (h, w) float32 in
            [0, 1].
        parts: how much of each hint's correction a place gets, (h, w, n) float32 in [0, 1].
    """

    colors: Sequence[RGB]
    pixels: IndexArray
    owner: IndexArray
    follow: FloatArray
    parts: FloatArray

    @classmethod
    def of(
        cls,
        hints: Sequence[Hint],
        photo: tuple[int, int],
        seen: tuple[int, int],
        guide: Guide,
        features: FloatArray | None,
    ) -> Binding:
        """Find out which places follow which hints.

        Args:
            hints: one or more; later ones lie over earlier ones.
            photo: height and width of the photograph, in pixels.
            seen: height and width of what the network saw of it, in pixels.
            guide: the grey photograph at the size of the network's answer.
            features: of the photograph's places, (h', w', F) float32, each of length 1; or None if
                the network does not tell what looks alike.

        Raises:
            ConfigError: a hint lies outside of the photograph.
        """
        height, width = (min(_FINER * few, many) for few, many in zip(seen, photo, strict=True))
        pixels, owner = _covered(hints, photo, (height, width))
        uncovered, number = np.unique(owner, return_inverse=True)
        owner = number.astype(np.int32)
        grid = guide.segments.shape[0], guide.segments.shape[1]
        rows, columns = _places(pixels, photo, grid)
        alike, apart = _compared(pixels, owner, photo, grid, features)
        alike += np.float32(_AGREEMENT) * _drawn_together(alike, guide.segments)
        own = _same_segment(guide.segments, rows, columns, owner)
        follow = _following(alike, apart, own)
        strength = _correction(alike, apart, own, known=features is not None)
        rivals = strength**_RIVALRY
        parts = strength * (rivals / np.maximum(rivals.sum(-1, keepdims=True), _NOTHING))
        follow[rows, columns] = 1
        parts[rows, columns] = 0
        np.add.at(parts, (rows, columns, owner), 1)
        parts[rows, columns] /= parts[rows, columns].sum(-1, keepdims=True)
        return cls([hints[number].color for number in uncovered], pixels, owner, follow, parts)

    def spread(self, plain: FloatArray, told: FloatArray, space: str) -> FloatArray:
        """Small chroma that follows the hints: exact in their places, and as it was far from them.

        Args:
            plain: chroma without the hints, (h, w, 2) float32, in the units of the space.
            told: chroma as the network gives it when told of them, likewise.
            space: a key of `color.SPACES`.
        """
        chroma = plain + self.follow[..., None] * (told - plain)
        own = self.parts * (self.parts == self.parts.max((0, 1)))
        here = np.einsum("hwn,hwc->nc", own, chroma) / own.sum((0, 1))[:, None]
        return np.asarray(chroma + self.parts @ (chroma_of(self.colors, space) - here), np.float32)

    def hold(self, chroma: LinearChroma, luma: IntArray) -> LinearChroma:
        """Chroma that is the chosen one at every hint, as far as luma allows.

        What is missing is added to the thing as far as its edges, and the last rest of it to the
        few places around the hint.

        Args:
            chroma: of the whole photograph, nearly right.
            luma: of the photograph, (H, W) uint8 or uint16.
        """
        levels = luma[self.pixels[:, 1], self.pixels[:, 0]]
        y = np.divide(levels, np.iinfo(luma.dtype).max, dtype=np.float32)[:, None]
        chosen = _cbcr(chroma_of(self.colors, "lab")[self.owner], levels)
        slope, offset = chroma.model[:2].transpose(1, 2, 0), chroma.model[2:].transpose(1, 2, 0)
        corners = self._corners(luma.shape, slope.shape)

        def seen(slope: FloatArray, offset: FloatArray) -> FloatArray:
            """Linear functions of luma, (h, w, c) each, at the pixels, (m, c)."""
            return _interpolated(slope, corners) * y + _interpolated(offset, corners)

        part_slopes, part_offsets = along_luma(self.parts, luma)
        effect = self._means(seen(part_slopes, part_offsets))
        amounts = _damped(effect, self._means(chosen - seen(slope, offset)))
        slope, offset = slope + part_slopes @ amounts, offset + part_offsets @ amounts
        steeper, higher = self._lines(y, chosen - seen(slope, offset))
        slope = slope + self._nearby(steeper, corners, slope.shape)
        offset = offset + self._nearby(higher, corners, slope.shape)
        model = np.concatenate([slope, offset], -1).transpose(2, 0, 1)
        return replace(chroma, model=np.ascontiguousarray(model))

    def _lines(self, y: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Slope and offset, (n, c), of the pixels' values, (m, c), over luma, hint by hint."""
        mean, middle = self._means(values), self._means(y)
        apart = y - middle[self.owner]
        variance = self._means(np.asarray(apart * apart)) + np.float32(_FLAT)
        slope = np.asarray(self._means(np.asarray(values * apart)) / variance)
        return slope, np.asarray(mean - slope * middle, np.float32)

    def _corners(self, photo: tuple[int, ...], grid: tuple[int, ...]) -> _Corners:
        """Which four places each pixel is interpolated from, and how much it takes of each."""
        sides = np.array(grid[1::-1])
        scale = (sides / np.array(photo[::-1])).astype(np.float32)
        where = np.clip((self.pixels + np.float32(0.5)) * scale - np.float32(0.5), 0, sides - 1)
        first = where.astype(np.int32)
        x, y = (where - first).T.astype(np.float32)
        (left, above), (right, below) = first.T, np.minimum(first + 1, sides - 1).T
        rows, columns = np.stack([above, above, below, below]), np.stack([left, right, left, right])
        shares = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], dtype=np.float32)
        return (rows * grid[1] + columns).astype(np.int32), shares

    def _nearby(self, missing: FloatArray, corners: _Corners, shape: tuple[int, ...]) -> FloatArray:
        """The smallest change of places, (h, w, c), that adds what is missing at every hint."""
        index, amounts = corners
        share = np.zeros((len(self.colors), shape[0] * shape[1]), np.float32)
        np.add.at(share, (np.broadcast_to(self.owner, index.shape), index), amounts)
        share /= np.bincount(self.owner)[:, None].astype(np.float32)
        square = share @ share.T
        square += np.eye(len(square), dtype=np.float32) * (square.diagonal().mean() * _HARDLY)
        change = np.asarray(share.T @ _solved(square, missing), np.float32)
        return change.reshape(shape)

    def _means(self, values: FloatArray) -> FloatArray:
        """The mean of the pixels' values, (m, c), over every hint, (n, c)."""
        sums = np.zeros((len(self.colors), values.shape[-1]), np.float32)
        np.add.at(sums, self.owner, values)
        counts = np.bincount(self.owner)[:, None]
        return np.asarray(sums / counts, np.float32)


def _damped(effect: FloatArray, wanted: FloatArray) -> FloatArray:
    """Amounts, (n, c), whose effects, (n, n), come near what is wanted, (n, c), and stay small."""
    square = effect.T @ effect + np.eye(len(effect), dtype=np.float32) * np.float32(_DAMPING)
    return _solved(square, np.asarray(effect.T @ wanted))


def _solved(matrix: Any, wanted: FloatArray) -> FloatArray:
    """The x, (n, c), for which matrix @ x is what is wanted, (n, c)."""
    solved: FloatArray = np.linalg.solve(matrix, wanted).astype(np.float32)
    return solved


def _interpolated(values: FloatArray, corners: _Corners) -> FloatArray:
    """Values of places, (h, w, c), interpolated for every pixel, (m, c)."""
    index, amounts = corners
    flat = values.reshape(-1, values.shape[-1])
    return np.asarray((flat[index] * amounts[..., None]).sum(0))


def _covered(
    hints: Sequence[Hint], photo: tuple[int, int], seen: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Pixels of the photograph that hints cover, (m, 2), x and y, and whose each is, (m,)."""
    numbers = owners(hints, photo, seen)
    pixels, owner = [], []
    for number in range(len(hints)):
        rows, columns = np.nonzero(numbers == number)
        some = subsample(range(len(rows)), _MOST_PIXELS)
        middles = np.stack([columns[some] + 0.5, rows[some] + 0.5], -1)
        scale = np.array(photo[::-1]) / np.array(seen[::-1])
        pixels.append((middles * scale).astype(np.int32))
        owner.append(np.full(len(some), number, np.int32))
    return np.concatenate(pixels), np.concatenate(owner)


def _places(
    pixels: IndexArray, photo: tuple[int, int], grid: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Rows and columns of the places of a grid in which pixels lie."""
    columns, rows = pixels.T
    return rows * grid[0] // photo[0], columns * grid[1] // photo[1]


def _cells(
    pixels: IndexArray, owner: IndexArray, photo: tuple[int, int], grid: tuple[int, int]
) -> tuple[IndexArray, IndexArray]:
    """Places of a grid that hints cover, hint after hint, and where each hint's begin."""
    rows, columns = _places(pixels, photo, grid)
    found = []
    for number in range(owner.max() + 1):
        mine = np.unique((rows * grid[1] + columns)[owner == number])
        found.append(mine[subsample(range(len(mine)), _MOST_PLACES)])
    counts = [len(mine) for mine in found]
    return np.concatenate(found), np.cumsum([0, *counts[:-1]])


def _compared(
    pixels: IndexArray,
    owner: IndexArray,
    photo: tuple[int, int],
    grid: tuple[int, int],
    features: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """How like each hint's places look, and how far off they lie, in sides, (h, w, n) each."""
    coarse = grid if features is None else features.shape[:2]
    cells, starts = _cells(pixels, owner, photo, coarse)
    rows, columns = np.divmod(np.arange(coarse[0] * coarse[1]), coarse[1])
    places = np.stack([rows / coarse[0], columns / coarse[1]], -1).astype(np.float32)
    squares = ((places[:, None] - places[cells]) ** 2).sum(-1)
    if features is None:
        alike = np.ones_like(squares)
    else:
        flat = features.reshape(-1, features.shape[-1])
        alike = flat @ flat[cells].T
    alike = np.maximum.reduceat(alike, starts, -1).reshape(*coarse, -1)
    apart = np.sqrt(np.minimum.reduceat(squares, starts, -1)).reshape(*coarse, -1)
    return _enlarged(alike, grid), _enlarged(apart, grid)


def _drawn_together(values: FloatArray, segments: IndexArray) -> FloatArray:
    """Return what each place's values, (h, w, n), lack to the mean of its segment."""
    return np.asarray(segment_means(values, segments)[segments] - values)


def _same_segment(
    segments: IndexArray, rows: IndexArray, columns: IndexArray, owner: IndexArray
) -> BoolArray:
    """Which places are of a segment that a hint lies in, hint by hint, (h, w, n).

    Args:
        segments: (h, w) int32, numbered from 0 on without gaps.
        rows: of the hints' places, (m,).
        columns: likewise.
        owner: which hint each belongs to, (m,).
    """
    counts = np.zeros((segments.max() + 1, owner.max() + 1), np.int32)
    np.add.at(counts, (segments[rows, columns], owner), 1)
    return np.asarray((counts >= _LIES_IN * counts.max(0))[segments])


def _following(alike: FloatArray, apart: FloatArray, own: BoolArray) -> FloatArray:
    """How far places follow any hint, (h, w)."""
    lost = np.float32(_FAR_COSTS) * np.maximum(apart - np.float32(_NEAR), 0)
    added = np.float32(_SAME) * (1 - _smooth(apart, *_SAME_FADES))
    left = alike - lost + np.where(own, added, -np.float32(_OTHER))
    return _smooth(left.max(-1), *_FOLLOWED)


def _correction(alike: FloatArray, apart: FloatArray, own: BoolArray, *, known: bool) -> FloatArray:
    """How much of each hint's correction places get, (h, w, n).

    Args:
        alike: how like each hint's places look, (h, w, n).
        apart: how far off they lie, likewise.
        own: whether they are of its segment, likewise.
        known: whether likeness is known at all.
    """
    within = _CORRECTED_WITHIN if known else _BLIND_WITHIN
    share = _smooth(alike + np.where(own, np.float32(_SAME), np.float32(0)), *_CORRECTED)
    reach = np.where(own, np.float32(within * _SAME_REACHES), np.float32(within))
    return np.asarray(share * np.exp(apart**2 / (-2 * reach**2)))


def _smooth(values: FloatArray, begin: float, end: float) -> FloatArray:
    """From 0 to 1 between two values, without a corner."""
    share = np.clip((values - np.float32(begin)) / np.float32(end - begin), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _enlarged(values: FloatArray, grid: tuple[int, int]) -> FloatArray:
    """Values of places, (h, w, n), for the places of another grid."""
    resized = cv2.resize(values, grid[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32).reshape(*grid, -1)


def _cbcr(wanted: FloatArray, levels: IntArray) -> FloatArray:
    """The Cb and Cr, (m, 2), that show an ab of Lab over luma, as far as the gamut allows.

    Luma is not lightness: over the same luma colours differ in L, and so a little in ab.

    Args:
        wanted: (m, 2) float32.
        levels: luma, (m,) uint8 or uint16.
    """
    y = np.divide(levels, np.iinfo(levels.dtype).max, dtype=np.float32)
    grey = color.grey_level(levels, "lab")
    given, best, least = wanted, np.zeros_like(wanted), np.full(len(wanted), np.inf, np.float32)
    for _ in range(_ROUNDS):
        planes = _within(y, *color.to_cbcr(grey, given, "lab"))
        off = wanted - color.rgb_to_lab(color.ycbcr_to_rgb(np.stack([y, *planes], -1)))[:, 1:]
        distance = np.hypot(*off.T)
        nearer = distance < least
        best[nearer], least[nearer] = np.stack(planes, -1)[nearer], distance[nearer]
        given = given + off
    return best


def _within(y: FloatArray, cb: FloatArray, cr: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cb and Cr over luma, (m,) each, as far as the gamut allows."""
    cb, cr = cb[None].copy(), cr[None].copy()
    color.compress_to_gamut(
        cb, cr, y[None], y[None], [np.empty_like(cb) for _ in range(color.SCRATCH_BUFFERS)]
    )
    return cb[0], cr[0]
