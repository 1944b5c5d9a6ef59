"""XMP packets are read in every form that programs write, and long ones are split."""

from __future__ import annotations

import hashlib
import io
import struct

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.photo.extended_xmp import joined, split
from photochrom.photo.xmp import Property, as_packet, packet_orientation, with_property
from tests.photo.photo_files import (
    CASES,
    XMP_HEAD,
    pil_bytes,
    png_chunk,
    with_chunks,
    with_segments,
    xmp_packet,
)

FORMS = [
    xmp_packet("", 'tiff:Orientation="6"'),
    xmp_packet("", "tiff:Orientation='6'"),
    xmp_packet("", '\n tiff:Orientation = "6"'),
    xmp_packet("", "tiff:Orientation=\n'  6 '"),
    xmp_packet("<tiff:Orientation>6</tiff:Orientation>"),
    xmp_packet("<tiff:Orientation>\n 6\t</tiff:Orientation>"),
    xmp_packet('<tiff:Orientation rdf:datatype="x">6</tiff:Orientation>'),
    xmp_packet("", 't:Orientation="6"'),  # another prefix for the same namespace
    xmp_packet("<t:Orientation> 6</t:Orientation>"),
    xmp_packet("", 'tiff:Orientation="6"').decode().encode("utf-16"),
]


def stored(kind: str, grey: np.ndarray, xmp: bytes) -> bytes:
    """A file whose only metadata is a packet of XMP."""
    image = Image.fromarray(grey)
    if kind == "JPEG":
        return with_segments(pil_bytes(image, kind), (0xE1, XMP_HEAD + xmp))
    if kind == "PNG":
        chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + as_packet(xmp))
        return with_chunks(pil_bytes(image, kind), chunk)
    return pil_bytes(image, kind, **({"tiffinfo": {700: xmp}} if kind == "TIFF" else {"xmp": xmp}))


