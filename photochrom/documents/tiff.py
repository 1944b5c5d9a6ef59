"""Colour the photographs of a TIFF with several pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from photochrom import photo
from photochrom.errors import OutputError, UnsupportedPhoto
from photochrom.photo.album import IN_COLOR, is_in_color
from photochrom.photo.codecs.tiff import TIFF
from photochrom.photo.codecs.tiff_pages import photograph_file
from photochrom.photo.codecs.tiff_writing import encode_tiff_pages
from photochrom.photo.fitting import fitted

if TYPE_CHECKING:
    from photochrom.color import IntArray
    from photochrom.color_photo import ColorPhoto
    from photochrom.photo import Metadata, Photo

__all__ = ["color_tiff"]


def color_tiff(
    data: bytes,
    name: str,
    pages: Sequence[int],
    colorize: Callable[[Photo], ColorPhoto],
    *,
    album: bool = True,
    max_pixels: int = photo.DEFAULT_MAX_PIXELS,
) -> tuple[bytes, int, tuple[tuple[int, str], ...]]:
    """Colour pages of a TIFF, each with its own resolution and metadata.

    Small copies of pages and masks do not count as pages. Pages that are in colour already keep
    their colours.

    Args:
        data: the whole file.
        name: its name in messages.
        pages: indices of the pages to colour, from 0. The result has these pages only.
        colorize: colours a photograph.
        album: whether a page may be an album page, as in `is_in_color`.
        max_pixels: the largest number of pixels of a page.

    Returns:
        A TIFF with one page for each of `pages`, the number of pages that were coloured, and the
        photographs that were not: the page, from 1, and the reason.

    Raises:
        PhotoError: a page cannot be read, and the message names it; or all pages are in colour.
        OutputError: the result would be larger than 4 GB.
    """
    unchanged: list[tuple[int, str]] = []
    count = 0

    def colored() -> Iterator[tuple[IntArray, IntArray | None, Metadata]]:
        nonlocal count
        for index in pages:
            page = photograph_file(data, index)
            grey = photo.read(page, max_pixels=max_pixels, name=f"page {index + 1} of {name}")
            if is_in_color(grey, album=album):
                unchanged.append((index + 1, IN_COLOR))
                yield grey.rgb, grey.alpha, fitted(grey.metadata, TIFF.keeps)[0]
                continue
            result = colorize(grey)
            count += 1
            unchanged.extend([(index + 1, IN_COLOR)] * result.in_color)
            yield result.rgb, result.alpha, fitted(result.metadata, TIFF.keeps)[0]

    try:
        encoded = encode_tiff_pages(colored())
    except ValueError as error:
        raise OutputError(f"cannot encode {name}: {error}") from error
    if not count:
        raise UnsupportedPhoto(f"expected a grey page; the pages of {name} are {IN_COLOR}")
    return encoded, count, tuple(unchanged)
