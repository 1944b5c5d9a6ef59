"""What a network reads and writes: the card that lies beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from photochrom import color
from photochrom.errors import InvalidModel

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["CARD_FORMAT", "Card", "DecodingParams", "OutputKind"]

CARD_FORMAT: Final = 1

_SHARES: Final = ("agreement", "caution", "clean_tones", "cast_correction")  # of a reading

OutputKind = Literal["chroma", "distribution"]


@dataclass(frozen=True)
class DecodingParams:
    """How a network's answer becomes colour.

    A network that answers with chroma, not with a distribution, uses `gain` alone. A segment is a
    region of the photograph between edges; see `photochrom.model.guide`.

    Attributes:
        gamma: how far a distribution's bins are weighed up by their rarity, w(q) ** gamma.
        temperature: below 1, a distribution is sharpened before its mean is taken.
        gain: chroma is multiplied by this.
        restored: how much of the colour that a mean takes away the picture gets back, from 0 to
            as colourful as its distribution is, 1, and beyond.
        agreement: how far the places of one segment of the photograph agree, from 0, each for
            itself, to 1, all as one.
        caution: the share of its chroma that a place loses where the network is uncertain, from
            0 to 1.
        clean_tones: the share of their chroma that black and white lose, from 0 to 1.
        cast_correction: how much of the cast over the whole photograph that gain and restoration
            add is taken back, from 0 to 1.
    """

    gamma: float = 0.0
    temperature: float = 1.0
    gain: float = 1.0
    restored: float = 0.0
    agreement: float = 0.0
    caution: float = 0.0
    clean_tones: float = 0.0
    cast_correction: float = 0.0

    def toward(self, other: DecodingParams, share: float) -> DecodingParams:
        """A part of the way to another, or beyond it; of the temperature, in ratios."""

        def between(name: str) -> float:
            a, b = getattr(self, name), getattr(other, name)
            return float(a + (b - a) * share)

        values = {each.name: between(each.name) for each in fields(self)}
        ratio = other.temperature / self.temperature
        return DecodingParams(**values | {"temperature": self.temperature * ratio**share})


@dataclass(frozen=True)
class Card:
    """What a network reads and writes, where it comes from and how well it does.

    Attributes:
        name: what people call the model.
        recipe: the recipe that built it, for people only.
        color_space: a key of `photochrom.color.SPACES`; the network reads its first channel and
            answers with the other two.
        input_scale: the network's input is the first channel times this.
        output_kind: "chroma", two channels; or "distribution", logits, one channel a bin.
        output_scale: chroma is the network's output times this.
        working_size: the side, in pixels, of the square pictures that it does best on.
        size_multiple: both sides of its input must be multiples of this; 0 if only a square of
            `working_size` will do.
        stride: input pixels per output pixel, along a side.
        known_scale: a network that can be told colours reads them, times this, and a mask, as its
            second to fourth channel; 0 if it cannot.
        bins: the chroma of every bin, for a distribution.
        bin_weights: how rare each bin is: w(q) of R. Zhang et al., 1 on average.
        faithful: the reading at vividness 0.
        vivid: the reading at vividness 1.
        vividness: what is read when nobody asks for another.
        licence: of the weights, as an SPDX expression or in words.
        paper: where the design was published.
        data: what it was trained on, and on which terms.
        options: the recipe's options.
        scores: measured on photographs that it never saw.
        made_by: the version of Photochrom that wrote it.
        format: the version of this card's layout.
    """

    name: str
    recipe: str
    color_space: str
    input_scale: float
    output_kind: OutputKind
    output_scale: float
    working_size: int
    size_multiple: int
    stride: int = 1
    known_scale: float = 0.0
    bins: list[list[float]] | None = None
    bin_weights: list[float] | None = None
    faithful: DecodingParams = DecodingParams()
    vivid: DecodingParams = DecodingParams(gain=2.0)
    vividness: float = 0.0
    licence: str = ""
    paper: str = ""
    data: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    made_by: str = ""
    format: int = CARD_FORMAT

    def __post_init__(self) -> None:
        _require(self.format == CARD_FORMAT, "format", CARD_FORMAT, self.format)
        spaces = list(color.SPACES)
        _require(self.color_space in spaces, "color_space", f"one of {spaces}", self.color_space)
        kinds = ["chroma", "distribution"]
        _require(self.output_kind in kinds, "output_kind", f"one of {kinds}", self.output_kind)
        for name in ("working_size", "stride"):
            value = getattr(self, name)
            _require(_is_whole(value) and value > 0, name, "a positive whole number", value)
        multiple = self.size_multiple
        _require(_is_whole(multiple) and multiple >= 0, "size_multiple", "0 or more", multiple)
        for name in ("input_scale", "output_scale"):
            value = getattr(self, name)
            _require(_is_number(value) and value != 0, name, "a number other than 0", value)
        _require(_is_number(self.known_scale), "known_scale", "a number", self.known_scale)
        self._check_bins()
        self._check_readings()
        self._check_words()

    def reading(self, vividness: float | None = None) -> DecodingParams:
        """How to read the network's answer, from 0, faithful, to 1, vivid.

        Raises:
            ValueError: the vividness is out of range.
        """
        share = self.vividness if vividness is None else vividness
        if not 0 <= share <= 1:
            raise ValueError(f"expected a vividness from 0 to 1; received {share}")
        return self.faithful.toward(self.vivid, share)

    @property
    def known_scales(self) -> FloatArray:
        """What known chroma and its mask are multiplied with, (3,)."""
        return np.array([self.known_scale, self.known_scale, 1], np.float32)

    def _check_bins(self) -> None:
        pairs = self.output_kind == "chroma" or _is_pairs(self.bins)
        _require(pairs, "bins", "a list of pairs of numbers", self.bins)
        weights = self.bin_weights
        good = weights is None or (
            isinstance(weights, list)
            and len(weights) == len(self.bins or [])
            and all(_is_number(weight) and weight > 0 for weight in weights)
        )
        _require(good, "bin_weights", "a positive number for every bin", weights)

    def _check_readings(self) -> None:
        for name in ("faithful", "vivid"):
            value = getattr(self, name)
            good = isinstance(value, DecodingParams) and all(
                map(_is_number, asdict(value).values())
            )
            names = ", ".join(each.name for each in fields(DecodingParams))
            _require(good, name, f"an object of numbers: {names}", value)
            _require(value.temperature > 0, name, "a positive temperature", value.temperature)
            restored = f"{name}.restored"
            _require(0 <= value.restored <= 10, restored, "a number from 0 to 10", value.restored)
            for share in _SHARES:
                _check_share(getattr(value, share), f"{name}.{share}")
        _check_share(self.vividness, "vividness")

    def _check_words(self) -> None:
        for name in ("name", "recipe", "licence", "paper", "data", "made_by"):
            value = getattr(self, name)
            _require(isinstance(value, str), name, "text", value)
        for name in ("options", "scores"):
            value = getattr(self, name)
            _require(isinstance(value, dict), name, "an object", value)

    def to_json(self) -> str:
        """The card as `card.json` holds it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "card.json") -> Card:
        """Read a card.

        Raises:
            InvalidModel: not JSON, or a field is missing, unknown or out of range.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidModel(f"expected JSON in {source}; {error}") from error
        if not isinstance(raw, dict):
            raise InvalidModel(f"expected a JSON object in {source}; received {type(raw).__name__}")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(raw) - known):
            raise InvalidModel(f"unknown fields in {source}: {', '.join(unknown)}")
        try:
            readings = {
                name: DecodingParams(**raw[name]) for name in ("faithful", "vivid") if name in raw
            }
            return cls(**raw | readings)
        except (TypeError, InvalidModel) as error:
            raise InvalidModel(f"{source} is not a card: {error}") from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    """Whether it is one that float32 can hold; JSON knows NaN, infinity and 400 digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _is_pairs(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) > 0
        and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value)
        and all(_is_number(number) for pair in value for number in pair)
    )


def _check_share(value: float, name: str) -> None:
    _require(_is_number(value) and 0 <= value <= 1, name, "a number from 0 to 1", value)


def _require(good: bool, name: str, expected: object, value: object) -> None:
    if not good:
        raise InvalidModel(f"expected {name} to be {expected}; received {value!r}")
