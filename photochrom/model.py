"""A model: a folder or a zip with `network.onnx` and `card.json`, and the engine that runs it.

The card says all that the runtime must know of a network, so that no line outside a recipe has to
ask which recipe a model came from.
"""

from __future__ import annotations

import json
import threading
import zipfile
import zlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from photochrom import color
from photochrom.errors import InvalidModel, ModelNotFound

if TYPE_CHECKING:
    import os

    from photochrom.color import FloatArray

__all__ = ["CARD", "CARD_FORMAT", "KERAS", "NETWORK", "Card", "Model"]

CARD_FORMAT: Final = 1
CARD: Final = "card.json"
NETWORK: Final = "network.onnx"
KERAS: Final = "network.keras"

_LONGEST: Final = 64.0

OutputKind = Literal["chroma", "distribution"]


@dataclass(frozen=True)
class Card:
    """What a network reads and writes, where it comes from and how well it does.

    Attributes:
        name: what people call the model.
        recipe: the recipe that built it, for people only.
        color_space: a key of `photochrom.color.SPACES`; the network reads its first channel and
            answers with the other two.
        input_scale: the network's input is the first channel times this.
        output_kind: "chroma", two channels; or "distribution", one channel a bin.
        output_scale: chroma is the network's output times this.
        known_scale: a network that can be told colours reads them, times this, and a mask, as its
            second to fourth channel; 0 if it cannot.
        bins: the chroma of every bin, for a distribution.
        stride: input pixels per output pixel, along a side.
        working_size: the side, in pixels, of the square pictures that it learnt from.
        size_multiple: both sides of its input must be multiples of this; 0 if only a square of
            `working_size` will do.
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
        pairs = self.output_kind == "chroma" or _is_pairs(self.bins)
        _require(pairs, "bins", "a list of pairs of numbers", self.bins)
        for name in ("working_size", "stride"):
            value = getattr(self, name)
            _require(_is_whole(value) and value > 0, name, "a positive whole number", value)
        multiple = self.size_multiple
        _require(_is_whole(multiple) and multiple >= 0, "size_multiple", "0 or more", multiple)
        for name in ("input_scale", "output_scale"):
            value = getattr(self, name)
            _require(_is_number(value) and value != 0, name, "a number other than 0", value)
        self._check_words()

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
    def from_json(cls, text: str | bytes, source: str = CARD) -> Card:
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
            return cls(**raw)
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


def _require(good: bool, name: str, expected: object, value: object) -> None:
    if not good:
        raise InvalidModel(f"expected {name} to be {expected}; received {value!r}")


class Model:
    """A network with its card, ready to run on this machine's CPU through OpenVINO."""

    def __init__(self, card: Card, network: bytes, source: str = NETWORK) -> None:
        self.card = card
        self.source = source
        self._network = network
        self._compiling = threading.Lock()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Open a model folder or zip.

        Raises:
            ModelNotFound: nothing is there, or no card or network in it.
            InvalidModel: the card or the network cannot be read.
        """
        place = Path(path)
        if not place.exists():
            raise ModelNotFound(f"expected a model folder or zip; there is nothing at {place}")
        read = _read_folder if place.is_dir() else _read_zip
        card, network = read(place)
        return cls(Card.from_json(card, str(place / CARD)), network, str(place))

    @property
    def _compiled(self) -> Any:
        with self._compiling:  # threads that share a model compile it once
            return self._engine

    @cached_property
    def _engine(self) -> Any:
        import openvino

        core = openvino.Core()
        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        try:
            return core.compile_model(core.read_model(self._network), "CPU", settings)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InvalidModel(f"the network of {self.source} cannot be run: {reason}") from error

    @cached_property
    def engine(self) -> str:
        """What runs the network, and at which precision: «OpenVINO CPU f32»."""
        precision = self._compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        return f"OpenVINO CPU {precision}"

    def __call__(self, lightness: FloatArray) -> FloatArray:
        """Run the network.

        Args:
            lightness: (B, H, W, 1) float32, the first channel of the card's colour space, in that
                space's own units; H and W as `fit` gives them.

        Returns:
            (B, H / stride, W / stride, C) float32, as the network gives it.

        Raises:
            InvalidModel: the network cannot be run, or not on this, or answers in another shape.
        """
        scaled = np.ascontiguousarray(lightness * np.float32(self.card.input_scale), np.float32)
        request = self._compiled.create_infer_request()  # one a call: threads may share a model
        try:
            answer = np.array(request.infer(scaled)[0], np.float32)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InvalidModel(
                f"the network of {self.source} does not take {scaled.shape}: {reason}"
            ) from error
        if answer.ndim != 4 or len(answer) != len(scaled):
            raise InvalidModel(
                f"expected ({len(scaled)}, height, width, channels) from the network of "
                f"{self.source}; received {answer.shape}"
            )
        return answer

    def fit(self, height: int, width: int) -> tuple[int, int]:
        """The size, near the working size in area, at which to show a photograph to the network.

        A strip more than 64 times as long as it is wide is squeezed.
        """
        side, multiple = self.card.working_size, self.card.size_multiple
        if not multiple:
            return side, side
        aspect = min(max(height / width, 1 / _LONGEST), _LONGEST) ** 0.5
        return (
            max(1, round(side * aspect / multiple)) * multiple,
            max(1, round(side / aspect / multiple)) * multiple,
        )


def _read_folder(place: Path) -> tuple[bytes, bytes]:
    for name in (CARD, NETWORK):
        if not (place / name).is_file():
            raise ModelNotFound(f"expected {CARD} and {NETWORK} in {place}; {name} is missing")
    return (place / CARD).read_bytes(), (place / NETWORK).read_bytes()


def _read_zip(place: Path) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(place) as archive:
            return archive.read(CARD), archive.read(NETWORK)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise InvalidModel(
            f"expected a model folder or zip; {place} is neither: {error}"
        ) from error
    except KeyError as error:
        raise ModelNotFound(f"expected {CARD} and {NETWORK} in {place}; {error}") from error
