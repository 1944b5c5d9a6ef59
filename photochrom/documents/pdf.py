"""Colour the scanned photographs of a PDF; text, page sizes and metadata stay as they are.

Only image streams are replaced. So a text layer from text recognition keeps its position, and so do
links, bookmarks and forms.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pikepdf
from pikepdf import Dictionary, Name, Stream
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotochromError, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.album import IN_COLOR, is_in_color
from photochrom.photo.metadata import Metadata
from photochrom.photo.provenance import with_provenance

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.photo import Photo

__all__ = ["PdfReport", "color_pdf", "limit_memory", "page_count"]

_MIN_SIDE: Final = 64  # pixels; smaller images are icons, rules and logos
_QUALITY: Final = 92  # quality of the JPEG streams
# Keys of an image that say how it is shown, not how its samples are stored.
_KEPT_KEYS: Final = ("/SMask", "/Interpolate", "/Intent", "/OC", "/StructParent", "/Metadata")
# The families of colour spaces in which a JPEG file is read as it would be by itself.
_JPEG_SPACES: Final = (
    "", "/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased",
)  # fmt: skip
_USUAL_DECODE: Final = ([0, 1], [0, 1] * 3, [0, 1] * 4)
# What pikepdf raises where a damaged file lacks an object, or holds one of another kind.
_DAMAGE: Final = (pikepdf.PdfError, AttributeError, KeyError, TypeError, ValueError, RuntimeError)
_STREAM: Final = re.compile(r"\bstream <[^>]*>[: ]*")
_ADOBE: Final = 0xEE  # the JPEG segment that says how its colours are stored


@dataclass
class PdfReport:
    """What was done with a PDF.

    Attributes:
        photographs: number of images that were coloured.
        pages: number of pages with such an image.
        unchanged: the images that were not coloured: the page, from 1, and the reason.
    """

    photographs: int = 0
    pages: int = 0
    unchanged: list[tuple[int, str]] = field(default_factory=list)


def limit_memory(max_bytes: int) -> None:
    """Limit the memory that a packed stream of a PDF may take, for all of this process.

    A small file can hold a stream of gigabytes. A PDF with a larger one counts as damaged, and a
    larger image is left as it is. Older versions of pikepdf have no such limit.

    Args:
        max_bytes: the limit; it has to be set before other threads use pikepdf.
    """
    set_limits = getattr(pikepdf.settings, "set_qpdf_limits", None)
    if set_limits:
        kinds = ("flate", "png", "run_length", "tiff", "dct")
        set_limits(**{f"{kind}_max_memory": max_bytes for kind in kinds})


def page_count(data: bytes, name: str) -> int:
    """Return the number of pages of a PDF.

    Args:
        data: the whole file.
        name: its name in messages.

    Raises:
        UnreadablePhoto: the file is damaged.
        UnsupportedPhoto: the file is encrypted.
    """
    with _opened(data, name) as pdf:
        return len(pdf.pages)


def color_pdf(
    data: bytes,
    name: str,
    pages: Sequence[int],
    colorize: Callable[[Photo], ColorPhoto],
    *,
    album: bool = True,
    quality: int | None = None,
    max_pixels: int = photo.DEFAULT_MAX_PIXELS,
) -> tuple[bytes, PdfReport]:
    """Colour the photographs on some pages of a PDF.

    Images that are already in colour, drawings in black and white, and images smaller than 64
    pixels are left as they are.

    Args:
        data: the whole file.
        name: its name in messages.
        pages: indices of the pages to colour, from 0.
        colorize: colours a photograph.
        album: whether an image may be an album page, as in `is_in_color`.
        quality: quality of the JPEG streams, 1 to 100; None for 92.
        max_pixels: the largest number of pixels of an image.

    Returns:
        The coloured PDF, and a report.

    Raises:
        UnreadablePhoto: the file is damaged.
        UnsupportedPhoto: the file is encrypted or locked by its owner, or there is no photograph
            on these pages.
    """
    with _opened(data, name) as pdf:
        if not pdf.allow.modify_other:
            raise UnsupportedPhoto(f"the owner of {name} does not allow changes to it")
        painter = _Painter(pdf, colorize, quality or _QUALITY, max_pixels, album=album)
        for index in pages:
            painter.paint_page(index)
        if not painter.report.photographs:
            raise UnsupportedPhoto(_nothing_found(name, painter.report))
        _mark(pdf)
        result = io.BytesIO()
        pdf.save(result, encryption=pdf.is_encrypted)
    return result.getvalue(), painter.report


def _nothing_found(name: str, report: PdfReport) -> str:
    reasons = ", ".join(sorted({reason for _, reason in report.unchanged}))
    found = (
        f"its images were not coloured: {reasons}"
        if reasons
        else "there are no images on these pages"
    )
    return f"expected a grey photograph in {name}; {found}"


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[pikepdf.Pdf]:
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            yield pdf
    except pikepdf.PasswordError as error:
        raise UnsupportedPhoto(f"{name} is encrypted; remove its password first") from error
    except _ColoringFailed as failure:
        raise failure.error from failure.error.__cause__
    except _DAMAGE as error:
        raise UnreadablePhoto(f"{name} is damaged or truncated: {_reason(error)}") from error


class _ColoringFailed(Exception):
    """Carries an error of `colorize` past the handlers for damaged files."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _reason(error: Exception) -> str:
    """Return the message of an error without pikepdf's name for a file in memory."""
    message = _STREAM.sub("", str(error))
    known = isinstance(error, PhotochromError | pikepdf.PdfError)
    return message if known else f"damaged or of an unknown kind ({message})"


