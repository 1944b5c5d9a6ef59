"""Sign coloured photographs as C2PA says: who coloured them, with what, and from which original.

The signature is part of the file's metadata, so no pixel changes. Nothing goes over the network,
except to a time-stamp service if one is named.
"""

from __future__ import annotations

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final

from c2pa import Builder, C2paError, C2paSignerInfo, Context
from c2pa import Signer as NativeSigner
from PIL import Image

from photochrom import __version__
from photochrom.errors import ConfigError, OutputError, PhotoError
from photochrom.photo.codecs import FORMATS, codec_named, format_named
from photochrom.photo.provenance import DIGITAL_SOURCE_TYPE, PROGRAM
from photochrom.photo.source import ByteSource, detect_format, name_of, read_bytes
from photochrom.provenance.identity import read_identity

__all__ = ["HASH_NAME", "MODEL_PARAMETER", "OFFLINE", "REPAIRED_PARAMETER", "Signer"]

HASH_NAME: Final = "nih:sha-256;"
"""Begins an identifier that names a file by its SHA-256 in hexadecimal (RFC 6920)."""

MODEL_PARAMETER: Final = "io.github.photochrom.model"
"""The parameter of the action `c2pa.color_adjustments` that names the model."""

REPAIRED_PARAMETER: Final = "io.github.photochrom.repaired"
"""The parameter of the action `c2pa.edited` that says what was repaired, for people."""

# IPTC's name for a correction by an algorithm, which adds nothing new.
_ENHANCED: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"

OFFLINE: Final = {
    "core": {"allowed_network_hosts": []},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
"""Settings of the C2PA library with which it does not use the network."""

_SIGNING: Final = OFFLINE | {
    "builder": {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient"],
    }
}
_ANY_BYTES: Final = "application/octet-stream"


class Signer:
    """Signs coloured photographs with one certificate; may be shared between threads.

    Attributes:
        name: whom the certificate names, for example "Photo Desk, City Archive".
        algorithm: the signature algorithm, for example "es256".
    """

    def __init__(
        self,
        certificates: str | os.PathLike[str],
        key: str | os.PathLike[str],
        *,
        timestamp_url: str = "",
    ) -> None:
        """Read a certificate chain and its private key, and try them.

        Args:
            certificates: a file in PEM form, with the signer's own certificate first.
            key: a file in PEM form with the private key of that certificate.
            timestamp_url: the address of a time-stamp service (RFC 3161), which is sent a hash with
                each signature; "" for no time stamps and no use of the network.

        Raises:
            ConfigError: as in `read_identity`, or C2PA does not accept the certificate.
        """
        identity = read_identity(certificates, key)
        self.name, self.algorithm = identity.name, identity.algorithm
        self._timestamp_url = ""
        self._info = (identity.algorithm, identity.chain, identity.key)
        tiny = io.BytesIO()
        Image.new("L", (1, 1)).save(tiny, "PNG")
        try:  # so that a bad certificate is found before any work; without a time stamp
            self.sign(tiny.getvalue(), tiny.getvalue())
        except OutputError as error:
            raise ConfigError(
                f"expected a certificate that C2PA accepts: not an authority's own, with the key "
                f"usage digitalSignature, and with the extended key usage emailProtection or "
                f"documentSigning; {certificates} is another ({error})"
            ) from error
        self._timestamp_url = timestamp_url

    def check_format(self, name: str) -> None:
        """Check that C2PA has signatures for a file format.

        Args:
            name: a key of `photo.FORMATS`.

        Raises:
            OutputError: it has none, or there is no such format.
        """
        codec, known = format_named(name), Builder.get_supported_mime_types()
        if codec.media_type not in known:
            names = ", ".join(each.name for each in FORMATS.values() if each.media_type in known)
            raise OutputError(
                f"expected a format that can be signed ({names}); received {codec.name}"
            )

    def sign(
        self,
        data: bytes,
        original: ByteSource,
        *,
        title: str = "",
        original_title: str = "",
        model: str = "",
        repaired: str = "",
    ) -> bytes:
        """Return a coloured photograph with a signed C2PA manifest in its metadata.

        The manifest names the original by its SHA-256 and says that a trained network changed its
        colours. If the original has a manifest itself, that is taken over.

        Args:
            data: the coloured photograph, as the bytes of a file.
            original: the grey original: a path, bytes or a binary file object.
            title: the name of the coloured file, to be told in the manifest.
            original_title: the name of the original; "" for that of its path.
            model: the name of the model that made the colours.
            repaired: what was repaired before, as in `ColorPhoto.repaired`; "" for nothing.

        Raises:
            OutputError: the format cannot be signed, or signing failed.
            PhotoError: `data` is no picture, or the original cannot be read.
        """
        codec = codec_named(detect_format(data, title or "the result"))
        self.check_format(codec.name)
        name = name_of(original)
        source = read_bytes(original, name)
        ingredient = {
            "title": original_title or ("" if name.startswith("<") else PurePath(name).name),
            "relationship": "parentOf",
            "label": "original",
            "instance_id": HASH_NAME + hashlib.sha256(source).hexdigest(),
        }
        signed = io.BytesIO()
        try:
            with (
                Context.from_dict(_SIGNING) as context,
                Builder(
                    _definition(PurePath(title).name, model, repaired), context=context
                ) as builder,
                NativeSigner.from_info(self._credentials()) as signer,
            ):
                _add_ingredient(builder, source, name, ingredient)
                builder.sign(signer, codec.media_type, io.BytesIO(data), signed)
        except C2paError as error:
            raise OutputError(f"cannot sign {title or 'the result'}: {_reason(error)}") from error
        return signed.getvalue()

    def _credentials(self) -> C2paSignerInfo:
        return C2paSignerInfo(*self._info, self._timestamp_url or None)


def _definition(title: str, model: str, repaired: str) -> dict[str, Any]:
    """Return what a manifest says, besides the original."""
    program = {"name": PROGRAM, "version": __version__}
    coloring: dict[str, Any] = {
        "action": "c2pa.color_adjustments",
        "when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "softwareAgent": program,
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "description": "Colours guessed by a trained network.",
    }
    if model:
        coloring["parameters"] = {MODEL_PARAMETER: model}
    opening = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}}
    repairing = {
        "action": "c2pa.edited",
        "softwareAgent": program,
        "digitalSourceType": _ENHANCED,
        "description": "Damage of the scan repaired.",
        "parameters": {REPAIRED_PARAMETER: repaired},
    }
    made = [opening, *([repairing] if repaired else []), coloring]
    actions = {"allActionsIncluded": True, "actions": made}
    return {
        "title": title,
        "claim_generator_info": [program],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }


def _add_ingredient(
    builder: Builder, original: bytes, name: str, ingredient: dict[str, str]
) -> None:
    """Add the original to a manifest, with the manifest that it may have itself."""
    try:
        media_type = codec_named(detect_format(original, name)).media_type
    except PhotoError:
        media_type = _ANY_BYTES
    try:
        builder.add_ingredient(ingredient, media_type, io.BytesIO(original))
    except C2paError:  # Photochrom reads damaged files that the C2PA library does not
        builder.add_ingredient(ingredient, _ANY_BYTES, io.BytesIO(original))


def _reason(error: C2paError) -> str:
    """Return the message of the C2PA library without the name of its error."""
    return str(error).partition(": ")[2] or str(error)
