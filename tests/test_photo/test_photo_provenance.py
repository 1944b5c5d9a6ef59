"""A coloured photograph says that its colours are a machine's, beside all that it said before."""

from __future__ import annotations

import xml.etree.ElementTree as ET

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
    """All properties of a packet, as attributes or elements."""
    found: dict[str, list[str]] = {}
    for each in ET.fromstring(xmp.partition(b"?>")[2] if xmp.startswith(b"<?") else xmp).iter():
        for name, value in (*each.attrib.items(), (each.tag, each.text or "")):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("about", ["", "uuid:7c2"])
@pytest.mark.parametrize(
    "inside",
    [
        "<dc:source>a shoebox</dc:source>",
        f"<Iptc4xmpExt:DigitalSourceType>{FILM}</Iptc4xmpExt:DigitalSourceType>",
    ],
)
def test_it_is_said_once_and_nothing_else_is_changed(inside, about):
    before = packet(inside, about)
    marked = with_provenance(photo.Metadata(xmp=before, dpi=(300, 300)))
    found = said(marked.xmp)
    assert found[f"{EXT}DigitalSourceType"] == [KIND]
    assert found[f"{EXT}AISystemUsed"] == ["Photochrom"]
    assert found[f"{EXT}AISystemVersionUsed"] == [__version__]
    assert set(found[f"{RDF}about"]) == {about}
    kept = {key: value for key, value in said(before).items() if key.startswith("{http://purl")}
    assert kept.items() <= found.items()
    assert marked.dpi == (300, 300)
    assert with_provenance(marked).xmp == marked.xmp


def test_a_photograph_without_xmp_gets_a_packet():
    found = said(with_provenance(photo.Metadata()).xmp)
    assert found[f"{EXT}DigitalSourceType"] == [KIND]


@pytest.mark.parametrize(
    "xmp", [b"no XMP at all", packet("x" * 63_900), packet("a").decode().encode("utf-16")]
)
def test_a_packet_that_cannot_take_it_stays_as_it_is(xmp):
    assert with_provenance(photo.Metadata(xmp=xmp)).xmp == xmp


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_format_but_bmp_tells(kind, warm, camera):
    back = photo.read(warm.colorize(camera).encode(kind))
    assert KIND.encode() in back.metadata.xmp
