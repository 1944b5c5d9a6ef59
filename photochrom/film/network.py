"""Estimate the colours of a key frame with the network, references and hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.errors import ConfigError
from photochrom.film.propagation import Estimate
from photochrom.guidance.binding import Binding
from photochrom.guidance.hints import draw
from photochrom.guidance.reference import Reference, limit_to_reference
from photochrom.model.distribution import decode
from photochrom.model.guide import Guide

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.film.job import Span
    from photochrom.film.small_frames import SmallFrame
    from photochrom.guidance.hints import Hint
    from photochrom.model.model import Model

__all__ = ["Network", "ShotReference", "reference_from_hints"]

# A colour from a reference or a hint counts for this many estimates of the network, so that it is
# not averaged away in the key frames around it.
_REFERENCE_WEIGHT: Final = 8.0


@dataclass(frozen=True, eq=False)
class ShotReference:
    """A reference that applies in a section of the film only, for example in a shot.

    Attributes:
        reference: the reference.
        span: the section.
    """

    reference: Reference
    span: Span


class Network:
    """A model that estimates the colours of small frames."""

    def __init__(
        self,
        model: Model,
        *,
        vividness: float | None = None,
        references: Sequence[Reference | ShotReference] = (),
    ) -> None:
        """Prepare a model for the frames of a film.

        Args:
            model: the model.
            vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's
                default.
            references: frames or photographs whose colours are to be followed. Where several
                match, the first one is used.

        Raises:
            ConfigError: `vividness` is out of range.
        """
        self._model, self._references = model, references
        self._params = model.card.decoding_params(vividness)

    def __call__(self, frame: SmallFrame, seconds: float = 0.0) -> Estimate:
        """Estimate the chroma of a frame.

        Args:
            frame: the frame.
            seconds: its time, which decides on references that apply in a section only.

        Raises:
            InvalidModel: the output of the network does not match the model's card.
        """
        model = self._model
        lightness = color.grey_level(frame.luma, model.card.color_space)
        references = self._references_at(seconds)
        known = self._known(lightness, references) if references else None
        output, features = model.predict_with_features(lightness, known)
        guide = None
        if model.card.output_kind == "distribution":
            guide = Guide.of(lightness, model.card.color_space, output.shape[:2], features)
        chroma = decode(output, model.card, self._params, guide)
        weight = np.ones(frame.grid, np.float32)
        if known is not None:
            # The network can make colours stronger than the reference has them.
            chroma = limit_to_reference(known, chroma)
            weight += np.float32(_REFERENCE_WEIGHT - 1) * _resize(known[..., 2], frame.grid)
        if features is None:
            return Estimate(_resize(chroma, frame.grid), weight)
        key_frame = Reference(features, _resize(chroma, features.shape[:2]))
        return Estimate(_resize(chroma, frame.grid), weight, key_frame)

    def _references_at(self, seconds: float) -> list[Reference]:
        """Return the references that apply at a time."""
        return [
            each.reference if isinstance(each, ShotReference) else each
            for each in self._references
            if not isinstance(each, ShotReference) or each.span.contains(seconds)
        ]

    def _known(self, lightness: FloatArray, references: Sequence[Reference]) -> FloatArray:
        """Return the colours that the references give, (h, w, 3) float32: chroma and a mask."""
        features = self._model.features(lightness[None, ..., None])[0]
        known = np.zeros((*lightness.shape, 3), np.float32)
        for reference in references:
            # An earlier reference takes precedence; a later one only fills what is still unknown.
            unknown = known[..., 2:] == 0
            known += np.where(unknown, reference.known(features, lightness.shape), 0)
        return known


def reference_from_hints(
    model: Model,
    luma: npt.NDArray[np.uint8],
    hints: Sequence[Hint],
    size: tuple[int, int],
    vividness: float | None = None,
) -> Reference:
    """Colour one frame with hints, and make it a reference for the other frames.

    Args:
        model: the model.
        luma: the small luma of the frame, (h, w) uint8, from 0 (black) to 255 (white).
        hints: the hints, in pixels of the full-size frame.
        size: height and width of the full-size frame, in pixels.
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's default.

    Raises:
        ConfigError: a hint is outside the frame, or the model does not support references.
    """
    card, params = model.card, model.card.decoding_params(vividness)
    lightness = color.grey_level(luma, card.color_space)
    known = draw(hints, size, lightness.shape, card.color_space)
    output, features = model.predict_with_features(lightness)
    if features is None:
        raise ConfigError(f"expected a model that takes a reference; {model.source} does not")
    guide = Guide.of(lightness, card.color_space, output.shape[:2], features)
    # The binding needs both, because it applies only the difference that the hints make, and only
    # where a place looks like a hinted one.
    outputs = (output, model.predict(lightness, known))
    plain, hinted = (decode(each, card, params, guide) for each in outputs)
    binding = Binding.of(hints, size, lightness.shape, guide, features)
    chroma = binding.bind_small(plain, hinted, card.color_space)
    return Reference(features, _resize(chroma, features.shape[:2]))


def _resize(values: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Resize values, (h, w) or (h, w, C), to another height and width."""
    is_smaller = values.shape[0] > size[0]
    # Area interpolation averages when it reduces, but makes blocks when it enlarges.
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size[::-1], interpolation=interpolation), np.float32)
