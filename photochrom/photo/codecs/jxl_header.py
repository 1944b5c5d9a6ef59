"""Read the header of a JPEG XL file, and the metadata in its boxes (ISO/IEC 18181-1 and -2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from photochrom.photo.codecs.boxes import boxes

__all__ = ["Header", "read_header", "read_metadata_boxes"]

_BARE: Final = b"\xff\x0a"
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE_BITS: Final = (9, 13, 18, 30)
_EXIF_OFFSET_BYTES: Final = 4
_MAX_INFLATED: Final = 1 << 24  # bytes of a compressed box


@dataclass(frozen=True)
class Header:
    """What a codestream says first.

    Attributes:
        size: stored width and height, before the picture is turned upright.
        is_animated: whether there are several frames. False, too, for the rare file with a preview,
            whose header is not read to its end.
    """

    size: tuple[int, int]
    is_animated: bool


class _Bits:
    """Reads unsigned integers from bytes, the lowest bits first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), len(data) * 8

    def take(self, count: int) -> int:
        """Return the next `count` bits.

        Raises:
            ValueError: there are fewer.
        """
        if count > self._left:
            raise ValueError("the codestream ends in its header")
        result = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return result


def read_header(data: bytes) -> Header:
    """Read the header of a file.

    Args:
        data: the whole file, a bare codestream or a container.

    Raises:
        ValueError: there is no codestream, or it ends in its header.
    """
    start = _codestream(data)
    bits = _Bits(data[start + len(_BARE) : start + 64])
    return Header(_size(bits), _is_animated(bits))


def _codestream(data: bytes) -> int:
    """Return where the codestream starts."""
    if data.startswith(_BARE):
        return 0
    for box in boxes(data):
        start = box.start + (4 if box.kind == b"jxlp" else 0)  # after the number of the part
        if box.kind in (b"jxlc", b"jxlp") and data.startswith(_BARE, start):
            return start
    raise ValueError("expected a codestream in the JPEG XL container; found none")


def _size(bits: _Bits) -> tuple[int, int]:
    """Read a SizeHeader: width and height."""
    is_small = bits.take(1)

    def side() -> int:
        if is_small:
            return 8 * (bits.take(5) + 1)
        return bits.take(_SIDE_BITS[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


def _is_animated(bits: _Bits) -> bool:
    """Read ImageMetadata as far as the flag for animations."""
    if bits.take(1) or not bits.take(1):  # all defaults, or no further fields
        return False
    bits.take(3)  # orientation
    if bits.take(1):
        _size(bits)  # the size to show it at
    has_preview = bits.take(1)
    return not has_preview and bool(bits.take(1))


def read_metadata_boxes(data: bytes) -> dict[str, Any]:
    """Return EXIF and XMP of a container, in the form of Pillow's `Image.info`."""
    info: dict[str, Any] = {}
    if data.startswith(_BARE):
        return info
    for box in boxes(data):
        kind, content = box.kind, data[box.start : box.stop]
        if kind == b"brob":
            kind, content = content[:4], content[4:]
            content = _inflated(content) if kind in (b"Exif", b"xml ") else b""
        if kind == b"Exif":
            start = int.from_bytes(content[:_EXIF_OFFSET_BYTES], "big") + _EXIF_OFFSET_BYTES
            info.setdefault("exif", content[start:])
        elif kind == b"xml ":
            info.setdefault("xmp", content)
    return info


def _inflated(content: bytes) -> bytes:
    """Return the content of a box that Brotli has compressed; empty if it is damaged or huge."""
    import brotli

    decoder, result = brotli.Decompressor(), b""
    try:
        result = decoder.process(content, output_buffer_limit=_MAX_INFLATED)
    except brotli.error:
        return b""
    return bytes(result) if decoder.is_finished() else b""
