"""Text on contact sheets, in the typeface built into Pillow.

No font of the system is used, so that sheets look the same on every machine.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageDraw, ImageFont

__all__ = ["Font", "draw_fitted", "font", "line_height", "printable"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def font(size: int) -> Font:
    """Return the built-in typeface at a size in pixels."""
    return ImageFont.load_default(size)


def line_height(size: int) -> int:
    """Return the distance between two baselines, in pixels."""
    return round(size * 1.45)


def printable(text: str) -> str:
    """Replace characters that the typeface lacks: accents are dropped, others become «?»."""
    plain = unicodedata.normalize("NFKD", text.replace("Δ", "d").replace("–", "-"))
    characters = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c == "·" or " " <= c <= "~" else "?" for c in characters)


def draw_fitted(
    canvas: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    *,
    size: int,
    width: int,
    color: tuple[int, int, int],
) -> None:
    """Draw one line of text, shortened to fit.

    Args:
        canvas: the canvas to draw on.
        place: left end and top of the line, in pixels.
        text: the text.
        size: font size, in pixels.
        width: largest width of the text, in pixels.
        color: RGB, 0 to 255.
    """
    face = font(size)
    left, top = place
    line = _shorten(printable(text), face, width)
    # Anchored at the baseline ("ls"), so that letters with and without descenders line up.
    canvas.text((left, top + round(size * 1.1)), line, font=face, fill=color, anchor="ls")


def _shorten(text: str, face: Font, width: int) -> str:
    if face.getlength(text) <= width:
        return text
    keep = len(text)
    while keep and face.getlength(text[:keep].rstrip() + "...") > width:
        keep -= 1
    return text[:keep].rstrip() + "..."
