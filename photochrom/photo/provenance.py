"""What a coloured photograph says of its colours: that a machine put them in.

IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used, AI System Version Used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata

__all__ = ["fitting", "with_provenance"]

# In a hostile packet no search may begin everywhere and go on to the end: runs are bounded.
_NAMES: Final = rb"[\w.-]{1,40}:(?:DigitalSourceType|AISystemUsed|AISystemVersionUsed)"
_SAID: Final = re.compile(  # as an element, an empty one, an attribute
    rb"<(%s)\b[^<>]*(?<!/)>.{0,400}?</\1\s*>|<%s\b[^<>]*/>|"
    rb"\s%s\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')" % (_NAMES, _NAMES, _NAMES),
    re.DOTALL,
)
_ABOUT: Final = re.compile(rb"\s[\w.-]{1,40}:about\s*=\s*[\"']([^\"'<]*)[\"']")
_NOTHING: Final = re.compile(rb"<([\w.-]{1,40}:RDF)\b([^<>]*)/>")
_END: Final = re.compile(rb"</[\w.-]{1,40}:RDF\s*>")
_MOST: Final = 1 << 20  # bytes
_MARK: Final = (
    b'<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" rdf:about="%s"'
    b' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
    b'compositeWithTrainedAlgorithmicMedia"'
    b' Iptc4xmpExt:AISystemUsed="Photochrom" Iptc4xmpExt:AISystemVersionUsed="'
)
_EMPTY: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


def with_provenance(metadata: Metadata) -> Metadata:
    """The same, with a mark that a trained network has put in a part of what is seen.

    A packet that cannot be read, or is longer than a megabyte, stays as it is.
    """
    return replace(metadata, xmp=_marked(metadata.xmp or _EMPTY))


def fitting(xmp: bytes, most: int) -> bytes | None:
    """So many bytes of a packet at most: all; or, where it is too long, the mark if it has one."""
    if len(xmp) <= most:
        return xmp
    return _marked(_EMPTY) if _MARK[_MARK.index(b" Iptc4xmpExt:Dig") :] in xmp else None


def _marked(packet: bytes) -> bytes:
    bare = _NOTHING.sub(rb"<\1\2></\1>", packet[:_MOST])
    ends = list(_END.finditer(bare))
    if len(packet) > _MOST or not ends:
        return packet
    about = _ABOUT.search(bare)  # one packet speaks of one thing
    mark = _MARK % (about.group(1) if about else b"") + __version__.encode() + b'"/>'
    place = ends[-1].start()
    return _SAID.sub(b"", bare[:place]) + mark + bare[place:]
