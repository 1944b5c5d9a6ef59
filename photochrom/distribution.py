"""A distribution over colour for every place, and what can be read from it without another pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom.card import Reading
from photochrom.errors import InvalidModel

if TYPE_CHECKING:
    from photochrom.card import Card
    from photochrom.color import FloatArray

__all__ = ["Distribution", "decode"]

_PALETTE_SPREAD: Final = 14.0  # ab units around a colour of the palette
_ALIKE: Final = 12.0  # ab units; colours nearer than that are one colour to a person who chooses
_HARDLY: Final = 0.01
_MOST_RESTORED: Final = 1.0  # of what is there: no chroma is more than doubled
_NOTHING: Final = 1e-6
_GREY_COSTS: Final = 6.0  # nats; grey goes with every palette, but is not what was asked for


def decode(answer: FloatArray, card: Card, reading: Reading | None = None) -> FloatArray:
    """What a network says of a photograph → chroma, in the units of the card's colour space.

    Args:
        answer: (h, w, C) float32, one photograph of a batch.
        card: of the network.
        reading: how to read it; by default as the card says.

    Returns:
        (h, w, 2) float32.

    Raises:
        InvalidModel: the network does not give what its card promises.
    """
    reading = reading or card.reading()
    if card.output_kind == "distribution":
        return Distribution.of(answer, card).mean(reading)
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
    """

    logits: FloatArray
    bins: FloatArray
    rarity: FloatArray

    @classmethod
    def of(cls, answer: FloatArray, card: Card) -> Distribution:
        """A network's answer, (h, w, Q) float32, as its card explains it.

        Raises:
            InvalidModel: the network does not give what its card promises.
        """
        bins = np.array(card.bins, np.float32)
        _check_channels(answer, card, len(bins))
        return cls(answer, bins, np.log(np.array(card.bin_weights or [1.0], np.float32)))

    def shares(self, reading: Reading) -> FloatArray:
        """How likely each bin is under a reading, (h, w, Q).

        Annealed as in R. Zhang et al., Colorful Image Colorization, ECCV 2016; weighed as in A. K.
        Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021.
        """
        scores = self._exponentials(reading)
        scores /= scores.sum(-1, keepdims=True)
        return scores

    def _exponentials(self, reading: Reading) -> FloatArray:
        """Shares that do not add up to 1 yet."""
        scores = self.logits + self.rarity * np.float32(reading.gamma)
        scores -= scores.max(-1, keepdims=True)
        scores *= np.float32(1 / reading.temperature)
        return np.asarray(np.exp(scores, out=scores))

    def _expected(self, reading: Reading, values: FloatArray) -> FloatArray:
        """The mean of numbers that belong to the bins, (Q, n), place by place, (h, w, n)."""
        ones = np.ones((len(values), 1), np.float32)
        sums = self._exponentials(reading) @ np.concatenate([values, ones], -1)
        return np.asarray(sums[..., :-1] / sums[..., -1:])

    def mean(self, reading: Reading) -> FloatArray:
        """The mean colour under a reading, (h, w, 2)."""
        chroma = self._expected(reading, self.bins)
        if reading.restored:
            chroma *= self._restoring(chroma, reading.restored)
        return np.asarray(chroma * np.float32(reading.gain))

    def _restoring(self, chroma: FloatArray, share: float) -> FloatArray:
        """What makes up for the colour that a mean takes away, place by place, (h, w, 1) from 1 up.

        The mean of many colours is duller than each of them. How much duller the whole picture is
        its distribution tells: E|q|² beside the square of what is shown. Every place makes up for
        it as far as it is unsure, so that what is known, or a person's hint, stays as it is.
        """
        squares = (self.bins**2).sum(-1, keepdims=True)
        likely = self._expected(Reading(), np.concatenate([self.bins, squares], -1))
        expected = likely[..., 2]
        unsure = 1 - (likely[..., :2] ** 2).sum(-1) / np.maximum(expected, _NOTHING)
        shown = (chroma**2).sum(-1)
        wanted = max(float(shown.sum()), _NOTHING) ** (1 - share) * float(expected.sum()) ** share
        # Σ shown · (1 + factor · unsure)² = wanted
        square, half = float((shown * unsure**2).sum()), float((shown * unsure).sum())
        missing = max(0.0, wanted - float(shown.sum()))
        factor = (math.sqrt(half**2 + square * missing) - half) / max(square, _NOTHING)
        return np.asarray(1 + min(factor, _MOST_RESTORED) * unsure, np.float32)[..., None]

    def confidence(self, chroma: FloatArray, within: float = 20.0) -> FloatArray:
        """How likely the true chroma lies within a distance of the one shown, (h, w) in [0, 1]."""
        squares = (
            (chroma**2).sum(-1, keepdims=True) + (self.bins**2).sum(-1) - 2 * chroma @ self.bins.T
        )
        likely = self.shares(Reading())
        return np.asarray((likely * (squares < within**2)).sum(-1), np.float32)

    def likely(
        self, row: int, column: int, count: int, reading: Reading
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
        shares, truly = place.shares(reading)[0, 0], place.shares(Reading())[0, 0]
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
