"""Join and split XMP packets: one segment of a JPEG file holds at most 64 kB of XMP.

What does not fit goes into an extension, in further segments (XMP specification, part 3, 1.1.3.1).
A property of the packet, `xmpNote:HasExtendedXMP`, names the extension by its MD5 sum.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from photochrom.photo.xmp import (
    MAX_PACKET,
    NAMESPACES,
    add_node,
    values_of,
    with_nodes,
    without_fields,
)

__all__ = ["extension_guid", "joined", "split", "without_extension"]

_POINTER: Final = "HasExtendedXMP"
_POINTER_BYTES: Final = 2000  # more than the node needs that holds the pointer
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TAG: Final = re.compile(rb"<(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_Span = tuple[int, int]


@dataclass
class _Node:
    """A node of a packet's RDF, which is in general an `rdf:Description`.

    Attributes:
        span: where it begins and ends in the packet.
        inherited: the namespaces that its ancestors declare.
        own: the attributes that properties need outside of it: its namespaces, and `rdf:about`.
        properties: where each of its elements begins and ends.
    """

    span: _Span
    inherited: dict[str, str]
    own: dict[str, str]
    properties: list[_Span] = field(default_factory=list)


class _NodeFinder:
    """Finds the nodes of a packet, and where their elements are."""

    def __init__(self, packet: bytes) -> None:
        self.nodes: list[_Node] = []
        self._packet = packet.rstrip(b"\0")
        self._starts: list[int] = []
        self._inherited: dict[str, str] = {}
        self._rdf_depth = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.Parse(self._packet, True)  # noqa: FBT003  it has no keyword

    def _refuse(self, *_: object) -> None:
        raise ValueError("expected XMP without a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._starts.append(self._parser.CurrentByteIndex)
        depth = len(self._starts)
        spaces = {key: value for key, value in attributes.items() if key.startswith("xmlns")}
        if not self._rdf_depth:
            self._inherited |= spaces
            self._rdf_depth = depth if name.endswith(":RDF") else 0
        elif depth == self._rdf_depth + 1:
            about = {key: value for key, value in attributes.items() if key.endswith(":about")}
            self.nodes.append(_Node((0, 0), self._inherited, spaces | about))

    def _end(self, _: str) -> None:
        depth, start, stop = len(self._starts), self._starts.pop(), self._parser.CurrentByteIndex
        opening = _TAG.match(self._packet, start)
        if opening and not opening[0].endswith(b"/>"):  # of an empty element, it is the end
            stop = self._packet.index(b">", stop) + 1
        if depth == self._rdf_depth:
            self._rdf_depth = -1  # nothing after the RDF is looked at
        elif self._rdf_depth > 0 and depth == self._rdf_depth + 1:
            self.nodes[-1].span = start, stop
        elif self._rdf_depth > 0 and depth == self._rdf_depth + 2:
            self.nodes[-1].properties.append((start, stop))


def _nodes(packet: bytes) -> list[_Node] | None:
    """Return the nodes of a packet; None if it is not well-formed."""
    try:
        return _NodeFinder(packet).nodes
    except (expat.ExpatError, ValueError):
        return None


def extension_guid(packet: bytes) -> bytes | None:
    """Return the name of a packet's extension: 32 hexadecimal digits; None if it has none."""
    return next((match[1].strip() for match in values_of(packet, "xmpNote", _POINTER)), None)


def without_extension(packet: bytes) -> bytes:
    """Return a packet that does not name an extension."""
    return without_fields(packet, _POINTER)


def joined(packet: bytes, extension: bytes) -> bytes | None:
    """Return a packet that holds its extension, too.

    Args:
        packet: a packet in UTF-8.
        extension: its extension, which has no packet header.

    Returns:
        The packet; None if one of the two cannot be parsed.
    """
    nodes = _nodes(extension)
    if not nodes or _nodes(packet) is None:
        return None
    inherited = nodes[0].inherited
    if len(_attributes(inherited)) * len(nodes) > MAX_PACKET:
        return None
    declared = (_declared(extension, node) for node in nodes)
    return with_nodes(without_extension(packet), b"".join(declared))


def _declared(packet: bytes, node: _Node) -> bytes:
    """Return a node that declares the namespaces of its ancestors itself."""
    start, stop = node.span
    missing = {key: value for key, value in node.inherited.items() if key not in node.own}
    name = re.compile(rb"<[^\s/>]+").match(packet, start)
    at = name.end() if name else stop
    return packet[start:at] + _attributes(missing) + packet[at:stop]


def _attributes(values: dict[str, str]) -> bytes:
    from xml.sax.saxutils import quoteattr  # it imports HTTP: too much for each start

    return "".join(f" {key}={quoteattr(value)}" for key, value in values.items()).encode()


def split(packet: bytes, limit: int) -> tuple[bytes, bytes] | None:
    """Split a packet that is too long: the largest properties go into an extension.

    If no property is large, as where they are attributes, the largest nodes do.

    Args:
        packet: a packet in UTF-8.
        limit: the largest number of bytes of its first part.

    Returns:
        A packet of at most `limit` bytes, and its extension; None if it cannot be split.
    """
    head, mark, tail = packet.rpartition(b"<?xpacket end")
    packet = head.rstrip() + mark + tail if mark else packet  # without room for changes in place
    nodes = _nodes(packet)
    if not nodes:
        return None
    excess = len(packet) + _POINTER_BYTES - limit
    if properties := _largest([each for node in nodes for each in node.properties], excess):
        moved = b"".join(_node_with(packet, node, properties) for node in nodes)
        return _assembled(packet, properties, nodes[0].inherited, moved)
    if spans := _largest([node.span for node in nodes], excess):
        moved = b"".join(packet[start:stop] for start, stop in sorted(spans))
        return _assembled(packet, spans, nodes[0].inherited, moved)
    return None


def _largest(spans: list[_Span], excess: int) -> set[_Span]:
    """Return the largest spans that together have `excess` bytes; none if all have less."""
    chosen: set[_Span] = set()
    for start, stop in sorted(spans, key=lambda span: span[0] - span[1]):
        if excess <= 0:
            break
        chosen.add((start, stop))
        excess -= stop - start
    return chosen if excess <= 0 else set()


def _node_with(packet: bytes, node: _Node, chosen: set[_Span]) -> bytes:
    """Return a node that holds only the chosen ones of its properties; nothing if it has none."""
    kept = [packet[start:stop] for start, stop in node.properties if (start, stop) in chosen]
    if not kept:
        return b""
    return b"<rdf:Description%s>%s</rdf:Description>" % (_attributes(node.own), b"".join(kept))


def _assembled(
    packet: bytes, moved: set[_Span], namespaces: dict[str, str], nodes: bytes
) -> tuple[bytes, bytes] | None:
    """Return a packet without the moved spans, and an extension with the nodes."""
    head = _attributes({"xmlns:x": "adobe:ns:meta/"} | namespaces | {"xmlns:rdf": _RDF})
    extension = b"<x:xmpmeta%s><rdf:RDF>%s</rdf:RDF></x:xmpmeta>" % (head, nodes)
    kept, at = [], 0
    for start, stop in sorted(moved):
        kept.append(packet[at:start])
        at = stop
    rest = b"".join([*kept, packet[at:]])
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    pointer = f' xmlns:xmpNote="{NAMESPACES["xmpNote"]}" xmpNote:{_POINTER}="{guid}"'
    main = add_node(rest, pointer.encode())
    return None if main is None else (main, extension)
