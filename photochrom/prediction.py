"""A photograph that the network has seen, and the photograph that comes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import cv2
import numpy as np
from PIL import Image

from photochrom import color, photo
from photochrom.color.guided import LinearChroma, limited, mean_chroma
from photochrom.errors import ConfigError
from photochrom.guidance.binding import Binding
from photochrom.guidance.hints import as_rgb, chroma_of, draw
from photochrom.guidance.reference import no_more_than
from photochrom.model.distribution import Distribution, decode
from photochrom.model.guide import Guide
from photochrom.model.variants import variants
from photochrom.photo.photo import eight_bits
from photochrom.photo.provenance import with_provenance

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.guidance.hints import RGB, Hint
    from photochrom.model.card import DecodingParams
    from photochrom.model.model import Model
    from photochrom.photo import Metadata, Photo

__all__ = ["ColorPhoto", "Prediction"]

_TELLABLE: Final = (90, 200)  # luma between which colours can be told apart


@dataclass(frozen=True, eq=False)
class ColorPhoto:
    """A coloured photograph.

    Attributes:
        luma: the photograph's own BT.601 Y', (H, W) uint8 or uint16.
        chroma: the colours over it.
        alpha: (H, W) of the dtype of `luma`, or None.
        metadata: the photograph's own, with a mark that its colours are a machine's.
        format: the photograph's own, "JPEG" for example.
        mean_chroma: how far from grey the colours are: mean chroma, in Lab.
    """

    luma: IntArray = field(repr=False)
    chroma: LinearChroma = field(repr=False)
    alpha: IntArray | None = field(repr=False)
    metadata: Metadata = field(repr=False)
    format: str
    mean_chroma: float

    @cached_property
    def rgb(self) -> IntArray:
        """(H, W, 3) of the dtype of `luma`, sRGB; its luma is within one level of `luma`."""
        return self.chroma.over(self.luma)

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

        def encoded(name: str) -> bytes:
            return self.encode(name, quality=quality)

        photo.deliver(destination, encoded, format=format, overwrite=overwrite)

    def encode(self, format: str | None = None, *, quality: int | None = None) -> bytes:  # noqa: A002
        """As the bytes of a file; in the photograph's own format unless another is named."""
        return photo.encode_colored(
            self.luma,
            self.chroma,
            format=format or self.format,
            alpha=self.alpha,
            metadata=self.metadata,
            quality=quality,
        )

    def to_pil(self) -> Image.Image:
        """As an 8-bit Pillow image, RGB or RGBA."""
        planes = [self.rgb] if self.alpha is None else [self.rgb, self.alpha[..., None]]
        return Image.fromarray(eight_bits(cast("IntArray", np.concatenate(planes, -1))))


