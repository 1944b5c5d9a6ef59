"""Decode an opened picture of any mode to arrays of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from PIL import Image

from photochrom.color import IntArray
from photochrom.errors import UnsupportedPhoto

__all__ = ["EncodedLuma", "Pixels", "pixels_of", "rescale", "unpremultiply"]


@dataclass(frozen=True, eq=False)
class EncodedLuma:
    """Luma, and the grey file from which it was decoded.

    An encoder of the same format may keep the luma as this file stores it, compressed.

    Attributes:
        luma: (H, W) uint8, read-only: a luma that is changed must be another array.
        data: the bytes of the file.
        format: name of the file's format.
    """

    luma: IntArray = field(repr=False)
    data: bytes = field(repr=False)
    format: str

    def __post_init__(self) -> None:
        self.luma.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy or what comes from another process: NumPy makes its luma writable."""
        self.__dict__.update(state)
        self.__post_init__()

    def holds(self, luma: IntArray, format: str) -> bool:  # noqa: A002
        """Return whether a file of this format holds this luma: the array itself, unchanged."""
        return luma is self.luma and not luma.flags.writeable and format == self.format


@dataclass(frozen=True, eq=False)
class Pixels:
    """The samples of a picture as they are stored: either grey or colour.

    Attributes:
        grey: (H, W) uint8 or uint16, or None.
        color: RGB (H, W, 3), or CMYK (H, W, 4) uint8; or None.
        alpha: (H, W) of the same dtype, or None.
        luma: (H, W) of the same dtype, if the file stores luma itself, as JPEG does; or None.
        encoded: `grey` with its file, if the file's compressed luma can be kept; or None.
    """

    grey: IntArray | None = None
    color: IntArray | None = None
    alpha: IntArray | None = None
    luma: IntArray | None = None
    encoded: EncodedLuma | None = None

    @property
    def samples(self) -> IntArray:
        """The grey or the colour samples, whichever there are."""
        samples = self.grey if self.color is None else self.color
        assert samples is not None
        return samples

    @classmethod
    def split(cls, samples: Any) -> Pixels:
        """Make `Pixels` from an array whose last channel, of 2 or 4, is alpha.

        Args:
            samples: (H, W), or (H, W, C) with C of 1 to 4, uint8 or uint16.
        """
        if samples.ndim == 2:
            return cls(grey=samples)
        channels = samples.shape[2]
        alpha = None if channels in (1, 3) else np.ascontiguousarray(samples[..., -1])
        if channels <= 2:
            return cls(grey=np.ascontiguousarray(samples[..., 0]), alpha=alpha)
        return cls(color=np.ascontiguousarray(samples[..., :3]), alpha=alpha)


# Modes of Pillow that are converted to another one, which holds the same.
_CONVERTED_TO = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


def pixels_of(image: Image.Image, name: str) -> Pixels:
    """Decode an 8-bit picture of any of Pillow's modes, or a 16-bit grey one.

    Args:
        image: the opened picture; it is decoded here.
        name: the photograph's name in messages.

    Raises:
        UnsupportedPhoto: the samples have 32 bits or are floats, or the mode is not supported.
    """
    key = None if image.mode in ("P", "PA") else image.info.get("transparency")
    image.load()
    image = _convert(image)
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
    return pixels if key is None else add_alpha(pixels, key)


def _convert(image: Image.Image) -> Image.Image:
    """Convert palettes and rare modes to grey or RGB, with or without alpha."""
    if image.mode in ("P", "PA"):
        transparent = image.mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if transparent else "RGB")
    target = _CONVERTED_TO.get(image.mode)
    return image.convert(target) if target else image


def add_alpha(pixels: Pixels, key: Any) -> Pixels:
    """Add alpha from the tRNS chunk of a PNG, which names one transparent grey or RGB value.

    Args:
        pixels: the decoded picture.
        key: the transparent value, as Pillow gives it. Bytes are for palettes, and are ignored.
    """
    samples = pixels.samples
    if pixels.alpha is not None or isinstance(key, bytes):
        return pixels
    equal = samples == np.asarray(key)
    transparent = equal if samples.ndim == 2 else equal.all(-1)
    top = np.iinfo(samples.dtype).max
    alpha: Any = np.where(transparent, 0, top).astype(samples.dtype)
    return replace(pixels, alpha=alpha)


def rescale(samples: IntArray, bits: int | Sequence[int]) -> IntArray:
    """Spread samples over the whole range of their dtype, so that the largest becomes white.

    Args:
        samples: (H, W) or (H, W, C), uint8 or uint16; below 2 ** bits.
        bits: bits of a sample, for all channels or for each of them.
    """
    top = int(np.iinfo(samples.dtype).max)
    largest = 2 ** np.asarray(bits) - 1
    if (largest == top).all():
        return samples
    scale = (top / largest).astype(np.float32)
    return cast("IntArray", np.rint(samples * scale).astype(samples.dtype))


def unpremultiply(samples: IntArray) -> IntArray:
    """Divide samples by alpha, their last channel, for files that store them multiplied with it.

    Args:
        samples: (H, W, C) with C of 2 or 4, uint8 or uint16.
    """
    top = int(np.iinfo(samples.dtype).max)
    alpha = samples[..., -1:]
    gain = np.float32(top) / np.maximum(alpha, 1)
    colors = np.minimum(np.rint(samples[..., :-1] * gain), top).astype(samples.dtype)
    return np.concatenate([colors, alpha], -1)
