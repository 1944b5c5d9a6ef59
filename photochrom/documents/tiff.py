"""Colour the photographs of a TIFF with several pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from photochrom import photo
from photochrom.errors import OutputError
from photochrom.photo.codecs.tiff import TIFF
from photochrom.photo.codecs.tiff_pages import photograph_file
from photochrom.photo.codecs.tiff_writing import encode_tiff_pages
from photochrom.photo.fitting import fitted

if TYPE_CHECKING:
    from photochrom.color import IntArray
    from photochrom.photo import Metadata, Photo
    from photochrom.prediction import ColorPhoto

__all__ = ["color_tiff"]


def color_tiff(
    data: bytes,
    name: str,
    pages: Sequence[int],
    colorize: Callable[[Photo], ColorPhoto],
    *,
    max_pixels: int = photo.DEFAULT_MAX_PIXELS,
) -> bytes:
    """Colour pages of a TIFF, each with its own resolution and metadata.

    Small copies of pages and masks do not count as pages.

    Args:
        data: the whole file.
        name: its name in messages.
        pages: indices of the pages to colour, from 0. The result has these pages only.
        colorize: colours a photograph.
        max_pixels: the largest number of pixels of a page.

    Returns:
        A TIFF with one page for each of `pages`.

    Raises:
        PhotoError: a page cannot be read; the message names it.
        OutputError: the result would be larger than 4 GB.
    """

    def colored() -> Iterator[tuple[IntArray, IntArray | None, Metadata]]:
        for index in pages:
            page = photograph_file(data, index)
            grey = photo.read(page, max_pixels=max_pixels, name=f"page {index + 1} of {name}")
            result = colorize(grey)
            yield result.rgb, result.alpha, fitted(result.metadata, TIFF.keeps)[0]

    try:
        return encode_tiff_pages(colored())
    except ValueError as error:
        raise OutputError(f"cannot encode {name}: {error}") from error
