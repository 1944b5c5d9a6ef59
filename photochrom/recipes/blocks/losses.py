"""Losses that several recipes use."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from photochrom.recipes.blocks.quantization import soft_codes
from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["SoftCrossEntropy"]


@keras.saving.register_keras_serializable("photochrom")
class SoftCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy between logits and soft codes, which targets give as rows of `soft_codes`.

    With class weights, one for each bin, each pixel has the weight of the bin nearest to its colour
    (class rebalancing of R. Zhang et al.: Colorful Image Colorization, ECCV 2016).
    """

    def __init__(
        self, margin: int = 0, weights: Sequence[float] | None = None, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.margin, self.weights = margin, weights

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each pixel, (B, h, w), for rows (B, h, w) and logits (B, h, w, Q)."""
        table, rows = soft_codes(margin=self.margin), ops.cast(y_true, "int32")
        codes = ops.take(ops.convert_to_tensor(table), rows, axis=0)
        loss = ops.logsumexp(y_pred, axis=-1) - ops.sum(codes * y_pred, axis=-1)
        if self.weights is None:
            return loss
        # A code's weight is that of its largest entry, the bin nearest to the colour.
        weight_of_row = np.array(self.weights, np.float32)[table.argmax(-1)]
        return loss * ops.take(ops.convert_to_tensor(weight_of_row), rows, axis=0)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "margin": self.margin, "weights": self.weights}
