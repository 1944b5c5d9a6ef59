"""Twice the size, bilinearly, at any size: what Keras's own layer cannot export."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

__all__ = ["Upsample2x"]


@keras.saving.register_keras_serializable("photochrom", name="Doubled")  # as in saved networks
class Upsample2x(layers.Layer):  # type: ignore[misc]
    """(B, H, W, C) → (B, 2H, 2W, C), as `UpSampling2D(interpolation="bilinear")` gives it."""

    def call(self, x: Any) -> Any:
        """Down, then right."""
        return self._along(self._along(x, 1), 2)

    def _along(self, x: Any, axis: int) -> Any:
        first, last = (x[:, :1], x[:, -1:]) if axis == 1 else (x[:, :, :1], x[:, :, -1:])
        rest = (x[:, 1:], x[:, :-1]) if axis == 1 else (x[:, :, 1:], x[:, :, :-1])
        before = ops.concatenate([first, rest[1]], axis)
        after = ops.concatenate([rest[0], last], axis)
        pairs = ops.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
        size = list(ops.shape(x)[1:3])
        size[axis - 1] = 2 * size[axis - 1]
        return ops.reshape(pairs, (-1, *size, x.shape[-1]))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Both sides doubled, where they are known."""
        sides = [side and 2 * side for side in shape[1:3]]
        return (shape[0], *sides, shape[3])
