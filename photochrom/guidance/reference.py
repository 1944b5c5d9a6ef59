"""A colour photograph of something alike, whose colours are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.color.guided import limited
from photochrom.errors import ConfigError
from photochrom.guidance.hints import match

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model.model import Model
    from photochrom.photo import Photo

__all__ = ["Reference", "no_more_than"]

_AROUND: Final = 5  # places: a match may be off by that many in all


@dataclass(frozen=True, eq=False)
class Reference:
    """What a network sees in a colour photograph, and its colours.

    Attributes:
        features: of its places, (h, w, F) float32, each of length 1.
        chroma: at those places, (h, w, 2) float32, in the units of the network's colour space.
    """

    features: FloatArray
    chroma: FloatArray

    @classmethod
    def of(cls, photo: Photo, model: Model) -> Reference:
        """Look at it once.

        Raises:
            ConfigError: it is grey, or the model does not take a reference.
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
        """Its colours where another photograph's places look like its own.

        Args:
            features: of the other photograph's places, (h, w, F) float32, by the same model.
            size: height and width of what is returned.

        Returns:
            (height, width, 3) float32: chroma, and 1 where it is known, 0 where not.
        """
        known = match(features, self.features, self.chroma)
        return np.asarray(cv2.resize(known, size[::-1], interpolation=cv2.INTER_NEAREST))


def no_more_than(known: FloatArray, chroma: FloatArray) -> FloatArray:
    """Chroma that is no stronger, where places were matched, than a reference's around there.

    Args:
        known: as `Reference.known` gives it, (h, w, 3) float32.
        chroma: of the photograph that follows the reference, (h', w', 2) float32.

    Returns:
        (h', w', 2) float32.
    """
    small = cv2.resize(known, chroma.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    strength = np.linalg.norm(small[..., :2], axis=-1)
    around = cv2.dilate(strength, np.ones((_AROUND, _AROUND), np.uint8))
    return np.where(small[..., 2:] > 0, limited(chroma, np.asarray(around)), chroma)
