"""Files for the tests to read: made by Pillow, with blocks of metadata put in."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

CASES = Path(__file__).parents[1] / "cases"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def pil_bytes(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Put segments into a JPEG file, after its JFIF segment."""
    place = 4 + int.from_bytes(jpeg[4:6], "big")
    added = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
        for marker, content in segments
    )
    return jpeg[:place] + added + jpeg[place:]


def png_chunk(kind: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Put chunks into a PNG file, after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def raw_profile(kind: str, block: bytes, *, chunk: bytes = b"zTXt") -> bytes:
    """Return a block of metadata as ImageMagick stores it in PNG files."""
    digits = block.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\n{kind}\n{len(block):8}\n{lines}\n".encode()
    keyword = f"Raw profile type {kind}".encode() + b"\0"
    if chunk == b"zTXt":
        return png_chunk(chunk, keyword + b"\0" + zlib.compress(text))
    if chunk == b"iTXt":
        return png_chunk(chunk, keyword + b"\1\0\0\0" + zlib.compress(text))
    return png_chunk(chunk, keyword + text)


def xmp_packet(inside: str, attributes: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        f'xmlns:t="http://ns.adobe.com/tiff/1.0/" {attributes}>{inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
