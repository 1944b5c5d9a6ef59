"""A model: a folder or a zip with `network.onnx` and `card.json`, ready to run.

The card holds everything that the runtime has to know about the network. So no code outside a
recipe depends on which recipe built a model.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
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

__all__ = [
    "CARD_FILE",
    "KERAS_FILE",
    "NETWORK_FILE",
    "Model",
    "default_model",
    "located",
    "read_files",
]

CARD_FILE: Final = "card.json"
NETWORK_FILE: Final = "network.onnx"
KERAS_FILE: Final = "network.keras"
MODEL_VARIABLE: Final = "PHOTOCHROM_MODEL"

_RUN_SUBFOLDER: Final = "model"  # where the folder of a training run keeps its model
_MAX_ASPECT: Final = 64.0  # longer strips are squeezed to this aspect ratio


class Model:
    """A network with its card and the engine that runs it.

    A model may be shared between threads.

    Attributes:
        card: what the network reads and writes.
        source: the model's name in messages, usually its path.
    """

    def __init__(
        self,
        card: Card,
        network: bytes,
        source: str = NETWORK_FILE,
        *,
        engine: str = "onnxruntime",
        precision: str = "f32",
        cores: int | None = None,
    ) -> None:
        """Make a model from a card and a network in memory.

        Args:
            card: what the network reads and writes.
            network: the network as the bytes of an ONNX file.
            source: the model's name in messages.
            engine: one of `engine.ENGINES`.
            precision: one of `engine.PRECISIONS`.
            cores: as in `engine.make_engine`.

        Raises:
            ConfigError: `engine` or `precision` is unknown.
            MissingExtra: the engine is not installed.
        """
        self.card = card
        self.source = source
        self._network = network
        self._engine = make_engine(network, source, engine, precision, cores)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        engine: str = "onnxruntime",
        precision: str = "f32",
        cores: int | None = None,
    ) -> Model:
        """Load a model from a folder or zip, or from the folder of a training run.

        Args:
            path: the folder or zip.
            engine: one of `engine.ENGINES`.
            precision: one of `engine.PRECISIONS`.
            cores: as in `engine.make_engine`.

        Raises:
            ModelNotFound: `path` does not exist, or has no card or no network.
            InvalidModel: the card cannot be read, or `path` is neither a folder nor a zip. A
                damaged network is found when it first runs.
            ConfigError: `engine` or `precision` is unknown.
            MissingExtra: the engine is not installed.
        """
        place = located(path)
        files = read_files(place, [CARD_FILE, NETWORK_FILE])
        card = Card.from_json(files[CARD_FILE], str(place / CARD_FILE))
        network = files[NETWORK_FILE]
        return cls(card, network, str(place), engine=engine, precision=precision, cores=cores)

    @property
    def engine(self) -> str:
        """Name of the engine, its device and its precision, for example "ONNX Runtime CPU f32"."""
        return self._engine.name

    def start(self) -> None:
        """Start the engine in another thread, so that it is ready when the network first runs.

        A network that cannot run raises its error then, not here.
        """
        threading.Thread(target=self._start, name="photochrom-engine").start()

    def _start(self) -> None:
        with suppress(Exception):  # it is raised again when the network runs
            self._engine.name  # noqa: B018  the name is known once the engine has started

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the network and its card, in hexadecimal; it tells one model from another."""
        return hashlib.sha256(self._network + self.card.to_json().encode()).hexdigest()

    def __call__(self, lightness: FloatArray, known: FloatArray | None = None) -> FloatArray:
        """Run the network on a batch.

        Args:
            lightness: (B, H, W, 1) float32, the first channel of the card's colour space, in the
                units of that space; H and W as returned by `fit`.
            known: known colours, (B, H, W, 3) float32: chroma in the units of the space, and 1
                where it is known, 0 elsewhere. Only for a network that takes known colours.

        Returns:
            The network's output, (B, H / stride, W / stride, C) float32.

        Raises:
            InvalidModel: the network cannot run, does not take this size, or its output has
                the wrong shape.
            ConfigError: `known` is given, and the network does not take known colours.
        """
        return self._run(lightness, known)[0]

    def features(self, lightness: FloatArray) -> FloatArray:
        """Return the network's features, which are similar where photographs look similar.

        Args:
            lightness: as in `__call__`.

        Returns:
            (B, h, w, F) float32, unit vectors.

        Raises:
            InvalidModel: as in `__call__`.
            ConfigError: the network has no output for features.
        """
        outputs = self._run(lightness, None)
        if len(outputs) < 2:
            raise ConfigError(
                f"expected a model that takes a reference photograph; {self.source} does not"
            )
        return outputs[1]

    def lightness(self, luma: IntArray) -> FloatArray:
        """Convert a photograph's luma to the network's input.

        Args:
            luma: BT.601 Y', (H, W) uint8 or uint16.

        Returns:
            (h, w) float32, the first channel of the card's colour space; h and w as in `fit`.
        """
        height, width = self.fit(*luma.shape)
        return color.grey_level(color.downscale(luma, (width, height)), self.card.color_space)

    def predict(self, lightness: FloatArray, known: FloatArray | None = None) -> FloatArray:
        """Run the network on one photograph.

        Args:
            lightness: (h, w) float32, as returned by `lightness`.
            known: known colours, (h, w, 3) float32, as in `__call__`, or None.

        Returns:
            The network's output, (h / stride, w / stride, C) float32.

        Raises:
            InvalidModel: the output holds NaN or infinity; or as in `__call__`.
            ConfigError: as in `__call__`.
        """
        return self.predict_with_features(lightness, known)[0]

    def predict_with_features(
        self, lightness: FloatArray, known: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Run the network on one photograph, and return its features, too.

        Arguments and errors are those of `predict`.

        Returns:
            The network's output as from `predict`, and the features, (h, w, F) float32, or None
            if the network has no output for them.
        """
        known_batch = None if known is None else known[None]
        outputs = self._run(lightness[None, ..., None], known_batch)
        output, *others = (each[0] for each in outputs)
        if not np.isfinite(output).all():
            raise InvalidModel(f"the network of {self.source} returned NaN or infinity")
        features = others[0] if others else None
        if features is not None and not (features.ndim == 3 and np.isfinite(features).all()):
            raise InvalidModel(
                f"expected finite features (height, width, channels) as the second output of "
                f"{self.source}; received {features.shape}"
            )
        return output, features

    def _run(self, lightness: FloatArray, known: FloatArray | None) -> list[FloatArray]:
        """Return all outputs of the network: chroma or logits first, then its features, if any."""
        scaled = lightness * np.float32(self.card.input_scale)
        if self.card.known_scale:
            if known is None:
                known = np.zeros((*lightness.shape[:3], 3), np.float32)
            scaled = np.concatenate([scaled, known * self.card.known_scales], -1)
        elif known is not None:
            raise ConfigError(f"expected a model that takes known colours; {self.source} does not")
        outputs = self._engine.run(np.ascontiguousarray(scaled, np.float32))
        if outputs[0].ndim != 4 or len(outputs[0]) != len(scaled):
            raise InvalidModel(
                f"expected output of shape ({len(scaled)}, height, width, channels) from the "
                f"network of {self.source}; received {outputs[0].shape}"
            )
        return outputs

    def fit(self, height: int, width: int) -> tuple[int, int]:
        """Return the size at which a photograph enters the network.

        The size keeps the photograph's aspect ratio and has about the area of the working size.
        A strip more than 64 times as long as it is wide is squeezed.

        Args:
            height: height of the photograph, in pixels.
            width: its width.

        Returns:
            Height and width, in pixels.
        """
        side, multiple = self.card.working_size, self.card.size_multiple
        if not multiple:
            return side, side
        aspect = min(max(height / width, 1 / _MAX_ASPECT), _MAX_ASPECT) ** 0.5
        return (
            max(1, round(side * aspect / multiple)) * multiple,
            max(1, round(side / aspect / multiple)) * multiple,
        )


def located(path: str | os.PathLike[str]) -> Path:
    """Return the folder or zip of a model, given that or the folder of a training run.

    Raises:
        ModelNotFound: `path` does not exist.
    """
    place = Path(path)
    if not place.exists():
        raise ModelNotFound(f"expected a model folder or zip; there is nothing at {place}")
    if not (place / CARD_FILE).exists() and (place / _RUN_SUBFOLDER / CARD_FILE).exists():
        return place / _RUN_SUBFOLDER
    return place


def read_files(place: Path, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, bytes]:
    """Return files of a model by name.

    Args:
        place: the folder or zip.
        names: the files to read.
        optional: files to read if they are there.

    Raises:
        ModelNotFound: one of `names` is missing.
        InvalidModel: `place` is neither a folder nor a zip, or is damaged.
    """
    read = _read_folder if place.is_dir() else _read_zip
    try:
        return read(place, names, optional)
    except KeyError as error:
        raise ModelNotFound(
            f"expected {' and '.join(names)} in {place}; {error.args[0]} is missing"
        ) from error


def _read_folder(place: Path, names: Sequence[str], optional: Sequence[str]) -> dict[str, bytes]:
    there = {name for name in (*names, *optional) if (place / name).is_file()}
    return {name: (place / name).read_bytes() for name in _wanted(names, optional, there)}


def _read_zip(place: Path, names: Sequence[str], optional: Sequence[str]) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(place) as archive:
            wanted = _wanted(names, optional, set(archive.namelist()))
            return {name: archive.read(name) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise InvalidModel(
            f"expected a model folder or zip; {place} is neither: {error}"
        ) from error


def _wanted(names: Sequence[str], optional: Sequence[str], there: set[str]) -> list[str]:
    """Return the files to read.

    Raises:
        KeyError: one of `names` is not there.
    """
    for name in names:
        if name not in there:
            raise KeyError(name)
    return [*names, *(name for name in optional if name in there)]


def default_model() -> Path:
    """Return the path of the default model: `PHOTOCHROM_MODEL`, or else the packaged model."""
    named = os.environ.get(MODEL_VARIABLE)
    return Path(named) if named else Path(__file__).parents[1] / "models" / "default"
