"""A distribution over colour for every place, and what can be read from it without another pass."""

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

_PALETTE_SPREAD: Final = 14.0  # ab units around a colour of the palette
_ALIKE: Final = 12.0  # ab units; colours nearer than that are one colour to a person who chooses
_HARDLY: Final = 0.01
_MOST_RESTORED: Final = 2.0  # times: or faint traces of colour would become strong ones
_DOUBTFUL: Final = 0.25  # certainty from which on a place keeps its colour
_BLACK: Final = (0.04, 0.16)  # lightness up to which, and from which on, …
_WHITE: Final = (0.84, 0.97)  # … a place counts as quite black or white
_GREYISH: Final = 8.0  # chroma, in ab units, that counts half as a colour where casts are lessened
_NOTHING: Final = 1e-6
_GREY_COSTS: Final = 6.0  # nats; grey goes with every palette, but is not what was asked for


def decode(
    answer: FloatArray,
    card: Card,
    reading: DecodingParams | None = None,
    guide: Guide | None = None,
) -> FloatArray:
    """What a network says of a photograph → chroma, in the units of the card's colour space.

    Args:
        answer: (h, w, C) float32, one photograph of a batch.
        card: of the network.
        reading: how to read it; by default as the card says.
        guide: the grey photograph at that size. Without it, `agreement` and `clean_tones` of the
            reading have no effect.

    Returns:
        (h, w, 2) float32.

    Raises:
        InvalidModel: the network does not give what its card promises.
    """
    reading = reading or card.reading()
    if card.output_kind == "distribution":
        return Distribution.of(answer, card, guide).mean(reading)
    _check_channels(answer, card, 2)
    return answer * np.float32(card.output_scale * reading.gain)


def _check_channels(answer: FloatArray, card: Card, channels: int) -> None:
    if answer.ndim != 3 or answer.shape[-1] != channels:
        raise InvalidModel(
            f"expected (height, width, {channels}) from a network whose output is "
            f"{card.output_kind!r}; received {answer.shape}"
        )


