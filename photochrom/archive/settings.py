"""How the photographs of an archive are coloured; the same for all, and on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from photochrom import __version__
from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError
from photochrom.options import ColorOptions
from photochrom.photo import DEFAULT_MAX_PIXELS, WRITABLE_SUFFIXES

if TYPE_CHECKING:
    from photochrom.batch import InColor
    from photochrom.provenance import Signer

__all__ = ["Settings", "fingerprint"]


@dataclass(frozen=True)
class Settings:
    """The settings of a run; plain values only, so that they fit into JSON and travel.

    Attributes:
        model: path of a model; "" for the one that ships with the package.
        engine: as in `Colorizer`.
        precision: as in `Colorizer`.
        max_pixels: as in `Colorizer`.
        vividness: as in `ColorOptions`.
        palette: as in `ColorOptions.of`.
        reference: location of a reference photograph; "" for none.
        album: as in `ColorOptions`.
        negative: as in `ColorOptions`.
        in_color: whether to skip photographs that are in colour already, or to colour them anew.
        suffix: file type of the results, for example ".jpg"; "" keeps each photograph's own.
        quality: as in `ColorPhoto.encode`.
        profile: as in `ColorPhoto.in_profile`.
        label: whether to write below each result that a machine guessed its colours.
        sign_cert: path of the certificates that sign the results, as in `provenance.Signer`; "" to
            sign nothing. The files must have the same paths on every machine.
        sign_key: path of the private key.
        sign_timestamp: address of a time-stamp service; "" for none.
    """

    model: str = ""
    engine: str = "onnxruntime"
    precision: str = "f32"
    max_pixels: int = DEFAULT_MAX_PIXELS
    vividness: float | None = None
    palette: tuple[str, ...] = ()
    reference: str = ""
    album: bool = True
    negative: bool = False
    in_color: InColor = "skip"
    suffix: str = ""
    quality: int | None = None
    profile: str = "srgb"
    label: bool = False
    sign_cert: str = ""
    sign_key: str = ""
    sign_timestamp: str = ""

    def __post_init__(self) -> None:
        """Check the values that nobody else checks before the first photograph.

        Raises:
            ConfigError: `suffix` is not one that is written, or one of `sign_cert` and `sign_key`
                is missing.
        """
        if bool(self.sign_cert) != bool(self.sign_key) or (
            self.sign_timestamp and not self.sign_cert
        ):
            raise ConfigError("expected both a certificate and its key, to sign the results")
        if self.suffix and self.suffix.lower() not in WRITABLE_SUFFIXES:
            known = " ".join(sorted(WRITABLE_SUFFIXES))
            raise ConfigError(f"expected results to end in one of {known}; received {self.suffix}")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make settings from the text of `to_json`."""
        values = json.loads(text)
        return cls(**values | {"palette": tuple(values["palette"])})

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def colorizer(self, cores: int | None = None) -> Colorizer:
        """Load the network.

        Args:
            cores: as in `Colorizer`.

        Raises:
            PhotochromError: as in `Colorizer`.
        """
        return Colorizer(
            self.model or None,
            max_pixels=self.max_pixels,
            engine=self.engine,
            precision=self.precision,
            cores=cores,
        )

    def options(self) -> ColorOptions:
        """Return how each photograph is coloured.

        Raises:
            StorageError: the reference photograph cannot be read.
            ConfigError: as in `ColorOptions.of`.
        """
        from photochrom import photo
        from photochrom.files.storage import read

        reference = None
        if self.reference:
            reference = photo.read(read(self.reference), name=self.reference)
        return ColorOptions.of(
            vividness=self.vividness,
            palette=self.palette,
            reference=reference,
            album=self.album,
            negative=self.negative,
            keep_color=self.in_color == "skip",
        )

    def signer(self) -> Signer | None:
        """Return what signs the results; None if they are not signed.

        Raises:
            ConfigError, MissingExtra: as in `provenance.Signer`.
        """
        if not self.sign_cert:
            return None
        from photochrom.provenance import Signer

        return Signer(self.sign_cert, self.sign_key, timestamp_url=self.sign_timestamp)

    def described(self, colorizer: Colorizer) -> dict[str, Any]:
        """Return all that a result depends on, besides its source, for JSON."""
        from photochrom.files.storage import read

        reference = hashlib.sha256(read(self.reference)).hexdigest() if self.reference else ""
        return asdict(self) | {
            "program": f"photochrom {__version__}",
            "model": colorizer.model.digest,
            "engine": colorizer.engine,
            "reference": reference,
        }


def fingerprint(described: Mapping[str, object]) -> str:
    """Return a short name of what `Settings.described` returns: 16 hexadecimal digits."""
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
