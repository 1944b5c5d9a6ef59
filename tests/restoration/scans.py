"""Scans with damage that is known: where it is, and what is under it."""

from __future__ import annotations

import cv2
import numpy as np


def scratched(
    luma: np.ndarray, *, specks: int = 40, scratches: int = 3, scale: int = 1
) -> np.ndarray:
    """Luma, (H, W) uint8, with light specks and scratches over it, `scale` times as large."""
    rng, result = np.random.default_rng(4), luma.copy()
    height, width = luma.shape
    for _ in range(specks):
        x, y = int(rng.integers(20, width - 20)), int(rng.integers(20, height - 20))
        cv2.circle(result, (x, y), scale * int(rng.integers(1, 4)), 240, -1, cv2.LINE_AA)
    for _ in range(scratches):
        x, y = int(rng.integers(40, width - 40)), int(rng.integers(20, height // 3))
        cv2.line(result, (x, y), (x + 12, y + height // 2), 235, 2 * scale, cv2.LINE_AA)
    return result


def faded(luma: np.ndarray, black: int = 80, white: int = 200) -> np.ndarray:
    """Luma, (H, W) uint8, whose blacks and whites have come closer."""
    return np.rint(black + luma / 255.0 * (white - black)).astype(np.uint8)
