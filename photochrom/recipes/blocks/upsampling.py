"""A layer that doubles the size of a map bilinearly, at any size.

Keras's own layer cannot be exported for sizes that are not fixed.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from photochrom.recipes.blocks.tensors import Shape, Tensor

__all__ = ["Upsample2x"]


# Registered under its old name, so that saved networks load.
@keras.saving.register_keras_serializable("photochrom", name="Doubled")
class Upsample2x(layers.Layer):  # type: ignore[misc]
    """A layer from (B, H, W, C) to (B, 2H, 2W, C).

    It computes the same as `UpSampling2D(interpolation="bilinear")`.
    """

    def call(self, x: Tensor) -> Tensor:
        """Double the height, then the width."""
        return self._along(self._along(x, 1), 2)

    def _along(self, x: Tensor, axis: int) -> Tensor:
        """Double one side: axis 1 (height) or 2 (width)."""
        first, last = (x[:, :1], x[:, -1:]) if axis == 1 else (x[:, :, :1], x[:, :, -1:])
        rest = (x[:, 1:], x[:, :-1]) if axis == 1 else (x[:, :, 1:], x[:, :, :-1])
        # Each output pixel lies a quarter pixel from its nearest input pixel, hence 0.75 and 0.25.
        before = ops.concatenate([first, rest[1]], axis)
        after = ops.concatenate([rest[0], last], axis)
        pairs = ops.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
        size = list(ops.shape(x)[1:3])
        size[axis - 1] = 2 * size[axis - 1]
        return ops.reshape(pairs, (-1, *size, x.shape[-1]))

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the shape with both sides doubled, where they are known."""
        sides = [side and 2 * side for side in shape[1:3]]
        return (shape[0], *sides, shape[3])
