"""The optional package that signatures need."""

from __future__ import annotations

from importlib.util import find_spec

from photochrom.errors import MissingExtra

__all__ = ["require"]


def require(purpose: str = "signing photographs") -> None:
    """Check that the package for C2PA signatures is installed.

    Args:
        purpose: what needs it; the subject of the message.

    Raises:
        MissingExtra: it is not installed.
    """
    if not find_spec("c2pa"):
        raise MissingExtra("provenance", purpose)
