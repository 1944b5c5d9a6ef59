"""JPEG: luma is decoded and encoded as its own plane.

It is not converted to RGB and back, so it keeps the exact levels that the file stores.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, cast

import cv2
import numpy as np
import simplejpeg
from PIL import ImageFile, JpegImagePlugin

from photochrom import color
from photochrom.color import IntArray
from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.parallel import map_ordered, thread_core_count
from photochrom.photo.codecs.base import Codec, Decoded, depth_error, register
from photochrom.photo.codecs.jpeg_metadata import (
    metadata_segments,
    omitted_metadata,
    read_segments,
    segment,
)
from photochrom.photo.codecs.jpeg_repair import SOS, header, is_frame, repair, segments
from photochrom.photo.codecs.jpeg_scans import add_chroma
from photochrom.photo.container import DEFAULT_MAX_PIXELS, decoding
from photochrom.photo.metadata import Metadata, orientation_of
from photochrom.photo.pixels import EncodedLuma, Pixels, pixels_of
from photochrom.photo.profile import srgb_profile

__all__ = ["JPEG", "decode_jpeg_luma", "encode_jpeg", "halve"]

_FULL_CHROMA_QUALITY: Final = 95  # from this quality on, chroma is stored at full size
_APP2: Final = 0xE2
_HEAD: Final = 20  # bytes of SOI and the JFIF segment, which every encoder writes first
_RESOLUTION_OFFSET: Final = 13  # where the resolution is in these bytes
_NO_UNIT, _INCHES = 0, 1  # units of the resolution in the JFIF segment
# Pixels of a stripe: a restart interval holds at most 65,535 units of 8 x 8 pixels or more.
_STRIPE_PIXELS: Final = 2_000_000
_SOF0: Final = 0xC0
_DRI: Final = 0xDD
_RST0: Final = 0xD0
_EOI_BYTES: Final = 2
_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)  # frame headers (SOF) of progressive JPEG
_FRAME_HEADER: Final = 6  # bytes of a frame header (SOF), without its components
_MAX_SCANS: Final = 500  # encoders make about ten


class _Jpeg(Codec):
    """JPEG of 8 bits per sample, baseline or progressive."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    media_type = "image/jpeg"
    signatures = (b"\xff\xd8\xff",)
    max_side = 65500
    default_quality = 92
    stores_planes = True
    keeps = frozenset({"exif", "xmp", "iptc", "dpi", "aspect", "comments"})
    reader = JpegImagePlugin.JpegImageFile

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Check the frame header of a JPEG, and the number of scans.

        Every scan makes the decoder go over the whole picture, but takes only a few bytes in the
        file. So a small hostile file could keep it busy for hours.
        """
        found, _ = header(data)
        frame = next((segment for segment in found if is_frame(segment.marker)), None)
        if frame is None or len(frame.body) < _FRAME_HEADER:
            raise UnreadablePhoto(f"{name} is damaged or truncated: it has no frame header")
        precision, height = struct.unpack_from(">BH", frame.body)
        if precision != 8:
            raise depth_error(name, precision)
        if height == 0:
            raise UnsupportedPhoto(
                f"{name} gives its height in a DNL marker after its pixels, which is not supported"
            )
        is_single = found[-1].marker != SOS or found[-1].body[:1] == frame.body[5:6]
        if is_single and frame.marker not in _PROGRESSIVE:
            return
        scans = sum(segment.marker == SOS for segment in segments(data))
        if scans > _MAX_SCANS:
            raise UnsupportedPhoto(f"expected {_MAX_SCANS} scans at most; {name} has {scans:,}")

    def pixels(self, image: ImageFile.ImageFile, data: bytes, name: str) -> Pixels:
        """Return the samples, with the stored Y plane for luma.

        A file that libjpeg warns of is decoded again, if it has all of its pixels.
        """
        try:
            return _strict_pixels(image.mode, data)
        except (OSError, ValueError):
            return _repaired_pixels(repair(data), name)

    def decode_reduced(self, data: bytes, name: str, min_side: int) -> Decoded:
        """Decode at a half, a quarter or an eighth of the size, if that is large enough."""
        with decoding(name):
            image = self.open(data, name, DEFAULT_MAX_PIXELS)
            image.draft(None, (min_side, min_side))
            try:
                pixels = pixels_of(image, name)
            except OSError:
                pixels = _repaired_pixels(repair(data), name)
            info = self.info(image, data)
            return Decoded(pixels, info, orientation_of(info))

    def info(self, image: ImageFile.ImageFile, data: bytes) -> Mapping[Any, Any]:
        """Return the metadata, with blocks that are split over several segments."""
        return read_segments(image)

    def encode_planes(
        self, luma: IntArray, cb: IntArray, cr: IntArray, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode planes, which the file stores as they are."""
        return encode_jpeg(luma, cb, cr, metadata, quality)

    def add_chroma(
        self, data: bytes, cb: IntArray, cr: IntArray, metadata: Metadata
    ) -> bytes | None:
        """Add chroma planes to a grey file with one sequential scan, as scans of their own."""
        file = add_chroma(data, cb, cr)
        return None if file is None else _with_metadata(file, metadata)

    def omitted_metadata(self, metadata: Metadata) -> tuple[str, ...]:
        """Name what is too large for the segments of a JPEG file."""
        return omitted_metadata(metadata)

    def halves_chroma(self, quality: int) -> bool:
        """Return True below quality 95, as most encoders do."""
        return quality < _FULL_CHROMA_QUALITY


