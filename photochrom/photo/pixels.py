"""From an opened picture of any mode to arrays of samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from photochrom.color import IntArray
from photochrom.errors import UnsupportedPhoto

__all__ = ["Pixels", "pixels_of"]


@dataclass(frozen=True, eq=False)
class Pixels:
    """Samples as they are stored: grey or colour, never both.

    Attributes:
        grey: (H, W) uint8 or uint16, or None.
        color: RGB (H, W, 3), or CMYK (H, W, 4) uint8; or None.
        alpha: (H, W) of the same dtype, or None.
        luma: (H, W) of the same dtype, where a file holds it beside its colours, or None.
    """

    grey: IntArray | None = None
    color: IntArray | None = None
    alpha: IntArray | None = None
    luma: IntArray | None = None

    @property
    def samples(self) -> IntArray:
        samples = self.grey if self.color is None else self.color
        assert samples is not None
        return samples

    @classmethod
    def split(cls, samples: Any) -> Pixels:
        """(H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4) samples, alpha last."""
        if samples.ndim == 2:
            return cls(grey=samples)
        channels = samples.shape[2]
        alpha = None if channels in (1, 3) else np.ascontiguousarray(samples[..., -1])
        if channels <= 2:
            return cls(grey=np.ascontiguousarray(samples[..., 0]), alpha=alpha)
        return cls(color=np.ascontiguousarray(samples[..., :3]), alpha=alpha)


_SAME_AS = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


def pixels_of(image: Image.Image, name: str) -> Pixels:
    """Decode an 8-bit picture of any of Pillow's modes, or a 16-bit grey one.

    Raises:
        UnsupportedPhoto: samples of 32 bits or floating point, or a mode without a meaning.
    """
    key = None if image.mode in ("P", "PA") else image.info.get("transparency")
    image.load()
    image = _plain(image)
    if image.mode.startswith("I;16"):
        pixels = Pixels(grey=np.asarray(image).astype(np.uint16, copy=False))
    elif image.mode == "CMYK":
        return Pixels(color=np.asarray(image))
    elif image.mode in ("L", "LA", "RGB", "RGBA"):
        pixels = Pixels.split(np.asarray(image))
    else:
        raise UnsupportedPhoto(
            f"expected grey, RGB, CMYK or palette samples of 8 or 16 bits; "
            f"{name} has Pillow's mode {image.mode}"
        )
    return pixels if key is None else see_through(pixels, key)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("P", "PA"):
        clear = image.mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if clear else "RGB")
    target = _SAME_AS.get(image.mode)
    return image.convert(target) if target else image


def see_through(pixels: Pixels, key: Any) -> Pixels:
    """Alpha from PNG's tRNS chunk: one sample value, grey or RGB, stands for nothing."""
    samples = pixels.samples
    if pixels.alpha is not None or isinstance(key, bytes):
        return pixels
    match = samples == np.asarray(key)
    clear = match if samples.ndim == 2 else match.all(-1)
    top = np.iinfo(samples.dtype).max
    alpha: Any = np.where(clear, 0, top).astype(samples.dtype)
    return replace(pixels, alpha=alpha)
