"""Make new photographs look old, to train on what cameras, films, ageing and scanners do.

Only the network's grey input is changed; the target colours stay those of the photograph. A sepia
print is read by its luma, so for the network it is one more faded tone curve.
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

# RGB weights of film before about 1925, which is nearly blind to red.
_ORTHOCHROMATIC: Final = np.array([0.03, 0.47, 0.50], np.float32)


def age(rgb: npt.NDArray[np.uint8], rng: Rng) -> npt.NDArray[np.uint8]:
    """Return a grey version of a photograph that looks old.

    Args:
        rgb: RGB, (H, W, 3) uint8.
        rng: decides which effects occur, and how strong they are.

    Returns:
        Grey, (H, W) uint8.
    """
    grey = _simulate_film(np.divide(rgb, 255, dtype=np.float32), rng)
    # Roughly in the order in which they occur: lens, film, paper, ageing.
    for effect, probability in _EFFECTS:
        if rng.random() < probability:
            grey = np.clip(effect(grey, rng), 0, 1).astype(np.float32, copy=False)
    aged = np.rint(grey * 255).astype(np.uint8)
    # Half of the scans are saved as JPEG.
    return _compress(aged, rng) if rng.random() < 0.5 else aged


def _simulate_film(rgb: FloatArray, rng: Rng) -> Grey:
    """Convert RGB in [0, 1] to grey with the colour sensitivity of a random film.

    Orthochromatic film renders blue too light and red too dark.
    """
    kind = rng.random()
    if kind < 0.4:  # panchromatic film, close to luma
        return rgb @ color.LUMA_WEIGHTS
    if kind < 0.7:  # panchromatic film with other dyes or a filter
        weights = color.LUMA_WEIGHTS * rng.uniform(0.6, 1.6, 3)
    else:
        weights = color.LUMA_WEIGHTS + (_ORTHOCHROMATIC - color.LUMA_WEIGHTS) * rng.uniform(0.3, 1)
    return np.asarray(rgb @ (weights / weights.sum()), np.float32)


def _change_exposure(grey: Grey, rng: Rng) -> Grey:
    """Under- or overexpose with a gamma curve."""
    return grey ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))


def _fade(grey: Grey, rng: Rng) -> Grey:
    """Lift the blacks and lower the whites, as in a faded print."""
    black, white = rng.uniform(0, 0.28), rng.uniform(0.72, 1)
    return black + grey * (white - black)


def _crush(grey: Grey, rng: Rng) -> Grey:
    """Clip shadows and highlights, as hard paper does."""
    low, high = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
    return (grey - low) / (high - low)


def _blur(grey: Grey, rng: Rng) -> Grey:
    """Blur as a lens, motion or an enlarger does."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), min(grey.shape) * rng.uniform(0.002, 0.008)))


def _add_halation(grey: Grey, rng: Rng) -> Grey:
    """Add a glow around highlights, from light that scatters in the emulsion."""
    bright = np.maximum(grey - 0.7, 0)
    glow = cv2.GaussianBlur(bright, (0, 0), min(grey.shape) * rng.uniform(0.01, 0.04))
    return np.asarray(grey + glow * rng.uniform(0.3, 1.2), np.float32)


def _add_vignette(grey: Grey, rng: Rng) -> Grey:
    """Darken the edges, or lighten them as fading does, around a random centre."""
    height, width = grey.shape
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] + rng.uniform(-0.3, 0.3)
    right = np.linspace(-1, 1, width, dtype=np.float32) + rng.uniform(-0.3, 0.3)
    distance = (down**2 + right**2) / 2
    if rng.random() < 0.3:
        return np.asarray(grey + (1 - grey) * distance * rng.uniform(0.1, 0.4), np.float32)
    return np.asarray(grey * (1 - distance * rng.uniform(0.1, 0.5)), np.float32)


def _stain(grey: Grey, rng: Rng) -> Grey:
    """Add uneven fading in large patches."""
    grid_side = int(rng.integers(2, 6))
    patches = rng.normal(0, rng.uniform(0.02, 0.08), (grid_side, grid_side)).astype(np.float32)
    stains = cv2.resize(patches, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return grey + np.asarray(stains, np.float32)


def _add_grain(grey: Grey, rng: Rng) -> Grey:
    """Add film grain, fine or coarse, strongest in the middle tones."""
    noise = rng.standard_normal(grey.shape, np.float32)
    if rng.random() < 0.6:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 1.0)), np.float32)
        # Blurring makes the grain coarser, but also weaker.
        noise /= noise.std() + np.float32(1e-6)
    return grey + noise * rng.uniform(0.01, 0.05) * (0.4 + 2.4 * grey * (1 - grey))


def _damage(grey: Grey, rng: Rng) -> Grey:
    """Add dust, hairs and scratches, light or dark."""
    height, width = grey.shape
    marks = np.zeros((height, width), np.uint8)  # opacity of the damage

    def random_position() -> tuple[int, int]:
        return int(rng.integers(width)), int(rng.integers(height))

    for _ in range(int(rng.integers(0, 25))):
        cv2.circle(
            marks, random_position(), int(rng.integers(0, 2)), int(rng.integers(90, 256)), -1
        )
    for _ in range(int(rng.integers(0, 5))):
        x, y = random_position()
        # Scratches are mostly vertical, along the transport of the film.
        offset = rng.normal(0, [0.06 * width, 0.6 * height]).astype(int)
        end = (x + int(offset[0]), y + int(offset[1]))
        cv2.line(marks, (x, y), end, int(rng.integers(60, 220)), 1, cv2.LINE_AA)
    opacity = marks.astype(np.float32) / 255
    brightness = np.float32(rng.random() < 0.7)
    return np.asarray(grey + (brightness - grey) * opacity, np.float32)


def _compress(grey: npt.NDArray[np.uint8], rng: Rng) -> npt.NDArray[np.uint8]:
    """Compress and decompress as a JPEG of low to fair quality."""
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


_EFFECTS: Final[tuple[tuple[Callable[[Grey, Rng], Grey], float], ...]] = (
    (_blur, 0.5),
    (_add_halation, 0.15),
    (_change_exposure, 0.5),
    (_crush, 0.2),
    (_add_vignette, 0.25),
    (_add_grain, 0.5),
    (_stain, 0.15),
    (_fade, 0.4),
    (_damage, 0.2),
)