@pytest.mark.parametrize("xmp", FORMS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_an_orientation_that_only_xmp_states_is_applied_and_then_1(kind, xmp, grey):
    wide = np.ascontiguousarray(grey[:60])
    read = photo.read(stored(kind, wide, xmp))
    assert read.size == (60, 96)
    assert packet_orientation(read.metadata.xmp) == 1
    again = photo.read(photo.encode(read.rgb, format=kind, metadata=read.metadata))
    assert again.size == (60, 96)


def test_exif_counts_more_than_xmp(grey):
    exif = Image.Exif()
    exif[274] = 1
    data = pil_bytes(Image.fromarray(grey[:60]), "JPEG", exif=exif.tobytes(), xmp=FORMS[0])
    read = photo.read(data)
    assert read.size == (96, 60)
    assert packet_orientation(read.metadata.xmp) == 1  # not turned by the next program, either


def test_in_avif_the_container_counts_and_not_xmp(grey):
    read = photo.read(stored("AVIF", grey[:60], FORMS[0]))
    assert read.size == (96, 60)
    assert packet_orientation(read.metadata.xmp) == 1


@pytest.mark.parametrize("value", ["0", "9", "", "sideways", "66"])
def test_a_senseless_orientation_is_ignored(value, grey):
    xmp = xmp_packet("", f'tiff:Orientation="{value}"')
    assert photo.read(stored("JPEG", grey[:60], xmp)).size == (96, 60)


def test_sides_change_places_when_the_picture_is_turned(grey):
    sides = 'tiff:ImageWidth="96" tiff:ImageLength="60" tiff:Orientation="8"'
    xmp = xmp_packet("<exif:PixelXDimension>96</exif:PixelXDimension>"
                     "<exif:PixelYDimension>60</exif:PixelYDimension>", sides)  # fmt: skip
    turned = photo.read(stored("JPEG", grey[:60], xmp)).metadata.xmp
    assert b'tiff:ImageWidth="60" tiff:ImageLength="96"' in turned
    assert b"<exif:PixelXDimension>60<" in turned


# --- packets in several segments ------------------------------------------------------------


def extended(inside: str, guid: str | None = None) -> tuple[bytes, list[tuple[int, bytes]]]:
    """A packet that names an extension, and the segments of the extension, out of order."""
    extension = xmp_packet(inside)
    name = guid or hashlib.md5(extension).hexdigest().upper()
    note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{name}"'
    parts = []
    for at in range(0, len(extension), 40_000):
        head = struct.pack(">32sII", name.encode(), len(extension), at)
        content = b"http://ns.adobe.com/xmp/extension/\0" + head + extension[at : at + 40_000]
        parts.append((0xE1, content))
    main = xmp_packet("<dc:source>a shoebox</dc:source>", note)
    return main, parts[::-1]


LONG = "<dc:description>" + "A letter. " * 9_000 + "</dc:description>"


@pytest.mark.parametrize("target", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_extension_is_joined_and_kept(target, grey):
    main, parts = extended(LONG)
    data = with_segments(pil_bytes(Image.fromarray(grey), "JPEG"), (0xE1, XMP_HEAD + main), *parts)
    read = photo.read(data)
    back = photo.read(photo.encode(read.rgb, format=target, metadata=read.metadata)).metadata
    for each in (read.metadata, back):
        assert each.lost == ()
        assert each.xmp.count(b"A letter. ") == 9_000
        assert b"a shoebox" in each.xmp
        assert b"HasExtendedXMP" not in each.xmp


def test_the_extension_that_exiftool_wrote():
    read = photo.read(CASES / "jpeg/extxmp.jpg")
    assert read.metadata.xmp.count(b"A letter. ") == 9_000
    data = photo.encode(read.rgb, format="JPEG", metadata=read.metadata)
    assert photo.read(data).metadata.xmp.count(b"A letter. ") == 9_000
    assert len(Image.open(io.BytesIO(data)).info["xmp"]) < 65_503


@pytest.mark.parametrize("fault", ["missing", "of another", "not well-formed"])
def test_an_extension_that_is_incomplete_is_named(fault, grey):
    main, parts = extended(LONG if fault != "not well-formed" else LONG + "<dc:source>")
    if fault == "missing":
        parts = parts[1:]
    if fault == "of another":
        parts = extended(LONG, "0" * 32)[1]
    data = with_segments(pil_bytes(Image.fromarray(grey), "JPEG"), (0xE1, XMP_HEAD + main), *parts)
    metadata = photo.read(data).metadata
    assert metadata.lost == ("part of the XMP (damaged or missing)",)
    assert b"a shoebox" in metadata.xmp
    assert b"HasExtendedXMP" not in metadata.xmp
    assert photo.metadata_lost(metadata, "PNG") == metadata.lost


@pytest.mark.parametrize(
    "packet",
    [
        xmp_packet(LONG + "<dc:source>a shoebox</dc:source>"),
        xmp_packet("<dc:source>a shoebox</dc:source>").replace(
            b"</rdf:RDF>", b'<rdf:Description rdf:about="" x:all="%s"/></rdf:RDF>' % (b"a" * 90_000)
        ),
    ],
)
def test_split_and_joined_again(packet):
    main, extension = split(packet, 65_000)
    assert len(main) <= 65_000
    assert b"a shoebox" in main
    whole = joined(main, extension)
    assert b"a shoebox" in whole
    assert len(whole) >= len(packet) - 100


def test_a_document_type_is_not_read():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xmp_packet("&a;")
    assert joined(xmp_packet(""), bomb) is None


# --- properties -----------------------------------------------------------------------------


def test_a_property_that_is_there_is_not_written_twice():
    packet = xmp_packet("<dc:title><rdf:Alt><rdf:li>Anna &amp; Otto</rdf:li></rdf:Alt></dc:title>")
    assert with_property(packet, Property("dc", "title", ("Anna & Otto",), "Alt")) == packet
    assert with_property(packet, Property("dc", "title", ("Another",), "Alt")) is None


def test_values_are_escaped():
    packet = with_property(None, Property("dc", "creator", ("A <&> B\x01",), "Seq"))
    assert b"<dc:creator><rdf:Seq><rdf:li>A &lt;&amp;&gt; B</rdf:li>" in packet


@pytest.mark.parametrize(
    "piece", ["tiff:Orientation ", "tiff:Orientation= ", "xmlns:a='http://ns.adobe.com/tiff/1.0/' "]
)
def test_a_hostile_packet_is_done_with(piece, grey):
    xmp = xmp_packet(piece * (1_000_000 // len(piece)))
    assert photo.read(stored("PNG", grey, xmp)).size == (96, 96)
