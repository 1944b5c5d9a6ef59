"""Certificates and keys of people who sign, made for the tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "es256k": lambda: ec.generate_private_key(ec.SECP256K1()),  # a curve that C2PA does not have
}


@dataclass(frozen=True)
class Papers:
    """The files of a person who signs: a chain, the key of its first certificate, and the root."""

    chain: Path
    key: Path
    root: Path

    @property
    def options(self) -> list[str]:
        return ["--sign-cert", str(self.chain), "--sign-key", str(self.key)]


def papers(folder: Path, algorithm: str = "es256", **changes: Any) -> Papers:
    """Write the files of a person whose certificate comes from an authority of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    key, authority = key_of(algorithm), key_of("es256", 2)
    root = certificate("City Authority", authority, authority, is_authority=True)
    own = certificate("Photo Desk", key, authority, **changes)
    made = Papers(folder / "chain.pem", folder / "key.pem", folder / "root.pem")
    made.chain.write_bytes(pem(own) + pem(root))
    made.root.write_bytes(pem(root))
    made.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        if algorithm.startswith("es")
        else key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return made


@lru_cache
def key_of(algorithm: str, number: int = 1) -> Any:
    return KEYS[algorithm]()


def pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.PEM)


def certificate(
    name: str,
    key: Any,
    issuer: Any,
    *,
    is_authority: bool = False,
    days: tuple[int, int] = (-1, 30),
    usage: Any = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("City Authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(_key_usage(is_authority), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .sign(issuer, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "City Archive"),
        ]
    )


def _key_usage(is_authority: bool) -> x509.KeyUsage:
    usage = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    signs = {"key_cert_sign": is_authority, "crl_sign": is_authority}
    return x509.KeyUsage(digital_signature=True, **usage, **signs)
