"""The note about what was changed besides colours, in whatever packet it has to go."""

from __future__ import annotations

import pytest

from photochrom.photo import Metadata
from photochrom.photo.provenance import edits_of, is_mark_only, with_edit, with_provenance
from photochrom.photo.xmp import EMPTY_PACKET

BEGIN = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    b'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#">'
)
END = b"</rdf:Description></rdf:RDF></x:xmpmeta>"
SCANNED = b'<rdf:li stEvt:action="created" stEvt:softwareAgent="Scanner 3"/>'


def edited(packet: bytes | None, what: str = "1 speck filled in") -> bytes:
    packet = with_edit(Metadata(xmp=packet), what).xmp
    assert packet is not None
    return packet


def test_a_new_packet():
    packet = edited(None, "2 specks & more")
    assert edits_of(packet) == "2 specks & more"
    assert edits_of(EMPTY_PACKET) == ""
    assert packet == edited(None, "2 specks & more")  # no time in it


def test_a_history_is_continued():
    history = b"<xmpMM:History><rdf:Seq>" + SCANNED + b"</rdf:Seq></xmpMM:History>"
    packet = edited(edited(BEGIN + history + END), "9 scratches filled in")
    assert packet.count(b"<xmpMM:History>") == 1
    assert packet.index(b"Scanner") < packet.index(b"1 speck") < packet.index(b"9 scratches")
    assert edits_of(packet) == "1 speck filled in; 9 scratches filled in"


def test_an_empty_history_is_filled():
    packet = edited(BEGIN + b"<xmpMM:History><rdf:Seq/></xmpMM:History>" + END)
    assert packet.count(b"<xmpMM:History>") == 1
    assert edits_of(packet) == "1 speck filled in"


@pytest.mark.parametrize(
    "content",
    [
        b"<!-- <xmpMM:History><rdf:Seq></rdf:Seq></xmpMM:History> -->",
        b"<xmpMM:History><rdf:Seq></xmpMM:History><dc:creator><rdf:Seq></rdf:Seq></dc:creator>",
        (
            b"<xmpMM:Pantry><xmpMM:History><rdf:Seq></rdf:Seq></xmpMM:History></xmpMM:Pantry>"
            b"<xmpMM:History><rdf:Seq></rdf:Seq></xmpMM:History>"
        ),
    ],
)
def test_where_it_is_not_clear_the_note_stands_apart(content):
    packet = edited(BEGIN + content + END)
    assert packet.startswith(BEGIN + content + END[:18])
    assert edits_of(packet) == "1 speck filled in"


@pytest.mark.parametrize(
    "entry",
    [
        (
            b"<rdf:li stEvt:parameters='1 speck' stEvt:action='edited' "
            b"stEvt:softwareAgent='Photochrom 0.1'/>"
        ),
        (
            b"<rdf:li rdf:parseType='Resource'><stEvt:action>edited</stEvt:action>"
            b"<stEvt:softwareAgent>Photochrom 0.1</stEvt:softwareAgent>\n"
            b"<stEvt:parameters>1 speck</stEvt:parameters></rdf:li>"
        ),
        (
            b'<rdf:li><rdf:Description e:softwareAgent="Photochrom 0.1" e:parameters="1 speck"/>'
            b"</rdf:li>"
        ),
    ],
)
def test_it_is_read_in_every_form(entry):
    other = SCANNED.replace(b"/>", b' stEvt:parameters="dust removal"/>')
    packet = BEGIN + b"<xmpMM:History><rdf:Seq>" + other + entry + other + b"</rdf:Seq>" + END
    assert edits_of(packet) == "1 speck"


def test_a_packet_with_nothing_else():
    noted = with_provenance(with_edit(Metadata(), "1 speck filled in")).xmp
    assert is_mark_only(noted)
    assert not is_mark_only(with_provenance(Metadata(xmp=BEGIN + SCANNED + END)).xmp)


PIECES = [b"<a:li ", b':softwareAgent="Photochrom ', b"<x:History>", b"<!--", b"</a:Seq> "]


@pytest.mark.timeout(60)  # quadratic time would be hours
@pytest.mark.parametrize("piece", PIECES)
def test_hostile_packets_do_not_hang(piece):
    assert edits_of(edited(BEGIN + piece * (4_000_000 // len(piece)) + END)) is not None
