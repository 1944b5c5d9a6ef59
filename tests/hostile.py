"""Hostile uploads: pictures that claim a huge size or are something else, and broken forms."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache

import numpy as np
from PIL import Image

from tests.support import picture_bytes

__all__ = ["FORMS", "PICTURES"]

GREY = np.arange(64 * 64, dtype=np.uint32).reshape(64, 64).astype(np.uint8)
HTML = b"<html><script>alert(document.domain)</script></html>"
NOTHING = bytes(200_000_000)


def saved(kind: str, **options: object) -> bytes:
    return picture_bytes(GREY, kind, **options)


@cache
def bomb() -> bytes:
    """200 MB of zeros, compressed with Deflate."""
    return zlib.compress(NOTHING, 9)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    """A grey PNG file with these chunks before its pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", pixels or zlib.compress(bytes((width + 1) * height)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + body + chunk(b"IEND", b"")


def sized(kind: str, at: int, form: str, *size: int) -> bytes:
    """A file whose header claims another size."""
    data = bytearray(saved(kind))
    struct.pack_into(form, data, at, *size)
    return bytes(data)


def jpeg_sized(width: int, height: int) -> bytes:
    data = saved("JPEG")
    return sized("JPEG", data.index(b"\xff\xc0") + 5, ">HH", height, width)


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    data = saved("JPEG")
    blocks = [struct.pack(">BBH", 255, kind, len(body) + 2) + body for kind, body in segments]
    return data[:2] + b"".join(blocks) + data[2:]


def many_scans() -> bytes:
    data = saved("JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * 2000 + data[-2:]


def tiff(**entries: tuple[int, int, int]) -> bytes:
    """A TIFF file of one directory: width, height and whatever else is given, by number."""
    tags = {256: (4, 1, 8), 257: (4, 1, 8), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 8), 279: (4, 1, 64)}
    tags |= {int(number[1:]): value for number, value in entries.items()}
    packed = [struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags)]
    directory = struct.pack("<H", len(packed)) + b"".join(packed) + struct.pack("<I", 8)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(64)


def exif_in_a_circle() -> bytes:
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../evil.sh", b"#!/bin/sh\n" + bytes(1_000_000))
    return stream.getvalue()


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), (80 * i, 0, 0)) for i in range(3)]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    return stream.getvalue()


PICTURES = {  # what it is: how it is made, and what it gets
    "PNG that claims 4 billion × 4 billion": (lambda: png(2**32 - 1, 2**32 - 1, pixels=b"x"), 413),
    "PNG that claims 60,000 × 60,000": (lambda: png(60_000, 60_000, pixels=b"x"), 413),
    "JPEG that claims 65,500 × 65,500": (lambda: jpeg_sized(65_500, 65_500), 413),
    "TIFF that claims 2 billion × 2 billion": (
        lambda: tiff(_256=(4, 1, 2**31), _257=(4, 1, 2**31)),
        413,
    ),
    "BMP that claims 2 billion × 2 billion": (
        lambda: sized("BMP", 18, "<ii", 2**31 - 1, 2**31 - 1),
        413,
    ),
    "WebP that claims 16,383 × 16,383": (
        lambda: sized("WEBP", saved("WEBP").index(b"\x9d\x01\x2a") + 3, "<HH", 16383, 16383),
        413,
    ),
    "GIF that claims 65,535 × 65,535": (lambda: sized("GIF", 6, "<HH", 65535, 65535), 413),
    "JPEG 2000 that claims 60,000 × 60,000": (
        lambda: sized("JPEG2000", saved("JPEG2000").index(b"\xff\x51") + 6, ">II", 60_000, 60_000),
        413,
    ),
    "PNG of 8 × 8 whose pixels inflate to 200 MB": (lambda: png(8, 8, pixels=bomb()), 200),
    "PNG of 4 megapixels of nothing, 4 KB": (lambda: png(2000, 2000), 200),
    "PNG with a text that inflates to 200 MB": (
        lambda: png(8, 8, chunk(b"zTXt", b"Comment\0\0" + bomb())),
        200,
    ),
    "PNG with a profile that inflates to 200 MB": (
        lambda: png(8, 8, chunk(b"iCCP", b"sRGB\0\0" + bomb())),
        422,
    ),
    "PNG with 50,000 texts": (lambda: png(8, 8, chunk(b"tEXt", b"a\0b") * 50_000), 200),
    "PNG with 3 MB of EXIF": (lambda: png(8, 8, chunk(b"eXIf", b"II*\0" + bytes(3_000_000))), 200),
    "JPEG with 16 MB of EXIF": (
        lambda: jpeg_with(*[(0xE1, b"Exif\0\0" + bytes(65_000))] * 250),
        200,
    ),
    "JPEG with 16 MB of a profile": (
        lambda: jpeg_with(
            *[(0xE2, b"ICC_PROFILE\0" + bytes([n, 250]) + bytes(65_000)) for n in range(1, 251)]
        ),
        200,
    ),
    "JPEG with EXIF that goes in a circle": (lambda: jpeg_with((0xE1, exif_in_a_circle())), 200),
    "JPEG of 2,000 scans": (many_scans, 415),
    "TIFF whose directories go in a circle": (tiff, 200),
    "TIFF with a billion strips": (
        lambda: tiff(_273=(4, 10**9, 8), _279=(4, 10**9, 8)),
        422,
    ),
    "TIFF whose strips end beyond it": (lambda: tiff(_259=(3, 1, 8), _279=(4, 1, 2**31)), 422),
    "JPEG with a zip after it": (lambda: saved("JPEG") + archive(), 200),
    "JPEG with HTML in its comment": (lambda: jpeg_with((0xFE, HTML)), 200),
    "JPEG with HTML after it": (lambda: saved("JPEG") + HTML, 200),
    "zip named .jpg": (archive, 422),
    "HTML named .jpg": (lambda: HTML, 422),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
    "PDF": (lambda: b"%PDF-1.7\n", 415),
    "PostScript": (lambda: b"%!PS\n(%pipe%id) (w) file\n", 415),
    "program": (lambda: b"\x7fELF" + bytes(1000), 422),
    "200 MB of nothing, deflated": (bomb, 422),
    "half a JPEG": (lambda: saved("JPEG")[:-200], 422),
    "half a PNG": (lambda: saved("PNG")[:60], 422),
    "half a WebP": (lambda: saved("WEBP")[:60], 422),
    "half a JPEG 2000": (lambda: saved("JPEG2000")[:-400], 422),
    "half an AVIF": (lambda: saved("AVIF")[:200], 422),
    "PNG that is a JPEG behind its head": (lambda: b"\x89PNG\r\n\x1a\n" + saved("JPEG"), 413),
    "nothing": (lambda: b"", 422),
    "animated GIF": (lambda: moving("GIF"), 415),
    "animated PNG": (lambda: moving("PNG"), 415),
    "animated WebP": (lambda: moving("WEBP"), 415),
}


