"""Contact sheets: photographs side by side, with words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw

from photochrom.scoring.lettering import draw_fitted, line_height
from photochrom.scoring.metrics import Rgb

__all__ = ["contact_sheet", "fitted"]

Colour: TypeAlias = tuple[int, int, int]

# Neutral throughout: a tinted ground would tint the judgement.
_GROUND: Final[Colour] = (245, 245, 245)
_MAT: Final[Colour] = (228, 228, 228)
_INK: Final[Colour] = (38, 38, 38)
_SOFT_INK: Final[Colour] = (110, 110, 110)


@dataclass(frozen=True)
class _Layout:
    """Where things stand, in pixels."""

    tile: int
    columns: int
    heights: tuple[int, ...]
    size: int
    has_heads: bool
    has_titles: bool
    has_captions: bool

    @property
    def margin(self) -> int:
        return max(12, self.tile // 10)

    @property
    def gap(self) -> int:
        return max(4, self.tile // 28)

    @property
    def line(self) -> int:
        return line_height(self.size)

    @property
    def width(self) -> int:
        return 2 * self.margin + self.columns * self.tile + (self.columns - 1) * self.gap

    @property
    def height(self) -> int:
        between = self.margin * 2 // 3 * (len(self.heights) - 1)
        rows = sum(map(self.row_height, range(len(self.heights))))
        return 2 * self.margin + self.has_heads * (self.line + self.gap) + rows + between

    def row_height(self, row: int) -> int:
        words = self.has_titles + self.has_captions
        return self.heights[row] + words * (self.line + self.gap // 2)

    def left(self, column: int) -> int:
        return self.margin + column * (self.tile + self.gap)

    def row_top(self, row: int) -> int:
        above = sum(self.row_height(i) + self.margin * 2 // 3 for i in range(row))
        return self.margin + self.has_heads * (self.line + self.gap) + above

    def tile_top(self, row: int) -> int:
        return self.row_top(row) + self.has_titles * (self.line + self.gap // 2)


def contact_sheet(
    rows: Sequence[Sequence[Rgb]],
    column_titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    *,
    tile: int = 256,
) -> Rgb:
    """Lay photographs out in rows, each in a tile of its own, on a neutral ground.

    Args:
        rows: RGB, (H, W, 3), or grey, (H, W), uint8, of any sizes; each is scaled until its longer
            side is `tile`, and centred.
        column_titles: over the first row.
        row_titles: over each row, at its left.
        captions: under each photograph; rows as in `rows`.
        tile: the longer side of a photograph on the sheet, in pixels.

    Returns:
        RGB, (height, width, 3) uint8.

    Raises:
        ValueError: there is no photograph, or one is empty.
    """
    tiles = [[fitted(picture, tile) for picture in row] for row in rows]
    if not any(tiles):
        raise ValueError("expected at least one photograph for the sheet; received none")
    layout = _Layout(
        tile=tile,
        columns=max(map(len, tiles)),
        heights=tuple(max((p.shape[0] for p in row), default=0) for row in tiles),
        size=max(12, tile // 18),
        has_heads=bool(column_titles),
        has_titles=bool(row_titles),
        has_captions=bool(captions),
    )
    page = Image.new("RGB", (layout.width, layout.height), _GROUND)
    for number, row in enumerate(tiles):
        _lay_row(page, layout, number, row)
    _write(ImageDraw.Draw(page), layout, column_titles, row_titles, captions)
    return np.array(page)


def fitted(picture: Rgb, tile: int) -> Rgb:
    """A picture scaled until its longer side is `tile`; grey becomes RGB."""
    if picture.size == 0:
        raise ValueError(f"expected a photograph; received an array of shape {picture.shape}")
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, 2)
    height, width = picture.shape[:2]
    scale = tile / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _lay_row(page: Image.Image, layout: _Layout, number: int, row: Sequence[Rgb]) -> None:
    top, height = layout.tile_top(number), layout.heights[number]
    for column, picture in enumerate(row):
        left = layout.left(column)
        mat = (left, top, left + layout.tile, top + height)
        page.paste(_MAT, mat)
        high, wide = picture.shape[:2]
        corner = left + (layout.tile - wide) // 2, top + (height - high) // 2
        page.paste(Image.fromarray(picture), corner)


def _write(
    canvas: ImageDraw.ImageDraw,
    layout: _Layout,
    column_titles: Sequence[str],
    row_titles: Sequence[str],
    captions: Sequence[Sequence[str]],
) -> None:
    size, tile, across = layout.size, layout.tile, layout.width - 2 * layout.margin
    for column, text in enumerate(column_titles[: layout.columns]):
        place = layout.left(column), layout.margin
        draw_fitted(canvas, place, text, size=size, width=tile, colour=_INK)
    rows = len(layout.heights)
    for row, text in enumerate(row_titles[:rows]):
        place = layout.margin, layout.row_top(row)
        draw_fitted(canvas, place, text, size=size, width=across, colour=_SOFT_INK)
    for row, texts in enumerate(captions[:rows]):
        for column, text in enumerate(texts[: layout.columns]):
            place = (
                layout.left(column),
                layout.tile_top(row) + layout.heights[row] + layout.gap // 2,
            )
            draw_fitted(canvas, place, text, size=size, width=tile, colour=_SOFT_INK)