def _mark(pdf: pikepdf.Pdf) -> None:
    """Note in the document's XMP that a trained network made part of it."""
    packet = pdf.Root.Metadata.read_bytes() if Name.Metadata in pdf.Root else None
    marked = with_provenance(Metadata(xmp=packet)).xmp
    pdf.Root.Metadata = Stream(pdf, marked or b"", Type=Name.Metadata, Subtype=Name.XML)


@dataclass(frozen=True)
class _Painted:
    """What became of an image.

    Attributes:
        image: the coloured copy; None if the image stays as it is.
        unchanged: why the image, or photographs on it, were not coloured; nothing for icons.
    """

    image: Stream | None = None
    unchanged: Sequence[str] = ()


class _Painter:
    """Replaces the grey photographs of pages by coloured ones.

    Pages can share their images and the dictionaries that name them. So nothing that exists is
    changed: a page gets new dictionaries and new images, and each image is coloured once.
    """

    def __init__(
        self,
        pdf: pikepdf.Pdf,
        colorize: Callable[[Photo], ColorPhoto],
        quality: int,
        max_pixels: int,
        *,
        album: bool,
    ) -> None:
        self._pdf, self._colorize = pdf, colorize
        self._quality, self._max_pixels, self._album = quality, max_pixels, album
        self._painted: dict[tuple[int, int], _Painted] = {}
        self.report = PdfReport()

    def paint_page(self, index: int) -> None:
        """Colour the photographs of a page."""
        page = self._pdf.pages[index]
        before = self.report.photographs
        resources = self._painted_resources(page.resources, index + 1, frozenset())
        if self.report.photographs > before:
            page.obj.Resources = resources
            self.report.pages += 1

    def _painted_resources(
        self, resources: Dictionary, page: int, parents: frozenset[tuple[int, int]]
    ) -> Dictionary:
        """Return resources whose photographs are coloured, also those within forms.

        Args:
            resources: the resources of a page or of a form.
            page: number of the page, from 1.
            parents: the forms around them. A damaged file may have a form that contains itself.
        """
        objects = resources.get(Name.XObject)
        if not isinstance(objects, Dictionary):
            return resources
        painted = Dictionary(dict(objects.items()))
        for key, item in objects.items():
            if not isinstance(item, Stream):
                continue
            kind = item.get(Name.Subtype)
            if kind == Name.Image:
                painted[key] = self._painted_image(item, page)
            elif kind == Name.Form and Name.Resources in item and item.objgen not in parents:
                painted[key] = self._painted_form(item, page, parents | {item.objgen})
        result = Dictionary(dict(resources.items()))
        result.XObject = painted
        return result

    def _painted_form(self, form: Stream, page: int, parents: frozenset[tuple[int, int]]) -> Stream:
        before = self.report.photographs
        resources = self._painted_resources(Dictionary(dict(form.Resources.items())), page, parents)
        if self.report.photographs == before:
            return form
        painted = Stream(self._pdf, form.read_bytes())
        for key, value in form.items():
            if key not in ("/Length", "/Filter", "/DecodeParms"):
                painted[key] = value
        painted.Resources = resources
        return painted

    def _painted_image(self, image: Stream, page: int) -> Stream:
        """Return the coloured image, or the image itself if it is no grey photograph."""
        if image.objgen not in self._painted:
            self._painted[image.objgen] = self._paint(image, f"an image on page {page}")
        painted = self._painted[image.objgen]
        self.report.unchanged.extend((page, reason) for reason in painted.unchanged)
        if painted.image is None:
            return image
        self.report.photographs += 1
        return painted.image

    def _paint(self, image: Stream, name: str) -> _Painted:
        """Return a coloured copy of an image, or the reason why it stays as it is."""
        try:
            if min(int(image.Width), int(image.Height)) < _MIN_SIDE or image.get(Name.ImageMask):
                return _Painted()
            if image.get(Name.BitsPerComponent, 8) == 1:
                return _Painted(unchanged=["black and white without grey"])
            grey = photo.read(_samples(image), max_pixels=self._max_pixels, name=name)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  pikepdf raises many kinds for damaged images
            return _Painted(unchanged=[_reason(error)])
        if is_in_color(grey, album=self._album):
            return _Painted(unchanged=[IN_COLOR])
        # Transparency is in an image of its own, which stays. Luma is encoded again, because
        # printers that take PostScript may refuse a JPEG file with a scan for each plane.
        opaque = replace(grey, alpha=None, encoded=None)
        try:
            colored = self._colorize(opaque)
            jpeg = colored.encode("JPEG", quality=self._quality)
        except Exception as error:
            raise _ColoringFailed(error) from error
        painted = self._image_like(image, jpeg, grey.size)
        return _Painted(painted, [IN_COLOR] * colored.in_color)

    def _image_like(self, image: Stream, jpeg: bytes, size: tuple[int, int]) -> Stream:
        """Return an image of new samples that is shown as `image` was."""
        painted = Stream(self._pdf, b"")
        for key in _KEPT_KEYS:
            if key in image:
                painted[key] = image[key]
        if isinstance(image.get(Name.Mask), Stream):  # a stencil; a transparent colour is refused
            painted.Mask = image.Mask
        painted.Type, painted.Subtype = Name.XObject, Name.Image
        painted.Width, painted.Height = size
        painted.ColorSpace, painted.BitsPerComponent = Name.DeviceRGB, 8
        painted.write(jpeg, filter=Name.DCTDecode)
        return painted


