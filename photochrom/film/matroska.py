"""Write the shape of the pixels into a Matroska or WebM file.

FFmpeg's muxer takes it from a field of the stream that PyAV cannot set. So space is reserved in the
header, and the display size is written there afterwards. No other byte of the file moves.
"""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path
from typing import Final

from photochrom.film.ebml import SEGMENT, TRACK, TRACKS, VIDEO, children, elements, encoded

__all__ = ["RESERVE", "set_pixel_aspect"]

RESERVE: Final = " " * 40
"""Text at the end of the video track's name, whose bytes are reused."""

_HEADER_BYTES: Final = 1 << 20  # the tracks are described near the start of the file

# Identifiers of elements (RFC 9559)
_NAME, _CRC, _VOID = b"\x53\x6e", b"\xbf", b"\xec"
_PIXEL_WIDTH, _PIXEL_HEIGHT = b"\xb0", b"\xba"
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = b"\x54\xb0", b"\x54\xba", b"\x54\xb2"
_ASPECT_RATIO: Final = b"\x03"  # the display unit that makes width and height a ratio


def set_pixel_aspect(path: Path, aspect: Fraction, *, as_ratio: bool) -> None:
    """Write the shape of the pixels into the track whose name ends with `RESERVE`.

    Args:
        path: a finished file from FFmpeg's muxer.
        aspect: width of a pixel divided by its height.
        as_ratio: whether the display size is a ratio, which is exact. WebM has only pixels.
    """
    with path.open("r+b") as file:
        data = file.read(_HEADER_BYTES)
        for tracks in children(data, SEGMENT, TRACKS):
            content = data[tracks.content : tracks.end]
            file.seek(tracks.content)
            file.write(_patched_tracks(content, aspect, as_ratio=as_ratio))


def _patched_tracks(tracks: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `Tracks` element, of the same length, with the shape of pixels."""
    patched = bytearray(tracks)
    for track in children(tracks, TRACK):
        content = tracks[track.content : track.end]
        if RESERVE.encode() in content:
            patched[track.content : track.end] = _patched_track(content, aspect, as_ratio=as_ratio)
    for checksum in children(tracks, _CRC):  # a checksum of everything after it
        crc = zlib.crc32(patched[checksum.end :])
        patched[checksum.content : checksum.end] = crc.to_bytes(4, "little")
    return bytes(patched)


def _patched_track(track: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `TrackEntry`, of the same length, with the shape of pixels."""
    patched = b""
    for each in elements(track):
        content = track[each.content : each.end]
        if each.name == _NAME:
            name = content.removesuffix(RESERVE.encode())
            patched += encoded(_NAME, name) if name else b""
        elif each.name == VIDEO:
            patched += encoded(VIDEO, _patched_video(content, aspect, as_ratio=as_ratio))
        else:
            patched += track[each.start : each.end]
    unused = len(track) - len(patched) - len(encoded(_VOID, b""))
    return patched + encoded(_VOID, bytes(unused))


def _patched_video(video: bytes, aspect: Fraction, *, as_ratio: bool) -> bytes:
    """Return the content of a `Video` element with a display size."""
    old = {each.name: video[each.content : each.end] for each in elements(video)}
    width, height = (int.from_bytes(old[each]) for each in (_PIXEL_WIDTH, _PIXEL_HEIGHT))
    size = round(width * aspect), height
    if as_ratio:
        size = (width * aspect / height).as_integer_ratio()
    old[_DISPLAY_WIDTH], old[_DISPLAY_HEIGHT] = (side.to_bytes(4) for side in size)
    old.pop(_DISPLAY_UNIT, None)
    if as_ratio:
        old[_DISPLAY_UNIT] = _ASPECT_RATIO
    return b"".join(encoded(name, content) for name, content in old.items())
