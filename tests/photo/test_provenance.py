"""A coloured photograph's metadata says that a machine made the colours, and keeps the rest."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from photochrom import __version__, photo
from photochrom.photo.provenance import with_provenance

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
KIND = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
FILM = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"


def packet(inside: str, about: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}>'
        f'<rdf:Description rdf:about="{about}">{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def said(xmp: bytes) -> dict[str, list[str]]:
    """Return all properties of a packet, in attributes or elements; no text may be between them."""
    found: dict[str, list[str]] = {}
    for each in ET.fromstring(xmp.partition(b"?>")[2] if xmp.startswith(b"<?") else xmp).iter():
        assert not (each.tail or "").strip()
        for name, value in (*each.attrib.items(), (each.tag, each.text or "")):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("about", ["", "uuid:7c2"])
@pytest.mark.parametrize(
    "inside",
    [
        "<dc:source>a shoebox</dc:source>",
        f"<Iptc4xmpExt:DigitalSourceType>{FILM}</Iptc4xmpExt:DigitalSourceType>",
        f"<Iptc4xmpExt:DigitalSourceType>\n{FILM}\n</Iptc4xmpExt:DigitalSourceType>\n<dc:source/>",
        f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{FILM}"/><dc:source>a box</dc:source>',
        f'<Iptc4xmpExt:DigitalSourceType xml:lang="en">{FILM}</Iptc4xmpExt:DigitalSourceType>',
        "<Iptc4xmpExt:AISystemUsed><rdf:li>Another</rdf:li></Iptc4xmpExt:AISystemUsed>",
    ],
)
def test_it_is_said_once_and_nothing_else_is_changed(inside, about):
    before = packet(inside, about)
    marked = with_provenance(photo.Metadata(xmp=before, dpi=(300, 300)))
    told_once(marked.xmp)
    found = said(marked.xmp)
    assert set(found[f"{RDF}about"]) == {about}
    kept = {key: value for key, value in said(before).items() if key.startswith("{http://purl")}
    assert kept.items() <= found.items()
    assert marked.dpi == (300, 300)


def told_once(xmp: bytes) -> None:
    found = said(xmp)
    assert found[f"{EXT}DigitalSourceType"] == [KIND]
    assert found[f"{EXT}AISystemUsed"] == ["Photochrom"]
    assert found[f"{EXT}AISystemVersionUsed"] == [__version__]


@pytest.mark.parametrize(
    "xmp",
    [
        packet("").replace(b" rdf:about", b" Iptc4xmpExt:DigitalSourceType='x' rdf:about"),
        packet("").replace(b"><rdf:Description", b"/>", 1)[: packet("").index(b"><rdf:D") + 2]
        + b"</x:xmpmeta>",
        with_provenance(photo.Metadata(xmp=packet("<dc:source>a</dc:source>"))).xmp,
        packet("").replace(b"rdf:", b"r:").replace(b"xmlns:rdf", b"xmlns:r"),
    ],
)
def test_packets_of_other_forms(xmp):
    told_once(with_provenance(photo.Metadata(xmp=xmp)).xmp)


def test_a_photograph_without_xmp_gets_a_packet():
    found = said(with_provenance(photo.Metadata()).xmp)
    assert found[f"{EXT}DigitalSourceType"] == [KIND]


@pytest.mark.parametrize("xmp", [b"no XMP at all", packet("a").decode().encode("utf-16")])
def test_a_packet_that_cannot_be_read_stays_as_it_is(xmp):
    assert with_provenance(photo.Metadata(xmp=xmp)).xmp == xmp


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [70_000, 2_000_000])
def test_a_long_packet_is_kept_and_marked(size, kind, warm, camera):
    xmp = packet("<dc:source>" + "a" * size + "</dc:source>")
    made = replace(warm.colorize(camera), metadata=with_provenance(photo.Metadata(xmp=xmp)))
    back = photo.read(made.encode(kind)).metadata.xmp
    told_once(back)
    assert said(back)["{http://purl.org/dc/elements/1.1/}source"] == ["a" * size]


def test_what_cannot_be_split_for_a_jpeg_file_leaves_the_mark(warm, camera):
    xmp = packet("<dc:source>" + "a" * 70_000)  # not well-formed
    made = replace(warm.colorize(camera), metadata=with_provenance(photo.Metadata(xmp=xmp)))
    told_once(photo.read(made.encode("JPEG")).metadata.xmp)
    assert made.metadata_lost("JPEG")[0].startswith("XMP (70,")
    plain = replace(made, metadata=photo.Metadata(xmp=xmp))
    assert photo.read(plain.encode("JPEG")).metadata.xmp is None


@pytest.mark.parametrize(
    "piece", [" ", "a", "<x:AISystemUsed>", "<r:RDF ", "</r", " x:about='", "a:"]
)
def test_a_hostile_packet_is_done_with(piece):
    """A pattern that could match from every position to the end would take hours here."""
    xmp = packet(piece * (1_000_000 // len(piece)))
    assert with_provenance(photo.Metadata(xmp=xmp)).xmp


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_format_but_bmp_tells(kind, warm, camera):
    back = photo.read(warm.colorize(camera).encode(kind))
    assert KIND.encode() in back.metadata.xmp
