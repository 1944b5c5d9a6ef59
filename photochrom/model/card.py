"""The card of a model: what its network reads and writes, and how its output becomes colour.

The card lies beside the network as `card.json`. The runtime reads everything that it has to know
about a network from the card, whichever recipe built the network.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from photochrom import color
from photochrom.checks import check_number
from photochrom.errors import InvalidModel

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["CARD_FORMAT", "Card", "DecodingParams", "OutputKind"]

CARD_FORMAT: Final = 1

# The fields of `DecodingParams` that are shares, from 0 to 1.
_SHARE_FIELDS: Final = ("agreement", "caution", "clean_tones", "cast_correction")
# Cards written before these fields were renamed use the old names; they must still load.
_OLD_FIELDS: Final = {"gamma": "rebalancing", "restored": "chroma_restoration"}
_MAX_RESTORATION: Final = 10

OutputKind = Literal["chroma", "distribution"]


@dataclass(frozen=True)
class DecodingParams:
    """The parameters by which a network's output is decoded into colour.

    A network whose output is chroma, not a distribution, uses `gain` alone. A segment is a region
    of the photograph between edges; see `photochrom.model.guide`.

    Attributes:
        rebalancing: how strongly the bins of a distribution are weighted by their rarity: bin q
            by w(q) ** rebalancing. 0 leaves them as they are.
        temperature: positive; below 1, a distribution is sharpened before its mean is taken.
        gain: factor on chroma.
        chroma_restoration: how much of the chroma that averaging removes is restored. 0 restores
            nothing, 1 makes the photograph as colourful as its distribution; at most 10.
        agreement: how far the pixels of one segment are moved towards a common distribution, from 0
            (each pixel for itself) to 1 (one distribution for the whole segment).
        caution: the share of its chroma that a pixel loses where the network is uncertain, from
            0 to 1.
        clean_tones: the share of their chroma that black and white lose, from 0 to 1.
        cast_correction: how much of the colour cast that gain and restoration add is removed,
            from 0 to 1.
    """

    rebalancing: float = 0.0
    temperature: float = 1.0
    gain: float = 1.0
    chroma_restoration: float = 0.0
    agreement: float = 0.0
    caution: float = 0.0
    clean_tones: float = 0.0
    cast_correction: float = 0.0

    def toward(self, other: DecodingParams, share: float) -> DecodingParams:
        """Interpolate between these parameters and others.

        Args:
            other: the parameters at share 1.
            share: 0 gives these parameters, 1 the others; values beyond 1 extrapolate.

        Returns:
            New parameters. Temperature is interpolated geometrically, since it is a ratio; the
            others linearly.
        """

        def interpolate(name: str) -> float:
            a, b = getattr(self, name), getattr(other, name)
            return float(a + (b - a) * share)

        values = {field.name: interpolate(field.name) for field in fields(self)}
        ratio = other.temperature / self.temperature
        return DecodingParams(**values | {"temperature": self.temperature * ratio**share})


@dataclass(frozen=True)
class Card:
    """What a network reads and writes, where it comes from and how well it does.

    Attributes:
        name: the model's name, for people.
        recipe: the recipe that built it; for people only, no code depends on it.
        color_space: a key of `photochrom.color.SPACES`; the network reads the first channel and
            predicts the other two.
        input_scale: factor on the first channel before it enters the network.
        output_kind: "chroma" for two channels, or "distribution" for logits, one channel a bin.
        output_scale: factor from the network's output to chroma.
        working_size: the side, in pixels, of the square pictures that the network does best on.
        size_multiple: both sides of the input must be multiples of this; 0 if the network takes
            only a square of `working_size`.
        stride: input pixels per output pixel, along a side.
        known_scale: factor on known chroma, which the network reads with a mask as its second to
            fourth channel; 0 if it takes no known colours.
        bins: the chroma of every bin, for a distribution.
        bin_weights: the rarity w(q) of each bin (R. Zhang et al., 2016), 1 on average.
        faithful: decoding parameters at vividness 0.
        vivid: decoding parameters at vividness 1.
        vividness: the default vividness, from 0 to 1.
        licence: licence of the weights, as an SPDX expression or in words.
        paper: where the design was published.
        data: what the network was trained on, and on which terms.
        options: the recipe's options.
        scores: results on photographs that were not used for training.
        made_by: the version of Photochrom that wrote the card.
        format: the version of the card's layout.
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
    options: dict[str, object] = field(default_factory=dict)
    scores: dict[str, object] = field(default_factory=dict)
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
        self._check_decoding()
        self._check_text()

    def decoding_params(self, vividness: float | None = None) -> DecodingParams:
        """Return the decoding parameters for a vividness.

        Args:
            vividness: colour strength from 0 (cautious) to 1 (vivid); None for the card's own.

        Raises:
            ConfigError: `vividness` is not a number from 0 to 1.
        """
        share = self.vividness if vividness is None else vividness
        check_number(share, "a vividness from 0 to 1", 0, 1)
        return self.faithful.toward(self.vivid, share)

    def reading(self, vividness: float | None = None) -> DecodingParams:
        """Return what `decoding_params` returns. This old name will be removed in 0.2."""
        message = "Card.reading is named decoding_params now"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return self.decoding_params(vividness)

    @property
    def known_scales(self) -> FloatArray:
        """The factors on known chroma and its mask, (3,) float32."""
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

    def _check_decoding(self) -> None:
        for name in ("faithful", "vivid"):
            value = getattr(self, name)
            good = isinstance(value, DecodingParams) and all(
                map(_is_number, asdict(value).values())
            )
            names = ", ".join(field.name for field in fields(DecodingParams))
            _require(good, name, f"an object of numbers: {names}", value)
            temperature, restoration = value.temperature, value.chroma_restoration
            _require(temperature > 0, f"{name}.temperature", "a positive number", temperature)
            _require(
                0 <= restoration <= _MAX_RESTORATION,
                f"{name}.chroma_restoration",
                f"a number from 0 to {_MAX_RESTORATION}",
                restoration,
            )
            for share in _SHARE_FIELDS:
                _check_share(getattr(value, share), f"{name}.{share}")
        _check_share(self.vividness, "vividness")

    def _check_text(self) -> None:
        for name in ("name", "recipe", "licence", "paper", "data", "made_by"):
            value = getattr(self, name)
            _require(isinstance(value, str), name, "text", value)
        for name in ("options", "scores"):
            value = getattr(self, name)
            _require(isinstance(value, dict), name, "an object", value)

    def to_json(self) -> str:
        """Return the card as the text of `card.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "card.json") -> Card:
        """Read a card from the text of `card.json`.

        Args:
            text: JSON. The field names of older cards are accepted, too.
            source: the name of the card in messages.

        Raises:
            InvalidModel: `text` is not JSON, or a field is missing, unknown or out of range.
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
            decoding = {
                name: DecodingParams(**_renamed(raw[name]))
                for name in ("faithful", "vivid")
                if name in raw
            }
            return cls(**raw | decoding)
        except (TypeError, InvalidModel) as error:
            raise InvalidModel(f"{source} is not a card: {error}") from error


def _renamed(values: dict[str, float]) -> dict[str, float]:
    """Return decoding parameters with old field names replaced by the current ones.

    Raises:
        TypeError: `values` is not a JSON object.
        InvalidModel: a field occurs under both names.
    """
    if not isinstance(values, dict):
        raise TypeError(f"expected decoding parameters as an object; received {values!r}")
    if both := [old for old, new in _OLD_FIELDS.items() if old in values and new in values]:
        raise InvalidModel(f"expected one of {both[0]} and {_OLD_FIELDS[both[0]]}; received both")
    return {_OLD_FIELDS.get(name, name): value for name, value in values.items()}


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    """Return whether a value is a number that float32 can hold; JSON allows NaN and 400 digits."""
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
