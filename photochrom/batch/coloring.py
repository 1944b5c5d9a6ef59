"""Colour the photographs of one file, be it a photograph, an album page or a document.

The command line and the service both call these functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from photochrom.album import AlbumPrediction
from photochrom.batch.job import MAX_SPLIT
from photochrom.documents.coloring import ColoredDocument, color_document
from photochrom.errors import ConfigError
from photochrom.photo.album import IN_COLOR

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions
    from photochrom.photo import Photo

__all__ = ["ColoredScan", "color_pages", "color_photo"]


@dataclass(frozen=True, eq=False)
class ColoredScan:
    """A photograph or an album page, coloured.

    Attributes:
        results: one, or the variants, or the photographs of the page.
        photographs: number of photographs that were coloured.
        unchanged: the photographs of the page that were not coloured: 1 for the page, and the
            reason, as in `ColoredDocument`.
    """

    results: list[ColorPhoto]
    photographs: int
    unchanged: tuple[tuple[int, str], ...] = ()


def color_photo(
    colorizer: Colorizer, grey: Photo, options: ColorOptions, *, split: bool = False
) -> ColoredScan:
    """Colour a photograph, or the photographs on an album page.

    Args:
        colorizer: the colorizer to use.
        grey: the photograph or the page.
        options: how to colour it, and how many variants to make.
        split: whether to return each photograph of an album page on its own, 99 at most. Then
            there are no variants.

    Raises:
        InvalidModel: the network's output does not match its card.
        ConfigError: the model does not support an option, or a hint lies outside the photographs.
    """
    prediction = colorizer.predict_with(grey, options)
    found, in_color = 1, 0
    if isinstance(prediction, AlbumPrediction):
        found, in_color = len(prediction.regions), prediction.in_color
    if split and isinstance(prediction, AlbumPrediction):
        results = prediction.split(options)[:MAX_SPLIT]
    elif options.variants == 1:
        results = [prediction.color(options)]
    else:
        results = prediction.variants(options.variants, vividness=options.vividness)
    return ColoredScan(results, found, ((1, IN_COLOR),) * in_color)


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
    """Colour pages of a PDF or of a TIFF; photographs in colour keep their colours.

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
    options = replace(options, keep_color=True)

    def colorize(grey: Photo) -> ColorPhoto:
        if on_page:
            on_page()
        result = colorizer.colorize(grey, options)
        strengths.append(result.mean_chroma)
        return result

    document = color_document(
        data,
        name,
        pages,
        colorize,
        album=options.album,
        quality=quality,
        max_pixels=colorizer.max_pixels,
    )
    return document, sum(strengths) / len(strengths)
