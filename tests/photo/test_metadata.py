"""EXIF, XMP and resolution go from the grey file to the coloured one, in every format."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from photochrom import photo
from photochrom.photo.exif import clean_exif
from tests.photo.photo_files import pil_bytes

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6" '
    b'dc:title="At the river"><tiff:Orientation>6</tiff:Orientation>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
HOLDERS = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"]


def rich_exif() -> bytes:
    exif = Image.Exif()
    exif[270], exif[271], exif[272] = "At the river", "Zeiss", "Ikonta"
    exif[306], exif[315], exif[33432] = "1936:05:01 12:00:00", "D. Lange", "public domain"
    exif[274] = 6
    camera = exif.get_ifd(0x8769)
    camera[0x829D], camera[0x927C] = 2.8, b"MAKERNOTE\x00\x01\x02 with bytes"
    camera[0xA002], camera[0xA003] = 144, 96
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (52.0, 31.0, 12.5)
    return exif.tobytes()


def with_thumbnail(exif: bytes, thumbnail: bytes) -> bytes:
    """Append a second directory, with a JPEG thumbnail, to a block of EXIF that has none."""
    block = bytearray(exif[6:])
    order = "<" if block[:2] == b"II" else ">"
    first = struct.unpack_from(order + "I", block, 4)[0]
    count = struct.unpack_from(order + "H", block, first)[0]
    second = len(block)
    start = second + 2 + 2 * 12 + 4
    struct.pack_into(order + "I", block, first + 2 + 12 * count, second)
    block += struct.pack(order + "H", 2)
    block += struct.pack(order + "HHII", 0x0201, 4, 1, start)
    block += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail))
    return b"Exif\0\0" + bytes(block) + bytes(4) + thumbnail


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def assert_rich(data: bytes) -> None:
    exif = opened(data).getexif()
    assert exif[270].strip("\0") == "At the river"
    assert exif[315] == "D. Lange"
    assert exif.get(274, 1) == 1
    camera = exif.get_ifd(0x8769)
    assert float(camera[0x829D]) == pytest.approx(2.8)
    assert bytes(camera[0x927C]).startswith(b"MAKERNOTE")
    assert (camera[0xA002], camera[0xA003]) == (96, 144)  # it was turned by a quarter
    assert exif.get_ifd(0x8825)[2] == (52.0, 31.0, 12.5)
    assert not exif.get_ifd(1)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("target", HOLDERS)
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_exif_travels(source, target, depth, rgb):
    thumbnail = pil_bytes(Image.new("L", (16, 16), 77), "JPEG")
    exif = with_thumbnail(rich_exif(), thumbnail)
    read = photo.read(pil_bytes(Image.fromarray(rgb), source, exif=exif, xmp=XMP))
    pixels = read.rgb if depth == 8 else read.rgb.astype(np.uint16) * np.uint16(257)
    data = photo.encode(pixels, format=target, metadata=read.metadata)
    assert_rich(data)
    assert thumbnail not in data


@pytest.mark.parametrize("target", HOLDERS)
def test_exif_leaves_a_tiff(target, rgb):
    stream = io.BytesIO()
    image = Image.fromarray(rgb)
    image.save(stream, "TIFF", exif=rich_exif(), dpi=(300, 200))
    read = photo.read(stream.getvalue())
    assert read.rgb.shape == (144, 96, 3)
    assert read.metadata.dpi == (200, 300)
    assert_rich(photo.encode(read.rgb, format=target, metadata=read.metadata))


@pytest.mark.parametrize("target", HOLDERS)
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_xmp_travels(source, target, rgb):
    options = {"tiffinfo": {700: XMP}} if source == "TIFF" else {"xmp": XMP}
    if source == "PNG":
        from PIL.PngImagePlugin import PngInfo

        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {"pnginfo": chunks}
    read = photo.read(pil_bytes(Image.fromarray(rgb), source, **options))
    assert b"At the river" in read.metadata.xmp
    assert b'tiff:Orientation="1"' in read.metadata.xmp
    assert b"<tiff:Orientation>1<" in read.metadata.xmp
    for pixels in (read.rgb, read.rgb.astype(np.uint16) * np.uint16(257)):
        data = photo.encode(pixels, format=target, metadata=read.metadata)
        assert photo.read(data).metadata.xmp == read.metadata.xmp


@pytest.mark.parametrize("target", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution_travels(target, rgb):
    read = photo.read(pil_bytes(Image.fromarray(rgb), "JPEG", dpi=(300, 150)))
    assert read.metadata.dpi == (300, 150)
    again = photo.read(photo.encode(read.rgb, format=target, metadata=read.metadata))
    assert again.metadata.dpi == pytest.approx((300, 150), abs=0.02)


def test_sixteen_bit_tiff_keeps_its_text(deep):
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        deep,
        photometric="rgb",
        description="At the river",
        software="a scanner",
        resolution=(1200, 1200),
        resolutionunit=2,
        metadata=None,
    )
    read = photo.read(stream.getvalue())
    data = photo.encode(read.rgb, format="TIFF", metadata=read.metadata)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        assert page.description == "At the river"
        assert page.software == "a scanner"
        assert page.get_resolution(2) == (1200, 1200)
        assert page.iccprofile is not None
        np.testing.assert_array_equal(page.asarray(), deep)


def test_maker_notes_do_not_move():
    exif = with_thumbnail(rich_exif(), b"\xff\xd8 grey \xff\xd9")
    block = clean_exif(exif, swap=False)
    at = exif.index(b"MAKERNOTE") - 6
    assert block[at : at + 9] == b"MAKERNOTE"
    assert b"grey" not in block


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"junk", b"II*\0\x08\0\0\0\xff\xff"]
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_broken_exif_is_left_out(exif, kind, rgb):
    read = photo.read(pil_bytes(Image.fromarray(rgb), kind, exif=exif))
    assert read.metadata.exif is None


@pytest.mark.parametrize("target", [*HOLDERS, "BMP"])
def test_no_metadata_spoils_a_picture(target, rgb):
    """EXIF with a valid header and random bytes after it must not stop the writing."""
    strange = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\x7f\0\0\0\0"
    huge = b"II*\0\x08\0\0\0\0\0\0\0\0\0" + bytes(100_000)
    for exif in (strange, huge):
        metadata = photo.Metadata(exif=exif, xmp=b"x" * 100_000)
        assert photo.read(photo.encode(rgb, format=target, metadata=metadata)).size == (144, 96)


CAPTION = "Zürich, Café — 1910"
IPTC = b"\x1c\x02\x78\x00\x0eAt the river, "  # 2:120, a caption


def captioned(kind: str, rgb: np.ndarray) -> bytes:
    """A file with a caption in UTF-8, as many programs write it."""
    text = CAPTION.encode()
    if kind == "JPEG":
        exif = Image.Exif()
        exif[270] = exif[315] = text
        return pil_bytes(Image.fromarray(rgb), kind, exif=exif.tobytes())
    stream = io.BytesIO()
    artist = (315, 2, 0, text, True)
    how = {"photometric": "rgb", "metadata": None}
    tifffile.imwrite(stream, rgb, description=text, extratags=[artist], **how)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("target", HOLDERS)
def test_letters_with_accents_travel(kind, target, rgb):
    taken = photo.read(captioned(kind, rgb)).metadata
    there = opened(photo.encode(rgb, format=target, metadata=taken)).getexif()
    assert [there[tag].encode("latin-1").decode() for tag in (270, 315)] == [CAPTION] * 2


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("target", ["JPEG", "TIFF"])
def test_iptc_travels(target, big, rgb):
    padded = IPTC + bytes(-len(IPTC) % 4)
    order = ">" if big else "<"
    longs = struct.unpack(f"{order}{len(padded) // 4}I", padded)
    stream = io.BytesIO()
    tags = [(33723, 4, len(longs), longs, True), (269, 2, 0, "plate 42", True)]
    tifffile.imwrite(stream, rgb, photometric="rgb", byteorder=order, extratags=tags)
    first = photo.read(stream.getvalue()).metadata
    again = photo.read(photo.encode(rgb, format=target, metadata=first)).metadata
    assert again.iptc is not None
    assert again.iptc.rstrip(b"\0") == IPTC
    assert opened(photo.encode(rgb, format=target, metadata=again)).getexif()[269] == "plate 42"


def test_a_tag_of_a_senseless_type_is_left_out(rgb):
    stream = io.BytesIO()
    artist = (315, 11, 1, 1.5, True)  # a float
    tifffile.imwrite(
        stream, rgb, photometric="rgb", extratags=[artist], description="at sea", metadata=None
    )
    taken = photo.read(stream.getvalue())
    assert taken.metadata.lost == ("TIFF tags 315 (damaged)",)
    kept = Image.Exif()
    kept.load(taken.metadata.exif)
    assert kept[270] == "at sea"
    assert 315 not in kept
    np.testing.assert_array_equal(taken.rgb, rgb)
