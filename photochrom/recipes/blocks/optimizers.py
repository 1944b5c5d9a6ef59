"""Optimizers and schedules that recipes share."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["ScaledAdamW", "cosine"]


@keras.saving.register_keras_serializable("photochrom")
class ScaledAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW (I. Loshchilov, F. Hutter 2019) that learns some variables more slowly.

    Those whose path holds `slow_path` are learnt, and decay, at `slow_ratio` times the rate: a
    pretrained encoder's, say. Weights along one dimension (norms, biases) do not decay.
    """

    weight_decay: float | None

    def __init__(
        self, *args: Any, slow_path: str = "", slow_ratio: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.slow_path, self.slow_ratio = slow_path, slow_ratio

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        super().update_step(gradient, variable, learning_rate * self._ratio(variable))

    def _ratio(self, variable: Any) -> float:
        path = self._trainable_variables[self._get_variable_index(variable)].path
        return self.slow_ratio if self.slow_path and self.slow_path in path else 1.0

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        decay, decaying = self.weight_decay, [v for v in variables if self._use_weight_decay(v)]
        if not decay:
            return
        for ratio in sorted({self._ratio(variable) for variable in decaying}):
            self.weight_decay = decay * ratio
            super()._apply_weight_decay([v for v in decaying if self._ratio(v) == ratio])
        self.weight_decay = decay

    def _use_weight_decay(self, variable: Any) -> bool:
        sides = sum(side > 1 for side in variable.shape)
        return sides > 1 and bool(super()._use_weight_decay(variable))

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
