"""Colour for black-and-white photographs and films."""

from __future__ import annotations

__version__ = "0.1.0"
