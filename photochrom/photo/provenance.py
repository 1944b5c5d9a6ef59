"""Mark coloured photographs as such in their metadata: a trained network made the colours.

The fields are those of IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used,
AI System Version Used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata
from photochrom.photo.xmp import EMPTY_PACKET, add_node, values_of, without_fields

__all__ = [
    "DIGITAL_SOURCE_TYPE",
    "PROGRAM",
    "is_mark_only",
    "mark_only",
    "marked_version",
    "with_provenance",
]

DIGITAL_SOURCE_TYPE: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
"""IPTC's name for pictures of which a trained network made a part."""

PROGRAM: Final = "Photochrom"
"""The name under which this program stands in metadata."""

_FIELDS: Final = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")
_MARK: Final = (
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' Iptc4xmpExt:DigitalSourceType="%s"'
    b' Iptc4xmpExt:AISystemUsed="%s"'
    b' Iptc4xmpExt:AISystemVersionUsed="%s"'
    % (DIGITAL_SOURCE_TYPE.encode(), PROGRAM.encode(), __version__.encode())
)


def with_provenance(metadata: Metadata) -> Metadata:
    """Return metadata with a mark that part of the picture was made by a trained network.

    An XMP packet without RDF is left unchanged.
    """
    packet = metadata.xmp or EMPTY_PACKET
    # Earlier values of the fields are removed.
    return replace(metadata, xmp=add_node(without_fields(packet, *_FIELDS), _MARK) or packet)


def mark_only(packet: bytes) -> bytes | None:
    """Return a packet that holds only the mark, if `packet` has the mark; else None."""
    return add_node(EMPTY_PACKET, _MARK) if _MARK in packet else None


def is_mark_only(packet: bytes) -> bool:
    """Return whether a packet holds nothing but the mark."""
    return packet == mark_only(packet)


def marked_version(packet: bytes) -> str | None:
    """Return which version of Photochrom made the colours, as a packet's mark says.

    Other programs may have written the packet anew meanwhile, in another form.

    Returns:
        The version, "" if it is not told; None if the packet has no mark of Photochrom.
    """
    systems, versions = (
        [match[1].strip().decode("utf-8", "replace") for match in values_of(packet, *name)]
        for name in (("Iptc4xmpExt", "AISystemUsed"), ("Iptc4xmpExt", "AISystemVersionUsed"))
    )
    if PROGRAM not in systems:
        return None
    return versions[0] if versions else ""
