"""Repair scans: dust, scratches and fading. Only here is luma changed, and only where it is asked.

Damage is found first. A scan in which none is found stays as it is, byte for byte.
"""

from __future__ import annotations

from photochrom.restoration.restoring import (
    REPAIRS,
    Restoration,
    check_repairs,
    parse_repairs,
    restore,
)

__all__ = ["REPAIRS", "Restoration", "check_repairs", "parse_repairs", "restore"]
