"""Colour frames that are held in memory, without reading or writing a film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from photochrom import color
from photochrom.color.guided import LinearChroma
from photochrom.color.levels import JPEG, Levels
from photochrom.film.network import Network
from photochrom.film.propagation import propagate
from photochrom.film.small_frames import small_frames

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import IntArray
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["color_frames", "small_luma"]


def small_luma(
    luma: IntArray, size: tuple[int, int], levels: Levels = JPEG
) -> npt.NDArray[np.uint8]:
    """Reduce the luma of a frame to the network's size, and to 8 bits and full range.

    Args:
        luma: (H, W), uint8 or uint16, in the given levels.
        size: height and width of the result.
        levels: the depth and the range of `luma`.

    Returns:
        (h, w) uint8, from 0 (black) to 255 (white).
    """
    small = color.downscale(luma, size[::-1])
    if levels == JPEG:
        return np.asarray(small, np.uint8)
    # The network takes full-range 8-bit luma; films have other ranges and depths, too.
    scaled = (small.astype(np.float32) - levels.black) * np.float32(255 / levels.luma_range)
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), np.uint8)


def color_frames(
    model: Model,
    lumas: Iterable[npt.NDArray[np.uint8]],
    *,
    vividness: float | None = None,
    references: Sequence[Reference] = (),
) -> Iterator[npt.NDArray[np.uint8]]:
    """Colour the frames of a film, in order, without flicker.

    Args:
        model: the model to colour with.
        lumas: the luma of each frame, (H, W) uint8, all of the same size.
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's default.
        references: colour photographs or frames whose colours the film follows. Where several
            match, the first one is used.

    Yields:
        RGB, (H, W, 3) uint8, one for each frame. The luma is within one level of the input's. About
        50 frames are in memory at a time.

    Raises:
        ConfigError: `vividness` is out of range.
        InvalidModel: the output of the network does not match the model's card.
    """
    network = Network(model, vividness=vividness, references=references)
    frames = ((luma, small_luma(luma, model.fit(*luma.shape))) for luma in lumas)
    for segment in propagate(small_frames(frames), lambda _, small: network(small)):
        for luma, small, chroma in segment.frames:
            fitted = LinearChroma.fit(chroma, small.luma, model.card.color_space)
            rgb: npt.NDArray[np.uint8] = fitted.rgb(luma)
            yield rgb
