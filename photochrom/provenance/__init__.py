"""Provenance: sign coloured photographs, and tell what is known about a file.

Signatures follow C2PA. They need the extra `provenance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photochrom.provenance.extra import require
from photochrom.provenance.verification import Report, verify

if TYPE_CHECKING:
    from photochrom.provenance.c2pa import Signer

__all__ = ["Report", "Signer", "require", "verify"]


def __getattr__(name: str) -> Any:
    """Import `Signer` on first use, because its package is optional.

    Raises:
        MissingExtra: the package is not installed.
    """
    if name != "Signer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require()
    from photochrom.provenance.c2pa import Signer

    return Signer
