"""EXIF of files whose decoder has turned the picture upright: HEIC and JPEG XL."""

from __future__ import annotations

from typing import Final

from PIL import Image

from photochrom.photo.container import quiet
from photochrom.photo.exif import clean_exif
from photochrom.photo.orientation import swaps_sides

__all__ = ["exif_of_upright"]

_ORIENTATION: Final = 274


def exif_of_upright(exif: object) -> bytes | None:
    """Return EXIF for a picture that has been turned upright, without regard to EXIF.

    The orientation becomes 1, and the sides in EXIF are exchanged if it was one that swaps them.

    Args:
        exif: EXIF as a file holds it; anything but bytes counts as none.
    """
    if not isinstance(exif, bytes) or not exif:
        return None
    tags = Image.Exif()
    with quiet():
        try:
            tags.load(exif)
            orientation = tags.get(_ORIENTATION, 1)
        except Exception:  # noqa: BLE001  a damaged block must not keep the picture from opening
            return None
    return clean_exif(exif, swap=swaps_sides(orientation))
