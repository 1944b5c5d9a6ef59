"""Optimizers and learning rate schedules that several recipes use."""

from __future__ import annotations

from typing import TypeAlias

import keras

from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["ScaledAdamW", "cosine"]

Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable("photochrom")
class ScaledAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW (I. Loshchilov, F. Hutter 2019) with a lower learning rate for some variables.

    Variables whose path contains `slow_path`, such as those of a pretrained encoder, have
    `slow_ratio` times the learning rate and weight decay. Vectors (norms, biases) have no weight
    decay.
    """

    weight_decay: float | None

    def __init__(
        self, *args: object, slow_path: str = "", slow_ratio: float = 1.0, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        self.slow_path, self.slow_ratio = slow_path, slow_ratio

    def update_step(
        self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor
    ) -> None:
        """Update one variable at its own learning rate."""
        super().update_step(gradient, variable, learning_rate * self._ratio(variable))

    def _ratio(self, variable: keras.Variable) -> float:
        """Return the factor of a variable's learning rate."""
        path = self._trainable_variables[self._get_variable_index(variable)].path
        return self.slow_ratio if self.slow_path and self.slow_path in path else 1.0

    def _apply_weight_decay(self, variables: list[keras.Variable]) -> None:
        """Decay the variables at their own rates."""
        decay, decayed = self.weight_decay, [v for v in variables if self._use_weight_decay(v)]
        if not decay:
            return
        # Keras decays all variables at one rate, so call it once for each learning rate ratio.
        for ratio in sorted({self._ratio(variable) for variable in decayed}):
            self.weight_decay = decay * ratio
            super()._apply_weight_decay([v for v in decayed if self._ratio(v) == ratio])
        self.weight_decay = decay  # `get_config` saves it

    def _use_weight_decay(self, variable: keras.Variable) -> bool:
        """Return whether a variable decays: only those with two or more dimensions."""
        # Decay regularizes kernels; on norms and biases it would only shift the output.
        large_dimensions = sum(side > 1 for side in variable.shape)
        return large_dimensions > 1 and bool(super()._use_weight_decay(variable))

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {
            **super().get_config(),
            "slow_path": self.slow_path,
            "slow_ratio": self.slow_ratio,
        }


def cosine(peak: float, steps: int, *, warmup: int = 500) -> Schedule:
    """Return a schedule that rises to `peak` in the first steps and falls to 0 along a cosine.

    Args:
        peak: the highest learning rate.
        steps: number of training steps.
        warmup: number of rising steps, at most a tenth of `steps`.
    """
    warmup = min(warmup, max(1, steps // 10))
    return keras.optimizers.schedules.CosineDecay(
        peak / 100,  # where the warm-up starts
        decay_steps=max(1, steps - warmup),
        warmup_target=peak,
        warmup_steps=warmup,
    )
