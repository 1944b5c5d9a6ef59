"""A network's prediction for a photograph, from which colours are computed.

Running the network is the expensive step. A `Prediction` keeps its result, so that colouring the
photograph again with another vividness or palette is quick.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from photochrom import color
from photochrom.checks import check_number
from photochrom.color.guided import LinearChroma, limit_chroma, mean_chroma
from photochrom.color_photo import ColorPhoto
from photochrom.errors import ConfigError
from photochrom.guidance.binding import Binding
from photochrom.guidance.hints import as_rgb, chroma_of, draw
from photochrom.guidance.reference import Reference, limit_to_reference
from photochrom.model.distribution import Distribution, decode
from photochrom.model.guide import Guide
from photochrom.model.variants import variants
from photochrom.options import ColorOptions
from photochrom.photo.photo import Picture, eight_bits
from photochrom.photo.provenance import with_provenance

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray
    from photochrom.guidance.hints import RGB, Hint
    from photochrom.model.card import DecodingParams
    from photochrom.model.model import Model
    from photochrom.photo import Photo

__all__ = ["Prediction"]

# Luma of colour candidates is kept within these bounds: near black or white, all look alike.
_CANDIDATE_LUMA: Final = (90, 200)


@dataclass(frozen=True, eq=False)
class Prediction(Picture):
    """A photograph and the network's output for it; colours are computed from these quickly.

    As an array, it is the photograph in the colours of `color()`.

    Attributes:
        photo: the photograph.
        model: the model that made the prediction.
        lightness: the network's input, (h, w) float32, in the units of the model's colour space.
        output: the network's output, (h', w', C) float32.
        features: the network's features, (h", w", F) float32, unit vectors that are similar where
            things look similar; None if the network gives none.
        known: colours from a reference photograph, (h, w, 3) float32: two channels of chroma, and
            one that is 1 where the chroma is known, 0 elsewhere; None without a reference.
    """

    photo: Photo = field(repr=False)
    model: Model = field(repr=False)
    lightness: FloatArray = field(repr=False)
    output: FloatArray = field(repr=False)
    features: FloatArray | None = field(default=None, repr=False)
    known: FloatArray | None = field(default=None, repr=False)

    @property
    def answer(self) -> FloatArray:
        """Return `output`. This old name will be removed in 0.2."""
        warnings.warn("Prediction.answer is named output now", DeprecationWarning, stacklevel=2)
        return self.output

    @cached_property
    def guide(self) -> Guide:
        """Lightness and segments of the photograph, which guide how its colours are decoded."""
        space = self.model.card.color_space
        return Guide.of(self.lightness, space, self.output.shape[:2], self.features)

    def color(
        self,
        options: ColorOptions | None = None,
        *,
        vividness: float | None = None,
        hints: Sequence[Hint] = (),
        palette: Sequence[str | RGB] = (),
    ) -> ColorPhoto:
        """Colour the photograph at full resolution, without changing its luma.

        Args:
            options: all of the following in one object. Its reference and its number of variants
                belong to `Colorizer.predict` and `variants`, and have no effect here.
            vividness: colour strength, from 0 (cautious) to 1 (vivid); None for the default of
                the model's card.
            hints: known colours at points or strokes. With hints, the network runs once more.
            palette: the colours to prefer, besides grey: "#RRGGBB", names, or sRGB triples, 0 to
                255.

        Returns:
            The coloured photograph, of the same size and bit depth.

        Raises:
            ConfigError: a hint, a colour or the vividness is out of range, or the model does not
                support it.
            InvalidModel: the network's output does not match its card.
        """
        options = ColorOptions.either(options, vividness=vividness, hints=hints, palette=palette)
        return self._color_photo(*self._chroma(options))

    def as_references(self, options: ColorOptions | None = None) -> list[Reference]:
        """Return the photograph with its colours, for `SharedColors`.

        Args:
            options: as in `color`; shared colours have no effect here.

        Returns:
            One reference, in which colours that were given by hints have more weight than
            predicted ones. (An `AlbumPrediction` returns one for each photograph of the page.)

        Raises:
            ConfigError: as in `color`; or the model gives no features.
        """
        features = self._known_features()
        chroma, binding = self._chroma(replace(options or ColorOptions(), shared=None))
        size = features.shape[1::-1]
        small = np.asarray(cv2.resize(chroma, size, interpolation=cv2.INTER_AREA), np.float32)
        if binding is None:
            return [Reference(features, small)]
        given = cv2.resize(binding.followers.follow_weight, size, interpolation=cv2.INTER_AREA)
        return [Reference(features, small, np.asarray(given, np.float32))]

    def _rgb(self) -> IntArray:
        return self.color().rgb

    def variants(self, count: int = 4, *, vividness: float | None = None) -> list[ColorPhoto]:
        """Return several different colourings, the most likely first.

        The colourings differ in the colour of whole regions, not of single pixels.

        Args:
            count: the number of colourings, 1 or more.
            vividness: as in `color`.

        Raises:
            ConfigError: `count` is below 1, or the model predicts no distribution.
        """
        _check_count(count)
        params = self._decoding_params(vividness)
        colorings = variants(self._distribution(self.output), params, count)
        return [self._color_photo(small) for small in colorings]

    def confidence(self, *, vividness: float | None = None) -> FloatArray:
        """Return the probability that the true chroma is within 20 Lab units of the predicted one.

        Args:
            vividness: as in `color`.

        Returns:
            (H, W) float32 in [0, 1], of the photograph's size.

        Raises:
            ConfigError: the model predicts no distribution, or `vividness` is out of range.
        """
        distribution = self._distribution(self.output)
        small = distribution.confidence(distribution.mean(self._decoding_params(vividness)))
        return np.asarray(
            cv2.resize(small, self.photo.size, interpolation=cv2.INTER_LINEAR), np.float32
        )

    def color_candidates(self, x: float, y: float, count: int = 6) -> list[tuple[RGB, float]]:
        """Return the most likely colours at a pixel, for a person to choose a hint from.

        Args:
            x: column in pixels of the photograph, from the left.
            y: row in pixels, from the top.
            count: the largest number of colours to return, 1 or more.

        Returns:
            Pairs, the most likely first: an sRGB colour, 0 to 255, and the probability of this
            colour or a similar one. The colours have medium luma, so that they can be told apart.

        Raises:
            ConfigError: `count` is below 1, the pixel lies outside the photograph, or the model
                predicts no distribution.
        """
        _check_count(count)
        width, height = self.photo.size
        for coordinate in (x, y):
            check_number(coordinate, f"a point within {width} × {height}")
        if not (0 <= x < width and 0 <= y < height):
            raise ConfigError(f"expected a point within {width} × {height}; received {x:g}, {y:g}")
        rows, columns = self.output.shape[:2]
        row, column = int(y / height * rows), int(x / width * columns)
        candidates = self._distribution(self.output).color_candidates(
            row, column, count, self._decoding_params(1.0)
        )
        luma = eight_bits(self.photo.luma[int(y) : int(y) + 1, int(x) : int(x) + 1])
        level = np.clip(luma, *_CANDIDATE_LUMA).astype(np.uint8)
        space = self.model.card.color_space
        result: list[tuple[RGB, float]] = []
        for chroma, probability in candidates:
            r, g, b = color.merge(level, chroma[None, None], space)[0, 0]
            result.append(((int(r), int(g), int(b)), probability))
        return result

    def likely(self, x: float, y: float, count: int = 6) -> list[tuple[RGB, float]]:
        """Return what `color_candidates` returns. This old name will be removed in 0.2."""
        warnings.warn(
            "Prediction.likely is named color_candidates now", DeprecationWarning, stacklevel=2
        )
        return self.color_candidates(x, y, count)

    def _chroma(self, options: ColorOptions) -> tuple[FloatArray, Binding | None]:
        """Return chroma of the network's size, (h, w, 2), and what ties it to the hints, if any."""
        params, hints = self._decoding_params(options.vividness), options.hints
        unhinted = self._small_chroma(self.output, params, options.palette)
        if options.shared is not None:
            unhinted = options.shared.mix(self._known_features(), unhinted)
        if not hints:
            return unhinted, None
        space, photo_size = self.model.card.color_space, self.photo.luma.shape
        hinted = self._small_chroma(self._predict_with_hints(hints), params, options.palette)
        binding = Binding.of(hints, photo_size, self.lightness.shape, self.guide, self.features)
        return binding.bind_small(unhinted, hinted, space), binding

    def _decoding_params(self, vividness: float | None) -> DecodingParams:
        """Return the parameters that turn the network's output into colours of this vividness."""
        return self.model.card.decoding_params(vividness)

    def _known_features(self) -> FloatArray:
        if self.features is None:
            raise ConfigError(
                f"expected a model that can compare photographs; {self.model.source} cannot"
            )
        return self.features

    def _distribution(self, output: FloatArray) -> Distribution:
        if self.model.card.output_kind != "distribution":
            raise ConfigError(
                "expected a model that predicts a distribution over colours; "
                f"{self.model.source} predicts a single colour"
            )
        return Distribution.of(output, self.model.card, self.guide)

    def _small_chroma(
        self, output: FloatArray, params: DecodingParams, palette: Sequence[str | RGB]
    ) -> FloatArray:
        """Decode a network's output to chroma, (h, w, 2), within the palette and the reference."""
        if len(palette):
            colors = self._palette_chroma(palette)
            distribution = self._distribution(output).with_palette(colors)
            # Gain and restoration would make colours stronger than those of the palette.
            small = distribution.mean(replace(params, gain=1.0, chroma_restoration=0.0))
            small = limit_chroma(small, float(np.linalg.norm(colors, axis=-1).max()))
        else:
            card = self.model.card
            guide = self.guide if card.output_kind == "distribution" else None
            small = decode(output, card, params, guide)
        return small if self.known is None else limit_to_reference(self.known, small)

    def _palette_chroma(self, palette: Sequence[str | RGB]) -> FloatArray:
        return chroma_of([as_rgb(entry) for entry in palette], self.model.card.color_space)

    def _predict_with_hints(self, hints: Sequence[Hint]) -> FloatArray:
        """Run the network again with the hints; a hint takes precedence over the reference."""
        space = self.model.card.color_space
        known = draw(hints, self.photo.luma.shape, self.lightness.shape, space)
        if self.known is not None:
            known = np.where(known[..., 2:] > 0, known, self.known)
        return self.model.predict(self.lightness, known)

    def _color_photo(self, small: FloatArray, binding: Binding | None = None) -> ColorPhoto:
        """Make the coloured photograph from chroma of the network's size, (h, w, 2)."""
        space = self.model.card.color_space
        chroma = LinearChroma.fit(small, self.photo.luma, space)
        return ColorPhoto(
            luma=self.photo.luma,
            chroma=binding.bind_full(chroma, self.photo.luma) if binding else chroma,
            alpha=self.photo.alpha,
            metadata=with_provenance(self.photo.metadata),
            format=self.photo.format,
            mean_chroma=mean_chroma(small, self.lightness, space),
            icc=self.photo.icc,
            repaired=self.photo.repaired,
            encoded=self.photo.encoded,
        )


def _check_count(count: int) -> None:
    check_number(count, "a count of 1 or more", 1, whole=True)
