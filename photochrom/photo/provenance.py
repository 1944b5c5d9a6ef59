"""Mark coloured photographs as such in their metadata: a trained network made the colours.

The fields are those of IPTC Photo Metadata 2025.1, in XMP: Digital Source Type, AI System Used,
AI System Version Used.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from itertools import islice
from typing import Final

from photochrom import __version__
from photochrom.photo.metadata import Metadata
from photochrom.photo.xmp import EMPTY_PACKET, add_node, values_of, without_fields

__all__ = [
    "DIGITAL_SOURCE_TYPE",
    "PROGRAM",
    "edits_of",
    "is_mark_only",
    "mark_only",
    "marked_version",
    "with_edit",
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

# An entry of the history of edits, as the XMP specification (part 2, 1.2.6) describes it. Without a
# time, so that the same photograph gives the same bytes.
_EDIT: Final = (
    '<rdf:li stEvt:action="edited" stEvt:softwareAgent="{agent}" stEvt:changed="/" '
    'stEvt:parameters="{what}" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
)
_AGENT: Final = f"{PROGRAM} {__version__}"
_HISTORY: Final = re.compile(rb"<([\w.-]{1,40}):History[\s>]")
# The end of a history that is as simple as it should be: the list, and nothing after it.
_HISTORY_END: Final = re.compile(
    rb"</[\w.-]{1,40}:Seq\s{0,99}>(?=\s{0,99}</[\w.-]{1,40}:History\s{0,99}>)"
)
_EMPTY_LIST: Final = re.compile(
    rb"(?<=:History>)\s{0,99}<([\w.-]{1,40}:Seq)\s{0,99}/>(?=\s{0,99}</[\w.-]{1,40}:History)"
)
_VALUE: Final = rb":%s(?:\s{0,99}=\s{0,99}[\"']|(?:\s[^<>]{0,199})?>)\s{0,99}"
_BY_US: Final = re.compile(_VALUE % b"softwareAgent" + PROGRAM.encode() + rb"[ <\"']")
_PARAMETERS: Final = re.compile(_VALUE % b"parameters" + rb"([^<>\"']{1,400})")
_MAX_ENTRY: Final = 2000  # bytes
_MAX_ENTRIES: Final = 100


def with_edit(metadata: Metadata, what: str) -> Metadata:
    """Return metadata whose history of edits says what Photochrom changed besides colours.

    An XMP packet without RDF, which cannot say it, gives way to a new one, and counts as lost.

    Args:
        metadata: the metadata.
        what: what was changed, for people; without quotes and angle brackets.
    """
    packet = metadata.xmp or EMPTY_PACKET
    changed = _with_entry(packet, _EDIT.format(agent=_AGENT, what=html.escape(what)).encode())
    if changed is not None:
        return replace(metadata, xmp=changed)
    return with_edit(replace(metadata, xmp=None, lost=(*metadata.lost, "XMP (damaged)")), what)


def _with_entry(packet: bytes, entry: bytes) -> bytes | None:
    """Add an entry to a packet's history, or begin one; None if the packet has no RDF."""
    packet = _EMPTY_LIST.sub(rb"<\1></\1>", packet)
    ends = [found.start() for found in islice(_HISTORY_END.finditer(packet), 2)]
    if len(ends) == len(list(islice(_HISTORY.finditer(packet), 2))) == 1 and b"<!--" not in packet:
        return packet[: ends[0]] + entry + packet[ends[0] :]
    # There is none, or it is not clear which one is that of the photograph itself.
    whole = b"<xmpMM:History><rdf:Seq>" + entry + b"</rdf:Seq></xmpMM:History>"
    return add_node(packet, b' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"', whole)


def edits_of(packet: bytes) -> str:
    """Return what Photochrom changed besides colours, as the history of edits says.

    Other programs may have written the packet anew meanwhile, in another form.

    Returns:
        What was changed, the oldest first, with semicolons between; "" if nothing was.
    """
    found = []
    for agent in islice(_BY_US.finditer(packet), _MAX_ENTRIES):
        start = packet.rfind(b":li", max(0, agent.start() - _MAX_ENTRY), agent.start())
        end = packet.find(b":li", agent.end(), agent.end() + _MAX_ENTRY)
        entry = packet[max(start, 0) : end if end > 0 else agent.end() + _MAX_ENTRY]
        if start >= 0 and (what := _PARAMETERS.search(entry)):
            found.append(html.unescape(what[1].strip().decode("utf-8", "replace")))
    return "; ".join(found)


def with_provenance(metadata: Metadata) -> Metadata:
    """Return metadata with a mark that part of the picture was made by a trained network.

    An XMP packet without RDF is left unchanged.
    """
    packet = metadata.xmp or EMPTY_PACKET
    # Earlier values of the fields are removed.
    return replace(metadata, xmp=add_node(without_fields(packet, *_FIELDS), _MARK) or packet)


def mark_only(packet: bytes) -> bytes | None:
    """Return a packet with nothing but what Photochrom notes: the mark, and edits if there are any.

    Args:
        packet: a packet.

    Returns:
        The new packet; None if `packet` does not have the mark.
    """
    if _MARK not in packet:
        return None
    edits = edits_of(packet)
    return add_node((edits and with_edit(Metadata(), edits).xmp) or EMPTY_PACKET, _MARK)


def is_mark_only(packet: bytes) -> bool:
    """Return whether a packet holds nothing but what Photochrom notes."""
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
