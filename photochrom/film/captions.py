"""Closed captions (CEA-608 and CEA-708), which travel inside the pictures of a film.

Decoders return them with each frame. PyAV cannot give them to an encoder, so they are put into the
encoded pictures, as a message for players (ANSI/SCTE 128, ITU-T T.35).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from av import VideoFrame
    from av.buffer import Buffer

__all__ = ["CAPTION_CODECS", "captions_of", "with_captions"]

# For each codec, the header of a message, and the types of units that hold picture data. The type
# is in the first byte: its lowest five bits in H.264, its bits 1 to 6 in HEVC.
_MESSAGE_HEADERS: Final = {"h264": b"\x06", "hevc": b"\x4e\x01"}
_PICTURE_TYPES: Final = {"h264": range(1, 6), "hevc": range(32)}
CAPTION_CODECS: Final = tuple(_MESSAGE_HEADERS)
"""The names of the codecs whose pictures can hold captions."""

_START_CODE: Final = re.compile(rb"\x00?\x00\x00\x01")  # in front of each unit
_REGISTERED_DATA: Final = 4  # the type of the message
_UNITED_STATES_ATSC: Final = b"\xb5\x00\x31GA94\x03"
_TRIPLE: Final = 3  # bytes of captions: a flag, and two characters
_ENABLED: Final = 0x40
_MAX_TRIPLES: Final = 31
# A zero byte pair must not be followed by a small byte, which would look like a start code.
_AMBIGUOUS: Final = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def captions_of(frame: VideoFrame) -> bytes:
    """Return the captions of a decoded frame, in triples of bytes; empty if it has none."""
    try:
        data = cast("dict[str, Buffer]", frame.side_data).get("A53_CC")
    except ValueError:  # PyAV does not know some of the other side data
        return b""
    return b"" if data is None else bytes(data)


def with_captions(picture: bytes, captions: bytes, codec: str) -> bytes:
    """Return an encoded picture with captions.

    Args:
        picture: the picture, as units with start codes.
        captions: what `captions_of` returned.
        codec: one of `CAPTION_CODECS`.
    """
    captions = captions[: _MAX_TRIPLES * _TRIPLE]
    count = len(captions) // _TRIPLE
    payload = _UNITED_STATES_ATSC + bytes([_ENABLED | count, 0xFF]) + captions + b"\xff"
    message = bytes([_REGISTERED_DATA, len(payload)]) + payload + b"\x80"
    escaped = _AMBIGUOUS.sub(b"\x00\x00\x03", message)
    unit = b"\x00\x00\x00\x01" + _MESSAGE_HEADERS[codec] + escaped
    for match in _START_CODE.finditer(picture):
        if (
            match.end() < len(picture)
            and _type(picture[match.end()], codec) in _PICTURE_TYPES[codec]
        ):
            return picture[: match.start()] + unit + picture[match.start() :]
    return picture


def _type(header: int, codec: str) -> int:
    """Return the type of a unit."""
    return header & 31 if codec == "h264" else header >> 1 & 63
