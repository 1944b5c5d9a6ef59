"""Optimizers and schedules that recipes share."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["ScaledAdamW", "cosine"]


@keras.saving.register_keras_serializable("photochrom")
class ScaledAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW (I. Loshchilov, F. Hutter 2019) that learns some variables more slowly.

    Those whose path holds `slow_path` are learnt at `slow_ratio` times the rate: a pretrained
    encoder's, say. Weights of one dimension (norms, biases) do not decay.
    """

    def __init__(
        self, *args: Any, slow_path: str = "", slow_ratio: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.slow_path, self.slow_ratio = slow_path, slow_ratio

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        path = self._trainable_variables[self._get_variable_index(variable)].path
        slow = self.slow_path and self.slow_path in path
        ratio = self.slow_ratio if slow else 1.0
        super().update_step(gradient, variable, learning_rate * ratio)

    def _use_weight_decay(self, variable: Any) -> bool:
        return len(variable.shape) > 1 and bool(super()._use_weight_decay(variable))

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {
            **super().get_config(),
            "slow_path": self.slow_path,
            "slow_ratio": self.slow_ratio,
        }


def cosine(peak: float, steps: int, *, warmup: int = 500) -> Any:
    """A rate that rises to `peak` over the first steps, then falls to nothing along a cosine."""
    warmup = min(warmup, max(1, steps // 10))
    return keras.optimizers.schedules.CosineDecay(
        peak / 100,
        decay_steps=max(1, steps - warmup),
        warmup_target=peak,
        warmup_steps=warmup,
    )
