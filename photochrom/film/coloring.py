"""From the luma of frames to their colours, wherever they come from and go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from photochrom import color
from photochrom.color.guided import LinearChroma
from photochrom.color.levels import JPEG, Levels
from photochrom.film.network import Network
from photochrom.film.propagation import propagate
from photochrom.film.small_frames import stills

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import IntArray
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["color_frames", "small_luma"]


def small_luma(
    luma: IntArray, size: tuple[int, int], levels: Levels = JPEG
) -> npt.NDArray[np.uint8]:
    """A frame's luma, (H, W), as the network is to see it.

    Args:
        luma: as the levels have it.
        size: height and width of what is returned.
        levels: what its numbers stand for.

    Returns:
        (h, w) uint8, 0 black to 255 white.
    """
    small = color.downscale(luma, size[::-1])
    if levels == JPEG:
        return np.asarray(small, np.uint8)
    scaled = (small.astype(np.float32) - levels.black) * np.float32(255 / levels.luma_range)
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), np.uint8)


def color_frames(
    model: Model,
    lumas: Iterable[npt.NDArray[np.uint8]],
    *,
    vividness: float | None = None,
    references: Sequence[Reference] = (),
) -> Iterator[npt.NDArray[np.uint8]]:
    """Colour the frames of a film, in order, steadily.

    Args:
        model: the network.
        lumas: of every frame, (H, W) uint8, all of one size.
        vividness: from 0, faithful, to 1, vivid; by default what the card says.
        references: frames or photographs whose colours are known.

    Yields:
        RGB, (H, W, 3) uint8; the luma of each is within one level of what came. Some 50 frames
        are held.

    Raises:
        ConfigError: the vividness is out of range.
        InvalidModel: the network's answer is not what its card promises.
    """
    network = Network(model, vividness=vividness, references=references)
    frames = ((luma, small_luma(luma, model.fit(*luma.shape))) for luma in lumas)
    for stretch in propagate(stills(frames), network):
        for luma, still, chroma in stretch.frames:
            fitted = LinearChroma.fit(chroma, still.luma, model.card.color_space)
            rgb: npt.NDArray[np.uint8] = fitted.over(luma)
            yield rgb
