"""Write the shape of the pixels into a Matroska or WebM file.

FFmpeg's muxer takes it from a field of the stream that PyAV cannot set. So space is reserved in the
header, and the display size is written there afterwards. No other byte of the file moves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

__all__ = ["RESERVE", "set_pixel_aspect"]

RESERVE: Final = " " * 40
"""Text at the end of the video track's name, whose bytes are reused."""

_HEADER_BYTES: Final = 1 << 20  # the tracks are described near the start of the file

# Identifiers of elements (RFC 9559)
_SEGMENT, _TRACKS, _TRACK, _VIDEO = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0"
_NAME, _CRC, _VOID = b"\x53\x6e", b"\xbf", b"\xec"
_PIXEL_WIDTH, _PIXEL_HEIGHT = b"\xb0", b"\xba"
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = b"\x54\xb0", b"\x54\xba", b"\x54\xb2"
_ASPECT_RATIO: Final = b"\x03"  # the display unit that makes width and height a ratio


@dataclass(frozen=True)
class _Element:
    """An element (RFC 8794): its identifier, where it starts, and where its content does and ends.

    An identifier or a size says in its first byte, by the number of leading zero bits, how many
    bytes it has.
    """

    name: bytes
    start: int
    content: int
    end: int


def set_pixel_aspect(path: Path, aspect: Fraction, *, as_ratio: bool) -> None:
    """Write the shape of the pixels into the track whose name ends with `RESERVE`.

    Args:
        path: a finished file from FFmpeg's muxer.
        aspect: width of a pixel divided by its height.
        as_ratio: whether the display size is a ratio, which is exact. WebM has only pixels.
    """
    with path.open("r+b") as file:
        data = file.read(_HEADER_BYTES)
        for segment in _children(data, 0, len(data), _SEGMENT):
            for tracks in _children(data, segment.content, segment.end, _TRACKS):
                content = data[tracks.content : tracks.end]
                file.seek(tracks.content)
                file.write(_patched_tracks(content, aspect, as_ratio=as_ratio))


def _patched_tracks(tracks: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `Tracks` element, of the same length, with the shape of pixels."""
    patched = bytearray(tracks)
    for track in _children(tracks, 0, len(tracks), _TRACK):
        content = tracks[track.content : track.end]
        if RESERVE.encode() in content:
            patched[track.content : track.end] = _patched_track(content, aspect, as_ratio=as_ratio)
    for checksum in _children(tracks, 0, len(tracks), _CRC):  # a checksum of everything after it
        crc = zlib.crc32(patched[checksum.end :])
        patched[checksum.content : checksum.end] = crc.to_bytes(4, "little")
    return bytes(patched)


def _patched_track(track: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `TrackEntry`, of the same length, with the shape of pixels."""
    patched = b""
    for each in _elements(track, 0, len(track)):
        content = track[each.content : each.end]
        if each.name == _NAME:
            name = content.removesuffix(RESERVE.encode())
            patched += _encoded(_NAME, name) if name else b""
        elif each.name == _VIDEO:
            patched += _encoded(_VIDEO, _patched_video(content, aspect, as_ratio=as_ratio))
        else:
            patched += track[each.start : each.end]
    unused = len(track) - len(patched) - len(_encoded(_VOID, b""))
    return patched + _encoded(_VOID, bytes(unused))


def _patched_video(video: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `Video` element with a display size."""
    old = {each.name: video[each.content : each.end] for each in _elements(video, 0, len(video))}
    width, height = (int.from_bytes(old[each]) for each in (_PIXEL_WIDTH, _PIXEL_HEIGHT))
    size = round(width * aspect), height
    if as_ratio:
        size = (width * aspect / height).as_integer_ratio()
    old[_DISPLAY_WIDTH], old[_DISPLAY_HEIGHT] = (side.to_bytes(4) for side in size)
    old.pop(_DISPLAY_UNIT, None)
    if as_ratio:
        old[_DISPLAY_UNIT] = _ASPECT_RATIO
    return b"".join(_encoded(name, content) for name, content in old.items())


def _encoded(name: bytes, content: bytes) -> bytes:
    """Return an element with a size of two bytes, the first of which begins with 01."""
    return name + (len(content) | 1 << 14).to_bytes(2) + content


def _children(data: bytes, start: int, end: int, name: bytes) -> Iterator[_Element]:
    return (each for each in _elements(data, start, end) if each.name == name)


def _elements(data: bytes, start: int, end: int) -> Iterator[_Element]:
    """Yield the elements between two offsets; the last one can be cut off."""
    while start < end:
        size_start = start + 9 - data[start].bit_length()
        content = size_start + 9 - data[size_start].bit_length()
        size = int.from_bytes(data[size_start:content]) & ((1 << 7 * (content - size_start)) - 1)
        yield _Element(data[start:size_start], start, content, min(content + size, end))
        start = content + size
