"""Read the certificate chain and the private key of whoever signs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from photochrom.errors import ConfigError

__all__ = ["Identity", "read_anchors", "read_identity"]

_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_MIN_RSA_BITS: Final = 2048  # C2PA accepts no shorter keys


@dataclass(frozen=True)
class Identity:
    """A certificate chain with the private key of its first certificate.

    Attributes:
        name: whom the certificate names, for example "Photo Desk, City Archive".
        algorithm: signature algorithm in C2PA's notation: "es256", "ps256", "ed25519" and so on.
        chain: the certificates in PEM form, the signer's own first.
        key: the private key in PEM form (PKCS #8), without a password.
    """

    name: str
    algorithm: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)


def read_identity(chain: str | os.PathLike[str], key: str | os.PathLike[str]) -> Identity:
    """Read and check a certificate chain and its private key, both in PEM form.

    Raises:
        ConfigError: a file cannot be read or is of another form, the key is protected by a
            password, is of a kind that C2PA does not have, or does not belong to the first
            certificate; or that certificate is not valid today.
    """
    certificates = _certificates(Path(chain))
    private = _private_key(Path(key))
    algorithm = _algorithm(private, Path(key))
    own = certificates[0]
    if own.public_key() != private.public_key():
        others = any(each.public_key() == private.public_key() for each in certificates)
        order = "; its own certificate must be the first of the chain" if others else ""
        raise ConfigError(
            f"expected the private key of the first certificate in {chain}; {key} is another{order}"
        )
    if not own.not_valid_before_utc <= datetime.now(UTC) <= own.not_valid_after_utc:
        raise ConfigError(
            f"expected a certificate that is valid today; {chain} is valid from "
            f"{own.not_valid_before_utc:%Y-%m-%d} to {own.not_valid_after_utc:%Y-%m-%d}"
        )
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    plain = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity(_name(own), algorithm, pem, plain)


def read_anchors(path: str | os.PathLike[str]) -> str:
    """Read certificates to trust, in PEM form, and return them as one text.

    Raises:
        ConfigError: the file cannot be read, or holds no certificate.
    """
    certificates = _certificates(Path(path))
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates).decode()


def _certificates(path: Path) -> list[x509.Certificate]:
    data = _read(path, "certificates")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ConfigError(f"expected certificates in PEM form; {path} holds none") from error


def _private_key(path: Path) -> PrivateKeyTypes:
    data = _read(path, "a private key")
    try:
        return load_pem_private_key(data, None)
    except TypeError as error:
        raise ConfigError(
            f"expected a private key without a password; {path} is protected by one. "
            f"openssl pkey -in {path} -out plain.pem removes it"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"expected a private key in PEM form; {path} holds none") from error


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"expected a file with {what}; cannot read {path}: {reason}") from error


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    """Return the algorithm that C2PA has for a key."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ConfigError(
        f"expected a key on the curve P-256, P-384 or P-521, of Ed25519, or of RSA with "
        f"{_MIN_RSA_BITS} bits or more; {path} holds a key of another kind"
    )


def _name(certificate: x509.Certificate) -> str:
    """Return whom a certificate names: the common name, then the organization."""
    found = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    ]
    return ", ".join(found) or certificate.subject.rfc4514_string()
