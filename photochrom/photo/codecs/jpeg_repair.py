"""Repair JPEG files whose pixels are all there, and refuse those that have lost some.

Viewers show files with stray bytes, wrong restart numbers or no end; libjpeg only warns of them. It
gives the same warnings if pixels are lost, and only the first warning can be read. So a file with a
warning is rewritten here, without the usual faults. If libjpeg still finds stray bytes in it,
`_check_complete` finds out whether they stand for lost pixels.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import JpegImagePlugin

__all__ = ["SOS", "Segment", "header", "is_frame", "repair", "segments"]

SOS: Final = 0xDA
_SOI, _EOI, _APP0, _APP2 = b"\xff\xd8", 0xD9, 0xE0, 0xE2
_SEQUENTIAL: Final = (0xC0, 0xC1)  # Huffman-coded frames of the discrete cosine transform
_PROGRESSIVE: Final = 0xC2
_MAX_SEGMENTS: Final = 10_000
_TOO_MANY: Final = f"it has more than {_MAX_SEGMENTS:,} segments"
_MIN_ZEROS: Final = 4  # fewer zero bytes at the end of an interval may be part of the data
_SECTOR: Final = 512  # bytes of a disk that are lost together, and read as zeros
_MARKER: Final = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
# Within a scan, 0xFF is written as 0xFF00, and restart markers (0xD0 to 0xD7) are part of the data.
_SCAN_END: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# Warnings that do not tell whether pixels are lost. The second is an error of TurboJPEG alone.
_AMBIGUOUS: Final = ("extraneous bytes", "subsampling")
# Zeros, ones and both in turn, as entropy-coded data.
_FILLERS: Final = (b"\0" * 8, b"\xff\0" * 8, b"\x55" * 8, b"\xaa" * 8)


@dataclass(frozen=True)
class Segment:
    """A marker segment; for SOS, with the entropy-coded data that follow it.

    Attributes:
        marker: second byte of the marker, for example 0xDA.
        body: the contents of the segment after its length.
        scan: entropy-coded data with restart markers; empty unless the marker is SOS.
    """

    marker: int
    body: bytes
    scan: bytes = b""

    def __bytes__(self) -> bytes:
        head = bytes([0xFF, self.marker]) + (len(self.body) + 2).to_bytes(2, "big")
        return head + self.body + self.scan


def header(data: bytes) -> tuple[list[Segment], int]:
    """Return the segments up to the first scan (SOS), without its data, and where these begin.

    Where there is no scan, these are all segments, and the end of the last one.

    Raises:
        ValueError: as in `segments`.
    """
    found: list[Segment] = []
    at = len(_SOI)
    for _ in range(_MAX_SEGMENTS):
        segment = _segment(data, at)
        if segment is None:
            return found, at
        marker, begin, at = segment
        found.append(Segment(marker, data[begin:at]))
        if marker in (SOS, _EOI):
            return found, at
    raise ValueError(_TOO_MANY)


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments of a JPEG file up to its end; bytes between them are skipped.

    The last one is EOI, with an empty body. A file without it ends after its last whole segment.

    Raises:
        ValueError: there are more than 10,000 segments.
    """
    at = len(_SOI)
    for _ in range(_MAX_SEGMENTS):
        found = _segment(data, at)
        if found is None:
            return
        marker, begin, at = found
        body, scan = data[begin:at], b""
        if marker == SOS:
            end = _SCAN_END.search(data, at)
            scan = data[at : end.start() if end else len(data)]
            at += len(scan)
        yield Segment(marker, body, scan)
        if marker == _EOI:
            return
    raise ValueError(_TOO_MANY)


