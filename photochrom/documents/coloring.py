"""Colour a document of several pages, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from photochrom.documents.selection import select
from photochrom.documents.tiff import color_tiff
from photochrom.errors import MissingExtra
from photochrom.photo.codecs.tiff import TIFF
from photochrom.photo.codecs.tiff_pages import check_page_count, photograph_count

if TYPE_CHECKING:
    from types import ModuleType

    from photochrom.color_photo import ColorPhoto
    from photochrom.photo import Photo

__all__ = [
    "PDF_SUFFIX",
    "ColoredDocument",
    "color_document",
    "is_document",
    "limit_pdf_memory",
    "suffixes_of",
]

PDF_SUFFIX: Final = ".pdf"
_PDF: Final = b"%PDF"
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0")


@dataclass(frozen=True, eq=False)
class ColoredDocument:
    """A document whose photographs are coloured.

    Attributes:
        data: the bytes of the file, of the format of the original.
        photographs: number of pages, or images of a PDF, that were coloured.
        unchanged: the photographs that were not coloured: the page, from 1, and the reason.
    """

    data: bytes
    photographs: int
    unchanged: tuple[tuple[int, str], ...] = ()


def is_document(data: bytes) -> bool:
    """Return whether a file is a PDF, or a TIFF with several photographs."""
    return data.startswith(_PDF) or (data.startswith(_TIFF) and photograph_count(data) > 1)


def suffixes_of(data: bytes) -> tuple[str, ...]:
    """Return the suffixes that a document's result may have."""
    return (PDF_SUFFIX,) if data.startswith(_PDF) else TIFF.suffixes


def limit_pdf_memory(max_bytes: int) -> None:
    """Limit what PDFs may unpack in this process, as `pdf.limit_memory` says, if they are read."""
    with suppress(MissingExtra):
        _pdf_module().limit_memory(max_bytes)


def color_document(
    data: bytes,
    name: str,
    pages: str,
    colorize: Callable[[Photo], ColorPhoto],
    *,
    album: bool = True,
    quality: int | None = None,
    max_pixels: int,
) -> ColoredDocument:
    """Colour pages of a PDF or of a TIFF.

    A PDF keeps all its pages, and only images on the chosen ones change. A TIFF gets the chosen
    pages only.

    Args:
        data: the whole file; `is_document` is true for it.
        name: its name in messages.
        pages: "all", or numbers and ranges from 1, such as "1,3-5".
        colorize: colours a photograph.
        album: whether a page may be an album page, of which some photographs are in colour.
        quality: quality of the JPEG streams of a PDF, 1 to 100; None for the default.
        max_pixels: the largest number of pixels of a page.

    Raises:
        PhotoError: the document cannot be read, or has no photograph on these pages.
        ConfigError: `pages` names a page that does not exist.
        OutputError: the result would be too large for its format.
        MissingExtra: pikepdf, which PDF needs, is not installed.
    """
    if not data.startswith(_PDF):
        check_page_count(data, name)
        chosen = select(pages, photograph_count(data))
        return ColoredDocument(
            *color_tiff(data, name, chosen, colorize, album=album, max_pixels=max_pixels)
        )
    pdf = _pdf_module()
    chosen = select(pages, pdf.page_count(data, name))
    changed, report = pdf.color_pdf(
        data, name, chosen, colorize, album=album, quality=quality, max_pixels=max_pixels
    )
    return ColoredDocument(changed, report.photographs, tuple(report.unchanged))


def _pdf_module() -> ModuleType:
    """Import the module for PDF, which needs an optional extra.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from photochrom.documents import pdf
    except ModuleNotFoundError as error:
        raise MissingExtra("pdf", "colouring a PDF") from error
    return pdf
