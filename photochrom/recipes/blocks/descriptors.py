"""Layers without weights: local descriptors and an edge-aware filter.

All read and return float32 maps, (B, H, W, C), of one size.
"""

from __future__ import annotations

import math
from typing import Final

import keras
import numpy as np
from keras import layers, ops

from photochrom.recipes.blocks.tensors import Shape, Tensor

__all__ = ["Daisy", "JointBilateral", "Patches"]

_TRUNCATION: Final = 4.0  # standard deviations, the radius of a Gaussian kernel
_EPSILON: Final = 1e-10  # avoids divisions by zero in flat areas


@keras.saving.register_keras_serializable("photochrom")
class Patches(layers.Layer):  # type: ignore[misc]
    """A layer that returns the side × side values around each pixel as channels, zero-padded."""

    def __init__(self, side: int = 7, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.side = side

    def call(self, luma: Tensor) -> Tensor:
        """Map (B, H, W, 1) to (B, H, W, side²)."""
        count = self.side**2
        # A convolution with one-hot kernels copies each value of the patch to a channel.
        kernel = np.eye(count, dtype=np.float32).reshape(self.side, self.side, 1, count)
        return ops.conv(luma, ops.convert_to_tensor(kernel), padding="same")

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the shape (B, H, W, side²)."""
        return (*shape[:3], self.side**2)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "side": self.side}


@keras.saving.register_keras_serializable("photochrom")
class Daisy(layers.Layer):  # type: ignore[misc]
    """A layer that computes DAISY with one ring at each pixel.

    E. Tola, V. Lepetit, P. Fua, PAMI 2010. It agrees with `skimage.feature.daisy` except near the
    border, where this layer pads with zeros. The histogram in the middle and the 3 of the ring have
    8 orientations each, which gives 32 channels that sum to 1.
    """

    def __init__(
        self, radius: int = 15, histograms: int = 3, orientations: int = 8, **kwargs: object
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.radius, self.histograms, self.orientations = radius, histograms, orientations

    def call(self, luma: Tensor) -> Tensor:
        """Map (B, H, W, 1) to (B, H, W, (histograms + 1) · orientations)."""
        right = ops.pad(luma[:, :, 1:] - luma[:, :, :-1], ((0, 0), (0, 0), (0, 1), (0, 0)))
        down = ops.pad(luma[:, 1:] - luma[:, :-1], ((0, 0), (0, 1), (0, 0), (0, 0)))
        angles = 2 * np.pi * np.arange(self.orientations) / self.orientations - np.pi
        magnitude = ops.sqrt(right * right + down * down + _EPSILON**2)
        projection = right * np.cos(angles).astype("f4") + down * np.sin(angles).astype("f4")
        # A soft histogram: each gradient counts for all orientations near its own.
        histogram = ops.exp(self.orientations / np.pi * projection / magnitude) * magnitude
        smooth = self._smooth(histogram)
        ring_angles = 2 * np.pi * np.arange(self.histograms) / self.histograms
        ring = [
            _shifted(smooth, round(self.radius * math.sin(t)), round(self.radius * math.cos(t)))
            for t in ring_angles
        ]
        descriptor = ops.concatenate([smooth, *ring], axis=-1) + _EPSILON
        return descriptor / ops.sum(descriptor, axis=-1, keepdims=True)

    def _smooth(self, maps: Tensor) -> Tensor:
        """Blur each map with a Gaussian."""
        sigma = self.radius / 2  # as in skimage
        reach = int(_TRUNCATION * sigma + 0.5)
        gaussian = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
        gaussian = (gaussian / gaussian.sum()).astype(np.float32)
        # A Gaussian is separable: two one-dimensional convolutions replace a square one.
        for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
            kernel = np.tile(gaussian.reshape(shape), (1, 1, self.orientations, 1))
            maps = ops.depthwise_conv(maps, ops.convert_to_tensor(kernel), padding="same")
        return maps

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the shape (B, H, W, (histograms + 1) · orientations)."""
        return (*shape[:3], (self.histograms + 1) * self.orientations)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {
            **super().get_config(),
            "radius": self.radius,
            "histograms": self.histograms,
            "orientations": self.orientations,
        }


@keras.saving.register_keras_serializable("photochrom")
class JointBilateral(layers.Layer):  # type: ignore[misc]
    """A layer that smooths chroma over neighbours with a similar luma.

    G. Petschnigg et al., 2004. The neighbours form a grid of 7 × 7 positions, `spacing` pixels
    apart.
    """

    def __init__(
        self, spacing: int = 2, reach: float = 4.0, contrast: float = 0.08, **kwargs: object
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.spacing, self.reach, self.contrast = spacing, reach, contrast

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Smooth chroma, (B, H, W, 2), guided by luma, (B, H, W, 1)."""
        chroma, luma = inputs
        # The channel of ones becomes 0 beyond the border, where no neighbour must count.
        stacked = ops.concatenate([chroma, luma, ops.ones_like(luma)], axis=-1)
        total, weight = ops.zeros_like(chroma), ops.zeros_like(luma)
        steps = [self.spacing * step for step in range(-3, 4)]
        for down, right in ((d, r) for d in steps for r in steps):
            neighbour = _shifted(stacked, down, right)
            luma_difference = (neighbour[..., 2:3] - luma) / self.contrast
            spatial_weight = math.exp(-(down**2 + right**2) / (2 * self.reach**2))
            luma_weight = ops.exp(-luma_difference * luma_difference / 2)
            neighbour_weight = spatial_weight * luma_weight * neighbour[..., 3:]
            total, weight = total + neighbour_weight * neighbour[..., :2], weight + neighbour_weight
        return total / weight

    def compute_output_shape(self, shapes: list[Shape]) -> Shape:
        """Return the shape of the chroma."""
        return shapes[0]

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {
            **super().get_config(),
            "spacing": self.spacing,
            "reach": self.reach,
            "contrast": self.contrast,
        }


def _shifted(x: Tensor, down: int, right: int) -> Tensor:
    """Move a map so that each pixel gets the value `down` and `right` of it; pad with zeros."""
    reach = max(abs(down), abs(right))
    if not reach:
        return x
    padded = ops.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    rows = slice(reach + down, down - reach or None)
    columns = slice(reach + right, right - reach or None)
    return padded[:, rows, columns]
