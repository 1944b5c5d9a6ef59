"""Mark coloured photographs as such in their metadata: a trained network made the colours.

The fields are those of IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used,
AI System Version Used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata

__all__ = ["shortened", "with_provenance"]

# All repetitions are bounded: on a hostile packet, unbounded ones would take quadratic time.
_NAMES: Final = rb"[\w.-]{1,40}:(?:DigitalSourceType|AISystemUsed|AISystemVersionUsed)"
# Earlier values of these fields: as an element, as an empty element, or as an attribute.
_EARLIER_FIELDS: Final = re.compile(
    rb"<(%s)\b[^<>]*(?<!/)>.{0,400}?</\1\s*>|<%s\b[^<>]*/>|"
    rb"\s%s\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')" % (_NAMES, _NAMES, _NAMES),
    re.DOTALL,
)
_ABOUT: Final = re.compile(rb"\s[\w.-]{1,40}:about\s*=\s*[\"']([^\"'<]*)[\"']")
_EMPTY_RDF: Final = re.compile(rb"<([\w.-]{1,40}:RDF)\b([^<>]*)/>")
_RDF_END: Final = re.compile(rb"</[\w.-]{1,40}:RDF\s*>")
_MAX_PACKET: Final = 1 << 20  # bytes; longer packets are not searched
_MARK: Final = (
    b'<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" rdf:about="%s"'
    b' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
    b'compositeWithTrainedAlgorithmicMedia"'
    b' Iptc4xmpExt:AISystemUsed="Photochrom" Iptc4xmpExt:AISystemVersionUsed="'
)
_EMPTY_PACKET: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


def with_provenance(metadata: Metadata) -> Metadata:
    """Return metadata with a mark that part of the picture was made by a trained network.

    An XMP packet that cannot be parsed, or is longer than a megabyte, is left unchanged.
    """
    return replace(metadata, xmp=_marked(metadata.xmp or _EMPTY_PACKET))


def shortened(xmp: bytes, limit: int) -> bytes | None:
    """Return an XMP packet of a limited length.

    Args:
        xmp: a packet.
        limit: the largest number of bytes.

    Returns:
        The packet, if it is short enough. Else a packet with only the mark, if `xmp` has the
        mark; or None.
    """
    if len(xmp) <= limit:
        return xmp
    return _marked(_EMPTY_PACKET) if _MARK[_MARK.index(b" Iptc4xmpExt:Dig") :] in xmp else None


def _marked(packet: bytes) -> bytes:
    """Add the mark at the end of a packet's RDF, and remove earlier values of its fields."""
    bare = _EMPTY_RDF.sub(rb"<\1\2></\1>", packet[:_MAX_PACKET])
    ends = list(_RDF_END.finditer(bare))
    if len(packet) > _MAX_PACKET or not ends:
        return packet
    about = _ABOUT.search(bare)  # all descriptions in a packet must name the same resource
    mark = _MARK % (about.group(1) if about else b"") + __version__.encode() + b'"/>'
    place = ends[-1].start()
    return _EARLIER_FIELDS.sub(b"", bare[:place]) + mark + bare[place:]
