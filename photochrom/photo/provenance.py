"""Mark coloured photographs as such in their metadata: a trained network made the colours.

The fields are those of IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used,
AI System Version Used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata
from photochrom.photo.xmp import EMPTY_PACKET, add_node, without_fields

__all__ = ["is_mark_only", "mark_only", "with_provenance"]

_FIELDS: Final = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")
_MARK: Final = (
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
    b'compositeWithTrainedAlgorithmicMedia"'
    b' Iptc4xmpExt:AISystemUsed="Photochrom"'
    b' Iptc4xmpExt:AISystemVersionUsed="%s"' % __version__.encode()
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