JPEG: Final = register(_Jpeg())


def _strict_pixels(mode: str, data: bytes) -> Pixels:
    """Decode a file of Pillow's mode "L", "RGB" or "CMYK".

    Raises:
        ValueError: libjpeg warns of the file.
    """
    if mode == "L":
        grey = decode_jpeg_luma(data)
        return Pixels(grey=grey, encoded=EncodedLuma(grey, data, JPEG.name))
    if mode == "RGB":
        # The stored Y plane itself: luma computed from decoded RGB would be off by rounding.
        with ThreadPoolExecutor(1) as pool:
            luma = pool.submit(decode_jpeg_luma, data)
            rgb: Any = simplejpeg.decode_jpeg(data, "RGB")
            return Pixels(color=rgb, luma=luma.result())
    inverted: Any = simplejpeg.decode_jpeg(data, "CMYK")
    return Pixels(color=np.invert(inverted))  # as Pillow and Adobe's programs do


def _repaired_pixels(data: bytes, name: str) -> Pixels:
    """Decode a repaired file, of which libjpeg may still warn."""
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    pixels = pixels_of(image, name)
    if image.mode != "RGB":
        return pixels
    stored = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    stored.draft("L", None)
    return replace(pixels, luma=np.asarray(stored))


def decode_jpeg_luma(data: bytes) -> IntArray:
    """Decode the Y plane of a JPEG file, grey or in colour, as it is stored.

    Args:
        data: the whole file.

    Returns:
        (H, W) uint8.

    Raises:
        ValueError: the file is damaged, even if slightly.
    """
    return np.asarray(simplejpeg.decode_jpeg(data, "GRAY"), np.uint8)[..., 0]


def encode_jpeg(
    luma: IntArray, cb: IntArray, cr: IntArray, metadata: Metadata, quality: int
) -> bytes:
    """Encode planes as a JPEG file with an sRGB profile.

    Args:
        luma: (H, W) uint8.
        cb: (H, W) uint8, or (⌈H/2⌉, ⌈W/2⌉) for chroma at half size.
        cr: the same shape as `cb`.
        metadata: metadata for the file; what `omitted_metadata` names is left out.
        quality: 1 to 100.

    Returns:
        The bytes of the file.
    """
    chroma = (cast("IntArray", np.ascontiguousarray(plane)) for plane in (cb, cr))
    return _with_metadata(_encode_in_stripes(luma, *chroma, quality=quality), metadata)


