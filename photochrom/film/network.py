"""What the network says of a key frame, and what a person knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.errors import ConfigError
from photochrom.film.propagation import Answer
from photochrom.guidance.binding import Binding
from photochrom.guidance.hints import draw
from photochrom.guidance.reference import Reference, no_more_than
from photochrom.model.distribution import decode
from photochrom.model.guide import Guide

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.film.small_frames import Still
    from photochrom.guidance.hints import Hint
    from photochrom.model.model import Model

__all__ = ["Network", "hinted"]

_WORD: Final = 8.0  # how many of the network's answers a person's colour is worth


class Network:
    """Asks a model about stills."""

    def __init__(
        self,
        model: Model,
        *,
        vividness: float | None = None,
        references: Sequence[Reference] = (),
    ) -> None:
        """Make one.

        Args:
            model: the network.
            vividness: from 0, faithful, to 1, vivid; by default what the card says.
            references: frames or photographs whose colours are known; earlier ones have precedence.

        Raises:
            ConfigError: the vividness is out of range.
        """
        self._model, self._references = model, references
        try:
            self._reading = model.card.reading(vividness)
        except ValueError as error:
            raise ConfigError(str(error)) from error

    def __call__(self, still: Still) -> Answer:
        """The chroma of a still.

        Raises:
            InvalidModel: the network's answer is not what its card promises.
        """
        model = self._model
        lightness = color.grey_level(still.luma, model.card.color_space)
        known = self._known(lightness) if self._references else None
        answer, features = model.predict_with_features(lightness, known)
        guide = None
        if model.card.output_kind == "distribution":
            guide = Guide.of(lightness, model.card.color_space, answer.shape[:2], features)
        chroma = decode(answer, model.card, self._reading, guide)
        weight = np.ones(still.grid, np.float32)
        if known is not None:
            chroma = no_more_than(known, chroma)
            weight += np.float32(_WORD - 1) * _on_grid(known[..., 2], still.grid)
        return Answer(_on_grid(chroma, still.grid), weight)

    def _known(self, lightness: FloatArray) -> FloatArray:
        features = self._model.features(lightness[None, ..., None])[0]
        known = np.zeros((*lightness.shape, 3), np.float32)
        for reference in self._references:
            free = known[..., 2:] == 0
            known += np.where(free, reference.known(features, lightness.shape), 0)
        return known


def hinted(
    model: Model,
    luma: npt.NDArray[np.uint8],
    hints: Sequence[Hint],
    size: tuple[int, int],
    vividness: float | None = None,
) -> Reference:
    """A frame of which a person knows some colours, as a reference for those around it.

    Args:
        model: the network.
        luma: the frame's, small, (h, w) uint8.
        hints: in pixels of the frame.
        size: the frame's height and width, in pixels.
        vividness: as of `Network`.

    Raises:
        ConfigError: a hint lies outside of the frame, or the model cannot be told colours.
    """
    card, reading = model.card, model.card.reading(vividness)
    lightness = color.grey_level(luma, card.color_space)
    known = draw(hints, size, lightness.shape, card.color_space)
    answer, features = model.predict_with_features(lightness)
    if features is None:
        raise ConfigError(f"expected a model that takes a reference; {model.source} does not")
    guide = Guide.of(lightness, card.color_space, answer.shape[:2], features)
    looks = (answer, model.predict(lightness, known))
    plain, told = (decode(each, card, reading, guide) for each in looks)
    binding = Binding.of(hints, size, lightness.shape, guide, features)
    chroma = binding.spread(plain, told, card.color_space)
    return Reference(features, _on_grid(chroma, features.shape[:2]))


def _on_grid(values: FloatArray, grid: tuple[int, int]) -> FloatArray:
    """Values of another size, (h, w) or (h, w, C), for the places of a grid."""
    smaller = values.shape[0] > grid[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, grid[::-1], interpolation=way), np.float32)
