"""Headers that say what became of a photograph, besides the file in the body."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

__all__ = ["DESCRIPTIONS", "result_headers"]

_PHOTOGRAPHS: Final = "Photochrom-Photographs"
_LOST: Final = "Photochrom-Metadata-Lost"
_UNCHANGED: Final = "Photochrom-Images-Unchanged"
_REPAIRED: Final = "Photochrom-Repaired"

DESCRIPTIONS: Final = {
    _PHOTOGRAPHS: {
        "description": "Number of photographs that were coloured: several on an album page or in "
        "a document, else 1.",
        "schema": {"type": "integer", "minimum": 1},
    },
    _LOST: {
        "description": "Metadata of the original that the result does not carry over, such as "
        "`IPTC, text Title`; absent if all are kept. Characters beyond ASCII, commas and % are "
        "percent-encoded.",
        "schema": {"type": "string"},
    },
    _UNCHANGED: {
        "description": "Images of a document that were not coloured, such as `page 2: in colour "
        "already`; absent if there are none. Encoded like `Photochrom-Metadata-Lost`.",
        "schema": {"type": "string"},
    },
    _REPAIRED: {
        "description": "What `restore` has repaired, which has changed luma, such as `37 "
        "specks filled in`; absent if nothing was found. Encoded like `Photochrom-Metadata-Lost`.",
        "schema": {"type": "string"},
    },
}
"""The headers, as OpenAPI describes them."""

_MAX_ENTRIES: Final = 20  # a client may refuse longer headers
_MAX_LENGTH: Final = 200  # of an entry
_SAFE: Final = " !\"#$&'()*+/:;<=>?@[\\]^`{|}"


def result_headers(
    photographs: int,
    *,
    metadata_lost: Collection[str] = (),
    unchanged: Sequence[tuple[int, str]] = (),
    repaired: str = "",
) -> dict[str, str]:
    """Return the headers of a response that holds a coloured photograph.

    Args:
        photographs: Number of photographs that were coloured.
        metadata_lost: Names of metadata that the result does not carry over.
        unchanged: Images of a document that were not coloured: the page, from 1, and the reason.
        repaired: What was repaired, as in `ColorPhoto.repaired`.
    """
    headers = {_PHOTOGRAPHS: str(photographs)}
    if metadata_lost:
        headers[_LOST] = _list_of(metadata_lost)
    if unchanged:
        headers[_UNCHANGED] = _list_of([f"page {page}: {reason}" for page, reason in unchanged])
    if repaired:
        headers[_REPAIRED] = _list_of(repaired.split(", "))
    return headers


def _list_of(entries: Collection[str]) -> str:
    """Join entries to the value of a header; many of them are cut short."""
    encoded = [quote(each[:_MAX_LENGTH], safe=_SAFE) for each in entries]
    if len(encoded) > _MAX_ENTRIES:
        more = len(encoded) - _MAX_ENTRIES
        encoded[_MAX_ENTRIES:] = [f"and {more} more"]
    return ", ".join(encoded)
