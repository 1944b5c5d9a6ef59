"""Names of Keras's types for annotations."""

from __future__ import annotations

from typing import TypeAlias

import keras

__all__ = ["Shape", "Tensor"]

# Keras comes without types, so mypy takes this alias for Any. It stands for the backend's own
# tensors, too: layers get these when the network runs.
Tensor: TypeAlias = keras.KerasTensor
"""A tensor in a network: symbolic while the network is built."""

Shape: TypeAlias = tuple[int | None, ...]
"""The shape of a tensor; None for a side that can vary."""
