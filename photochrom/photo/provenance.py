"""What a coloured photograph says of its colours: that a machine put them in.

IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used, AI System Version Used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata

__all__ = ["with_provenance"]

_KIND: Final = (
    b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
_SAID: Final = re.compile(rb"((?<=:)DigitalSourceType(?:\s*=\s*[\"']|\s*>)\s*)[^\"'<]*")
_ABOUT: Final = re.compile(rb":about\s*=\s*[\"']([^\"']*)[\"']")
_END: Final = re.compile(rb"</\w+:RDF\s*>")
_EMPTY: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)
_MOST: Final = 64_000  # bytes: a longer packet fits no marker of a JPEG file


def with_provenance(metadata: Metadata) -> Metadata:
    """The same, with a mark that a trained network has put in a part of what is seen.

    A packet that would grow too long for a JPEG file, or that cannot be read, stays as it is.
    """
    packet = _SAID.sub(rb"\g<1>" + _KIND, metadata.xmp or _EMPTY)
    ends = list(_END.finditer(packet))
    if ends and b":AISystemUsed" not in packet:
        about = _ABOUT.search(packet)  # one packet speaks of one thing
        place = ends[-1].start()
        packet = packet[:place] + _description(packet, about) + packet[place:]
    return replace(metadata, xmp=packet) if len(packet) <= _MOST else metadata


def _description(packet: bytes, about: re.Match[bytes] | None) -> bytes:
    kind = b"" if _SAID.search(packet) else b' Iptc4xmpExt:DigitalSourceType="%s"' % _KIND
    return (
        b'<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        b' rdf:about="%s"%s Iptc4xmpExt:AISystemUsed="Photochrom"'
        b' Iptc4xmpExt:AISystemVersionUsed="%s"/>'
    ) % (about.group(1) if about else b"", kind, __version__.encode())
