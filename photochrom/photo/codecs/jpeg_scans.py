"""Add colour to a grey JPEG file, whose compressed luma stays as it is, bit for bit.

A JPEG file may hold each of its components in a scan of its own, which every decoder has to read
(ITU-T T.81, 4.8 and 4.11). So the scan of a grey file becomes the scan of Y in the file in colour.
Luma is not encoded again, and loses nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import simplejpeg

from photochrom.parallel import map_ordered, thread_core_count
from photochrom.photo.codecs.jpeg_repair import SOS, Segment, header, is_frame, segments

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["add_chroma"]

# The start of the file and the JFIF segment, version 1.01, with pixels of 1:1 and no resolution.
_HEAD: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_END: Final = b"\xff\xd9"
_SOF0, _SOF1, _DHT, _DQT = 0xC0, 0xC1, 0xC4, 0xDB
_GREY_FRAME: Final = 9  # bytes of a frame header (SOF) with one component
_SIZE: Final = 5  # bytes of it that give the depth and the size
_NEXT_MARKER: Final = re.compile(rb"\xff([^\0])")  # within the data, 0xFF is written as 0xFF00
_RESTART: Final = range(0xD0, 0xD8)
_FILL: Final = 0xFF
_COUNTS: Final = 17  # bytes of a Huffman table before its symbols: its number, 16 counts of symbols
_AC: Final = 0x10  # in the number of a Huffman table
_WHOLE_SPECTRUM: Final = b"\0\x3f\0"  # all coefficients, as in every sequential scan
_FULL, _DOUBLE = 0x11, 0x22  # sampling factors: horizontal and vertical, 1 or 2 each
# A plane alone gets the encoder's quantization for luma. At this quality, it stores chroma as well
# and as small as the quantization for chroma does at quality 92.
_QUALITY: Final = 82


def add_chroma(data: bytes, cb: IntArray, cr: IntArray) -> bytes | None:
    """Add chroma planes to a grey JPEG file.

    Args:
        data: the grey file, without faults, of H × W pixels.
        cb: (H, W) uint8, or (⌈H/2⌉, ⌈W/2⌉) for chroma at half size.
        cr: the same shape as `cb`.

    Returns:
        The bytes of a file in colour without metadata, which begins with a JFIF segment. None if
        luma is not in a single sequential scan that every decoder reads alike, for example in a
        progressive file.
    """
    found, begin = header(data)
    frames = [each for each in found if is_frame(each.marker)]
    if len(frames) != 1 or frames[0].marker not in (_SOF0, _SOF1) or not _has_tables(found):
        return None
    frame, scan = frames[0], _plain_data(data, begin)
    if len(frame.body) != _GREY_FRAME or scan is None:
        return None
    height, width, luma_table = struct.unpack_from(">HH3xB", frame.body, 1)
    chroma_table = 1 if luma_table == 0 else 0
    sampling = _FULL if cb.shape == (height, width) else _DOUBLE
    components = [3, 1, sampling, luma_table, 2, _FULL, chroma_table, 3, _FULL, chroma_table]
    encoded = list(map_ordered(_encode, (cb, cr), thread_core_count()))
    table = _only(encoded[0], _DQT).body[1:]
    parts = [
        *(each for each in found if each.marker in (_DQT, _DHT)),
        Segment(_DQT, bytes([chroma_table]) + table),
        Segment(frame.marker, frame.body[:_SIZE] + bytes(components)),
        _scan_of(1, Segment(SOS, found[-1].body, scan)),
        # The Huffman tables of both planes of chroma, in place of those of luma.
        *(each for each in encoded[0] if each.marker == _DHT),
        *(_scan_of(number, _only(plane, SOS)) for number, plane in enumerate(encoded, 2)),
    ]
    return b"".join([_HEAD, *map(bytes, parts), _END])


def _has_tables(found: Sequence[Segment]) -> bool:
    """Whether a file has the Huffman tables of its first scan.

    Not all decoders know those of the standard, which frames of films leave out.
    """
    tables: set[int] = set()
    for each in found:
        body = each.body if each.marker == _DHT else b""
        while body:
            tables.add(body[0])
            body = body[_COUNTS + sum(body[1:_COUNTS]) :]
    dc, ac = found[-1].body[2] >> 4, found[-1].body[2] & 15
    return {dc, _AC | ac} <= tables


def _plain_data(data: bytes, begin: int) -> bytes | None:
    """Return the data of a scan if every decoder reads them alike, and without a warning.

    Decoders read needless 0xFF bytes within the data differently. Some, such as Go's, look for
    restart markers at wrong places where chroma is smaller than luma. And libjpeg does not see a
    few zeros as padding at the end of a grey file, but warns of them between scans.
    """
    found = _NEXT_MARKER.search(data, begin)
    if found is None or found[1][0] in _RESTART or found[1][0] == _FILL:
        return None
    scan = data[begin : found.start()]
    return None if scan.endswith(b"\0") and not scan.endswith(b"\xff\0") else scan


def _scan_of(component: int, scan: Segment) -> Segment:
    """Return the scan of a grey file as that of a component in a file in colour."""
    tables = scan.body[2]
    return Segment(SOS, bytes([1, component, tables]) + _WHOLE_SPECTRUM, scan.scan)


def _encode(plane: IntArray) -> list[Segment]:
    """Encode a plane as a grey file."""
    picture = np.ascontiguousarray(plane)[..., None]
    return list(segments(simplejpeg.encode_jpeg(picture, _QUALITY, "GRAY", "GRAY")))


def _only(found: Sequence[Segment], marker: int) -> Segment:
    """Return the one segment with a marker."""
    [segment] = (each for each in found if each.marker == marker)
    return segment
