"""Losses that recipes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from photochrom.recipes.blocks.quantization import soft_codes

__all__ = ["SoftCrossEntropy"]


@keras.saving.register_keras_serializable("photochrom")
class SoftCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy between soft codes, given as their rows in the table, and logits.

    With weights, one for each bin, every place counts as much as the bin nearest to its colour
    (R. Zhang et al.: Colorful Image Colorization, ECCV 2016, class rebalancing).
    """

    def __init__(
        self, margin: int = 0, weights: Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.margin, self.weights = margin, weights

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(B, h, w) and (B, h, w, Q) → (B, h, w)."""
        table, rows = soft_codes(margin=self.margin), ops.cast(y_true, "int32")
        codes = ops.take(ops.convert_to_tensor(table), rows, axis=0)
        loss = ops.logsumexp(y_pred, axis=-1) - ops.sum(codes * y_pred, axis=-1)
        if self.weights is None:
            return loss
        by_row = np.array(self.weights, np.float32)[table.argmax(-1)]
        return loss * ops.take(ops.convert_to_tensor(by_row), rows, axis=0)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "margin": self.margin, "weights": self.weights}