@dataclass(frozen=True, eq=False)
class Prediction:
    """A photograph with what the network said of it; colouring it from here on is quick.

    Attributes:
        photo: the photograph.
        model: the model that prediction it.
        lightness: what the network saw, (h, w) float32.
        answer: what it said, (h', w', C) float32.
        features: what it saw, alike where things are alike, (h", w", F) float32, each of length 1;
            or None if it does not tell.
        known: what a reference photograph lets be known, (h, w, 3) float32, or None.
    """

    photo: Photo = field(repr=False)
    model: Model = field(repr=False)
    lightness: FloatArray = field(repr=False)
    answer: FloatArray = field(repr=False)
    features: FloatArray | None = field(default=None, repr=False)
    known: FloatArray | None = field(default=None, repr=False)

    @cached_property
    def guide(self) -> Guide:
        """Lightness and segments of the photograph, by which its colours are read."""
        space = self.model.card.color_space
        return Guide.of(self.lightness, space, self.answer.shape[:2], self.features)

    def color(
        self,
        *,
        vividness: float | None = None,
        hints: Sequence[Hint] = (),
        palette: Sequence[str | RGB] = (),
    ) -> ColorPhoto:
        """Lay the colours over the photograph, at full resolution, luma untouched.

        Args:
            vividness: from 0, faithful, to 1, vivid; by default what the model's card says.
            hints: colours that a person knows; the network looks once more, for these.
            palette: colours to be drawn to, besides grey: #RRGGBB, or sRGB, 0 to 255.

        Raises:
            ConfigError: a hint, a colour or the vividness is out of range, or of no use to the
                model.
            InvalidModel: the network's answer is not what its card promises.
        """
        reading = self._reading(vividness)
        plain = self._read(self.answer, reading, palette)
        if not hints:
            return self._painted(plain)
        space, photo_size = self.model.card.color_space, self.photo.luma.shape
        told = self._read(self._told(hints), reading, palette)
        binding = Binding.of(hints, photo_size, self.lightness.shape, self.guide, self.features)
        small = binding.spread(plain, told, space)
        return self._painted(small, binding)

    def variants(self, count: int = 4, *, vividness: float | None = None) -> list[ColorPhoto]:
        """Several coherent answers, the best first: whole things change colour.

        Args:
            count: how many.
            vividness: as in `color`.

        Raises:
            ConfigError: the model gives one answer only, or none is asked for.
        """
        _check_count(count)
        reading = self._reading(vividness)
        found = variants(self._distribution(self.answer), reading, count)
        return [self._painted(small) for small in found]

    def confidence(self, *, vividness: float | None = None) -> FloatArray:
        """How likely the true chroma lies within 20 (in Lab) of what is shown.

        Returns:
            (H, W) float32 in [0, 1], of the photograph's size.

        Raises:
            ConfigError: the model gives no distribution.
        """
        reading, spread = self._reading(vividness), self._distribution(self.answer)
        small = spread.confidence(spread.mean(reading))
        return np.asarray(
            cv2.resize(small, self.photo.size, interpolation=cv2.INTER_LINEAR), np.float32
        )

    def color_candidates(self, x: float, y: float, count: int = 6) -> list[tuple[RGB, float]]:
        """The likeliest colours at a place, to choose a hint's from.

        Args:
            x: in pixels of the photograph, from its left.
            y: from its top.
            count: how many at most.

        Returns:
            sRGB, 0 to 255, light enough to be told apart, and how likely something like it is.

        Raises:
            ConfigError: the model gives no distribution, the place is not in the photograph, or
                none is asked for.
        """
        _check_count(count)
        width, height = self.photo.size
        if not (0 <= x < width and 0 <= y < height):
            raise ConfigError(f"expected a place within {width} × {height}; received {x:g}, {y:g}")
        spread = self._distribution(self.answer)
        rows, columns = self.answer.shape[:2]
        place = int(y / height * rows), int(x / width * columns)
        found = spread.color_candidates(*place, count, self._reading(1.0))
        luma = eight_bits(self.photo.luma[int(y) : int(y) + 1, int(x) : int(x) + 1])
        level = np.clip(luma, *_TELLABLE).astype(np.uint8)
        space = self.model.card.color_space
        shown = (color.merge(level, chroma[None, None], space)[0, 0] for chroma, _ in found)
        return [
            ((int(r), int(g), int(b)), each[1])
            for (r, g, b), each in zip(shown, found, strict=True)
        ]

    def _reading(self, vividness: float | None) -> DecodingParams:
        try:
            return self.model.card.reading(vividness)
        except ValueError as error:
            raise ConfigError(str(error)) from error

    def _distribution(self, answer: FloatArray) -> Distribution:
        if self.model.card.output_kind != "distribution":
            raise ConfigError(
                "expected a model that answers with a distribution over colour; "
                f"{self.model.source} gives one colour only"
            )
        return Distribution.of(answer, self.model.card, self.guide)

    def _read(
        self, answer: FloatArray, reading: DecodingParams, palette: Sequence[str | RGB]
    ) -> FloatArray:
        """The small chroma, (h, w, 2), of an answer; no stronger than a palette or a reference."""
        if len(palette):
            colors = self._palette(palette)
            kept = self._distribution(answer).with_palette(colors)
            small = kept.mean(replace(reading, gain=1.0, restored=0.0))  # or it would go beyond
            small = limited(small, float(np.linalg.norm(colors, axis=-1).max()))
        else:
            card = self.model.card
            guide = self.guide if card.output_kind == "distribution" else None
            small = decode(answer, card, reading, guide)
        return small if self.known is None else no_more_than(self.known, small)

    def _palette(self, palette: Sequence[str | RGB]) -> FloatArray:
        return chroma_of([as_rgb(each) for each in palette], self.model.card.color_space)

    def _told(self, hints: Sequence[Hint]) -> FloatArray:
        space = self.model.card.color_space
        known = draw(hints, self.photo.luma.shape, self.lightness.shape, space)
        if self.known is not None:
            known = np.where(known[..., 2:] > 0, known, self.known)
        return self.model.predict(self.lightness, known)

    def _painted(self, small: FloatArray, binding: Binding | None = None) -> ColorPhoto:
        space = self.model.card.color_space
        chroma = LinearChroma.fit(small, self.photo.luma, space)
        return ColorPhoto(
            luma=self.photo.luma,
            chroma=binding.hold(chroma, self.photo.luma) if binding else chroma,
            alpha=self.photo.alpha,
            metadata=with_provenance(self.photo.metadata),
            format=self.photo.format,
            mean_chroma=mean_chroma(small, self.lightness, space),
        )


def _check_count(count: int) -> None:
    if count < 1:
        raise ConfigError(f"expected a count of 1 or more; received {count}")
