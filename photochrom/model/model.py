"""A model: a folder or a zip with `network.onnx` and `card.json`, ready to run.

The card says all that the runtime must know of a network, so that no line outside a recipe has to
ask which recipe a model came from.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import color
from photochrom.errors import ConfigError, InvalidModel, ModelNotFound
from photochrom.model.card import Card
from photochrom.model.engine import make_engine

if TYPE_CHECKING:
    from photochrom.color import FloatArray, IntArray

__all__ = ["CARD_FILE", "KERAS_FILE", "NETWORK_FILE", "Model", "default_model"]

CARD_FILE: Final = "card.json"
NETWORK_FILE: Final = "network.onnx"
KERAS_FILE: Final = "network.keras"
MODEL_VARIABLE: Final = "PHOTOCHROM_MODEL"

_IN_A_RUN: Final = "model"
_LONGEST: Final = 64.0


class Model:
    """A network with its card and the engine that runs it. May be shared between threads."""

    def __init__(
        self,
        card: Card,
        network: bytes,
        source: str = NETWORK_FILE,
        *,
        engine: str = "openvino",
        precision: str = "f32",
    ) -> None:
        """Make a model.

        Args:
            card: what the network reads and writes.
            network: ONNX.
            source: what messages call it.
            engine: one of `engine.ENGINES`.
            precision: one of `engine.PRECISIONS`.

        Raises:
            ConfigError: there is no such engine or precision.
            MissingExtra: the engine is not installed.
        """
        self.card = card
        self.source = source
        self._network = network
        self._engine = make_engine(network, source, engine, precision)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, engine: str = "openvino", precision: str = "f32"
    ) -> Model:
        """Open a model folder or zip, or the model of a training run's folder.

        Raises:
            ModelNotFound: nothing is there, or no card or network in it.
            InvalidModel: the card or the network cannot be read.
        """
        place = Path(path)
        if not place.exists():
            raise ModelNotFound(f"expected a model folder or zip; there is nothing at {place}")
        if not (place / CARD_FILE).exists() and (place / _IN_A_RUN / CARD_FILE).exists():
            place /= _IN_A_RUN
        read = _read_folder if place.is_dir() else _read_zip
        card, network = read(place)
        source = str(place)
        read_card = Card.from_json(card, str(place / CARD_FILE))
        return cls(read_card, network, source, engine=engine, precision=precision)

    @property
    def engine(self) -> str:
        """What runs the network, and at which precision: «OpenVINO CPU f32»."""
        return self._engine.name

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the network and its card, to tell one model from another."""
        return hashlib.sha256(self._network + self.card.to_json().encode()).hexdigest()

    def __call__(self, lightness: FloatArray, known: FloatArray | None = None) -> FloatArray:
        """Run the network.

        Args:
            lightness: (B, H, W, 1) float32, the first channel of the card's colour space, in that
                space's own units; H and W as `fit` gives them.
            known: (B, H, W, 3) float32: chroma in the space's own units, and 1 where it is known, 0
                where not; for a network that can be told colours.

        Returns:
            (B, H / stride, W / stride, C) float32, as the network gives it.

        Raises:
            InvalidModel: the network cannot be run, or not on this, or answers in another shape.
            ConfigError: the network cannot be told colours.
        """
        return self._run(lightness, known)[0]

    def features(self, lightness: FloatArray) -> FloatArray:
        """What the network sees in photographs, place by place: alike where things are alike.

        Args:
            lightness: as in a call.

        Returns:
            (B, h, w, F) float32, each of length 1.

        Raises:
            ConfigError: the network does not give them.
        """
        answers = self._run(lightness, None)
        if len(answers) < 2:
            raise ConfigError(
                f"expected a model that takes a reference photograph; {self.source} does not"
            )
        return answers[1]

    def lightness(self, luma: IntArray) -> FloatArray:
        """A photograph's luma, (H, W) uint8 or uint16, as the network is to see it, (h, w)."""
        height, width = self.fit(*luma.shape)
        return color.grey_level(color.downscale(luma, (width, height)), self.card.color_space)

    def predict(self, lightness: FloatArray, known: FloatArray | None = None) -> FloatArray:
        """Show it one photograph.

        Args:
            lightness: (h, w) float32.
            known: (h, w, 3) float32, as in a call, or None.

        Returns:
            (h / stride, w / stride, C) float32.

        Raises:
            InvalidModel: the answer is not finite; or as in a call.
            ConfigError: as in a call.
        """
        return self.predict_with_features(lightness, known)[0]

    def predict_with_features(
        self, lightness: FloatArray, known: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Show it one photograph; return its answer and the features of its places.

        Arguments and errors are those of `predict`.

        Returns:
            The answer, and what `features` gives, (h, w, F), or None if the network gives none.
        """
        told = None if known is None else known[None]
        answer, *others = (each[0] for each in self._run(lightness[None, ..., None], told))
        if not np.isfinite(answer).all():
            raise InvalidModel(f"the network of {self.source} answered with NaN or infinity")
        features = others[0] if others else None
        if features is not None and not (features.ndim == 3 and np.isfinite(features).all()):
            raise InvalidModel(
                f"expected finite features (height, width, channels) as the second output of "
                f"{self.source}; received {features.shape}"
            )
        return answer, features

    def _run(self, lightness: FloatArray, known: FloatArray | None) -> list[FloatArray]:
        scaled = lightness * np.float32(self.card.input_scale)
        if self.card.known_scale:
            told = np.zeros((*lightness.shape[:3], 3), np.float32) if known is None else known
            scaled = np.concatenate([scaled, told * self.card.known_scales], -1)
        elif known is not None:
            raise ConfigError(f"expected a model that can be told colours; {self.source} cannot")
        answers = self._engine.run(np.ascontiguousarray(scaled, np.float32))
        if answers[0].ndim != 4 or len(answers[0]) != len(scaled):
            raise InvalidModel(
                f"expected ({len(scaled)}, height, width, channels) from the network of "
                f"{self.source}; received {answers[0].shape}"
            )
        return answers

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
    for name in (CARD_FILE, NETWORK_FILE):
        if not (place / name).is_file():
            raise ModelNotFound(
                f"expected {CARD_FILE} and {NETWORK_FILE} in {place}; {name} is missing"
            )
    return (place / CARD_FILE).read_bytes(), (place / NETWORK_FILE).read_bytes()


def _read_zip(place: Path) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(place) as archive:
            return archive.read(CARD_FILE), archive.read(NETWORK_FILE)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise InvalidModel(
            f"expected a model folder or zip; {place} is neither: {error}"
        ) from error
    except KeyError as error:
        raise ModelNotFound(
            f"expected {CARD_FILE} and {NETWORK_FILE} in {place}; {error}"
        ) from error


def default_model() -> Path:
    """The model to use when none is named: what `PHOTOCHROM_MODEL` says, or the one that ships."""
    named = os.environ.get(MODEL_VARIABLE)
    return Path(named) if named else Path(__file__).parents[1] / "models" / "default"
