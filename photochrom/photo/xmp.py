"""Read and change XMP packets as bytes, so that everything else in them stays as it was.

Packets in photographs are often no well-formed XML. So properties are found by patterns, and only
joining and splitting packets needs a parser. All repetitions in the patterns are bounded: on a
hostile packet, unbounded ones would take quadratic time.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "EMPTY_PACKET",
    "MAX_PACKET",
    "NAMESPACES",
    "Property",
    "add_node",
    "as_packet",
    "packet_orientation",
    "upright_packet",
    "values_of",
    "with_nodes",
    "with_property",
    "without_fields",
]

MAX_PACKET: Final = 1 << 25
"""The largest number of bytes of a packet that is kept."""

NAMESPACES: Final = {
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
}
"""The namespaces of the properties that are read or written here, by their usual prefix."""

EMPTY_PACKET: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)
_MAX_OCCURRENCES: Final = 1000  # if a property occurs more often, the packet is hostile
_MAX_PREFIXES: Final = 20
_RDF: Final = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ABOUT: Final = re.compile(rb"\s[\w.-]{1,40}:about\s{0,99}=\s{0,99}[\"']([^\"'<]{0,999})[\"']")
_EMPTY_RDF: Final = re.compile(rb"<([\w.-]{1,40}:RDF)\b([^<>]*)/>")
_RDF_END: Final = re.compile(rb"</[\w.-]{1,40}:RDF\s*>")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ORIENTATIONS: Final = tuple(b"%d" % value for value in range(1, 9))
# Pairs of properties that change places when the picture is turned by 90 degrees.
_SIDES: Final = (
    ("tiff", "ImageWidth", "ImageLength"),
    ("tiff", "XResolution", "YResolution"),
    ("exif", "PixelXDimension", "PixelYDimension"),
)


@dataclass(frozen=True)
class Property:
    """A property to write.

    Attributes:
        prefix: a key of `NAMESPACES`.
        name: its name in that namespace.
        values: one value or, for "Seq" and "Bag", several.
        kind: "" for a plain text, "Alt" for a text in several languages, of which one is written,
            "Seq" for an ordered list, "Bag" for a set.
    """

    prefix: str
    name: str
    values: tuple[str, ...]
    kind: Literal["", "Alt", "Seq", "Bag"] = ""


def as_packet(value: object) -> bytes | None:
    """Return a packet in UTF-8 from a block of metadata; None if it is empty or too long.

    Args:
        value: bytes in UTF-8, UTF-16 or UTF-32, a text, or a tuple of bytes as integers.
    """
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if isinstance(value, tuple):  # a TIFF tag of type BYTE
        try:
            value = bytes(value)
        except (TypeError, ValueError):
            return None
    if not isinstance(value, bytes) or len(value) > MAX_PACKET or not value.strip(b"\0 "):
        return None
    return _as_utf8(value)


def _as_utf8(packet: bytes) -> bytes:
    """Convert a packet in UTF-16 or UTF-32, which begins with "<" or a mark, to UTF-8."""
    starts = {
        "utf-32": (b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
        "utf-32-le": (b"<\0\0\0",),
        "utf-32-be": (b"\0\0\0<",),
        "utf-16": (b"\xff\xfe", b"\xfe\xff"),
        "utf-16-le": (b"<\0",),
        "utf-16-be": (b"\0<",),
    }
    for encoding, marks in starts.items():
        if packet.startswith(marks):
            return packet.decode(encoding, "replace").encode()
    return packet


def values_of(packet: bytes, prefix: str, name: str) -> list[re.Match[bytes]]:
    """Find a simple property, as an attribute or as an element, with whatever quotes and blanks.

    Args:
        packet: a packet in UTF-8.
        prefix: a key of `NAMESPACES`; other prefixes that the packet declares are found, too.
        name: the name of the property.

    Returns:
        Matches, of which group 1 is the value, with blanks around it.
    """
    if not 0 < packet.count(name.encode()) <= _MAX_OCCURRENCES:
        return []
    return list(
        re.finditer(
            rb"(?<![/\w.-])(?:%s):%s(?:\s{0,99}=\s{0,99}[\"']|(?:\s[^<>]{0,199})?>)"
            rb"(\s{0,99}[^\s<>\"']{1,32}\s{0,99})" % (_prefixes(packet, prefix), name.encode()),
            packet,
        )
    )


def _prefixes(packet: bytes, prefix: str) -> bytes:
    """Return the prefixes of a namespace in a packet, as alternatives of a pattern."""
    uri = NAMESPACES[prefix].encode()
    declared = rb"xmlns:([\w.-]{1,40})\s{0,99}=\s{0,99}[\"']%s[\"']" % re.escape(uri)
    found = re.findall(declared, packet) if uri in packet else []
    prefixes = list(dict.fromkeys([prefix.encode(), *found]))
    return b"|".join(re.escape(each) for each in prefixes[:_MAX_PREFIXES])


def packet_orientation(packet: bytes) -> int | None:
    """Return the orientation that a packet states, 1 to 8; None if it states none."""
    values = [match[1].strip() for match in values_of(packet, "tiff", "Orientation")]
    return next((int(value) for value in values if value in _ORIENTATIONS), None)


def upright_packet(packet: bytes, *, swap: bool) -> bytes:
    """Return a packet for the upright picture: with orientation 1.

    Args:
        packet: a packet in UTF-8.
        swap: whether the picture was turned by 90 degrees, which swaps width and height.
    """
    found = values_of(packet, "tiff", "Orientation")
    changes = {match.span(1): b"1" for match in found if match[1].strip().isdigit()}
    for prefix, one, other in _SIDES if swap else ():
        pair = [values_of(packet, prefix, name) for name in (one, other)]
        if all(len(matches) == 1 for matches in pair):
            a, b = (matches[0] for matches in pair)
            changes |= {a.span(1): b[1], b.span(1): a[1]}
    parts, at = [], 0
    for (start, stop), value in sorted(changes.items()):
        parts += [packet[at:start], value]
        at = stop
    return b"".join([*parts, packet[at:]])


def without_fields(packet: bytes, *names: str) -> bytes:
    """Return a packet without some properties, of whatever prefix, and of at most 400 bytes.

    They may be elements, empty elements or attributes.
    """
    if not 0 < sum(packet.count(name.encode()) for name in names) <= _MAX_OCCURRENCES:
        return packet
    found = rb"[\w.-]{1,40}:(?:%s)" % "|".join(names).encode()
    pattern = re.compile(
        rb"<(%s)\b[^<>]*(?<!/)>.{0,400}?</\1\s*>|<%s\b[^<>]*/>|"
        rb"\s%s\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')" % (found, found, found),
        re.DOTALL,
    )
    return pattern.sub(b"", packet)


def add_node(packet: bytes, attributes: bytes, content: bytes = b"") -> bytes | None:
    """Add a node at the end of a packet's RDF, about the same resource as its other nodes.

    Args:
        packet: a packet in UTF-8.
        attributes: the attributes of the node, with a blank before each.
        content: its elements.

    Returns:
        The packet; None if it has no RDF.
    """
    about = _ABOUT.search(packet)  # all descriptions in a packet must name the same resource
    node = b'<rdf:Description xmlns:rdf="%s" rdf:about="%s"%s' % (
        _RDF,
        about.group(1) if about else b"",
        attributes,
    )
    node += b">" + content + b"</rdf:Description>" if content else b"/>"
    return with_nodes(packet, node)


def with_nodes(packet: bytes, nodes: bytes) -> bytes | None:
    """Add nodes, which declare all their namespaces, at the end of a packet's RDF.

    Returns:
        The packet; None if it has no RDF.
    """
    bare = _EMPTY_RDF.sub(rb"<\1\2></\1>", packet)
    ends = [match.start() for match in _RDF_END.finditer(bare)]
    return bare[: ends[-1]] + nodes + bare[ends[-1] :] if ends else None


def with_property(packet: bytes | None, field: Property) -> bytes | None:
    """Return a packet that has a property, which is not changed if the packet has it already.

    Args:
        packet: a packet in UTF-8; None for a new one.
        field: the property.

    Returns:
        The packet; None if it has no RDF, or has the property with another value.
    """
    packet = packet or EMPTY_PACKET
    values = [_NOT_IN_XML.sub("", value) for value in field.values]
    name = b"(?<![/\\w.-])(?:%s):%s[\\s=/>]" % (
        _prefixes(packet, field.prefix),
        field.name.encode(),
    )
    if field.name.encode() in packet and re.search(name, packet):
        text = html.unescape(packet.decode("utf-8", "replace"))
        return packet if all(value in text for value in values) else None
    prefix = field.prefix
    texts = [html.escape(value, quote=False) for value in values]
    content = texts[0]
    if field.kind:
        language = ' xml:lang="x-default"' if field.kind == "Alt" else ""
        items = "".join(f"<rdf:li{language}>{text}</rdf:li>" for text in texts)
        content = f"<rdf:{field.kind}>{items}</rdf:{field.kind}>"
    element = f"<{prefix}:{field.name}>{content}</{prefix}:{field.name}>"
    declaration = f' xmlns:{prefix}="{NAMESPACES[prefix]}"'
    return add_node(packet, declaration.encode(), element.encode())
