"""A colour photograph of a similar subject, from which colours are copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.color.guided import limit_chroma
from photochrom.errors import ConfigError
from photochrom.guidance.hints import match

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model.model import Model
    from photochrom.photo import Photo

__all__ = ["Reference", "limit_to_reference"]

# Side of a square, in pixels of the small picture: a match may be a few pixels off, so chroma is
# limited by the strongest colour near the matched position.
_NEIGHBOURHOOD: Final = 5


@dataclass(frozen=True, eq=False)
class Reference:
    """A network's features of a colour photograph, with its colours.

    Attributes:
        features: (h, w, F) float32, unit vectors.
        chroma: (h, w, 2) float32, in the units of the network's colour space.
        given: how far the chroma was given by hints, (h, w) float32 in [0, 1]; None if it was not.
    """

    features: FloatArray
    chroma: FloatArray
    given: FloatArray | None = None

    @classmethod
    def of(cls, photo: Photo, model: Model) -> Reference:
        """Run a model's network on a colour photograph.

        Raises:
            ConfigError: the photograph is grey or tinted, or the model does not take a reference.
        """
        if photo.color is None or photo.is_monochrome:
            raise ConfigError(f"expected a reference in colour; {photo.name} is {photo.tint}")
        features = model.features(model.lightness(photo.luma)[None, ..., None])[0]
        small = cv2.resize(photo.color, features.shape[1::-1], interpolation=cv2.INTER_AREA)
        top = np.iinfo(photo.luma.dtype).max
        scaled = np.divide(small, top, dtype=np.float32)
        space = color.SPACES[model.card.color_space]
        return cls(features, space.from_rgb(scaled)[..., 1:])

    def known(self, features: FloatArray, size: tuple[int, int]) -> FloatArray:
        """Return this reference's colours where another photograph looks similar.

        Args:
            features: features of the other photograph by the same model, (h, w, F) float32.
            size: height and width of the result.

        Returns:
            (height, width, 3) float32: chroma, and 1 where it is known, 0 elsewhere.
        """
        known = match(features, self.features, self.chroma)
        return np.asarray(cv2.resize(known, size[::-1], interpolation=cv2.INTER_NEAREST))


def limit_to_reference(known: FloatArray, chroma: FloatArray) -> FloatArray:
    """Limit chroma to the strength of the reference's colours where positions were matched.

    Args:
        known: the result of `Reference.known`, (h, w, 3) float32.
        chroma: chroma of the other photograph, (h', w', 2) float32, in the same units.

    Returns:
        (h', w', 2) float32.
    """
    small = cv2.resize(known, chroma.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    strength = np.linalg.norm(small[..., :2], axis=-1)
    limit = cv2.dilate(strength, np.ones((_NEIGHBOURHOOD, _NEIGHBOURHOOD), np.uint8))
    return np.where(small[..., 2:] > 0, limit_chroma(chroma, np.asarray(limit)), chroma)