def _samples(image: Stream) -> bytes | Image.Image:
    """Return the samples of an image: a JPEG file, or a Pillow image."""
    if isinstance(image.get(Name.Mask), pikepdf.Array):
        raise UnsupportedPhoto("images with a transparent colour are not supported")
    space = _color_space(image)
    if space in ("/Separation", "/DeviceN"):  # whose levels are amounts of ink: 0 is white
        raise UnsupportedPhoto("images in the inks of a printer are not supported")
    filters = image.get(Name.Filter)
    if filters == Name.DCTDecode and Name.Decode not in image and space in _JPEG_SPACES:
        return _without_metadata(image.read_raw_bytes())
    decode = image.get(Name.Decode)
    if decode is not None and [float(each) for each in decode] not in _USUAL_DECODE:
        raise UnsupportedPhoto("images whose levels are mapped are not supported")
    return pikepdf.PdfImage(image).as_pil_image()


def _color_space(image: Stream) -> str:
    """Return the family of an image's colour space, such as "/DeviceGray"; "" if it has none."""
    space = image.get(Name.ColorSpace)
    if isinstance(space, pikepdf.Array):
        space = space[0]
    return "" if space is None else str(space)


def _without_metadata(jpeg: bytes) -> bytes:
    """Return a JPEG file without the segments that PDF viewers ignore, such as its orientation."""
    kept, start = [jpeg[:2]], 2
    while start + 4 <= len(jpeg) and jpeg[start] == 0xFF and 0xC0 <= jpeg[start + 1] < 0xFF:
        marker = jpeg[start + 1]
        end = start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
        if marker == 0xDA:  # the samples begin
            break
        if not 0xE0 <= marker <= 0xEF or marker == _ADOBE:
            kept.append(jpeg[start:end])
        start = end
    return b"".join(kept) + jpeg[start:]