def _segment(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Find the next segment: its marker, and where its body begins and ends; None at the end."""
    found = _MARKER.search(data, at)
    if found is None:
        return None
    marker, begin = found[1][0], found.end()
    if marker == _EOI:
        return marker, begin, begin
    end = begin + int.from_bytes(data[begin : begin + 2], "big")
    return (marker, begin + 2, end) if begin + 2 <= end <= len(data) else None


def is_frame(marker: int) -> bool:
    """Whether a marker is a frame header (SOF), which gives size, precision and components."""
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


@dataclass
class _Frame:
    """A frame, and how much of it the scans so far have filled.

    Attributes:
        marker: the frame header's marker (SOF).
        components: numbers of the components.
        low_bits: (C, 64): how many low bits of each coefficient are still to come; 255 if all.
    """

    marker: int
    components: bytes
    low_bits: npt.NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.low_bits = np.full((len(self.components), 64), 255, np.uint8)

    @classmethod
    def parse(cls, header: Segment) -> _Frame:
        """Read a frame header."""
        return cls(header.marker, header.body[6::3])

    def add_scan(self, header: bytes) -> None:
        """Record what a scan fills, as the body of its SOS segment says.

        Raises:
            ValueError: the scan has a component that the frame does not have.
        """
        first, last, precision = header[-3:]
        for component in header[1:-3:2]:
            self.low_bits[self.components.index(component), first : last + 1] = precision & 15

    def is_common(self) -> bool:
        """Whether the frame is of a kind whose scans `add_scan` understands."""
        return self.marker in (*_SEQUENTIAL, _PROGRESSIVE)

    def is_complete(self) -> bool:
        """Whether the scans so far have filled the frame; False for rare kinds of frames."""
        return self.is_common() and not self.low_bits.any()


def repair(data: bytes) -> bytes:
    """Return a JPEG file of the same picture that decoders accept.

    Raises:
        ValueError: pixels are lost.
    """
    repaired = _rewrite(data)
    _check_complete(repaired)
    return repaired


def _rewrite(data: bytes, filler: bytes = b"") -> bytes:
    """Rewrite a JPEG file without the faults that decoders reject for no good reason.

    Stray bytes between segments and all bytes after the picture are left out, as is an ICC profile
    with missing chunks. Restart markers are numbered in turn. The end is added if all scans
    are there.

    Args:
        data: the file.
        filler: stray bytes to add at the end of each interval of entropy-coded data.

    Raises:
        ValueError: the file ends before its last scan, or has no picture.
    """
    found = list(_until_complete(data))
    if not _has_whole_profile(found):
        found = [segment for segment in found if not _is_profile(segment)]
    return b"".join([_SOI, *(bytes(_repaired(each, filler)) for each in found), b"\xff\xd9"])


def _until_complete(data: bytes) -> Iterator[Segment]:
    """Yield the segments that the picture needs, without EOI."""
    frame = None
    for segment in segments(data):
        if segment.marker == _EOI and frame is not None and not frame.is_common():
            return
        if is_frame(segment.marker):
            frame = _Frame.parse(segment)
        if segment.marker == SOS and frame is not None:
            segment = _whole_spectrum(segment, frame)
            frame.add_scan(segment.body)
        yield segment
        if frame is not None and frame.is_complete():
            return
    raise ValueError("its last scans are missing")


def _whole_spectrum(scan: Segment, frame: _Frame) -> Segment:
    """Correct the parameters of a sequential scan, which always has all coefficients."""
    if frame.marker not in _SEQUENTIAL:
        return scan
    return Segment(SOS, scan.body[:-3] + b"\0\x3f\0", scan.scan)


def _repaired(segment: Segment, filler: bytes) -> Segment:
    """Return a segment without the faults that a segment can have."""
    body = segment.body
    if segment.marker == _APP0 and body.startswith(b"JFIF\0"):
        body = body[:5] + b"\x01" + body[6:]  # the major version, of which there is only one
    scan = _renumbered(segment.scan, filler) if segment.marker == SOS else b""
    return Segment(segment.marker, body, scan)


def _renumbered(scan: bytes, filler: bytes) -> bytes:
    """Number the restart markers of a scan in turn, and add filler to each of its intervals.

    A restart marker directly after another one is left out, as are zeros at the end of an
    interval, with which programs fill what they could not read or transfer. Filler is also added
    as an interval of its own, for the decoder to find if the last interval is missing.
    """
    samples = np.frombuffer(scan, np.uint8)
    at = np.flatnonzero((samples[:-1] == 0xFF) & (samples[1:] & 0xF8 == 0xD0))
    begins = np.concatenate([[0], at + 2])
    ends = np.concatenate([at, [len(samples)]])
    is_interval = ends > begins
    intervals = zip(begins[is_interval].tolist(), ends[is_interval].tolist(), strict=True)
    parts = [_without_zeros(scan[begin:end]) + filler for begin, end in intervals]
    if filler:
        parts.append(filler)
    joined = bytearray(parts[0] if parts else b"")
    for number, part in enumerate(parts[1:]):
        joined += bytes([0xFF, 0xD0 + number % 8]) + part
    return bytes(joined)


def _without_zeros(interval: bytes) -> bytes:
    """Return an interval without the zeros at its end, unless few enough to be data.

    A zero after 0xFF belongs to it, as the code for 0xFF in data.
    """
    rest = interval.rstrip(b"\0")
    if len(interval) - len(rest) < _MIN_ZEROS:
        return interval
    return interval[: len(rest) + rest.endswith(b"\xff")]


def _is_profile(segment: Segment) -> bool:
    """Whether a segment holds a chunk of an ICC profile."""
    return segment.marker == _APP2 and segment.body.startswith(b"ICC_PROFILE\0")


def _has_whole_profile(found: list[Segment]) -> bool:
    """Whether the chunks of the ICC profile are numbered from 1 to their count."""
    chunks = [segment.body[12:14] for segment in found if _is_profile(segment)]
    return sorted(chunks) == [bytes([i + 1, len(chunks) & 255]) for i in range(len(chunks))]


def _check_complete(data: bytes) -> None:
    """Check that a rewritten file has lost no pixels.

    If the first warning does not say whether pixels are lost, the file is decoded several times,
    each time with other bytes added at the end of its entropy-coded data. If an interval of data is
    too short, the decoder makes pixels of these bytes, and the pictures differ.

    Raises:
        ValueError: pixels are lost.
    """
    try:
        _decode_strictly(data)
    except ValueError as error:
        if not any(text in str(error) for text in _AMBIGUOUS):
            raise
        warning = str(error)
    else:
        return
    if any(bytes(_SECTOR) in segment.scan for segment in segments(data)):
        raise ValueError(f"its pixels have a gap ({warning})")
    first = _decode(_rewrite(data, _FILLERS[0]))
    for filler in _FILLERS[1:]:
        if not np.array_equal(_decode(_rewrite(data, filler)), first):
            raise ValueError(f"pixels are missing ({warning})")


def _decode_strictly(data: bytes) -> None:
    """Decode a file, to see whether libjpeg warns.

    Raises:
        ValueError: libjpeg warns, or TurboJPEG does not know the subsampling.
    """
    header = next(segment for segment in segments(data) if is_frame(segment.marker))
    space = "CMYK" if len(_Frame.parse(header).components) == 4 else "GRAY"
    simplejpeg.decode_jpeg(data, space, strict=True)


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    """Decode a file whatever its subsampling; warnings are ignored."""
    return np.asarray(JpegImagePlugin.JpegImageFile(io.BytesIO(data)))
