"""Walk through the directories of a TIFF, and find the one page that is the photograph.

Pillow reads every value of a directory, even if thousands of them claim the same bytes of the file.
So directories are checked here before Pillow reads them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

from photochrom.errors import SeveralPages, UnreadablePhoto, UnsupportedPhoto

__all__ = [
    "check_page_count",
    "first_directory",
    "photograph_count",
    "photograph_file",
    "photograph_first",
    "plane_file",
]

_SUBFILE, _OLD_SUBFILE, _PHOTOMETRIC, _CHILDREN = 254, 255, 262, 330
_EXIF, _GPS, _INTEROP = 0x8769, 0x8825, 0xA005
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED: Final = 2
_TRANSPARENCY_MASK: Final = 4  # value of PhotometricInterpretation
_MAX_PAGES: Final = 1000  # small copies count, too
_TYPE_SIZES: Final = np.array([0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8])
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_BITS, _SAMPLES, _BLACK_IS_ZERO = 258, 277, 1
_STRIPS, _TILES = (273, 279), (324, 325)  # the tags of their offsets and of their sizes
# Width, height, compression, fill order, rows of a strip, T.4 and T.6 options, predictor, size of
# tiles, JPEG tables: the tags without which a plane cannot be decoded.
_KEPT_FOR_PLANES: Final = (256, 257, 259, 266, 278, 292, 293, 317, 322, 323, 347)


@dataclass(frozen=True)
class _NumberFormat:
    """How a TIFF writes its numbers: byte order, and the sizes of classic TIFF or BigTIFF."""

    order: str
    is_big: bool

    @classmethod
    def of(cls, data: bytes) -> _NumberFormat:
        """Read the first bytes of a file."""
        return cls("<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"))

    @property
    def pointer(self) -> struct.Struct:
        """An offset in the file."""
        return struct.Struct(self.order + ("Q" if self.is_big else "I"))

    @property
    def first(self) -> int:
        """The offset at which the offset of the first directory is stored."""
        return 8 if self.is_big else 4

    @property
    def entry(self) -> npt.DTypeLike:
        """An entry of a directory, as a NumPy record."""
        size = 8 if self.is_big else 4
        number = f"{self.order}u{size}"
        return [
            ("tag", f"{self.order}u2"),
            ("type", f"{self.order}u2"),
            ("count", number),
            ("value", f"V{size}"),
        ]


class _Directory:
    """The entries of one directory, without the values that lie elsewhere.

    Args:
        data: the whole file.
        offset: where the directory is.

    Raises:
        struct.error, ValueError: the directory is not complete.
    """

    def __init__(self, data: bytes, offset: int) -> None:
        self.form = _NumberFormat.of(data)
        count = struct.Struct(self.form.order + ("Q" if self.form.is_big else "H"))
        (entries,) = count.unpack_from(data, offset)
        begin = offset + count.size
        self.offset = offset
        self.entries = np.frombuffer(data, self.form.entry, entries, begin)
        end = begin + self.entries.nbytes
        pointer = self.form.pointer
        self.next: int = pointer.unpack_from(data, end)[0] if end + pointer.size <= len(data) else 0

    def get(self, tag: int) -> int:
        """Return the first number of a tag that is stored within its entry; 0 if it is missing."""
        found = self.entries[self.entries["tag"] == tag]
        if not len(found):
            return 0
        size = 2 if found[0]["type"] == _SHORT else 4
        stored = found[0]["value"].tobytes()
        return int.from_bytes(stored[:size], "little" if self.form.order == "<" else "big")

    def claimed_bytes(self, file_size: int) -> int:
        """Return how many bytes its values have together, as far as they lie in the file."""
        entries = self.entries[self.entries["type"] < len(_TYPE_SIZES)]
        sizes = entries["count"].astype(np.float64) * _TYPE_SIZES[entries["type"]]
        offsets = entries["value"].copy().view(f"{self.form.order}u{entries['value'].itemsize}")
        is_inside = offsets.astype(np.float64) + sizes <= file_size
        return int(sizes[is_inside].sum())

    @property
    def is_photograph(self) -> bool:
        """Whether a page is neither a reduced copy of another one nor a mask for it."""
        is_copy = self.get(_SUBFILE) & (_REDUCED | _MASK) or self.get(_OLD_SUBFILE) == _OLD_REDUCED
        return not is_copy and self.get(_PHOTOMETRIC) != _TRANSPARENCY_MASK


def _pages(data: bytes) -> Iterator[_Directory]:
    """Yield the pages of a TIFF, at most one more than are allowed; a chain that loops ends."""
    form = _NumberFormat.of(data)
    if len(data) < form.first + form.pointer.size:  # cut off within its header
        return
    (offset,) = form.pointer.unpack_from(data, form.first)
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) <= _MAX_PAGES:
        seen.add(offset)
        try:
            page = _Directory(data, offset)
        except (struct.error, ValueError):
            return
        yield page
        offset = page.next


def photograph_first(data: bytes, name: str) -> bytes:
    """Return a TIFF whose first page is its one photograph: the argument, or a changed copy.

    Args:
        data: the whole file.
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the file has no page, or its values overlap so much that reading them would
            take far more memory than the file.
        UnsupportedPhoto: the file has several photographs, has its photograph in a sub-directory,
            or is a big-endian BigTIFF.
    """
    if data[:4] == b"MM\0+":  # Pillow reads its header as that of an ordinary TIFF
        raise UnsupportedPhoto(f"expected little-endian BigTIFF; {name} is big-endian")
    pages = list(_pages(data))
    if not pages:
        raise UnreadablePhoto(f"{name} is damaged or truncated: it has no page")
    photographs = [page for page in pages if page.is_photograph]
    if len(photographs) > 1:
        raise SeveralPages(f"expected one page; {name} has {len(photographs)} pages")
    if not photographs and any(page.get(_CHILDREN) for page in pages):
        raise UnsupportedPhoto(
            f"expected the photograph on a page of its own; {name} has small copies on its pages, "
            f"and the photograph in a sub-directory"
        )
    page = (photographs or pages)[0]
    _check_memory(page, data, name)
    if page is pages[0]:
        return data
    form = page.form
    end = form.first + form.pointer.size
    return data[: form.first] + form.pointer.pack(page.offset) + data[end:]


def photograph_count(data: bytes) -> int:
    """Return on how many pages of a TIFF there is a photograph: no small copy, and no mask."""
    return sum(page.is_photograph for page in _pages(data))


def check_page_count(data: bytes, name: str) -> None:
    """Check that a TIFF has no more pages than are read, so that none is lost.

    Raises:
        UnsupportedPhoto: it has more.
    """
    if sum(1 for _ in _pages(data)) > _MAX_PAGES:
        raise UnsupportedPhoto(f"expected {_MAX_PAGES:,} pages at most; {name} has more")


def photograph_file(data: bytes, index: int) -> bytes:
    """Return a TIFF in which only one of several photographs is found.

    Args:
        data: the whole file.
        index: number of the photograph, from 0, among the pages with photographs.
    """
    page = [page for page in _pages(data) if page.is_photograph][index]
    form, file = page.form, bytearray(data)
    form.pointer.pack_into(file, form.first, page.offset)
    end = page.offset + (8 if form.is_big else 2) + page.entries.nbytes
    form.pointer.pack_into(file, end, 0)  # no page follows
    return bytes(file)


def _check_memory(page: _Directory, data: bytes, name: str) -> None:
    """Refuse a directory that is read if its values overlap."""
    claimed = max(each.claimed_bytes(len(data)) for each in _read_with(page, data))
    if claimed > len(data):
        raise UnreadablePhoto(
            f"{name} is damaged: the values of a directory claim {claimed:,} bytes, "
            f"the file has {len(data):,}"
        )


def _read_with(page: _Directory, data: bytes, depth: int = 2) -> Iterator[_Directory]:
    """Yield a directory and those below it that are read with it."""
    yield page
    for tag in (_EXIF, _GPS, _INTEROP) if depth else ():
        if offset := page.get(tag):
            with suppress(struct.error, ValueError):
                yield from _read_with(_Directory(data, offset), data, depth - 1)


def first_directory(data: bytes) -> Any:
    """Return the first page's directory, a mapping from tag numbers to values, as Pillow reads it.

    Args:
        data: the whole file, as `photograph_first` returns it.
    """
    stream = io.BytesIO(data)
    form = _NumberFormat.of(data)
    directory: Any = TiffImagePlugin.ImageFileDirectory_v2(stream.read(form.first * 2))
    stream.seek(directory.next)
    directory.load(stream)
    return directory


def plane_file(data: bytes, directory: Any, plane: int, planes: int) -> bytes:
    """Return a grey TIFF that has one of a page's planes.

    Args:
        data: the whole file.
        directory: the tags of the page.
        plane: number of the plane.
        planes: how many there are.
    """
    offsets, sizes = _TILES if _TILES[0] in directory else _STRIPS
    each = len(directory[offsets]) // planes
    mine = slice(plane * each, (plane + 1) * each)
    extents = zip(directory[offsets][mine], directory[sizes][mine], strict=True)
    parts = [data[begin : begin + size] for begin, size in extents]
    begins = np.cumsum([8, *map(len, parts)]).tolist()
    tags = {tag: directory[tag] for tag in _KEPT_FOR_PLANES if tag in directory}
    tags |= {_BITS: directory[_BITS][0], _PHOTOMETRIC: _BLACK_IS_ZERO, _SAMPLES: 1}
    tags |= {offsets: tuple(begins[:-1]), sizes: tuple(map(len, parts))}
    parts.append(bytes(begins[-1] % 2))  # directories begin at even offsets
    end = begins[-1] + begins[-1] % 2
    head, order = (b"II*\0", "<") if data[:2] == b"II" else (b"MM\0*", ">")
    return b"".join([head, struct.pack(f"{order}I", end), *parts, _packed(tags, end, order)])


def _packed(tags: dict[int, Any], offset: int, order: str) -> bytes:
    """Return a directory for an offset in a file; integers are written with 32 bits."""
    entries, values = b"", b""
    values_at = offset + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        value = tags[tag]
        if isinstance(value, bytes):
            kind, count = _UNDEFINED, len(value)
        else:
            numbers = value if isinstance(value, tuple) else (value,)
            kind, count = _LONG, len(numbers)
            value = struct.pack(f"{order}{count}I", *numbers)
        if len(value) > 4:
            field = struct.pack(f"{order}I", values_at + len(values))
            values += value + bytes(len(value) % 2)
        else:
            field = value.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, count) + field
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values
