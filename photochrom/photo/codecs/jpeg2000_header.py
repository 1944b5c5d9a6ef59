"""Read what JPEG 2000 files say about their samples, and read and write their metadata."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt

from photochrom.photo.codecs.boxes import boxes, pack_box
from photochrom.photo.metadata import Metadata

__all__ = ["CMYK", "SYCC", "Header", "add_metadata", "read_header"]

# Enumerated colour spaces (ISO/IEC 15444-1 and -2)
CMYK: Final = 12
SYCC: Final = 18
_SRGB, _GREY, _BILEVEL = 16, 17, 15

_XMP: Final = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_EXIF: Final = b"JpgTiffExif->JP2"
_PHOTOSHOP_EXIF: Final = UUID("0537cdab-9d0c-4431-a72a-fa561f2a113e").bytes
_IPTC: Final = UUID("33c7a4d2-b81d-4723-a0ba-f1a3e097ad38").bytes
_IPTC_BLOCK: Final = 0x0404  # where `read_metadata` looks for IPTC

Alpha = Literal["unknown", "none", "straight", "premultiplied"]


@dataclass
class Header:
    """What a file says about its samples.

    Attributes:
        size: width and height.
        bits: the number of bits of each channel.
        is_signed: whether any channel has signed samples.
        color_space: the number of an enumerated colour space; None if an ICC profile, or nothing,
            says what it is. OpenJPEG writes 0 for nothing.
        alpha: what the last of two or four channels is; "unknown" in a bare codestream.
        palette: (N, C) uint8, if the samples are indices; or None.
        info: metadata blocks, in the form of Pillow's `Image.info`.
    """

    size: tuple[int, int]
    bits: tuple[int, ...]
    is_signed: bool
    color_space: int | None = None
    alpha: Alpha = "unknown"
    palette: npt.NDArray[np.uint8] | None = None
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def is_unknown_space(self) -> bool:
        """Whether the colour space is one that is not read, such as CIELab."""
        return self.color_space not in (None, CMYK, SYCC, _SRGB, _GREY, _BILEVEL)


def read_header(data: bytes) -> Header:
    """Read the header of a JP2 file or of a bare codestream.

    Args:
        data: the whole file.

    Raises:
        ValueError: there is no codestream, or its header is damaged.
    """
    if data.startswith(b"\xff\x4f"):
        return _codestream_header(data, 0)
    found = list(boxes(data))
    start = next((box.start for box in found if box.kind == b"jp2c"), None)
    if start is None:
        raise ValueError("expected a codestream in the JP2 file; found none")
    header = _codestream_header(data, start)
    header.alpha = "none"
    for box in found:
        if box.kind == b"jp2h":
            _read_color(data, box.start, box.stop, header)
        elif box.kind == b"uuid":
            _read_uuid(data[box.start : box.start + 16], data[box.start + 16 : box.stop], header)
    return header


def _codestream_header(data: bytes, start: int) -> Header:
    """Read the SIZ marker, with which a codestream begins."""
    try:
        marker, right, bottom, left, top = struct.unpack_from(">2xH4xIIII", data, start)
        (count,) = struct.unpack_from(">H", data, start + 40)
        kinds = [data[start + 42 + 3 * index] for index in range(count)]
    except (struct.error, IndexError):
        marker, kinds = 0, []
    if marker != 0xFF51 or not kinds:
        raise ValueError("expected the size of the picture at the start of the codestream")
    bits = tuple((kind & 0x7F) + 1 for kind in kinds)
    return Header((right - left, bottom - top), bits, any(kind & 0x80 for kind in kinds))


def _read_color(data: bytes, start: int, stop: int, header: Header) -> None:
    """Read the colour space and the meaning of the channels from the boxes in a `jp2h` box."""
    is_known = False  # the first colour space counts
    for box in boxes(data, start, stop):
        content = data[box.start : box.stop]
        if box.kind == b"colr" and not is_known and content[:1] in (b"\1", b"\2", b"\3"):
            is_known = True
            if content[0] == 1 and len(content) >= 7:
                header.color_space = int.from_bytes(content[3:7], "big") or None
            else:
                header.info["icc_profile"] = content[3:]
        elif box.kind == b"pclr":
            header.palette = _palette(content)
        elif box.kind == b"cdef":
            kinds = [kind for _, kind, _ in struct.iter_unpack(">HHH", content[2:])]
            header.alpha = "straight" if 1 in kinds else "premultiplied" if 2 in kinds else "none"


def _palette(content: bytes) -> npt.NDArray[np.uint8]:
    """Read the palette in a `pclr` box.

    Raises:
        ValueError: it has more than 8 bits per sample, or is damaged.
    """
    count, channels = struct.unpack_from(">HB", content)
    table = np.frombuffer(content[3 + channels :], np.uint8)
    if any(bits != 7 for bits in content[3 : 3 + channels]) or table.size != count * channels:
        raise ValueError("expected a palette of 8 bits per sample")
    return table.reshape(count, channels)


def _read_uuid(uuid: bytes, content: bytes, header: Header) -> None:
    """Read metadata from a `uuid` box."""
    if uuid == _XMP:
        header.info["xmp"] = content
    elif uuid in (_EXIF, _PHOTOSHOP_EXIF):
        header.info["exif"] = content
    elif uuid == _IPTC:
        header.info["photoshop"] = {_IPTC_BLOCK: content}


def add_metadata(file: bytes, metadata: Metadata) -> bytes:
    """Return a JP2 file with metadata at its end, and resolution and profile in its header."""
    blocks = ((_EXIF, metadata.exif), (_XMP, metadata.xmp), (_IPTC, metadata.iptc))
    tail = b"".join(pack_box(b"uuid", uuid + block) for uuid, block in blocks if block)
    header = next(box for box in boxes(file) if box.kind == b"jp2h")
    parts = {
        box.kind: pack_box(box.kind, file[box.start : box.stop])
        for box in boxes(file, header.start, header.stop)
    }
    if metadata.icc:
        parts[b"colr"] = pack_box(b"colr", b"\2\0\0" + metadata.icc)
    if metadata.dpi:
        parts[b"res "] = _resolution(metadata.dpi)
    head = pack_box(b"jp2h", b"".join(parts.values()))
    return file[: header.start - 8] + head + file[header.stop :] + tail


def _resolution(dpi: tuple[float, float]) -> bytes:
    """Return a `res ` box, with fractions in dots per metre and their exponents of 10."""
    fractions, exponents = [], []
    for side in reversed(dpi):  # vertical first
        dots, exponent = side / 0.0254, 0
        while dots >= 65535:
            dots, exponent = dots / 10, exponent + 1
        denominator = max(1, min(10000, int(65535 / dots)))
        fractions += [round(dots * denominator), denominator]
        exponents.append(exponent)
    return pack_box(b"res ", pack_box(b"resc", struct.pack(">4H2b", *fractions, *exponents)))
