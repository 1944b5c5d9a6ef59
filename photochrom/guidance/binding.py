"""Make hints exact: each hint shows the chosen colour, and the object around it follows.

A network that is given known colours spreads them over the photograph. At the hint itself it only
comes near the colour, and it also colours things that are only slightly similar. So the network's
colouring with hints is used only in cells that look like a hinted cell and lie near it; the
other cells keep the colouring without hints. What is still missing from the chosen colour is then
added to the same object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.color.guided import fit_to_luma
from photochrom.color.ycbcr import ab_to_cbcr
from photochrom.guidance.followers import Followers, find_followers
from photochrom.guidance.hints import chroma_of

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.color.guided import LinearChroma
    from photochrom.guidance.hints import RGB, Hint, IndexArray
    from photochrom.model.guide import Guide

    _Corners = tuple[IndexArray, FloatArray]

__all__ = ["Binding"]

_DAMPING: Final = 0.02  # keeps a correction below about 3.5 times what is missing
_FLAT_VARIANCE: Final = 1e-3  # variance of luma below which a hint's pixels count as equally light
_REGULARIZATION: Final = 1e-3  # for hints that share the same pixels


@dataclass(frozen=True, eq=False)
class Binding:
    """The hints in a photograph, with the cells of a small picture that follow them.

    A cell is one position of the network's output, which is a small picture, (h, w).

    Attributes:
        colors: the colours of the n hints that are not covered by later ones.
        followers: which pixels show these hints, and which cells follow them.
    """

    colors: Sequence[RGB]
    followers: Followers

    @classmethod
    def of(
        cls,
        hints: Sequence[Hint],
        photo: tuple[int, int],
        input_size: tuple[int, int],
        guide: Guide,
        features: FloatArray | None,
    ) -> Binding:
        """Find which cells follow which hints; the arguments are those of `find_followers`.

        Raises:
            ConfigError: a hint lies outside the photograph.
        """
        followers = find_followers(hints, photo, input_size, guide, features)
        return cls([hints[number].color for number in followers.visible], followers)

    def bind_small(self, unhinted: FloatArray, hinted: FloatArray, space: str) -> FloatArray:
        """Return small chroma that has the hints' colours at the hints, and is unchanged far away.

        Args:
            unhinted: the network's chroma without hints, (h, w, 2) float32, in the units of the
                space.
            hinted: the network's chroma with hints, in the same form.
            space: a key of `color.SPACES`.

        Returns:
            (h, w, 2) float32.
        """
        parts = self.followers.correction_weight
        chroma = unhinted + self.followers.follow_weight[..., None] * (hinted - unhinted)
        core = parts * (parts == parts.max((0, 1)))  # the cells of the hints
        current = np.einsum("hwn,hwc->nc", core, chroma) / core.sum((0, 1))[:, None]
        missing = chroma_of(self.colors, space) - current
        return np.asarray(chroma + parts @ missing, np.float32)

    def bind_full(self, chroma: LinearChroma, luma: IntArray) -> LinearChroma:
        """Correct a photograph's chroma so that each hint shows its colour, as far as luma allows.

        Enlarging the small chroma changes it a little. Most of what is missing is added to the
        whole object around the hint, up to its edges; the small rest only to the nearest cells.

        Args:
            chroma: chroma of the whole photograph, nearly right.
            luma: luma of the photograph, (H, W) uint8 or uint16.
        """
        levels = luma[self.followers.pixels[:, 1], self.followers.pixels[:, 0]]
        y = np.divide(levels, np.iinfo(luma.dtype).max, dtype=np.float32)[:, None]
        chosen = ab_to_cbcr(chroma_of(self.colors, "lab")[self.followers.owner], levels)
        slope, offset = (
            chroma.coefficients[:2].transpose(1, 2, 0),
            chroma.coefficients[2:].transpose(1, 2, 0),
        )
        corners = self._corners(luma.shape, slope.shape)

        def at_pixels(slope: FloatArray, offset: FloatArray) -> FloatArray:
            """Evaluate linear functions of luma, (h, w, c) each, at the pixels, (m, c)."""
            return _interpolated(slope, corners) * y + _interpolated(offset, corners)

        part_slopes, part_offsets = fit_to_luma(self.followers.correction_weight, luma)
        effect = self._means(at_pixels(part_slopes, part_offsets))
        amounts = _solve_damped(effect, self._means(chosen - at_pixels(slope, offset)))
        slope, offset = slope + part_slopes @ amounts, offset + part_offsets @ amounts
        slope_rest, offset_rest = self._fit_lines(y, chosen - at_pixels(slope, offset))
        slope = slope + self._nearby(slope_rest, corners, slope.shape)
        offset = offset + self._nearby(offset_rest, corners, slope.shape)
        coefficients = np.concatenate([slope, offset], -1).transpose(2, 0, 1)
        return replace(chroma, coefficients=np.ascontiguousarray(coefficients))

    def _fit_lines(self, y: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fit each hint's pixel values, (m, c), over luma: slopes and offsets, (n, c) each."""
        mean, mean_y = self._means(values), self._means(y)
        centred = y - mean_y[self.followers.owner]
        variance = self._means(np.asarray(centred * centred)) + np.float32(_FLAT_VARIANCE)
        slope = np.asarray(self._means(np.asarray(values * centred)) / variance)
        return slope, np.asarray(mean - slope * mean_y, np.float32)

    def _corners(self, photo: tuple[int, ...], grid: tuple[int, ...]) -> _Corners:
        """Return the four cells that each pixel is interpolated from, and their weights.

        Args:
            photo: height and width of the photograph.
            grid: height and width of the small picture.

        Returns:
            Flat indices of cells, (4, m) int32, and weights, (4, m) float32.
        """
        sides = np.array(grid[1::-1])
        scale = (sides / np.array(photo[::-1])).astype(np.float32)
        # As in OpenCV's resize, the centres of pixels are at half numbers: 0.5, 1.5 and so on.
        half = np.float32(0.5)
        point = np.clip((self.followers.pixels + half) * scale - half, 0, sides - 1)
        first = point.astype(np.int32)
        x, y = (point - first).T.astype(np.float32)
        (left, above), (right, below) = first.T, np.minimum(first + 1, sides - 1).T
        rows, columns = np.stack([above, above, below, below]), np.stack([left, right, left, right])
        weights = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], dtype=np.float32)
        return (rows * grid[1] + columns).astype(np.int32), weights

    def _nearby(self, missing: FloatArray, corners: _Corners, shape: tuple[int, ...]) -> FloatArray:
        """Return the smallest change of cells, (h, w, c), that adds what every hint is missing."""
        index, weights = corners
        share = np.zeros((len(self.colors), shape[0] * shape[1]), np.float32)
        np.add.at(share, (np.broadcast_to(self.followers.owner, index.shape), index), weights)
        share /= np.bincount(self.followers.owner)[:, None].astype(np.float32)
        # The least-norm solution of share @ change = missing.
        square = share @ share.T
        square += np.eye(len(square), dtype=np.float32) * (
            square.diagonal().mean() * _REGULARIZATION
        )
        change = np.asarray(share.T @ _solve(square, missing), np.float32)
        return change.reshape(shape)

    def _means(self, values: FloatArray) -> FloatArray:
        """Return the mean of the pixels' values, (m, c), over each hint, (n, c)."""
        sums = np.zeros((len(self.colors), values.shape[-1]), np.float32)
        np.add.at(sums, self.followers.owner, values)
        counts = np.bincount(self.followers.owner)[:, None]
        return np.asarray(sums / counts, np.float32)


def _solve_damped(effect: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return small amounts, (n, c), for which effect, (n, n), @ amounts is about `wanted`."""
    square = effect.T @ effect + np.eye(len(effect), dtype=np.float32) * np.float32(_DAMPING)
    return _solve(square, np.asarray(effect.T @ wanted))


def _solve(matrix: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return the x, (n, c), for which matrix @ x is `wanted`, (n, c)."""
    return np.asarray(np.linalg.solve(matrix, wanted), np.float32)


def _interpolated(values: FloatArray, corners: _Corners) -> FloatArray:
    """Interpolate values of cells, (h, w, c), at every pixel, (m, c)."""
    index, weights = corners
    flat = values.reshape(-1, values.shape[-1])
    return np.asarray((flat[index] * weights[..., None]).sum(0))
