"""Read from an AVIF file what Pillow does not say: the colour space that the container names."""

from __future__ import annotations

from collections.abc import Iterator

from photochrom.photo.codecs.boxes import boxes

__all__ = ["code_points"]


def code_points(data: bytes) -> dict[str, int] | None:
    """Return the code points (H.273) of the primary picture's colour space, as `video_profile` has.

    Args:
        data: the whole file (ISO/IEC 23008-12).

    Returns:
        None if the file names none, or if it holds an ICC profile, which wins.
    """
    contents = [content for kind, content in _properties(data) if kind == b"colr"]
    if any(each.startswith((b"prof", b"rICC")) for each in contents):
        return None
    for each in contents:
        if each.startswith(b"nclx"):
            primaries, transfer = int.from_bytes(each[4:6]), int.from_bytes(each[6:8])
            return {"color_primaries": primaries, "transfer_characteristics": transfer}
    return None


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the types and contents of the properties of the primary picture."""
    meta = {box.kind: box for box in boxes(data)}.get(b"meta")
    parts = {box.kind: box for box in boxes(data, meta.start + 4, meta.stop)} if meta else {}
    if not {b"pitm", b"iprp"} <= parts.keys():
        return
    primary = data[parts[b"pitm"].start : parts[b"pitm"].stop]
    item = int.from_bytes(primary[4:6] if primary[:1] == b"\0" else primary[4:8])
    found = list(boxes(data, parts[b"iprp"].start, parts[b"iprp"].stop))
    properties = [
        each for box in found if box.kind == b"ipco" for each in boxes(data, box.start, box.stop)
    ]
    for table in (data[box.start : box.stop] for box in found if box.kind == b"ipma"):
        for number in _associations(table, item):
            if 1 <= number <= len(properties):
                named = properties[number - 1]
                yield named.kind, data[named.start : named.stop]


def _associations(table: bytes, item: int) -> Iterator[int]:
    """Yield the numbers, from 1, of an item's properties, from the content of an `ipma` box."""
    id_size = 2 if table[:1] == b"\0" else 4
    size = 2 if table[3:4] == b"\1" else 1
    at = 8
    while at + id_size < len(table):
        current, count = int.from_bytes(table[at : at + id_size]), table[at + id_size]
        at += id_size + 1
        if current == item:
            for start in range(at, at + count * size, size):
                # The highest bit says whether a reader must understand the property.
                yield int.from_bytes(table[start : start + size]) & ((1 << (8 * size - 1)) - 1)
        at += count * size
