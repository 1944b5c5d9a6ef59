"""A distribution over colours for every pixel, and how it is decoded to one colour.

Vividness, palettes, candidates and the confidence map all come from one output of the network,
without another pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.errors import InvalidModel
from photochrom.model.card import DecodingParams
from photochrom.model.guide import segment_means

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model.card import Card
    from photochrom.model.guide import Guide

__all__ = ["Distribution", "decode"]

_PALETTE_SPREAD: Final = 14.0  # ab units: standard deviation around a colour of the palette
# Grey goes with every palette, but nobody chooses a palette to see grey: it has a penalty, in nats.
_GREY_PENALTY: Final = 6.0
_CANDIDATE_SPREAD: Final = 12.0  # ab units; a person sees nearer colours as one
_MIN_PROBABILITY: Final = 0.01  # less likely colours are not offered as candidates
# Limit on the factor of chroma restoration: a larger one would make faint traces strong colours.
_MAX_RESTORATION: Final = 2.0
_CONFIDENT: Final = 0.25  # certainty from which a pixel keeps all of its chroma
_BLACK: Final = (0.04, 0.16)  # lightness: entirely black up to the first, not black from the second
_WHITE: Final = (0.84, 0.97)  # lightness: not white up to the first, entirely white from the second
_CAST_HALF_CHROMA: Final = 8.0  # ab units; a pixel of this chroma gets half the cast correction
_TINY: Final = 1e-6  # avoids division by zero


def decode(
    output: FloatArray,
    card: Card,
    params: DecodingParams | None = None,
    guide: Guide | None = None,
) -> FloatArray:
    """Decode a network's output for one photograph to chroma.

    Args:
        output: the network's output, (h, w, C) float32.
        card: the card of the network.
        params: decoding parameters; None for those of the card's default vividness.
        guide: lightness and segments of the photograph, (h, w). Without it, the parameters
            `agreement` and `clean_tones` have no effect.

    Returns:
        Chroma in the units of the card's colour space, (h, w, 2) float32.

    Raises:
        InvalidModel: the output does not match the card.
    """
    params = params or card.decoding_params()
    if card.output_kind == "distribution":
        return Distribution.of(output, card, guide).mean(params)
    _check_channels(output, card, 2)
    return output * np.float32(card.output_scale * params.gain)


def _check_channels(output: FloatArray, card: Card, channels: int) -> None:
    if output.ndim != 3 or output.shape[-1] != channels:
        raise InvalidModel(
            f"expected output of shape (height, width, {channels}) from a network of kind "
            f"{card.output_kind!r}; received {output.shape}"
        )


@dataclass(frozen=True, eq=False)
class Distribution:
    """Logits over bins of chroma, for every pixel of a small picture.

    Attributes:
        logits: (h, w, Q) float32.
        bins: chroma of the bins, (Q, 2) float32, in the units of the colour space.
        rarity: the logarithm of each bin's rarity weight, (Q,) float32.
        guide: lightness and segments of the photograph, (h, w), or None.
    """

    logits: FloatArray
    bins: FloatArray
    rarity: FloatArray
    guide: Guide | None = None

    @classmethod
    def of(cls, output: FloatArray, card: Card, guide: Guide | None = None) -> Distribution:
        """Make a distribution from a network's output.

        Args:
            output: the network's output, (h, w, Q) float32.
            card: the card of the network.
            guide: lightness and segments of the photograph, (h, w), or None.

        Raises:
            InvalidModel: the output does not match the card.
        """
        bins = np.array(card.bins, np.float32)
        _check_channels(output, card, len(bins))
        rarity = np.log(np.array(card.bin_weights or [1.0], np.float32))
        return cls(output, bins, rarity, guide)

    def probabilities(self, params: DecodingParams) -> FloatArray:
        """Return the probability of each bin under decoding parameters, (h, w, Q) float32.

        The temperature follows R. Zhang et al., Colorful Image Colorization, ECCV 2016; the
        weighting by rarity follows A. K. Menon et al., Long-Tail Learning via Logit Adjustment,
        ICLR 2021.
        """
        scores = self._exponentials(params)
        scores /= scores.sum(-1, keepdims=True)
        return scores

    def _exponentials(self, params: DecodingParams) -> FloatArray:
        """Return the probabilities of the bins before they are normalized, (h, w, Q) float32."""
        scores = self.logits + self.rarity * np.float32(params.rebalancing)
        scores -= scores.max(-1, keepdims=True)
        scores *= np.float32(1 / params.temperature)
        return np.asarray(np.exp(scores, out=scores))

    def _expected(self, params: DecodingParams, values: FloatArray) -> FloatArray:
        """Return the expectation of values of the bins, (Q, n), for every pixel, (h, w, n)."""
        # One product gives the sums and their normalizer: quicker than dividing all Q channels.
        ones = np.ones((len(values), 1), np.float32)
        sums = self._exponentials(params) @ np.concatenate([values, ones], -1)
        return np.asarray(sums[..., :-1] / sums[..., -1:])

    def mean(self, params: DecodingParams) -> FloatArray:
        """Return the mean chroma under decoding parameters, (h, w, 2) float32.

        The mean of many possible colours is duller than each of them. Chroma restoration makes up
        for that with one factor for the whole picture; a factor for each pixel would make stains
        where the network is uncertain.
        """
        if params.agreement:
            agreed = self.with_agreement(params.agreement)
            return agreed.mean(replace(params, agreement=0.0))
        bin_squares = (self.bins**2).sum(-1, keepdims=True)
        expected = self._expected(params, np.concatenate([self.bins, bin_squares], -1))
        chroma, expected_square = expected[..., :2], expected[..., 2]
        # The square of the mean is at most the mean of the squares; their ratio over the whole
        # picture tells how much averaging has dulled it, and at a pixel how certain its colour is.
        square = (chroma**2).sum(-1)
        dulling = float(expected_square.sum()) / max(float(square.sum()), _TINY)
        restoration = min(dulling ** (params.chroma_restoration / 2), _MAX_RESTORATION)
        factor = params.gain * restoration
        certainty = square / np.maximum(expected_square, _TINY)
        muted = params.caution * (1 - _ramp(certainty, 0, _CONFIDENT))
        scale = (1 - muted) * self._tone_factor(params.clean_tones) * np.float32(factor)
        scaled = chroma * scale[..., None]
        # Only the cast that the factor has added is corrected, not the photograph's own.
        added_cast = scaled.mean((0, 1)) * np.float32(max(0.0, 1 - 1 / max(factor, _TINY)))
        return _without_cast(scaled, added_cast, params.cast_correction)

    def with_agreement(self, share: float) -> Distribution:
        """Return a copy in which each pixel is moved towards the mean logits of its segment.

        Args:
            share: how far, from 0 (unchanged) to 1 (the segment's mean). Without a guide there
                are no segments, and nothing changes.
        """
        if self.guide is None or not share:
            return self
        segments = self.guide.segments
        # logits + share · (mean - logits), in place: the array is the largest of all
        logits = segment_means(self.logits, segments)[segments]
        logits -= self.logits
        logits *= np.float32(share)
        logits += self.logits
        return replace(self, logits=logits)

    def _tone_factor(self, share: float) -> FloatArray | float:
        """Return the factor on chroma that cleans black and white, (h, w) float32 or 1."""
        if self.guide is None or not share:
            return 1.0
        lightness = self.guide.lightness
        ends = (1 - _ramp(lightness, *_BLACK)) + _ramp(lightness, *_WHITE)
        return np.asarray(1 - np.float32(share) * ends)

    def confidence(self, chroma: FloatArray, within: float = 20.0) -> FloatArray:
        """Return how likely the true chroma lies near a given one.

        Args:
            chroma: (h, w, 2) float32, in the units of the colour space.
            within: the greatest distance that counts as near, in the same units.

        Returns:
            (h, w) float32 in [0, 1].
        """
        squares = (
            (chroma**2).sum(-1, keepdims=True) + (self.bins**2).sum(-1) - 2 * chroma @ self.bins.T
        )
        probabilities = self.probabilities(DecodingParams())
        return np.asarray((probabilities * (squares < within**2)).sum(-1), np.float32)

    def color_candidates(
        self, row: int, column: int, count: int, params: DecodingParams
    ) -> list[tuple[FloatArray, float]]:
        """Return the most likely colours of a pixel, no two of them similar.

        Args:
            row: row of the pixel, in 0 to h - 1.
            column: column of the pixel, in 0 to w - 1.
            count: the largest number of colours, 1 or more; colours of less than 1% are left out.
            params: decoding parameters that choose the colours; vivid ones find rare colours, too.

        Returns:
            Pairs of chroma, (2,) float32, and the probability of this or a similar colour, the
            most likely first.
        """
        pixel = replace(self, logits=self.logits[row : row + 1, column : column + 1])
        # `params` may favour rare colours to find more candidates; what a person sees is the
        # probability without that.
        weighted, plain = (
            pixel.probabilities(params)[0, 0],
            pixel.probabilities(DecodingParams())[0, 0],
        )
        distances = ((self.bins[:, None] - self.bins) ** 2).sum(-1)
        mass = np.exp(distances / np.float32(-2 * _CANDIDATE_SPREAD**2)) @ weighted
        peaks: list[int] = []
        while len(peaks) < count and mass.max() > _MIN_PROBABILITY:
            peaks.append(int(mass.argmax()))
            mass[distances[peaks[-1]] < (2 * _CANDIDATE_SPREAD) ** 2] = 0
        nearest = distances[:, peaks].argmin(-1)
        candidates = []
        for number in range(len(peaks)):
            weights = weighted * (nearest == number)
            if (total := float(weights.sum())) > _MIN_PROBABILITY:
                chroma = np.asarray(weights @ self.bins / np.float32(total))
                candidates.append((chroma, float(plain[nearest == number].sum())))
        return sorted(candidates, key=lambda candidate: -candidate[1])

    def with_palette(self, palette: FloatArray) -> Distribution:
        """Return a copy that prefers the colours of a palette, and grey.

        Args:
            palette: chroma of the colours, (n, 2) float32, in the units of the colour space.
        """
        colors = np.concatenate([palette, np.zeros((1, 2), np.float32)])
        loss = ((self.bins[:, None] - colors) ** 2).sum(-1) / (2 * _PALETTE_SPREAD**2)
        loss[:, -1] += _GREY_PENALTY
        pull = -loss.min(-1)
        return replace(self, logits=self.logits + pull.astype(np.float32))


def _without_cast(chroma: FloatArray, cast: FloatArray, share: float) -> FloatArray:
    """Return chroma, (h, w, 2), without a share of a cast, (2,), on average; greys stay grey."""
    if share:
        length = np.linalg.norm(chroma, axis=-1, keepdims=True)
        weight = length / (length + np.float32(_CAST_HALF_CHROMA))
        weight /= max(float(weight.mean()), _TINY)
        chroma = chroma - np.float32(share) * weight * cast
    return np.asarray(chroma, np.float32)


def _ramp(values: FloatArray, begin: float, end: float) -> FloatArray:
    """Return 0 up to `begin`, 1 from `end` on, and a straight line between them."""
    return np.asarray(np.clip((values - np.float32(begin)) / np.float32(end - begin), 0, 1))
