"""Colour the photographs of one file, be it a photograph, an album page or a document.

The command line and the service both call these functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from photochrom.album import AlbumPrediction
from photochrom.batch.job import MAX_SPLIT
from photochrom.documents.coloring import ColoredDocument, color_document
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions
    from photochrom.photo import Photo

__all__ = ["color_pages", "color_photo"]


def color_photo(
    colorizer: Colorizer, grey: Photo, options: ColorOptions, *, split: bool = False
) -> tuple[list[ColorPhoto], int]:
    """Colour a photograph, or the photographs on an album page.

    Args:
        colorizer: the colorizer to use.
        grey: the photograph or the page.
        options: how to colour it, and how many variants to make.
        split: whether to return each photograph of an album page on its own, 99 at most. Then
            there are no variants.

    Returns:
        The results: one, or the variants, or the photographs of the page; and the number of
        photographs that were found.

    Raises:
        InvalidModel: the network's output does not match its card.
        ConfigError: the model does not support an option, or a hint lies outside the photographs.
    """
    prediction = colorizer.predict_with(grey, options)
    found = len(prediction.regions) if isinstance(prediction, AlbumPrediction) else 1
    if split and isinstance(prediction, AlbumPrediction):
        return prediction.split(options)[:MAX_SPLIT], found
    if options.variants == 1:
        return [prediction.color(options)], found
    return prediction.variants(options.variants, vividness=options.vividness), found


def color_pages(
    colorizer: Colorizer,
    data: bytes,
    name: str,
    pages: str,
    options: ColorOptions,
    *,
    quality: int | None = None,
    on_page: Callable[[], None] | None = None,
) -> tuple[ColoredDocument, float]:
    """Colour pages of a PDF or of a TIFF.

    Args:
        colorizer: the colorizer to use.
        data: the whole file; `is_document` is true for it.
        name: its name in messages.
        pages: "all", or numbers and ranges from 1, such as "1,3-5".
        options: how to colour each photograph.
        quality: quality of the JPEG streams of a PDF, 1 to 100; None for the default.
        on_page: called before each photograph; an exception that it raises ends the work.

    Returns:
        The document, and the mean distance of its colours from grey, in CIE Lab units.

    Raises:
        PhotoError, OutputError, MissingExtra: as in `color_document`.
        ConfigError: as in `color_document`, or several variants are asked for.
    """
    if options.variants > 1:
        raise ConfigError(
            f"expected one version of {name}, which has several pages; received "
            f"{options.variants} variants"
        )
    strengths: list[float] = []

    def colorize(grey: Photo) -> ColorPhoto:
        if on_page:
            on_page()
        result = colorizer.colorize(grey, options)
        strengths.append(result.mean_chroma)
        return result

    document = color_document(
        data, name, pages, colorize, quality=quality, max_pixels=colorizer.max_pixels
    )
    return document, sum(strengths) / len(strengths)