@dataclass(frozen=True, eq=False)
class Distribution:
    """Logits over bins of chroma, place by place.

    Attributes:
        logits: (h, w, Q) float32.
        bins: (Q, 2) float32, in the units of the colour space.
        rarity: the logarithm of each bin's weight, (Q,) float32.
        guide: the grey photograph, or None.
    """

    logits: FloatArray
    bins: FloatArray
    rarity: FloatArray
    guide: Guide | None = None

    @classmethod
    def of(cls, answer: FloatArray, card: Card, guide: Guide | None = None) -> Distribution:
        """A network's answer, (h, w, Q) float32, as its card explains it.

        Raises:
            InvalidModel: the network does not give what its card promises.
        """
        bins = np.array(card.bins, np.float32)
        _check_channels(answer, card, len(bins))
        rarity = np.log(np.array(card.bin_weights or [1.0], np.float32))
        return cls(answer, bins, rarity, guide)

    def shares(self, reading: DecodingParams) -> FloatArray:
        """How likely each bin is under a reading, (h, w, Q).

        Annealed as in R. Zhang et al., Colorful Image Colorization, ECCV 2016; weighed as in A. K.
        Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021.
        """
        scores = self._exponentials(reading)
        scores /= scores.sum(-1, keepdims=True)
        return scores

    def _exponentials(self, reading: DecodingParams) -> FloatArray:
        """Return what is proportional to the shares of the bins, (h, w, Q)."""
        scores = self.logits + self.rarity * np.float32(reading.gamma)
        scores -= scores.max(-1, keepdims=True)
        scores *= np.float32(1 / reading.temperature)
        return np.asarray(np.exp(scores, out=scores))

    def _expected(self, reading: DecodingParams, values: FloatArray) -> FloatArray:
        """The mean of numbers that belong to the bins, (Q, n), place by place, (h, w, n)."""
        ones = np.ones((len(values), 1), np.float32)
        sums = self._exponentials(reading) @ np.concatenate([values, ones], -1)
        return np.asarray(sums[..., :-1] / sums[..., -1:])

    def mean(self, reading: DecodingParams) -> FloatArray:
        """The mean colour under a reading, (h, w, 2).

        A mean of many possible colours is duller than each of them. The lost strength is given
        back by one factor for the whole picture: given to uncertain places alone it makes stains.
        """
        if reading.agreement:
            agreed = self.agreed(reading.agreement)
            return agreed.mean(replace(reading, agreement=0.0))
        squares = (self.bins**2).sum(-1, keepdims=True)
        found = self._expected(reading, np.concatenate([self.bins, squares], -1))
        chroma, likely = found[..., :2], found[..., 2]
        shown = (chroma**2).sum(-1)
        duller = float(likely.sum()) / max(float(shown.sum()), _NOTHING)
        factor = reading.gain * min(duller ** (reading.restored / 2), _MOST_RESTORED)
        certainty = shown / np.maximum(likely, _NOTHING)
        lost = reading.caution * (1 - _rising(certainty, 0, _DOUBTFUL))
        kept = (1 - lost) * self._toned(reading.clean_tones) * np.float32(factor)
        wanted = chroma * kept[..., None]
        added = wanted.mean((0, 1)) * np.float32(max(0.0, 1 - 1 / max(factor, _NOTHING)))
        return _without_cast(wanted, added, reading.cast_correction)

    def agreed(self, share: float) -> Distribution:
        """The same, with each place drawn towards what its segment says: one thing, one colour.

        Args:
            share: how far, from 0 to 1; without a guide nothing is changed.
        """
        if self.guide is None or not share:
            return self
        segments = self.guide.segments
        logits = segment_means(self.logits, segments)[segments]
        logits -= self.logits
        logits *= np.float32(share)
        logits += self.logits
        return replace(self, logits=logits)

    def _toned(self, share: float) -> FloatArray | float:
        """What black and white keep of their chroma, (h, w)."""
        if self.guide is None or not share:
            return 1.0
        lightness = self.guide.lightness
        ends = (1 - _rising(lightness, *_BLACK)) + _rising(lightness, *_WHITE)
        return np.asarray(1 - np.float32(share) * ends)

    def confidence(self, chroma: FloatArray, within: float = 20.0) -> FloatArray:
        """How likely the true chroma lies within a distance of the one shown, (h, w) in [0, 1]."""
        squares = (
            (chroma**2).sum(-1, keepdims=True) + (self.bins**2).sum(-1) - 2 * chroma @ self.bins.T
        )
        likely = self.shares(DecodingParams())
        return np.asarray((likely * (squares < within**2)).sum(-1), np.float32)

    def color_candidates(
        self, row: int, column: int, count: int, reading: DecodingParams
    ) -> list[tuple[FloatArray, float]]:
        """The likeliest colours of a place, no two of them near one another.

        Args:
            row: of the place.
            column: of the place.
            count: how many at most, 1 or more; what is hardly likely is left out.
            reading: which colours are thought of; a vivid one thinks of rare ones, too.

        Returns:
            Chroma, (2,) float32, and how likely something like it is, the likeliest first.
        """
        place = replace(self, logits=self.logits[row : row + 1, column : column + 1])
        shares, truly = place.shares(reading)[0, 0], place.shares(DecodingParams())[0, 0]
        distances = ((self.bins[:, None] - self.bins) ** 2).sum(-1)
        mass = np.exp(distances / np.float32(-2 * _ALIKE**2)) @ shares
        peaks: list[int] = []
        while len(peaks) < count and mass.max() > _HARDLY:
            peaks.append(int(mass.argmax()))
            mass[distances[peaks[-1]] < (2 * _ALIKE) ** 2] = 0
        nearest = distances[:, peaks].argmin(-1)
        found = []
        for number in range(len(peaks)):
            taken = shares * (nearest == number)
            if (share := float(taken.sum())) > _HARDLY:
                chroma = np.asarray(taken @ self.bins / np.float32(share))
                found.append((chroma, float(truly[nearest == number].sum())))
        return sorted(found, key=lambda each: -each[1])

    def with_palette(self, palette: FloatArray) -> Distribution:
        """Drawn to the colours of a palette, (n, 2) float32, and to grey."""
        colors = np.concatenate([palette, np.zeros((1, 2), np.float32)])
        loss = ((self.bins[:, None] - colors) ** 2).sum(-1) / (2 * _PALETTE_SPREAD**2)
        loss[:, -1] += _GREY_COSTS
        pull = -loss.min(-1)
        return replace(self, logits=self.logits + pull.astype(np.float32))


def _without_cast(chroma: FloatArray, cast: FloatArray, share: float) -> FloatArray:
    """Chroma, (h, w, 2), less a share of a cast, (2,), on average; greys stay grey."""
    if share:
        length = np.linalg.norm(chroma, axis=-1, keepdims=True)
        weight = length / (length + np.float32(_GREYISH))
        weight /= max(float(weight.mean()), _NOTHING)
        chroma = chroma - np.float32(share) * weight * cast
    return np.asarray(chroma, np.float32)


def _rising(values: FloatArray, begin: float, end: float) -> FloatArray:
    """From 0 to 1 in a straight line between two values."""
    return np.asarray(np.clip((values - np.float32(begin)) / np.float32(end - begin), 0, 1))
