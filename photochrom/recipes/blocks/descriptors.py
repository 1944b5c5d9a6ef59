"""What a place looks like, and where its colour ends, as layers without weights.

All take and give float32 maps, (B, H, W, C), of one size.
"""

from __future__ import annotations

import math
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

__all__ = ["Daisy", "JointBilateral", "Patches"]

_TRUNCATED: Final = 4.0  # standard deviations at which a Gaussian ends
_TINY: Final = 1e-10


@keras.saving.register_keras_serializable("photochrom")
class Patches(layers.Layer):  # type: ignore[misc]
    """The square of side × side values around every place, as its channels; zeros beyond."""

    def __init__(self, side: int = 7, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.side = side

    def call(self, luma: Any) -> Any:
        """(B, H, W, 1) → (B, H, W, side²)."""
        count = self.side**2
        kernel = np.eye(count, dtype=np.float32).reshape(self.side, self.side, 1, count)
        return ops.conv(luma, ops.convert_to_tensor(kernel), padding="same")

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """A channel a value."""
        return (*shape[:3], self.side**2)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "side": self.side}


@keras.saving.register_keras_serializable("photochrom")
class Daisy(layers.Layer):  # type: ignore[misc]
    """DAISY with one ring, at every place (E. Tola, V. Lepetit, P. Fua, PAMI 2010).

    As `skimage.feature.daisy` computes it, but for the outermost places: beyond the picture there
    is nothing here. Of a ring of 3 histograms and the middle one, with 8 orientations each, come 32
    channels, which sum to 1.
    """

    def __init__(
        self, radius: int = 15, histograms: int = 3, orientations: int = 8, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.radius, self.histograms, self.orientations = radius, histograms, orientations

    def call(self, luma: Any) -> Any:
        """(B, H, W, 1) → (B, H, W, (histograms + 1) · orientations)."""
        right = ops.pad(luma[:, :, 1:] - luma[:, :, :-1], ((0, 0), (0, 0), (0, 1), (0, 0)))
        down = ops.pad(luma[:, 1:] - luma[:, :-1], ((0, 0), (0, 1), (0, 0), (0, 0)))
        angles = 2 * np.pi * np.arange(self.orientations) / self.orientations - np.pi
        magnitude = ops.sqrt(right * right + down * down + _TINY**2)
        along = right * np.cos(angles).astype("f4") + down * np.sin(angles).astype("f4")
        histogram = ops.exp(self.orientations / np.pi * along / magnitude) * magnitude
        smooth = self._smoothed(histogram)
        turns = 2 * np.pi * np.arange(self.histograms) / self.histograms
        ring = [
            _shifted(smooth, round(self.radius * math.sin(t)), round(self.radius * math.cos(t)))
            for t in turns
        ]
        found = ops.concatenate([smooth, *ring], axis=-1) + _TINY
        return found / ops.sum(found, axis=-1, keepdims=True)

    def _smoothed(self, maps: Any) -> Any:
        sigma = self.radius / 2
        reach = int(_TRUNCATED * sigma + 0.5)
        bell = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
        bell = (bell / bell.sum()).astype(np.float32)
        for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
            kernel = np.tile(bell.reshape(shape), (1, 1, self.orientations, 1))
            maps = ops.depthwise_conv(maps, ops.convert_to_tensor(kernel), padding="same")
        return maps

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Histograms, one after the other."""
        return (*shape[:3], (self.histograms + 1) * self.orientations)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {
            **super().get_config(),
            "radius": self.radius,
            "histograms": self.histograms,
            "orientations": self.orientations,
        }


@keras.saving.register_keras_serializable("photochrom")
class JointBilateral(layers.Layer):  # type: ignore[misc]
    """Means over neighbours that are near in place and in luma (G. Petschnigg et al., 2004).

    Neighbours stand on a grid of 7 × 7 places, `spacing` apart.
    """

    def __init__(
        self, spacing: int = 2, reach: float = 4.0, contrast: float = 0.08, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.spacing, self.reach, self.contrast = spacing, reach, contrast

    def call(self, inputs: list[Any]) -> Any:
        """Chroma, (B, H, W, 2), and luma, (B, H, W, 1), → chroma."""
        chroma, luma = inputs
        both = ops.concatenate([chroma, luma, ops.ones_like(luma)], axis=-1)
        total, weight = ops.zeros_like(chroma), ops.zeros_like(luma)
        steps = [self.spacing * step for step in range(-3, 4)]
        for down, right in ((d, r) for d in steps for r in steps):
            there = _shifted(both, down, right)
            apart = (there[..., 2:3] - luma) / self.contrast
            near = math.exp(-(down**2 + right**2) / (2 * self.reach**2))
            share = near * ops.exp(-apart * apart / 2) * there[..., 3:]
            total, weight = total + share * there[..., :2], weight + share
        return total / weight

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """That of the chroma."""
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {
            **super().get_config(),
            "spacing": self.spacing,
            "reach": self.reach,
            "contrast": self.contrast,
        }


def _shifted(x: Any, down: int, right: int) -> Any:
    """A map moved so that every place holds what lies `down` and `right` of it; zeros beyond."""
    reach = max(abs(down), abs(right))
    if not reach:
        return x
    padded = ops.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    rows = slice(reach + down, down - reach or None)
    columns = slice(reach + right, right - reach or None)
    return padded[:, rows, columns]