def part(name: str, data: bytes, filename: str = "", *headers: str) -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    lines = [f'Content-Disposition: form-data; name="{name}"{named}', *headers]
    return b"--x\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


def image() -> bytes:
    return part("image", saved("PNG"), "a.png")


def nested() -> bytes:
    inner = b'--y\r\nContent-Disposition: file; filename="a.png"\r\n\r\n' + saved("PNG")
    return part("image", inner + b"\r\n--y--", "", "Content-Type: multipart/mixed; boundary=y")


X = "multipart/form-data; boundary=x"
FORMS = {  # what it is: how its body is made, its content type, and what it gets
    "two photographs under one name": (lambda: form(image(), image()), X, 422),
    "three files": (lambda: form(image(), image(), image()), X, 400),
    "a field twice": (
        lambda: form(image(), part("vividness", b"0.1"), part("vividness", b"0.9")),
        X,
        422,
    ),
    "unknown fields": (lambda: form(image(), part("url", b"http://169.254.169.254/")), X, 422),
    "5,000 fields": (lambda: form(image(), *[part("hints", b"1,1,#ff0000")] * 5000), X, 400),
    "a field of 1 MB": (lambda: form(image(), part("hints", b"1" * 1_000_000)), X, 400),
    "a number of 10,000 digits": (lambda: form(image(), part("quality", b"9" * 10_000)), X, 422),
    "a photograph without a file's name": (lambda: form(part("image", saved("PNG"))), X, 422),
    "a part without a name": (lambda: b"--x\r\n\r\na\r\n--x--\r\n", X, 400),
    "a part's header of 1 MB": (
        lambda: form(part("image", b"a", "a.png", "A: " + "a" * 1_000_000)),
        X,
        400,
    ),
    "1,000 headers of a part": (
        lambda: form(part("image", b"a", "a.png", *["A: a"] * 1000)),
        X,
        400,
    ),
    "a part that says it is in base64": (
        lambda: form(part("image", saved("PNG"), "a.png", "Content-Transfer-Encoding: base64")),
        X,
        200,
    ),
    "a form within a form": (nested, X, 422),
    "another boundary": (lambda: form(image()), "multipart/form-data; boundary=y", 400),
    "no boundary": (lambda: form(image()), "multipart/form-data", 400),
    "a boundary of 1,000": (
        lambda: form(image()),
        f"multipart/form-data; boundary={'x' * 1000}",
        400,
    ),
    "a form that does not end": (lambda: form(image())[:-100], X, 422),
    "a form that ends twice": (lambda: form(image()) + form(image()), X, 200),
    "no content type": (lambda: form(image()), "", 415),
    "JSON": (lambda: b'{"image": "a"}', "application/json", 415),
    "a picture that is no form": (lambda: saved("PNG"), "image/png", 415),
    "punycode": (lambda: form(image()), f"{X}; charset=punycode", 415),
    "a path for a name": (lambda: form(part("image", saved("PNG"), "../../etc/a.png")), X, 200),
    "a name of 4,000": (lambda: form(part("image", saved("PNG"), "a" * 3900 + ".png")), X, 200),
    "a name with a header in it": (
        lambda: form(part("image", saved("PNG"), "a\rSet-Cookie: a=b\0.png")),
        X,
        400,
    ),
}
