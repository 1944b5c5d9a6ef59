"""Makes new photographs look old: what decades, lenses, films and scanners did to them.

What comes out is only the grey picture; the colours to be learnt stay those of the photograph. A
sepia print is read by its luma, so for a network it is one more faded tone curve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom import color
from photochrom.color import FloatArray

__all__ = ["age"]

Grey = FloatArray  # (H, W), 0 black to 1 white
Rng = np.random.Generator

_ORTHOCHROMATIC: Final = np.array([0.03, 0.47, 0.50], np.float32)  # before about 1925


def age(rgb: npt.NDArray[np.uint8], rng: Rng) -> npt.NDArray[np.uint8]:
    """A photograph as an old camera, an old print and a scanner would have handed it down.

    Args:
        rgb: (H, W, 3) uint8.
        rng: decides which marks of age it bears, and how strongly.

    Returns:
        Grey, (H, W) uint8.
    """
    grey = _film(np.divide(rgb, 255, dtype=np.float32), rng)
    for mark, chance in _MARKS:
        if rng.random() < chance:
            grey = np.clip(mark(grey, rng), 0, 1).astype(np.float32, copy=False)
    old = np.rint(grey * 255).astype(np.uint8)
    return _jpeg(old, rng) if rng.random() < 0.5 else old


def _film(rgb: FloatArray, rng: Rng) -> Grey:
    """How bright each colour came out; orthochromatic film saw blue too light and red too dark."""
    kind = rng.random()
    if kind < 0.4:
        return rgb @ color.LUMA_WEIGHTS
    if kind < 0.7:
        weights = color.LUMA_WEIGHTS * rng.uniform(0.6, 1.6, 3)
    else:
        weights = color.LUMA_WEIGHTS + (_ORTHOCHROMATIC - color.LUMA_WEIGHTS) * rng.uniform(0.3, 1)
    return np.asarray(rgb @ (weights / weights.sum()), np.float32)


def _tone(grey: Grey, rng: Rng) -> Grey:
    """Under- and overexposed."""
    return grey ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))


def _faded(grey: Grey, rng: Rng) -> Grey:
    """Blacks have become grey, and whites yellow."""
    black, white = rng.uniform(0, 0.28), rng.uniform(0.72, 1)
    return black + grey * (white - black)


def _crushed(grey: Grey, rng: Rng) -> Grey:
    """Too hard a paper: shadows and highlights are gone."""
    low, high = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
    return (grey - low) / (high - low)


def _unsharp(grey: Grey, rng: Rng) -> Grey:
    """Lens, motion, enlarger."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), min(grey.shape) * rng.uniform(0.002, 0.008)))


def _halation(grey: Grey, rng: Rng) -> Grey:
    """Light scattered in the emulsion: a glow around what is bright."""
    bright = np.maximum(grey - 0.7, 0)
    glow = cv2.GaussianBlur(bright, (0, 0), min(grey.shape) * rng.uniform(0.01, 0.04))
    return np.asarray(grey + glow * rng.uniform(0.3, 1.2), np.float32)


def _vignette(grey: Grey, rng: Rng) -> Grey:
    """Darker, or faded lighter, towards the edges; not quite in the middle."""
    height, width = grey.shape
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] + rng.uniform(-0.3, 0.3)
    right = np.linspace(-1, 1, width, dtype=np.float32) + rng.uniform(-0.3, 0.3)
    far = (down**2 + right**2) / 2
    if rng.random() < 0.3:
        return np.asarray(grey + (1 - grey) * far * rng.uniform(0.1, 0.4), np.float32)
    return np.asarray(grey * (1 - far * rng.uniform(0.1, 0.5)), np.float32)


def _stained(grey: Grey, rng: Rng) -> Grey:
    """Uneven fading, in large patches."""
    side = int(rng.integers(2, 6))
    patches = rng.normal(0, rng.uniform(0.02, 0.08), (side, side)).astype(np.float32)
    stains = cv2.resize(patches, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return grey + np.asarray(stains, np.float32)


def _grain(grey: Grey, rng: Rng) -> Grey:
    """Coarser or finer, strongest in the middle tones."""
    noise = rng.standard_normal(grey.shape, np.float32)
    if rng.random() < 0.6:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 1.0)), np.float32)
        noise /= noise.std() + np.float32(1e-6)
    return grey + noise * rng.uniform(0.01, 0.05) * (0.4 + 2.4 * grey * (1 - grey))


def _damaged(grey: Grey, rng: Rng) -> Grey:
    """Dust, hairs and scratches, light or dark."""
    height, width = grey.shape
    marks = np.zeros((height, width), np.uint8)

    def place() -> tuple[int, int]:
        return int(rng.integers(width)), int(rng.integers(height))

    for _ in range(int(rng.integers(0, 25))):
        cv2.circle(marks, place(), int(rng.integers(0, 2)), int(rng.integers(90, 256)), -1)
    for _ in range(int(rng.integers(0, 5))):
        x, y = place()
        reach = rng.normal(0, [0.06 * width, 0.6 * height]).astype(int)
        end = (x + int(reach[0]), y + int(reach[1]))
        cv2.line(marks, (x, y), end, int(rng.integers(60, 220)), 1, cv2.LINE_AA)
    share = marks.astype(np.float32) / 255
    paint = np.float32(rng.random() < 0.7)
    return np.asarray(grey + (paint - grey) * share, np.float32)


def _jpeg(grey: npt.NDArray[np.uint8], rng: Rng) -> npt.NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


_MARKS: Final[tuple[tuple[Callable[[Grey, Rng], Grey], float], ...]] = (
    (_unsharp, 0.5),
    (_halation, 0.15),
    (_tone, 0.5),
    (_crushed, 0.2),
    (_vignette, 0.25),
    (_grain, 0.5),
    (_stained, 0.15),
    (_faded, 0.4),
    (_damaged, 0.2),
)
