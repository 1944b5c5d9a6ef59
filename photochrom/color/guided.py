"""From the chroma of a small picture to that of every pixel of the photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np

from photochrom import color
from photochrom.color.levels import BT601, JPEG, Levels, Matrix

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.color.spaces import Samples

__all__ = ["LinearChroma", "along_luma", "limited", "mean_chroma"]

_RADIUS: Final = 2  # how far a window reaches, in places of the small chroma
_NOTHING: Final = 1e-6
_EPSILON: Final = 1e-3  # luma variance below which a window counts as flat


@dataclass(frozen=True, eq=False)
class LinearChroma:
    """Cb and Cr as a linear function of luma, place by place.

    The fast guided filter (K. He, J. Sun: Fast Guided Filter, arXiv:1505.00996, 2015): in every
    window of a small picture chroma is a linear function of luma; the functions are enlarged, not
    the chroma, and so colours end where luma does.

    Attributes:
        model: (4, h, w) float32: slope of Cb, slope of Cr, offset of Cb, offset of Cr, for luma in
            [0, 1] and chroma in [-0.5, 0.5].
        matrix: of Cb and Cr.
    """

    model: FloatArray
    matrix: Matrix = BT601

    @classmethod
    def fit(
        cls, chroma: FloatArray, luma: IntArray, space: str, matrix: Matrix = BT601
    ) -> LinearChroma:
        """Find the functions.

        Args:
            chroma: (h, w, 2) float32, in the units of the space.
            luma: of the photograph, (H, W) uint8 or uint16, 0 to the greatest number.
            space: a key of `color.SPACES`.
            matrix: of Cb and Cr.
        """
        small, guide = _guide(luma, chroma.shape[:2])
        planes = color.to_cbcr(color.grey_level(small, space), chroma, space, matrix)
        model = np.concatenate(_linear(guide, np.stack(planes, -1)), -1)
        return cls(np.ascontiguousarray(model.transpose(2, 0, 1)), matrix)

    def over(self, luma: Samples) -> Samples:
        """RGB, (H, W, 3), of a photograph's luma, (H, W) uint8 or uint16; luma stays as it is.

        For functions that were found for BT.601.
        """
        top = np.float32(np.iinfo(luma.dtype).max)
        result = np.empty((*luma.shape, 3), luma.dtype)
        tall = self._tall(len(luma))

        def band(rows: slice, y: FloatArray, *work: FloatArray) -> None:
            cb, cr, *spares = work
            np.divide(luma[rows], top, out=y, dtype=np.float32)
            _evaluate(tall[:, rows], y, cb, cr, spares[0])
            color.compose_rgb(y, cb, cr, result[rows], spares)

        color.in_bands(band, luma.shape, 3 + color.SCRATCH_BUFFERS)
        return cast("Samples", result)

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Cb and Cr as an 8-bit JPEG stores them.

        Args:
            luma: (H, W) uint8.
            halved: at half its size ("4:2:0").

        Returns:
            Two planes, (H, W) or (⌈H/2⌉, ⌈W/2⌉) uint8.
        """
        return self.stored(luma, (2, 2) if halved else (1, 1), JPEG)

    def stored(
        self, luma: IntArray, step: tuple[int, int], levels: Levels
    ) -> tuple[IntArray, IntArray]:
        """Cb and Cr as a file or a film stores them.

        Args:
            luma: (H, W), of the levels' own type and range.
            step: pixels of luma down and across for each of chroma, 1, 2 or 4: (2, 2) is "4:2:0".
                Chroma fits the darkest and the lightest of them.
            levels: what the numbers stand for.

        Returns:
            Two planes, (⌈H / down⌉, ⌈W / across⌉).
        """
        shape = tuple(-(-side // each) for side, each in zip(luma.shape, step, strict=True))
        result = np.empty(shape, levels.dtype), np.empty(shape, levels.dtype)
        tall = self._tall(shape[0])

        def band(rows: slice, mean: FloatArray, *work: FloatArray) -> None:
            darkest, lightest, cb, cr, *spares = work
            part = luma[rows.start * step[0] : rows.stop * step[0]]
            _blocks(part, step, levels, (mean, darkest, lightest))
            _evaluate(tall[:, rows], mean, cb, cr, spares[0])
            color.compress_to_gamut(cb, cr, darkest, lightest, spares, self.matrix)
            for plane, numbers in zip((cb, cr), result, strict=True):
                _store(plane, levels, numbers[rows])

        color.in_bands(band, shape, 5 + color.SCRATCH_BUFFERS)
        return result

    def _tall(self, height: int) -> FloatArray:
        """The functions of every row, (4, height, w); across, they are enlarged band by band."""
        size = (self.model.shape[2], height)
        planes = [cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in self.model]
        return np.asarray(np.stack(planes), np.float32)


def limited(chroma: FloatArray, most: FloatArray | float) -> FloatArray:
    """Chroma, (h, w, 2) float32, shortened towards grey where it is longer than it may be.

    Args:
        chroma: in the units of any space.
        most: the greatest length allowed, in the same units; one number or (h, w) float32.
    """
    length = np.linalg.norm(chroma, axis=-1)
    share = np.minimum(1, most / np.maximum(length, _NOTHING))
    return np.asarray(chroma * share[..., None], np.float32)


def along_luma(values: FloatArray, luma: IntArray) -> tuple[FloatArray, FloatArray]:
    """Any values of a small picture as linear functions of luma, as `LinearChroma` has chroma.

    Args:
        values: (h, w, n) float32.
        luma: of the photograph, (H, W) uint8 or uint16.

    Returns:
        Slopes and offsets, (h, w, n) float32 each, for luma in [0, 1].
    """
    return _linear(_guide(luma, values.shape[:2])[1], values)


def _evaluate(
    model: FloatArray, luma: FloatArray, cb: FloatArray, cr: FloatArray, spare: FloatArray
) -> None:
    """Write Cb and Cr of a band of rows, (h, W), whose functions are (4, h, w)."""
    size = luma.shape[::-1]
    for plane, slope, offset in zip((cb, cr), model[:2], model[2:], strict=True):
        cv2.resize(slope, size, dst=plane, interpolation=cv2.INTER_LINEAR)
        cv2.resize(offset, size, dst=spare, interpolation=cv2.INTER_LINEAR)
        plane *= luma
        plane += spare


def _guide(luma: IntArray, size: tuple[int, int]) -> tuple[IntArray, FloatArray]:
    """A photograph's luma, (H, W), at the size (h, w): as it is, and as float32 in [0, 1]."""
    small = color.downscale(luma, size[::-1])
    return small, np.divide(small, np.iinfo(luma.dtype).max, dtype=np.float32)


def _linear(guide: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and offset of values ≈ slope · guide + offset around every pixel.

    Args:
        guide: (h, w) float32.
        values: (h, w, n) float32.

    Returns:
        Two, (h, w, n) float32.
    """

    def mean(x: FloatArray) -> FloatArray:
        side = 2 * _RADIUS + 1
        blurred = cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE)
        return np.asarray(blurred, np.float32).reshape(x.shape)

    guide = guide[..., None]
    mean_guide, mean_values = mean(guide), mean(values)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(guide * values) - mean_guide * mean_values) / (variance + _EPSILON)
    offset = mean_values - slope * mean_guide
    return mean(slope), mean(offset)


def _blocks(
    luma: IntArray, step: tuple[int, int], levels: Levels, planes: Sequence[FloatArray]
) -> None:
    """Write mean, least and greatest luma, in [0, 1], of blocks of pixels."""
    if step == (1, 1):
        found: Sequence[IntArray] = (luma,) * 3
    else:
        even = color.pad_to_multiple(luma, step)
        size = (even.shape[1] // step[1], even.shape[0] // step[0])
        mean = cast("IntArray", cv2.resize(even, size, interpolation=cv2.INTER_AREA))
        found = (mean, *(_extremes(even, step, extreme) for extreme in (np.minimum, np.maximum)))
    scale = np.float32(1 / levels.luma_range)
    for numbers, plane in zip(found, planes, strict=True):
        np.multiply(numbers, scale, out=plane, dtype=np.float32)
        if levels.black:
            plane -= np.float32(levels.black) * scale
            np.clip(plane, 0, 1, out=plane)  # there may be numbers beyond black and white


def _extremes(luma: IntArray, step: tuple[int, int], extreme: np.ufunc) -> IntArray:
    """The least or the greatest of every block."""
    rows = [luma[first :: step[0]] for first in range(step[0])]
    down = reduce(extreme, rows)
    columns = [down[:, first :: step[1]] for first in range(step[1])]
    return reduce(extreme, columns)


def _store(plane: FloatArray, levels: Levels, numbers: IntArray) -> None:
    """Write chroma in [-0.5, 0.5] as whole numbers."""
    if levels.depth == 8:
        cv2.convertScaleAbs(plane, dst=numbers, alpha=levels.chroma_range, beta=levels.grey)
        return
    plane *= np.float32(levels.chroma_range)
    plane += np.float32(levels.grey)
    np.clip(plane, 0, levels.top, out=plane)
    np.rint(plane, out=numbers, casting="unsafe")


def mean_chroma(small: FloatArray, lightness: FloatArray, space: str) -> float:
    """How far from grey a photograph will be shown: in Lab, whatever the network's space.

    Args:
        small: chroma, (h, w, 2) float32, in the units of the space.
        lightness: what the network saw, (h', w') float32.
        space: a key of `color.SPACES`.
    """
    level = cv2.resize(lightness, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    first = np.dstack([level, np.zeros_like(small)])
    grey = color.luma(np.rint(np.clip(color.SPACES[space].to_rgb(first), 0, 1) * 255).astype("u1"))
    shown = color.merge(grey, small, space)
    lab = color.rgb_to_lab(np.divide(shown, 255, dtype=np.float32))
    return float(np.linalg.norm(lab[..., 1:], axis=-1).mean())
