"""Add colour to a grey JPEG file, whose compressed luma stays as it is, bit for bit.

A JPEG file may hold each of its components in a scan of its own, which every decoder has to read
(ITU-T T.81, 4.8 and 4.11). So the scan of a grey file becomes the scan of Y in the file in colour.
Luma is not encoded again, and loses nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import simplejpeg

from photochrom.parallel import map_ordered, thread_core_count
from photochrom.photo.codecs.jpeg_repair import SOS, Segment, is_frame, segments

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["add_chroma"]

# The start of the file and the JFIF segment, version 1.01, with pixels of 1:1 and no resolution.
_HEAD: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_END: Final = b"\xff\xd9"
_SOF0, _SOF1, _DHT, _DQT, _DRI = 0xC0, 0xC1, 0xC4, 0xDB, 0xDD
_GREY_FRAME: Final = 9  # bytes of a frame header (SOF) with one component
_SIZE: Final = 5  # bytes of it that give the depth and the size
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
        luma is not in a single sequential scan, for example in a progressive file.
    """
    found = list(segments(data))
    frames = [each for each in found if is_frame(each.marker)]
    scans = [each for each in found if each.marker == SOS]
    if len(frames) != 1 or len(scans) != 1 or frames[0].marker not in (_SOF0, _SOF1):
        return None
    frame, luma = frames[0], scans[0]
    if len(frame.body) != _GREY_FRAME:
        return None
    height, width, luma_table = struct.unpack_from(">HH3xB", frame.body, 1)
    chroma_table = 1 if luma_table == 0 else 0
    sampling = _FULL if cb.shape == (height, width) else _DOUBLE
    components = [3, 1, sampling, luma_table, 2, _FULL, chroma_table, 3, _FULL, chroma_table]
    encoded = list(map_ordered(_encode, (cb, cr), thread_core_count()))
    table = _only(encoded[0], _DQT).body[1:]
    parts = [
        *(each for each in found[: found.index(luma)] if each.marker in (_DQT, _DHT, _DRI)),
        Segment(_DQT, bytes([chroma_table]) + table),
        Segment(frame.marker, frame.body[:_SIZE] + bytes(components)),
        _scan_of(1, luma),
        Segment(_DRI, b"\0\0"),  # no restart markers from here on, whatever luma has
        # The Huffman tables of both planes, in place of those of luma.
        *(each for each in encoded[0] if each.marker == _DHT),
        *(_scan_of(number, _only(plane, SOS)) for number, plane in enumerate(encoded, 2)),
    ]
    return b"".join([_HEAD, *map(bytes, parts), _END])


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