def _with_metadata(data: bytes, metadata: Metadata) -> bytes:
    """Add metadata and an sRGB profile to a JPEG file that begins with a JFIF segment."""
    head = bytearray(data[:_HEAD])
    if density := metadata.dpi or metadata.aspect:
        unit = _INCHES if metadata.dpi else _NO_UNIT
        sides = (min(65535, round(side)) for side in density)
        struct.pack_into(">BHH", head, _RESOLUTION_OFFSET, unit, *sides)
    profile = segment(_APP2, b"ICC_PROFILE\0\1\1" + (metadata.icc or srgb_profile()))
    markers = metadata_segments(metadata) + profile
    return b"".join([head, markers, memoryview(data)[_HEAD:]])


def _encode_in_stripes(luma: IntArray, cb: IntArray, cr: IntArray, *, quality: int) -> bytes:
    """Encode planes as a JPEG file; a large picture in stripes, on all cores.

    Each stripe is encoded as a file of its own. The scans of these files are then joined with
    restart markers, after which a decoder starts again, as at the start of a file (ITU-T T.81,
    E.2.4). The result is one ordinary JPEG file.
    """
    height, width = luma.shape
    step = 1 if cb.shape == luma.shape else 2
    unit = 8 * step
    rows = max(1, _STRIPE_PIXELS // (width * unit)) * unit
    padded = _pad_for_encoder(luma)
    if height <= rows:
        return cast("bytes", simplejpeg.encode_jpeg_yuv_planes(padded[:height], cb, cr, quality))
    # A last stripe of a single row would look like chroma of full height, so rows stay even.
    padded = padded[: height + height % step]

    def stripe(top: int) -> bytes:
        part = slice(top // step, (top + rows) // step)
        planes = padded[top : top + rows], cb[part], cr[part]
        return cast("bytes", simplejpeg.encode_jpeg_yuv_planes(*planes, quality))

    first, *others = map_ordered(stripe, range(0, height, rows), thread_core_count())
    frame, scan = _segment(first, _SOF0), _segment(first, SOS)
    head = bytearray(first[:scan])
    struct.pack_into(">H", head, frame + 5, height)  # of the whole picture, not of the stripe
    # All stripes have the same head, so their entropy-coded data begin at the same offset.
    begin = scan + 2 + _length(first, scan)
    interval = struct.pack(">BBHH", 0xFF, _DRI, 4, rows // unit * -(-width // unit))
    parts: list[bytes | bytearray | memoryview] = [head, interval]
    parts.append(memoryview(first)[scan:-_EOI_BYTES])
    for number, other in enumerate(others):
        restart = bytes([0xFF, _RST0 + number % 8])  # RST0 to RST7, in turn
        parts += [restart, memoryview(other)[begin:-_EOI_BYTES]]
    return b"".join([*parts, first[-_EOI_BYTES:]])


def _segment(data: bytes, marker: int) -> int:
    """Return where the segment of a marker begins in the head of a file."""
    offset = 2
    while data[offset + 1] != marker:
        offset += 2 + _length(data, offset)
    return offset


def _length(data: bytes, offset: int) -> int:
    """Return the length of the segment at `offset`, without its marker."""
    return int.from_bytes(data[offset + 2 : offset + 4], "big")


def halve(plane: IntArray) -> IntArray:
    """Halve the size of a plane, (H, W) uint8, to (⌈H/2⌉, ⌈W/2⌉): the means of four pixels."""
    padded = color.pad_to_multiple(plane)
    size = (padded.shape[1] // 2, padded.shape[0] // 2)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def _pad_for_encoder(plane: IntArray) -> IntArray:
    """Return a plane with an even number of rows, in memory whose rows have an even length.

    The encoder reads one row and one column beyond an odd edge; there must be memory.
    """
    contiguous = cast("IntArray", np.ascontiguousarray(plane))
    return color.pad_to_multiple(contiguous)[:, : plane.shape[1]]
