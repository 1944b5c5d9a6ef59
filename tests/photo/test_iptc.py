"""Captions and keywords in IPTC are found wherever they are, and kept in every format."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
import tifffile
from PIL import Image

from photochrom import photo
from photochrom.photo.iptc import as_resource, iptc_properties, resources
from tests.photo.photo_files import (
    CASES,
    pil_bytes,
    png_chunk,
    raw_profile,
    with_chunks,
    with_segments,
)

PHOTOSHOP = b"Photoshop 3.0\0"


def field(number: int, value: bytes, part: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, part, number, len(value)) + value


RECORD = (
    field(90, b"\x1b%G", 1)
    + field(0, b"\0\4")
    + field(120, "Hochzeit in Köln".encode())
    + field(25, b"wedding")
    + field(25, b"1931")
    + field(55, b"19310502")
    + field(80, b"A. Beispiel")
)


def kept(data: bytes) -> bytes | None:
    iptc = photo.read(data).metadata.iptc
    return iptc.rstrip(b"\0") if iptc else None


def in_tiff(grey, tag: int, kind: int, value: object, **options) -> bytes:
    stream = io.BytesIO()
    count = len(value)
    tags = [(tag, kind, count, value, True)]
    tifffile.imwrite(stream, grey, photometric="minisblack", extratags=tags, **options)
    return stream.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("swapped", [False, True])
def test_stored_as_32_bit_integers_of_either_order(swapped, order, grey):
    padded = RECORD + bytes(-len(RECORD) % 4)
    other = {"<": ">", ">": "<"}[order]
    longs = struct.unpack(f"{other if swapped else order}{len(padded) // 4}I", padded)
    assert kept(in_tiff(grey, 33723, 4, longs, byteorder=order)) == RECORD


@pytest.mark.parametrize("kind", [1, 7])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_in_photoshops_tag_alone(bigtiff, kind, grey):
    assert kept(in_tiff(grey, 34377, kind, as_resource(RECORD), bigtiff=bigtiff)) == RECORD


def test_a_record_that_is_cut_off_counts_less(grey):
    """As ImageMagick writes TIFF: the first bytes in IPTC's tag, all of it in Photoshop's."""
    stream = io.BytesIO()
    tags = [(33723, 7, 40, RECORD[:40], True)]
    block = as_resource(RECORD)
    tags.append((34377, 1, len(block), block, True))
    tifffile.imwrite(stream, grey, photometric="minisblack", extratags=tags)
    assert kept(stream.getvalue()) == RECORD


@pytest.mark.parametrize("name", ["t49_iptc_in_34377", "t50b_iptc_33723_long_be"])
def test_as_other_programs_write_it(name):
    assert b"Hochzeit" in photo.read(CASES / f"tiff/{name}.tif").metadata.iptc


@pytest.mark.parametrize("size", [7, 40, 1000])
def test_a_block_in_parts_is_joined(size, grey):
    block = as_resource(b"") + struct.pack(">4sHHI", b"8BIM", 0x03ED, 0, 3) + b"abc\0"
    block += as_resource(RECORD)
    parts = [block[at : at + size] for at in range(0, len(block), size)]
    jpeg = pil_bytes(Image.fromarray(grey), "JPEG")
    assert kept(with_segments(jpeg, *((0xED, PHOTOSHOP + part) for part in parts))) == RECORD


def test_a_long_record_takes_several_segments(grey, rgb):
    record = b"".join(field(120, b"%5d " % number * 500) for number in range(40))
    data = photo.encode(rgb, format="JPEG", metadata=photo.Metadata(iptc=record))
    assert photo.read(data).metadata.iptc == record


@pytest.mark.parametrize("kind", ["iptc", "8bim"])
@pytest.mark.parametrize("block", [RECORD, as_resource(RECORD), PHOTOSHOP + as_resource(RECORD)])
def test_as_a_text_in_png(block, kind, grey):
    png = with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), raw_profile(kind, block))
    assert kept(png) == RECORD


def test_as_exiftool_writes_it_in_png(grey):
    block = as_resource(RECORD)
    text = f"\nIPTC profile\n{len(block):8}\n{block.hex()}\n".encode()
    chunk = png_chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text))
    assert kept(with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), chunk)) == RECORD


@pytest.mark.parametrize("target", ["JPEG", "PNG", "TIFF"])
def test_these_formats_hold_it(target, rgb):
    metadata = photo.Metadata(iptc=RECORD)
    assert kept(photo.encode(rgb, format=target, metadata=metadata)) == RECORD
    assert photo.metadata_lost(metadata, target) == ()


@pytest.mark.parametrize("target", ["WEBP", "AVIF"])
def test_for_others_it_becomes_xmp(target, rgb):
    metadata = photo.Metadata(iptc=RECORD)
    xmp = photo.read(photo.encode(rgb, format=target, metadata=metadata)).metadata.xmp.decode()
    assert "Hochzeit in Köln</rdf:li></rdf:Alt></dc:description>" in xmp
    assert "<rdf:li>wedding</rdf:li><rdf:li>1931</rdf:li></rdf:Bag></dc:subject>" in xmp
    assert "<photoshop:DateCreated>1931-05-02</photoshop:DateCreated>" in xmp
    assert "<rdf:li>A. Beispiel</rdf:li></rdf:Seq></dc:creator>" in xmp
    assert photo.metadata_lost(metadata, target) == ()


def test_what_xmp_has_no_property_for_is_named():
    metadata = photo.Metadata(iptc=RECORD + field(200, b"preview") + field(118, b"Anna"))
    assert photo.metadata_lost(metadata, "WEBP") == ("IPTC 2:118", "IPTC 2:200")
    assert photo.metadata_lost(metadata, "BMP") == ("IPTC",)


def test_dates_with_times_and_unknown_parts():
    def date(*fields: bytes) -> str:
        return iptc_properties(b"".join(fields))[0][0].values[0]

    assert date(field(55, b"19310502"), field(60, b"143000+0100")) == "1931-05-02T14:30:00+01:00"
    assert date(field(55, b"19310000")) == "1931"
    assert date(field(55, b"in May")) == "in May"


def test_other_blocks_of_photoshop_are_named_if_a_person_made_them(grey):
    blocks = b"".join(
        struct.pack(">4sHHI", b"8BIM", number, 0, 2) + b"ab" for number in (1005, 1036, 1034, 2000)
    )
    data = with_segments(pil_bytes(Image.fromarray(grey), "JPEG"), (0xED, PHOTOSHOP + blocks))
    assert photo.read(data).metadata.lost == ("Photoshop's paths", "Photoshop's copyright flag")


@pytest.mark.parametrize("data", [b"", b"8BIM", b"8BIM\x04\x04\xff", PHOTOSHOP, b"8BIM" * 9])
def test_damaged_blocks_end_the_reading(data):
    resources(data)
    assert resources(as_resource(RECORD) + data)[0x0404] == RECORD
