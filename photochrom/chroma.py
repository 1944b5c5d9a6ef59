"""From a network's output to the chroma of every pixel of the photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom.errors import InvalidModel

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model import Card

__all__ = ["decode", "enlarge"]

_RADIUS: Final = 2  # of the guided filter, in pixels of the small picture
_EPSILON: Final = 1e-3  # luma variance below which a window counts as flat


def decode(output: FloatArray, card: Card) -> FloatArray:
    """What a network says of a photograph → chroma, in the units of the card's colour space.

    Args:
        output: (h, w, C) float32, one photograph of a batch.
        card: of the network.

    Returns:
        (h, w, 2) float32.

    Raises:
        InvalidModel: the network does not give what its card promises.
    """
    channels = 2 if card.output_kind == "chroma" else len(card.bins or [])
    if output.ndim != 3 or output.shape[-1] != channels:
        raise InvalidModel(
            f"expected (height, width, {channels}) from a network whose output is "
            f"{card.output_kind!r}; received {output.shape}"
        )
    if card.output_kind == "chroma":
        return output * np.float32(card.output_scale)
    shares = np.exp(output - output.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return np.asarray(shares @ np.array(card.bins, np.float32), np.float32)


def enlarge(chroma: FloatArray, guide: FloatArray) -> FloatArray:
    """Chroma at the size of the photograph, following the edges of its luma.

    The fast guided filter (K. He, J. Sun: Fast Guided Filter, arXiv:1505.00996, 2015): in every
    window of the small picture chroma is a linear function of luma; the functions are enlarged,
    not the chroma.

    Args:
        chroma: (h, w, 2) float32.
        guide: luma, (H, W) float32 in [0, 1].

    Returns:
        (H, W, 2) float32.
    """
    height, width = guide.shape
    small = _resized(guide, chroma.shape[1::-1], cv2.INTER_AREA)
    result = np.empty((height, width, 2), np.float32)
    for channel in range(2):
        slope, offset = _linear_model(small, np.ascontiguousarray(chroma[..., channel]))
        plane = _resized(slope, (width, height), cv2.INTER_LINEAR)
        plane *= guide
        plane += _resized(offset, (width, height), cv2.INTER_LINEAR)
        result[..., channel] = plane
    return result


def _resized(plane: FloatArray, size: tuple[int, ...], how: int) -> FloatArray:
    return np.asarray(cv2.resize(plane, size, interpolation=how), np.float32)


def _linear_model(guide: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and offset of values ≈ slope · guide + offset around every pixel."""

    def mean(x: FloatArray) -> FloatArray:
        side = 2 * _RADIUS + 1
        return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REPLICATE))

    mean_guide, mean_values = mean(guide), mean(values)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(guide * values) - mean_guide * mean_values) / (variance + _EPSILON)
    offset = mean_values - slope * mean_guide
    return mean(slope), mean(offset)
