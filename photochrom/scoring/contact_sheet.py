"""Contact sheets: photographs side by side, with titles and captions.

The text is set in the typeface built into Pillow, not in a font of the system, so that sheets look
the same on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from photochrom.color import luma
from photochrom.scoring.board import PhotoScores
from photochrom.scoring.evaluate import Colorize, Photographs, Report, fresh
from photochrom.scoring.metrics import Rgb

__all__ = ["contact_sheet", "printable", "scale_to_tile", "showcase"]

Color: TypeAlias = tuple[int, int, int]
Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

# All colours are neutral greys: the eye judges a colour against those around it.
_BACKGROUND: Final[Color] = (245, 245, 245)
_TILE_BACKGROUND: Final[Color] = (228, 228, 228)
_TEXT: Final[Color] = (38, 38, 38)
_SOFT_TEXT: Final[Color] = (110, 110, 110)


@dataclass(frozen=True)
class _Layout:
    """The geometry of a sheet, in pixels.

    Attributes:
        tile: width of a tile, and the longer side of a photograph.
        columns: number of columns.
        heights: height of the tallest photograph in each row.
        font_size: size of the text.
        has_column_titles: whether there is a line above the first row.
        has_row_titles: whether there is a line above each row.
        has_captions: whether there is a line below each photograph.
    """

    tile: int
    columns: int
    heights: tuple[int, ...]
    font_size: int
    has_column_titles: bool
    has_row_titles: bool
    has_captions: bool

    @property
    def margin(self) -> int:
        return max(12, self.tile // 10)

    @property
    def gap(self) -> int:
        return max(4, self.tile // 28)

    @property
    def line(self) -> int:
        return _line_height(self.font_size)

    @property
    def width(self) -> int:
        return 2 * self.margin + self.columns * self.tile + (self.columns - 1) * self.gap

    @property
    def height(self) -> int:
        between = self.margin * 2 // 3 * (len(self.heights) - 1)
        rows = sum(map(self.row_height, range(len(self.heights))))
        return 2 * self.margin + self.has_column_titles * (self.line + self.gap) + rows + between

    def row_height(self, row: int) -> int:
        lines = self.has_row_titles + self.has_captions
        return self.heights[row] + lines * (self.line + self.gap // 2)

    def left(self, column: int) -> int:
        return self.margin + column * (self.tile + self.gap)

    def row_top(self, row: int) -> int:
        above = sum(self.row_height(i) + self.margin * 2 // 3 for i in range(row))
        return self.margin + self.has_column_titles * (self.line + self.gap) + above

    def tile_top(self, row: int) -> int:
        return self.row_top(row) + self.has_row_titles * (self.line + self.gap // 2)


def contact_sheet(
    rows: Sequence[Sequence[Rgb]],
    column_titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    *,
    tile: int = 256,
) -> Rgb:
    """Arrange photographs in rows of tiles, on a neutral background.

    Args:
        rows: photographs by row, RGB, (H, W, 3), or grey, (H, W), uint8, of any sizes. Each is
            scaled until its longer side is `tile`, and centred in its tile.
        column_titles: titles above the first row, one per column.
        row_titles: titles above the rows, one per row.
        captions: captions below the photographs, arranged as `rows`.
        tile: longer side of a photograph on the sheet, in pixels.

    Returns:
        The sheet, RGB, (height, width, 3) uint8.

    Raises:
        ValueError: there is no photograph, or a photograph is empty.
    """
    tiles = [[scale_to_tile(picture, tile) for picture in row] for row in rows]
    if not any(tiles):
        raise ValueError("expected at least one photograph for the sheet; received none")
    layout = _Layout(
        tile=tile,
        columns=max(map(len, tiles)),
        heights=tuple(max((p.shape[0] for p in row), default=0) for row in tiles),
        font_size=max(12, tile // 18),
        has_column_titles=bool(column_titles),
        has_row_titles=bool(row_titles),
        has_captions=bool(captions),
    )
    sheet = Image.new("RGB", (layout.width, layout.height), _BACKGROUND)
    for number, row in enumerate(tiles):
        _paste_row(sheet, layout, number, row)
    _draw_texts(ImageDraw.Draw(sheet), layout, column_titles, row_titles, captions)
    return np.array(sheet)


def scale_to_tile(picture: Rgb, tile: int) -> Rgb:
    """Scale a picture until its longer side is `tile` pixels, and convert grey to RGB.

    Args:
        picture: RGB, (H, W, 3), or grey, (H, W), uint8.
        tile: the longer side of the result, in pixels.

    Returns:
        RGB, (h, w, 3) uint8.

    Raises:
        ValueError: the picture is empty.
    """
    if picture.size == 0:
        raise ValueError(f"expected a photograph; received an array of shape {picture.shape}")
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, 2)
    height, width = picture.shape[:2]
    scale = tile / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # INTER_AREA averages pixels and so avoids moiré, but is meant for reducing only.
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)


def _paste_row(sheet: Image.Image, layout: _Layout, number: int, row: Sequence[Rgb]) -> None:
    top, height = layout.tile_top(number), layout.heights[number]
    for column, picture in enumerate(row):
        left = layout.left(column)
        sheet.paste(_TILE_BACKGROUND, (left, top, left + layout.tile, top + height))
        picture_height, picture_width = picture.shape[:2]
        corner = (
            left + (layout.tile - picture_width) // 2,
            top + (height - picture_height) // 2,
        )
        sheet.paste(Image.fromarray(picture), corner)


def _draw_texts(
    canvas: ImageDraw.ImageDraw,
    layout: _Layout,
    column_titles: Sequence[str],
    row_titles: Sequence[str],
    captions: Sequence[Sequence[str]],
) -> None:
    size, tile, full_width = layout.font_size, layout.tile, layout.width - 2 * layout.margin
    for column, text in enumerate(column_titles[: layout.columns]):
        position = layout.left(column), layout.margin
        _draw_fitted(canvas, position, text, size=size, width=tile, color=_TEXT)
    rows = len(layout.heights)
    for row, text in enumerate(row_titles[:rows]):
        position = layout.margin, layout.row_top(row)
        _draw_fitted(canvas, position, text, size=size, width=full_width, color=_SOFT_TEXT)
    for row, texts in enumerate(captions[:rows]):
        for column, text in enumerate(texts[: layout.columns]):
            position = (
                layout.left(column),
                layout.tile_top(row) + layout.heights[row] + layout.gap // 2,
            )
            _draw_fitted(canvas, position, text, size=size, width=tile, color=_SOFT_TEXT)


# --- text -----------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    """Return the built-in typeface at a size in pixels."""
    return ImageFont.load_default(size)


def _line_height(size: int) -> int:
    """Return the distance between two baselines, in pixels."""
    return round(size * 1.45)


def printable(text: str) -> str:
    """Replace characters that the typeface lacks: accents are dropped, others become «?»."""
    plain = unicodedata.normalize("NFKD", text.replace("Δ", "d").replace("–", "-"))
    characters = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c == "·" or " " <= c <= "~" else "?" for c in characters)


def _draw_fitted(
    canvas: ImageDraw.ImageDraw,
    position: tuple[int, int],
    text: str,
    *,
    size: int,
    width: int,
    color: tuple[int, int, int],
) -> None:
    """Draw one line of text, shortened to fit.

    Args:
        canvas: the canvas to draw on.
        position: left end and top of the line, in pixels.
        text: the text.
        size: font size, in pixels.
        width: largest width of the text, in pixels.
        color: RGB, 0 to 255.
    """
    face = _font(size)
    left, top = position
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


# --- the photographs of an evaluation -------------------------------------------------------


def showcase(
    report: Report, photographs: Photographs, colorize: Colorize, *, tile: int = 256
) -> Rgb:
    """Draw the best, the median and the worst photograph by CIEDE2000: grey, predicted and true.

    `evaluate` keeps no pictures, so these three are read and coloured again.

    Args:
        report: the result of `evaluate`.
        photographs: the photographs that `evaluate` was given.
        colorize: the function that `evaluate` was given.
        tile: longer side of a photograph on the sheet, in pixels.

    Returns:
        The sheet, RGB, (height, width, 3) uint8.
    """
    ranking = report.ranking
    indices = {
        "Best": ranking[0],
        "Median": ranking[(len(ranking) - 1) // 2],
        "Worst": ranking[-1],
    }
    true_photos = {
        index: true
        for index, (_, true) in enumerate(fresh(photographs))
        if index in indices.values()
    }
    scores = {title: report.photos[index] for title, index in indices.items()}
    return contact_sheet(
        [_triple(true_photos[index], colorize) for index in indices.values()],
        column_titles=("Grey", "Predicted", "True"),
        row_titles=[f"{title} · {photo.name}" for title, photo in scores.items()],
        captions=[_captions(photo) for photo in scores.values()],
        tile=tile,
    )


def _triple(true: Rgb, colorize: Colorize) -> tuple[Rgb, Rgb, Rgb]:
    """Return the grey, the predicted and the true picture."""
    grey = np.asarray(luma(true), np.uint8)
    return grey, colorize(grey), true


def _captions(photo: PhotoScores) -> tuple[str, str]:
    return "", f"CIEDE2000 {photo.ciede2000:.1f} · PSNR {photo.psnr:.1f} dB"
