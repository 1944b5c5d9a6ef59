"""Words on a contact sheet, in the typeface that Pillow carries: no font file is looked for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageDraw, ImageFont

__all__ = ["Font", "draw_fitted", "font", "line_height", "printable"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def font(size: int) -> Font:
    """The built-in typeface at a size in pixels."""
    return ImageFont.load_default(size)


def line_height(size: int) -> int:
    """From one baseline to the next, in pixels."""
    return round(size * 1.45)


def printable(text: str) -> str:
    """The text in characters that the typeface has: accents go, what is left over turns to «?»."""
    plain = unicodedata.normalize("NFKD", text.replace("Δ", "d").replace("–", "-"))
    letters = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c == "·" or " " <= c <= "~" else "?" for c in letters)


def draw_fitted(
    canvas: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    *,
    size: int,
    width: int,
    colour: tuple[int, int, int],
) -> None:
    """Write one line from `place` (its left end, and the top of its line box), cut to `width`."""
    face = font(size)
    left, top = place
    fitted = _shorten(printable(text), face, width)
    canvas.text((left, top + round(size * 1.1)), fitted, font=face, fill=colour, anchor="ls")


def _shorten(text: str, face: Font, width: int) -> str:
    if face.getlength(text) <= width:
        return text
    keep = len(text)
    while keep and face.getlength(text[:keep].rstrip() + "...") > width:
        keep -= 1
    return text[:keep].rstrip() + "..."
