"""The heart: a `Colorizer` holds a model, a `Study` one photograph that the network has seen."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import cv2
import numpy as np
from PIL import Image

from photochrom import chroma, color, photo
from photochrom.errors import InvalidModel, ModelNotFound
from photochrom.model import Model
from photochrom.photo.photo import eight_bits

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.photo import Metadata, Photo

__all__ = ["ColorPhoto", "Colorizer", "Study", "colorize", "default_model"]

MODEL_VARIABLE: Final = "PHOTOCHROM_MODEL"


@dataclass(frozen=True, eq=False)
class ColorPhoto:
    """A coloured photograph.

    Attributes:
        rgb: (H, W, 3) uint8 or uint16, sRGB.
        luma: the photograph's own BT.601 Y', (H, W) of the same dtype.
        alpha: (H, W) of the same dtype, or None.
        metadata: the photograph's own.
        format: the photograph's own, "JPEG" for example.
        mean_chroma: how far from grey the colours are: mean chroma, in Lab.
    """

    rgb: IntArray
    luma: IntArray
    alpha: IntArray | None
    metadata: Metadata
    format: str
    mean_chroma: float

    def save(
        self,
        destination: str | os.PathLike[str] | BinaryIO,
        *,
        format: str | None = None,  # noqa: A002
        quality: int | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write it, whole or not at all, with the photograph's metadata; see `photo.write`."""
        if format is None and not isinstance(destination, str | os.PathLike):
            format = self.format  # noqa: A001
        photo.write(
            destination,
            self.rgb,
            self.luma,
            alpha=self.alpha,
            metadata=self.metadata,
            format=format,
            quality=quality,
            overwrite=overwrite,
        )

    def encode(self, format: str | None = None, *, quality: int | None = None) -> bytes:  # noqa: A002
        """As the bytes of a file; in the photograph's own format unless another is named."""
        held = io.BytesIO()
        self.save(held, format=format or self.format, quality=quality)
        return held.getvalue()

    def to_pil(self) -> Image.Image:
        """As an 8-bit Pillow image, RGB or RGBA."""
        planes = [self.rgb] if self.alpha is None else [self.rgb, self.alpha[..., None]]
        return Image.fromarray(eight_bits(cast("IntArray", np.concatenate(planes, -1))))


@dataclass(frozen=True, eq=False)
class Study:
    """A photograph with what the network said of it; colouring it from here on is quick."""

    photo: Photo
    small_chroma: FloatArray = field(repr=False)
    color_space: str = "lab"

    def color(self) -> ColorPhoto:
        """Lay the colours over the photograph, at full resolution, luma untouched."""
        grey = self.photo.luma
        guide = np.divide(grey, np.iinfo(grey.dtype).max, dtype=np.float32)
        full = chroma.enlarge(self.small_chroma, guide)
        rgb = color.merge(grey, full, self.color_space)
        return ColorPhoto(
            rgb=rgb,
            luma=grey,
            alpha=self.photo.alpha,
            metadata=self.photo.metadata,
            format=self.photo.format,
            mean_chroma=_mean_chroma(rgb, self.small_chroma.shape[1::-1]),
        )


def _mean_chroma(rgb: IntArray, size: tuple[int, ...]) -> float:
    """In Lab whatever the network's space, of a small copy."""
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    lab = color.rgb_to_lab(np.divide(small, np.iinfo(rgb.dtype).max, dtype=np.float32))
    return float(np.linalg.norm(lab[..., 1:], axis=-1).mean())


class Colorizer:
    """Colours photographs with one model. May be shared between threads."""

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        max_pixels: int = photo.DEFAULT_MAX_PIXELS,
    ) -> None:
        """Open a model.

        Args:
            model: a model, or its folder or zip; by default the one that `default_model` finds.
            max_pixels: larger photographs are refused.

        Raises:
            ModelNotFound: there is none.
            InvalidModel: it is not what it should be.
        """
        self.model = model if isinstance(model, Model) else Model.load(model or default_model())
        self.max_pixels = max_pixels

    @cached_property
    def engine(self) -> str:
        """What runs the network, and at which precision."""
        return self.model.engine

    def study(self, source: Any, *, name: str | None = None) -> Study:
        """Read a photograph and show it to the network: the dear step.

        Args:
            source: a path, bytes, a binary file object, a Pillow image, a NumPy array, (H, W) or
                (H, W, C) with C of 1, 3 (RGB) or 4 (RGBA), or a `Photo`.
            name: what to call it in messages.

        Raises:
            PhotoError: it cannot be read.
            InvalidModel: the network's answer is not what its card promises.
        """
        grey = source if isinstance(source, photo.Photo) else self._read(source, name)
        model, card = self.model, self.model.card
        height, width = model.fit(*grey.luma.shape)
        small = cv2.resize(grey.luma, (width, height), interpolation=cv2.INTER_AREA)
        first = color.grey_level(cast("IntArray", small), card.color_space)
        answer = model(first[None, ..., None])[0]
        if not np.isfinite(answer).all():
            raise InvalidModel(f"the network of {model.source} answered with NaN or infinity")
        return Study(grey, chroma.decode(answer, card), card.color_space)

    def colorize(self, source: Any, *, name: str | None = None) -> ColorPhoto:
        """Read and colour a photograph; arguments and errors are those of `study`."""
        return self.study(source, name=name).color()

    def _read(self, source: Any, name: str | None) -> Photo:
        return photo.read(source, max_pixels=self.max_pixels, name=name)


def default_model() -> Path:
    """The model to use when none is named: what `PHOTOCHROM_MODEL` says, or the one in the package.

    Raises:
        ModelNotFound: there is neither.
    """
    if named := os.environ.get(MODEL_VARIABLE):
        return Path(named)
    bundled = Path(__file__).parent / "models" / "default"
    if not bundled.is_dir():
        raise ModelNotFound(
            f"expected a model: name its folder or zip, or set {MODEL_VARIABLE}; "
            "`photochrom train` makes one"
        )
    return bundled


def colorize(source: Any, *, model: str | os.PathLike[str] | Model | None = None) -> ColorPhoto:
    """Colour one photograph: `photochrom.colorize("old.jpg").save("new.jpg")`.

    For more than one, keep a `Colorizer`. Arguments and errors are those of `Colorizer`.
    """
    return Colorizer(model).colorize(source)
