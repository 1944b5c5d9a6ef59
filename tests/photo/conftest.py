"""Real photographs, at sizes that keep the tests quick."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from tests.pictures import sample_image


def small(rgb: np.ndarray, side: int = 96) -> np.ndarray:
    scale = side / min(rgb.shape[:2])
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def colour_photos() -> dict[str, np.ndarray]:
    photos = {
        name: getattr(skimage.data, name)()
        for name in ("astronaut", "coffee", "chelsea", "rocket", "retina", "hubble_deep_field")
    }
    photos |= {name: sample_image(name) for name in ("china", "flower")}
    return {name: small(rgb, 480) for name, rgb in photos.items()}


@pytest.fixture(scope="session")
def rgb() -> np.ndarray:
    """(96, 144, 3) uint8: a cat."""
    return small(skimage.data.chelsea())


@pytest.fixture(scope="session")
def grey() -> np.ndarray:
    """(96, 96) uint8: a man with a camera."""
    return small(skimage.data.camera())


@pytest.fixture(scope="session")
def deep(rgb: np.ndarray) -> np.ndarray:
    """(96, 144, 3) uint16, using all of its bits."""
    noise = np.random.default_rng(7).integers(0, 257, rgb.shape)
    return np.minimum(rgb * np.int64(257) + noise, 65535).astype(np.uint16)


@pytest.fixture(scope="session")
def alpha(rgb: np.ndarray) -> np.ndarray:
    """(96, 144) uint8, from clear to opaque."""
    return np.tile(np.linspace(0, 255, rgb.shape[1]).astype(np.uint8), (rgb.shape[0], 1))
